// Owns taking files out of an unpacked tree of Debian packages: programs with their loader and libraries, laid out as a merged /usr, with
// links kept. Reads only below the tree's root.
import { lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { file, link, type CpioEntry } from './cpio.ts';
import { elfNeeds } from './elf.ts';

/** Where Debian's loader looks on this architecture. */
const LIBRARY_FOLDERS = ['/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib64', '/lib', '/usr/lib'];
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/** The links of a merged /usr. */
export const mergedLinks: readonly CpioEntry[] = MERGED.map((name) => link(name, `usr/${name}`));

export class PackageTree {
  readonly #root: string;
  readonly #taken = new Map<string, CpioEntry>();

  constructor(root: string) {
    this.#root = root;
  }

  get entries(): CpioEntry[] {
    return [...this.#taken.values()];
  }

  /** A program and all it needs. Throws not-found where a package no longer has it: the recipe is then out of date. */
  takeProgram(path: string): void {
    this.#take(path, `the recipe names ${path}`);
  }

  /** A program from elsewhere, with what it needs from the tree. */
  addProgram(path: string, content: Uint8Array): void {
    this.#taken.set(merged(path), file(merged(path), content, 0o755));
    this.takeNeeds(path, content);
  }

  takeLink(path: string, target: string): void {
    this.#taken.set(path, link(path, target));
  }

  #take(path: string, why: string): void {
    const at = merged(path);
    if (this.#taken.has(at)) return;
    const source = this.#find(path);
    if (source === null) throw new AppError('not-found', `The unpacked packages hold no ${path} (${why}). Adjust the recipe.`, { path });
    if (lstatSync(source.real).isSymbolicLink()) {
      const target = readlinkSync(source.real);
      this.#taken.set(at, link(at, target));
      this.#take(target.startsWith('/') ? target : posix.join(posix.dirname(source.path), target), `${path} leads to it`);
      return;
    }
    const content = readFileSync(source.real);
    this.#taken.set(at, file(at, content, (statSync(source.real).mode & 0o111) === 0 ? 0o644 : 0o755));
    this.takeNeeds(path, content);
  }

  /** The loader and libraries of a program that is not in the tree. */
  takeNeeds(path: string, content: Uint8Array): void {
    const needs = elfNeeds(content);
    if (needs === null) return;
    if (needs.interpreter !== null) this.#take(needs.interpreter, `${path} is started by it`);
    const folders = [...needs.runPaths.map((each) => each.replace('$ORIGIN', dirname(path))), ...LIBRARY_FOLDERS];
    for (const library of needs.libraries) {
      const found = folders.map((folder) => `${folder}/${library}`).find((candidate) => this.#find(candidate) !== null);
      if (found === undefined) throw new AppError('not-found', `${path} needs ${library}, which no package of the recipe brings.`, { path, library });
      this.#take(found, `${path} needs it`);
    }
  }

  /** Packages of one release still put the same folder at / or below /usr. */
  #find(path: string): { path: string; real: string } | null {
    const clean = posix.normalize(path);
    const other = clean.startsWith('/usr/') ? clean.slice(4) : `/usr${clean}`;
    for (const candidate of [clean, other]) {
      const real = join(this.#root, candidate);
      if (lstatSync(real, { throwIfNoEntry: false }) !== undefined) return { path: candidate, real };
    }
    return null;
  }
}

function merged(path: string): string {
  const clean = posix.normalize(path).replace(/^\/+/, '');
  return MERGED.includes(clean.split('/')[0] ?? '') ? `usr/${clean}` : clean;
}
