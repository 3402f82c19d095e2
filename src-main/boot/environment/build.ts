// Owns building the boot environment: packages → one tree → the base archive, which holds everything that changes rarely. It is named by
// what went into it and kept, so that a warm build makes nothing twice. The small archive is in small.ts.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { addOnEntries, type AddOnRecord } from './add-ons.ts';
import { compressed } from './compressed.ts';
import { folder, link, writeCpio, file, type CpioEntry } from './cpio.ts';
import { firmwareOf, type FirmwarePackage } from './firmware.ts';
import { keymapEntries } from './keyboards.ts';
import { chooseModules, moduleName, readModuleIndex, type ModuleIndex } from './modules.ts';
import { fetchPackages, realPackageOf, unpack, withDependencies, type Package } from './packages.ts';
import { readRecipe, type Recipe } from './recipe.ts';
import { runFromTree } from './run-from-tree.ts';
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
  addOns: AddOnRecord[];
  /** Files of firmware in the base, and the packages all firmware is from. */
  firmware: { names: string[]; packages: { name: string; version: string; suite: string; sha256: string }[] };
};
export type LoaderRecord = { name: string; package: string; version: string; suite: string; sha256: string; sizeBytes: number };

/** Counts up when this file makes other bytes of the same inputs. */
const FORMAT = 3;

export async function buildEnvironment(options: BuildOptions): Promise<BuildRecord> {
  const { say, outFolder, level } = options;
  const recipe = readRecipe(options.recipePath);
  const kernel = await realPackageOf(recipe.kernel.meta);
  const programs = [recipe.tools, ...Object.values(recipe.addOns).map(({ tools }) => tools)].flatMap((tools) => Object.keys(tools));
  const packages = await fetchPackages([...(await withDependencies([...programs, ...recipe.build])), kernel], join(options.cacheFolder, 'packages'));
  say('Fetching boot loaders and firmware…');
  const loaders = await buildLoaders(recipe.loaders, 'loaders', options);
  const media = await buildLoaders(recipe.media, 'media', options);
  const firmwares = await fetchFirmware(recipe, options);
  const key = keyOf(recipe, options, [...packages, ...firmwares]);
  const known = readRecord(outFolder);
  if (known?.key === key && ['base.cpio.zst', 'vmlinuz', ...known.addOns.map(({ file: name }) => name)].every((name) => existsSync(join(outFolder, name)))) {
    say(`The boot environment is up to date (${known.kernelVersion}).`);
    const record = { ...known, loaders, media };
    replace(join(outFolder, 'boot.json'), encodeRecord(record));
    return record;
  }
  const tree = await unpackedTree(packages, options);
  const parts = gather(tree, recipe, options, firmwares);
  const archive = writeCpio(parts.base);
  say(`Compressing ${Math.round(archive.length / 1e6)} MB at level ${level}…`);
  const base = compressed(archive, level);
  const image = readFileSync(join(tree, 'boot', `vmlinuz-${parts.version}`));
  const addOns = parts.addOns.map(({ record: made, entries }): AddOnRecord => {
    const bytes = compressed(writeCpio(entries), level);
    replace(join(outFolder, made.file), bytes);
    return { ...made, sizeBytes: bytes.length, sha256: sha256(bytes) };
  });
  const record: BuildRecord = {
    key, kernel, kernelVersion: parts.version, level, nodeVersion: process.version, baseBytes: base.length, unpackedBytes: archive.length, baseSha256: sha256(base), kernelSha256: sha256(image),
    packages: packages.map(({ name, version: packageVersion, sha256: hash }) => ({ name, version: packageVersion, sha256: hash })), missingModules: parts.missing, loaders, media, addOns,
    firmware: { names: parts.firmware, packages: firmwares.map(({ name, version, suite, sha256: hash }) => ({ name, version, suite, sha256: hash })) },
  };
  replace(join(outFolder, 'vmlinuz'), image);
  replace(join(outFolder, 'base.cpio.zst'), base);
  replace(join(outFolder, 'boot.json'), encodeRecord(record));
  return record;
}

/** All packages in one folder; named by what is in it, so that it is made once. */
async function unpackedTree(packages: readonly Package[], { cacheFolder, say }: BuildOptions): Promise<string> {
  const name = createHash('sha256').update(JSON.stringify(packages.map((each) => each.sha256))).digest('hex').slice(0, 16);
  const tree = join(cacheFolder, `tree-${name}`);
  if (existsSync(join(tree, '.complete'))) return tree;
  say(`Unpacking ${packages.length} packages…`);
  rmSync(tree, { recursive: true, force: true });
  await unpack(packages, tree);
  writeFileSync(join(tree, '.complete'), '');
  return tree;
}

/** What goes into which archive. */
function gather(tree: string, recipe: Recipe, options: BuildOptions, firmwares: readonly FirmwarePackage[]) {
  const version = onlyName(join(tree, 'lib/modules'));
  const { index, entries: modules, missing, chosen } = moduleEntries(tree, version, recipe, options.cacheFolder);
  const inModules = (path: string): string => join(tree, 'lib/modules', version, path);
  const firmware = (names: readonly string[]) => firmwareOf(names.flatMap((name) => index.pathOf.get(moduleName(name)) ?? []).map(inModules), firmwares);
  const own = firmware(recipe.firmware.of);
  const base = [...skeleton(), ...programs(tree, recipe, options), ...modules, ...keymapEntries(tree, recipe.keyboards), ...own.entries];
  const addOns = Object.entries(recipe.addOns).map(([name, addOn]) => {
    const wanted = chooseModules(index, addOn.modules);
    missing.push(...wanted.missing);
    const moduleFiles = wanted.paths.filter((path) => !chosen.has(path)).map((path) => file(`usr/lib/modules/${version}/${path}`, readFileSync(inModules(path))));
    return addOnEntries({ name, addOn, tree, modules: moduleFiles, firmware: firmware(addOn.firmwareOf), base });
  });
  return { version, base, missing, firmware: own.names, addOns };
}

async function fetchFirmware(recipe: Recipe, { cacheFolder }: BuildOptions): Promise<(Package & FirmwarePackage & { suite: string })[]> {
  const found: (Package & FirmwarePackage & { suite: string })[] = [];
  for (const name of recipe.firmware.packages) {
    const each = await fetchFromSuites(name, recipe.firmware, cacheFolder);
    await unpackOnce(each);
    found.push(each);
  }
  return found;
}

async function unpackOnce({ tree, ...found }: Package & { tree: string }): Promise<void> {
  if (existsSync(join(tree, '.complete'))) return;
  rmSync(tree, { recursive: true, force: true });
  await unpack([found], tree);
  writeFileSync(join(tree, '.complete'), '');
}

/** Loaders change by themselves as suites do; each is small, so they are written anew whenever their package changed. */
async function buildLoaders(wanted: Recipe['loaders'], folderName: 'loaders' | 'media', { cacheFolder, outFolder }: BuildOptions): Promise<LoaderRecord[]> {
  const folderOfLoaders = join(outFolder, folderName);
  mkdirSync(folderOfLoaders, { recursive: true });
  const made: LoaderRecord[] = [];
  for (const [name, loader] of Object.entries(wanted)) {
    const found = await fetchFromSuites(loader.package, loader, cacheFolder);
    await unpackOnce(found);
    const bytes = readFileSync(join(found.tree, loader.file));
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
    const record = JSON.parse(readFileSync(join(outFolder, 'boot.json'), 'utf8')) as BuildRecord;
    // An older program's has less in it.
    return { ...record, addOns: record.addOns ?? [], firmware: record.firmware ?? { names: [], packages: [] } };
  } catch {
    return null;
  }
}

/** Of all that the archives are made of; loaders come and go without them. */
function keyOf({ loaders: _, media: __, ...recipe }: Recipe, options: BuildOptions, packages: readonly Package[]): string {
  const inputs = { format: FORMAT, recipe, level: options.level, node: sha256(readFileSync(options.nodePath)), native: options.nativeModules.map((path) => sha256(readFileSync(path))), packages: packages.map((each) => each.sha256) };
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

/** @returns chosen: paths as in the index, of what is in the base */
function moduleEntries(tree: string, version: string, recipe: Recipe, cacheFolder: string): { index: ModuleIndex; entries: CpioEntry[]; missing: string[]; chosen: ReadonlySet<string> } {
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
    return { index, missing, chosen: new Set(paths), entries: [...paths, ...indexes].map((path) => file(`usr/lib/modules/${version}/${path}`, readFileSync(join(inStage, path)))) };
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
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
