// Owns the firmware of the environment: which files a kernel module may ask for (it says so itself), taken from packages whose licence lets
// them be given on; the licence goes with them.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { file, type CpioEntry } from './cpio.ts';

const FIRMWARE = 'lib/firmware';
const WORD = Buffer.from('firmware=');

/** Of the module's own information (MODULE_FIRMWARE): texts that end in a zero. Pure. */
export function firmwareNames(module: Uint8Array): string[] {
  const bytes = Buffer.from(module.buffer, module.byteOffset, module.byteLength);
  const names = new Set<string>();
  for (let at = bytes.indexOf(WORD); at !== -1; at = bytes.indexOf(WORD, at + 1)) {
    const end = bytes.indexOf(0, at);
    // A text in the middle of code is none: information begins the section or follows a zero.
    if (end === -1 || (at > 0 && bytes[at - 1] !== 0)) continue;
    const name = bytes.subarray(at + WORD.length, end).toString('latin1');
    if (/^[\w./+-]{1,200}$/.test(name) && !name.split('/').includes('..')) names.add(name);
  }
  return [...names].toSorted();
}

export type FirmwarePackage = { name: string; /** Unpacked. */ tree: string };
export type Firmware = { names: string[]; entries: CpioEntry[] };

/** @param modules paths of module files; what no package has is left out: the driver says which it misses */
export function firmwareOf(modules: readonly string[], packages: readonly FirmwarePackage[]): Firmware {
  const wanted = [...new Set(modules.flatMap((path) => firmwareNames(readFileSync(path))))].toSorted();
  const entries: CpioEntry[] = [];
  const names: string[] = [];
  const used = new Set<FirmwarePackage>();
  for (const name of wanted) {
    const from = packages.find(({ tree }) => existsSync(join(tree, FIRMWARE, name)) && statSync(join(tree, FIRMWARE, name)).isFile());
    if (from === undefined) continue;
    // Links are followed: what is asked for by two names is small enough to be there twice.
    entries.push(file(`usr/${FIRMWARE}/${name}`, readFileSync(join(from.tree, FIRMWARE, name))));
    names.push(name);
    used.add(from);
  }
  return { names, entries: [...entries, ...[...used].flatMap(licences)] };
}

function licences({ name, tree }: FirmwarePackage): CpioEntry[] {
  const folder = join('usr/share/doc', name);
  return readdirSync(join(tree, folder)).filter((each) => each === 'copyright').map((each) => file(join(folder, each), readFileSync(join(tree, folder, each))));
}
