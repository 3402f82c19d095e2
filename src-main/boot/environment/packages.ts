// Owns getting Debian's packages: names with all they depend on, each fetched once into a cache, unpacked into one tree that mixes with
// nothing of this machine. apt-get checks what it fetches against the archive's signatures.
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '#shared/errors.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export type Package = { name: string; version: string; /** Of the .deb, SHA-256. */ sha256: string; path: string };

/** The package names that these need, themselves included, without what is only recommended. */
export async function withDependencies(names: readonly string[]): Promise<string[]> {
  const exclude = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const { stdout } = await tool('apt-cache', ['depends', '--recurse', '--installed=false', ...exclude, ...names].filter((each) => each !== '--installed=false'));
  // Names stand at the line's start; virtual ones in angle brackets, other architectures with a colon.
  const found = stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line)).map((line) => line.trim()).filter((name) => !name.includes(':'));
  return [...new Set([...names, ...found])].toSorted();
}

/** What a package like linux-image-amd64 stands for now. */
export async function realPackageOf(meta: string): Promise<string> {
  const { stdout } = await tool('apt-cache', ['depends', '--no-recommends', '--no-suggests', meta]);
  const name = /Depends: (\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new AppError('not-found', `Debian's package ${meta} names no kernel. Refresh the package lists ("apt-get update") and try again.`);
  return name;
}

/** Fetches what the cache does not hold in the version of now. */
export async function fetchPackages(names: readonly string[], cacheFolder: string): Promise<Package[]> {
  mkdirSync(cacheFolder, { recursive: true });
  const wanted = await candidates(names);
  const missing = wanted.filter(({ fileName }) => !existsSync(join(cacheFolder, fileName)));
  if (missing.length > 0) {
    const folder = join(cacheFolder, `.fetching-${process.pid}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    try {
      await tool('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...missing.map(({ name, version }) => `${name}=${version}`)], folder);
      for (const name of readdirSync(folder)) renameSync(join(folder, name), join(cacheFolder, name));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return wanted.map(({ name, version, fileName }) => {
    const path = join(cacheFolder, fileName);
    if (!existsSync(path)) throw new AppError('not-found', `The package ${name} ${version} could not be fetched. Refresh the package lists ("apt-get update") and try again.`, { package: name });
    return { name, version, path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
  });
}

/** Unpacks into one tree, in the order of names. Debian's packages of one release do not contradict each other. */
export async function unpack(packages: readonly Package[], folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { path } of packages) await tool('dpkg-deb', ['--extract', path, folder]);
}

async function candidates(names: readonly string[]): Promise<{ name: string; version: string; fileName: string }[]> {
  const { stdout } = await tool('apt-cache', ['show', '--no-all-versions', ...names]).catch(() => ({ stdout: '' }));
  const found = new Map<string, { name: string; version: string; fileName: string }>();
  for (const paragraph of stdout.split('\n\n')) {
    const field = (key: string): string => new RegExp(`^${key}: (.+)$`, 'm').exec(paragraph)?.[1] ?? '';
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
    // As apt-get names what it downloads: the colon of an epoch is escaped.
    if (name !== '' && !found.has(name)) found.set(name, { name, version, fileName: `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb` });
  }
  return [...found.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

async function tool(name: string, args: readonly string[], cwd?: string): Promise<{ stdout: string }> {
  try {
    return await run(name, [...args], { maxBuffer: MAX_OUTPUT_BYTES, ...(cwd === undefined ? {} : { cwd }) });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').slice(-3).join(' ') : String(error);
    throw new AppError('tool-missing', `${name} failed: ${said.slice(0, 500)}. Building the boot environment needs a Debian system with apt.`, { tool: name }, error);
  }
}
