// Owns fetching single packages from other releases of Debian than this system's: with lists of their own, so that nothing of this system
// changes. The archive's address is the one this system uses.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '#shared/errors.ts';
import type { Package } from './packages.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const FRESH_MS = 6 * 3_600_000;

/** The first suite of the list that has the package, and where it is to be unpacked; what was fetched before serves where no archive can be reached. */
export async function fetchFromSuites(name: string, { suites, component = 'main' }: { suites: readonly string[]; component?: string }, cacheFolder: string): Promise<Package & { suite: string; tree: string }> {
  const failures: string[] = [];
  for (const suite of suites) {
    try {
      const found = await fetchFrom(name, { suite, component }, cacheFolder);
      return { ...found, suite, tree: join(homeOf(cacheFolder, suite, component), `tree-${found.sha256.slice(0, 16)}`) };
    } catch (error) {
      failures.push(`${suite}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new AppError('not-found', `Debian's package ${name} could not be fetched from any release (${failures.join('; ').slice(0, 600)}). Check the network, then build again.`, { package: name });
}

/** Another part of the archive (non-free-firmware) has lists of its own, so that what hinders one hinders no other. */
function homeOf(cacheFolder: string, suite: string, component: string): string {
  return join(cacheFolder, 'suites', component === 'main' ? suite : `${suite}-${component}`);
}

async function fetchFrom(name: string, { suite, component }: { suite: string; component: string }, cacheFolder: string): Promise<Package> {
  const home = homeOf(cacheFolder, suite, component);
  const kept = join(home, 'packages');
  for (const folder of [join(home, 'lists/partial'), join(home, 'archives/partial'), kept]) mkdirSync(folder, { recursive: true });
  const options = aptOptions(home, suite, component);
  const stamps = { lists: join(home, 'lists-fetched'), package: join(home, `fetched-${name}`) };
  const has = (): string | undefined => readdirSync(kept).find((file) => file.startsWith(`${name}_`));
  try {
    if (Date.now() - timeOf(stamps.package) < FRESH_MS && has() !== undefined) return packageAt(name, join(kept, has() ?? ''));
    if (Date.now() - timeOf(stamps.lists) > FRESH_MS) {
      await run('apt-get', [...options, 'update', '-q'], { maxBuffer: MAX_OUTPUT_BYTES });
      writeFileSync(stamps.lists, String(Date.now()));
    }
    const fetching = join(home, `.fetching-${process.pid}`);
    rmSync(fetching, { recursive: true, force: true });
    mkdirSync(fetching);
    try {
      await run('apt-get', [...options, 'download', '-q', name], { cwd: fetching, maxBuffer: MAX_OUTPUT_BYTES });
      for (const old of readdirSync(kept)) if (old.startsWith(`${name}_`)) rmSync(join(kept, old));
      for (const file of readdirSync(fetching)) renameSync(join(fetching, file), join(kept, file));
      writeFileSync(stamps.package, String(Date.now()));
    } finally {
      rmSync(fetching, { recursive: true, force: true });
    }
  } catch (error) {
    if (has() === undefined) throw error;
  }
  const file = has();
  if (file === undefined) throw new AppError('not-found', `${suite} has no ${name}`);
  return packageAt(name, join(kept, file));
}

function packageAt(name: string, path: string): Package {
  return { name, version: decodeURIComponent(basename(path).split('_')[1] ?? ''), path, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

/** Everything apt would read or write of this system is turned to a folder of our own, but for its keys and its ways to the network. */
function aptOptions(home: string, suite: string, component: string): string[] {
  const list = join(home, 'sources.list');
  writeFileSync(list, `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${archiveAddress()} ${suite} ${component}\n`);
  const set = (key: string, value: string): string[] => ['-o', `${key}=${value}`];
  return [
    ...set('Dir::Etc::sourcelist', list), ...set('Dir::Etc::sourceparts', '/dev/null'), ...set('Dir::State::lists', join(home, 'lists')), ...set('Dir::Cache::archives', join(home, 'archives')),
    ...set('Dir::Cache::pkgcache', ''), ...set('Dir::Cache::srcpkgcache', ''), ...set('APT::Sandbox::User', 'root'), ...set('Acquire::Languages', 'none'),
  ];
}

/** Of the first source of Debian's main archive this system has. */
function archiveAddress(): string {
  const folder = '/etc/apt/sources.list.d';
  const paths = ['/etc/apt/sources.list', ...names(folder).map((name) => join(folder, name))];
  for (const path of paths) {
    const text = read(path);
    const address = /^URIs:\s*(\S+)/m.exec(text)?.[1] ?? /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/m.exec(text)?.[1];
    if (address !== undefined && !address.includes('security')) return address;
  }
  throw new AppError('tool-missing', 'This system names no Debian archive in /etc/apt, so the boot loaders cannot be fetched. Build the boot environment on a Debian system.');
}
function timeOf(path: string): number {
  return Number(read(path)) || 0;
}
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
