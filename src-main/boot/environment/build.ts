// Owns building the boot environment: packages → one tree → the base archive, which holds everything that changes rarely. It is named by
// what went into it and kept, so that a warm build makes nothing twice. The small archive is in small.ts.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, zstdCompressSync } from 'node:zlib';
import { AppError } from '#shared/errors.ts';
import { folder, link, writeCpio, file, type CpioEntry } from './cpio.ts';
import { chooseModules, readModuleIndex } from './modules.ts';
import { fetchPackages, realPackageOf, unpack, withDependencies, type Package } from './packages.ts';
import { readRecipe, type Recipe } from './recipe.ts';
import { fetchFromSuites } from './suites.ts';
import { mergedLinks, PackageTree } from './tree.ts';

export type BuildOptions = {
  recipePath: string;
  /** Debian packages and unpacked trees; may be deleted at any time. */
  cacheFolder: string;
  /** The result: kernel, base archive, record. */
  outFolder: string;
  /** Node's program for the environment. */
  nodePath: string;
  /** Native modules of the small archive: what they need is in the base. */
  nativeModules: readonly string[];
  /** zstd 1 to 19. */
  level: number;
  say: (text: string) => void;
};
/** boot.json beside the result: what it was made of. */
export type BuildRecord = {
  key: string; kernel: string; kernelVersion: string; level: number; nodeVersion: string;
  baseBytes: number; unpackedBytes: number; baseSha256: string; kernelSha256: string;
  packages: { name: string; version: string; sha256: string }[];
  /** Modules of the recipe that this kernel does not have. */
  missingModules: string[];
  loaders: LoaderRecord[];
  /** Of boot media; absent where an older program built it. */
  media?: LoaderRecord[];
};
export type LoaderRecord = { name: string; package: string; version: string; suite: string; sha256: string; sizeBytes: number };

/** Counts up when this file makes other bytes of the same inputs. */
const FORMAT = 2;

export async function buildEnvironment(options: BuildOptions): Promise<BuildRecord> {
  const { say } = options;
  const recipe = readRecipe(options.recipePath);
  const kernel = await realPackageOf(recipe.kernel.meta);
  const packages = await fetchPackages([...(await withDependencies([...Object.keys(recipe.tools), ...recipe.build])), kernel], join(options.cacheFolder, 'packages'));
  say('Fetching the boot loaders…');
  const loaders = await buildLoaders(recipe.loaders, 'loaders', options);
  const media = await buildLoaders(recipe.media, 'media', options);
  const key = keyOf(options, packages);
  const known = readRecord(options.outFolder);
  if (known?.key === key && existsSync(join(options.outFolder, 'base.cpio.zst')) && existsSync(join(options.outFolder, 'vmlinuz'))) {
    say(`The boot environment is up to date (${known.kernelVersion}).`);
    const record = { ...known, loaders, media };
    replace(join(options.outFolder, 'boot.json'), encodeRecord(record));
    return record;
  }
  const tree = join(options.cacheFolder, `tree-${createHash('sha256').update(JSON.stringify(packages.map(({ sha256 }) => sha256))).digest('hex').slice(0, 16)}`);
  if (!existsSync(join(tree, '.complete'))) {
    say(`Unpacking ${packages.length} packages…`);
    rmSync(tree, { recursive: true, force: true });
    await unpack(packages, tree);
    writeFileSync(join(tree, '.complete'), '');
  }
  const version = onlyName(join(tree, 'lib/modules'));
  const { entries: modules, missing } = moduleEntries(tree, version, recipe, options.cacheFolder);
  const entries = [...skeleton(), ...programs(tree, recipe, options), ...modules];
  const archive = writeCpio(entries);
  say(`Compressing ${Math.round(archive.length / 1e6)} MB at level ${options.level}…`);
  const compressed = zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: options.level, [constants.ZSTD_c_windowLog]: 23, [constants.ZSTD_c_checksumFlag]: 0 } });
  // The archive that a loader puts behind this one must begin on a boundary of four bytes, or the kernel does not find it.
  const base = Buffer.concat([compressed, Buffer.alloc(-compressed.length & 3)]);
  const image = readFileSync(join(tree, 'boot', `vmlinuz-${version}`));
  const record: BuildRecord = {
    key, kernel, kernelVersion: version, level: options.level, nodeVersion: process.version, baseBytes: base.length, unpackedBytes: archive.length, baseSha256: sha256(base), kernelSha256: sha256(image),
    packages: packages.map(({ name, version: packageVersion, sha256: hash }) => ({ name, version: packageVersion, sha256: hash })), missingModules: missing, loaders, media,
  };
  replace(join(options.outFolder, 'vmlinuz'), image);
  replace(join(options.outFolder, 'base.cpio.zst'), base);
  replace(join(options.outFolder, 'boot.json'), encodeRecord(record));
  return record;
}

/** Loaders change by themselves as suites do; each is small, so they are written anew whenever their package changed. */
async function buildLoaders(wanted: Recipe['loaders'], folderName: 'loaders' | 'media', { cacheFolder, outFolder }: BuildOptions): Promise<LoaderRecord[]> {
  const folderOfLoaders = join(outFolder, folderName);
  mkdirSync(folderOfLoaders, { recursive: true });
  const made: LoaderRecord[] = [];
  for (const [name, loader] of Object.entries(wanted)) {
    const found = await fetchFromSuites(loader.package, loader.suites, cacheFolder);
    const tree = join(cacheFolder, 'suites', found.suite, `tree-${found.sha256.slice(0, 16)}`);
    if (!existsSync(tree)) await unpack([found], tree);
    const bytes = readFileSync(join(tree, loader.file));
    replace(join(folderOfLoaders, name), bytes);
    made.push({ name, package: found.name, version: found.version, suite: found.suite, sha256: sha256(bytes), sizeBytes: bytes.length });
  }
  return made;
}

function encodeRecord(record: BuildRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
}

export function readRecord(outFolder: string): BuildRecord | null {
  try {
    // Written by this program; one that cannot be read is built anew.
    return JSON.parse(readFileSync(join(outFolder, 'boot.json'), 'utf8')) as BuildRecord;
  } catch {
    return null;
  }
}

function keyOf(options: BuildOptions, packages: readonly Package[]): string {
  const inputs = { format: FORMAT, recipe: readFileSync(options.recipePath, 'utf8'), level: options.level, node: sha256(readFileSync(options.nodePath)), native: options.nativeModules.map((path) => sha256(readFileSync(path))), packages: packages.map((each) => each.sha256) };
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

function skeleton(): CpioEntry[] {
  return [...mergedLinks, ...['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'etc', 'platen', 'var/log', 'mnt', 'usr/lib64'].map((path) => folder(path)), link('var/run', '../run'), file('etc/passwd', Buffer.from('root:x:0:0:root:/root:/bin/sh\n')), file('etc/group', Buffer.from('root:x:0:\n'))];
}

function programs(tree: string, recipe: Recipe, { nodePath, nativeModules }: BuildOptions): CpioEntry[] {
  const taken = new PackageTree(tree);
  for (const path of Object.values(recipe.tools).flat()) taken.takeProgram(path);
  taken.addProgram('/usr/bin/node', stripped(tree, nodePath));
  for (const path of nativeModules) taken.takeNeeds(path, readFileSync(path));
  // The kernel starts /sbin/modprobe by itself when it misses a module.
  for (const name of ['modprobe', 'insmod', 'rmmod', 'lsmod', 'depmod']) if (!taken.entries.some((entry) => entry.path === `usr/sbin/${name}`)) taken.takeLink(`usr/sbin/${name}`, '../bin/kmod');
  return taken.entries;
}

/** Without its debugging symbols, which are a fifth of it; by the tool of the same release. */
function stripped(tree: string, nodePath: string): Buffer {
  const copy = join(tree, 'node.stripped');
  cpSync(nodePath, copy);
  runFromTree(tree, 'usr/bin/x86_64-linux-gnu-strip', ['--strip-all', '--enable-deterministic-archives', copy]);
  return readFileSync(copy);
}

function moduleEntries(tree: string, version: string, recipe: Recipe, cacheFolder: string): { entries: CpioEntry[]; missing: string[] } {
  const all = join(tree, 'lib/modules', version);
  runFromTree(tree, 'bin/kmod', ['-b', tree, version], 'depmod');
  const index = readModuleIndex(readFileSync(join(all, 'modules.dep'), 'utf8'), readFileSync(join(all, 'modules.builtin'), 'utf8'));
  const { paths, missing } = chooseModules(index, Object.values(recipe.modules).flat());
  const stage = join(cacheFolder, `modules-${process.pid}`);
  const inStage = join(stage, 'lib/modules', version);
  try {
    for (const path of paths) {
      mkdirSync(dirname(join(inStage, path)), { recursive: true });
      linkSync(join(all, path), join(inStage, path));
    }
    for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) cpSync(join(all, name), join(inStage, name));
    runFromTree(tree, 'bin/kmod', ['-b', stage, version], 'depmod');
    const indexes = readdirSync(inStage).filter((name) => name.startsWith('modules.'));
    return { missing, entries: [...paths, ...indexes].map((path) => file(`usr/lib/modules/${version}/${path}`, readFileSync(join(inStage, path)))) };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** A program of the unpacked packages, with their libraries. */
function runFromTree(tree: string, path: string, args: readonly string[], argv0?: string): void {
  const libraries = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'].map((each) => join(tree, each)).join(':');
  const loader = join(tree, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
  execFileSync(loader, ['--library-path', libraries, ...(argv0 === undefined ? [] : ['--argv0', argv0]), join(tree, path), ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
}

function onlyName(path: string): string {
  const [name, ...others] = readdirSync(path);
  if (name === undefined || others.length > 0) throw new AppError('internal', `${path} should hold the modules of one kernel.`);
  return name;
}
function replace(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.part`, bytes, { flush: true });
  renameSync(`${path}.part`, path);
}
function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
