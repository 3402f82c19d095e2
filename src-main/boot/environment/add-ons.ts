// Owns what is in an add-on archive: programs, drivers and firmware that few jobs and computers need, without what the base has already. The
// agent unpacks it into the running environment.
import { basename } from 'node:path';
import type { CpioEntry } from './cpio.ts';
import { FileType } from './cpio.ts';
import type { Firmware } from './firmware.ts';
import type { Recipe } from './recipe.ts';
import { PackageTree } from './tree.ts';

/** In boot.json, and what agents are told of it. */
export type AddOnRecord = {
  name: string; file: string; purpose: string; sizeBytes: number; sha256: string;
  /** Programs it brings, by the names they are called by. */
  commands: string[];
  /** Files of firmware, as drivers ask for them. */
  firmware: string[];
  /** It brings drivers as well. */
  drivers: boolean;
};
type Parts = { name: string; addOn: Recipe['addOns'][string]; tree: string; modules: readonly CpioEntry[]; firmware: Firmware; base: readonly CpioEntry[] };

export function addOnEntries({ name, addOn, tree, modules, firmware, base }: Parts): { record: Omit<AddOnRecord, 'sizeBytes' | 'sha256'>; entries: CpioEntry[] } {
  const programs = new PackageTree(tree);
  const paths = Object.values(addOn.tools).flat();
  for (const path of paths) programs.takeProgram(path);
  const inBase = new Set(base.filter(({ mode }) => (mode & FileType.folder) !== FileType.folder).map(({ path }) => path));
  return {
    record: { name, file: `${name}.cpio.zst`, purpose: addOn.purpose, commands: paths.map((path) => basename(path)), firmware: firmware.names, drivers: modules.length > 0 },
    entries: [...programs.entries, ...modules, ...firmware.entries].filter(({ path }) => !inBase.has(path)),
  };
}
