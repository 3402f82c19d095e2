// Owns the keyboard layouts of the environment: Debian's keymaps, translated into the tables that the kernel takes, by the name of the layout.
import { join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { file, type CpioEntry } from './cpio.ts';
import type { Recipe } from './recipe.ts';
import { runFromTree } from './run-from-tree.ts';

/** As busybox's loadkmap reads it. */
const MAGIC = 'bkeymap';

export function keymapEntries(tree: string, { loadkeys, maps }: Recipe['keyboards']): CpioEntry[] {
  return Object.entries(maps).map(([name, path]) => {
    // Unicode, as the kernel's consoles speak it.
    const table = runFromTree(tree, loadkeys, ['--bkeymap', '--unicode', join(tree, path)]);
    if (table.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) throw new AppError('not-found', `The keymap ${path} of the keyboard layout ${name} could not be translated. Adjust the recipe.`, { path });
    return file(`platen/keymaps/${name}`, table);
  });
}
