// What counts as a source of the build, and whether out/ was built from it. Cheap when nothing changed: one stat per file;
// contents are hashed only when a size or a time differs (a fresh checkout changes times, not contents).
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * True when a module is the program itself and not imported. Node resolves links for the module's address but not for argv.
 * @param {string} moduleUrl
 */
export function isProgram(moduleUrl) {
  return process.argv[1] !== undefined && existsSync(process.argv[1]) && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl);
}

const stampFile = join(root, '.cache', 'build.json');
/** docs/admin is the console's help. */
const folders = ['src-shared', 'src-main', 'src-renderer', 'src-agent', 'docs/admin'];
const configs = ['package.json', 'package-lock.json', 'tsconfig.base.json', 'tsconfig.json', 'electron.vite.config.ts', 'vite.agent.config.ts'];
/** What a finished build holds; a missing one means building again. */
export const products = [
  'out/main/headless.js', 'out/main/electron.js', 'out/main/storeWorker.js', 'out/preload/preload.cjs',
  'out/renderer/index.html', 'out/agent/agent.cjs', 'out/agent/blake3.node',
];

/**
 * The files below a folder of the project, as project paths with forward slashes, sorted.
 * @param {string} folder
 * @returns {string[]}
 */
export function walk(folder) {
  /** @type {string[]} */
  const files = [];
  const absolute = join(root, folder);
  if (!existsSync(absolute)) return files;
  for (const entry of readdirSync(absolute, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...walk(path));
    else if (entry.isFile()) files.push(path);
  }
  return files.sort();
}

/** @returns {string[]} */
function sourceFiles() {
  const sources = folders.flatMap(walk).filter((file) => !/\.test\.tsx?$/.test(file));
  return [...sources, ...configs.filter((file) => existsSync(join(root, file)))];
}

/** @param {string[]} files */
function statKey(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** @param {string[]} files */
function contentKey(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = readFileSync(join(root, file));
    hash.update(`${file}\0${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** @returns {{ stat: string, content: string } | null} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'));
  } catch {
    return null; // absent or half written: the same as never built
  }
}

/** @param {{ stat: string, content: string }} keys */
export function writeBuildStamp(keys) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(keys));
}

/** The keys of the sources as they are now; take them before a build, so that an edit during it is noticed later. */
export function sourceKeys() {
  const files = sourceFiles();
  return { stat: statKey(files), content: contentKey(files) };
}

/** True when out/ was built from exactly the sources there are now. */
export function isBuildFresh() {
  const stamp = readStamp();
  if (stamp === null || !products.every((file) => existsSync(join(root, file)))) return false;
  const files = sourceFiles();
  const stat = statKey(files);
  if (stat === stamp.stat) return true;
  if (contentKey(files) !== stamp.content) return false;
  writeBuildStamp({ stat, content: stamp.content });
  return true;
}
