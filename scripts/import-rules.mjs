// The layering of docs/design as a pure check over import lines. It judges resolved paths, which oxlint's patterns cannot;
// it reads no file itself (check-imports.mjs does).
import { posix } from 'node:path';

/** @typedef {{ specifier: string, typeOnly: boolean, line: number }} Import */
/** @typedef {{ file: string, line: number, message: string }} Violation */

/** Folders of src-main that are mechanism: they know no feature and not each other. */
const mechanisms = new Set(['store', 'db', 'net']);
/** Folders of src-main that compose features; only they and the entries may look into a feature beyond its service. */
const compositions = new Set(['electron', 'cli', 'api']);

const fromClause = /^[ \t]*(import|export)\s+(type\s+)?([^'"`;()=]*?)\s*from\s*['"]([^'"\n]+)['"]/gm;
const bareImport = /^[ \t]*import\s*['"]([^'"\n]+)['"]/gm;
const dynamicImport = /\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;

/**
 * Every import of a module's text, in order of appearance.
 * @param {string} source
 * @returns {Import[]}
 */
export function importsOf(source) {
  /** @type {Import[]} */
  const found = [];
  /** @param {number} index */
  const lineAt = (index) => source.slice(0, index).split('\n').length;
  for (const match of source.matchAll(fromClause)) {
    const names = match[3] ?? '';
    const inlineTypes = names.startsWith('{') && names.replace(/[{}]/g, '').split(',').filter((name) => name.trim() !== '').every((name) => /^\s*type\s/.test(name));
    const start = match.index + match[0].search(/\S/);
    found.push({ specifier: match[4] ?? '', typeOnly: match[2] !== undefined || inlineTypes, line: lineAt(start) });
  }
  for (const match of source.matchAll(bareImport)) found.push({ specifier: match[1] ?? '', typeOnly: false, line: lineAt(match.index + match[0].search(/\S/)) });
  for (const match of source.matchAll(dynamicImport)) found.push({ specifier: match[1] ?? '', typeOnly: false, line: lineAt(match.index) });
  return found.sort((a, b) => a.line - b.line);
}

/**
 * The project file an import names, or null for a package or a builtin.
 * @param {string} file @param {string} specifier
 */
export function resolveImport(file, specifier) {
  if (specifier.startsWith('#shared/')) return `src-shared/${specifier.slice('#shared/'.length)}`;
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(file), specifier));
  return null;
}

/** @param {string} file */
const isTest = (file) => /\.test\.tsx?$/.test(file);
/** @param {string} file */
const top = (file) => file.split('/')[0] ?? '';

/**
 * The folder of src-main a file is in, or null for files at its top and elsewhere.
 * @param {string} file
 */
function folderOf(file) {
  const parts = file.split('/');
  return parts[0] === 'src-main' && parts.length > 2 ? parts[1] ?? null : null;
}

/**
 * The composition root: server.ts and headless.ts, and what they were split into (files at src-main's top that know features).
 * @param {Map<string, string>} files
 * @returns {Set<string>}
 */
function compositionRoot(files) {
  const composing = new Set(['src-main/server.ts', 'src-main/headless.ts']);
  for (const [file, source] of files) {
    if (top(file) !== 'src-main' || folderOf(file) !== null || isTest(file)) continue;
    const folders = importsOf(source).map((found) => resolveImport(file, found.specifier)).map((target) => (target === null ? null : folderOf(target)));
    if (folders.some((folder) => folder !== null && !mechanisms.has(folder))) composing.add(file);
  }
  return composing;
}

/**
 * May `file` import `target` (both project paths)? Returns the reason why not, or null.
 * @param {string} file @param {string} target @param {boolean} typeOnly @param {Set<string>} composing
 * @returns {string | null}
 */
function crossing(file, target, typeOnly, composing) {
  const [from, to] = [top(file), top(target)];
  if (from === to) return from === 'src-main' && !isTest(file) ? insideMain(file, target, composing) : null;
  if (to === 'src-shared') return null;
  if (from === 'src-shared') return 'src-shared imports nobody: move what is shared there, or pass it in.';
  if (isTest(file) || !from.startsWith('src-')) return null;
  if (from === 'src-renderer' && to === 'src-main') return typeOnly ? null : "the console may import the server's types only (import type).";
  // Help pages are the manual's own text, bundled as text.
  if (from === 'src-renderer' && to === 'docs' && target.startsWith('docs/admin/')) return null;
  return `${from} may not import ${to}: what both need belongs in src-shared.`;
}

/** @param {string} file @param {string} target @param {Set<string>} composing */
function insideMain(file, target, composing) {
  const [from, to] = [folderOf(file), folderOf(target)];
  if (from === null || from === to) return null;
  if (composing.has(target)) return compositions.has(from) && from !== 'api' ? null : 'the composition root is imported by the entries only; take what you need as an argument.';
  if (to === null) return null;
  if (mechanisms.has(from)) return `${from} is mechanism without product words: it imports no feature and neither of the other mechanisms. Take what you need as an argument.`;
  if (mechanisms.has(to)) return null;
  if (to === 'electron') return 'the desktop shell is an entry; nobody imports it.';
  if (compositions.has(from)) return null;
  if (to === 'cli') return 'the command line is an entry; features do not import it.';
  if (to === 'api') return file.endsWith('router.ts') ? null : 'only a router.ts binds a feature to the API; its rules must not know the API.';
  const name = posix.basename(target);
  return name === 'service.ts' || name === `${to}.ts` ? null : `a feature reaches another only through its service.ts (here: ${to}/service.ts), so that its tables and rules can change.`;
}

/**
 * @param {string} file @param {Import} found
 * @returns {string | null}
 */
function packageRule(file, found) {
  if (isTest(file)) return null;
  const name = found.specifier;
  if (top(file) === 'src-shared' && name !== 'zod' && !name.startsWith('zod/')) return 'src-shared is pure: no I/O and no package but zod.';
  if (top(file) === 'src-renderer' && (name.startsWith('node:') || name === 'ws' || name === 'electron')) return 'the console runs in a browser; ask the API or window.desktop.';
  if (name === 'electron' && !file.startsWith('src-main/electron/')) return 'only src-main/electron may import electron: everything else must run headless.';
  return null;
}

/**
 * Cycles in a graph, each named once by its nodes in order.
 * @param {Map<string, Set<string>>} graph
 * @returns {string[][]}
 */
export function cyclesOf(graph) {
  /** @type {string[][]} */
  const cycles = [];
  /** @type {Map<string, 'open' | 'done'>} */
  const state = new Map();
  /** @type {string[]} */
  const path = [];
  /** @param {string} node */
  const visit = (node) => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      cycles.push([...path.slice(path.indexOf(node)), node]);
      return;
    }
    state.set(node, 'open');
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    state.set(node, 'done');
  };
  for (const node of graph.keys()) visit(node);
  return cycles;
}

/**
 * All violations of the import rules in a set of files (project path → text).
 * @param {Map<string, string>} files
 * @returns {Violation[]}
 */
export function violationsOf(files) {
  /** @type {Violation[]} */
  const violations = [];
  /** @type {Map<string, Set<string>>} */
  const fileGraph = new Map();
  /** @type {Map<string, Set<string>>} */
  const featureGraph = new Map();
  /** @param {Map<string, Set<string>>} graph @param {string} from @param {string} to */
  const connect = (graph, from, to) => graph.set(from, (graph.get(from) ?? new Set()).add(to));
  const composing = compositionRoot(files);
  for (const [file, source] of files) {
    for (const found of importsOf(source)) {
      const target = resolveImport(file, found.specifier);
      const message = target === null ? packageRule(file, found) : crossing(file, target, found.typeOnly, composing);
      if (message !== null) violations.push({ file, line: found.line, message: `"${found.specifier}": ${message}` });
      if (target === null) continue;
      if (!found.typeOnly && target !== file) connect(fileGraph, file, target);
      const [from, to] = [folderOf(file), folderOf(target)];
      const plain = (/** @type {string | null} */ name) => name !== null && !mechanisms.has(name) && !compositions.has(name);
      if (!isTest(file) && from !== null && to !== null && from !== to && plain(from) && plain(to)) connect(featureGraph, from, to);
    }
    if (isBarrel(source)) violations.push({ file, line: 1, message: 'a file that only re-exports is a barrel: import from the file that owns the name.' });
  }
  for (const cycle of cyclesOf(fileGraph)) violations.push({ file: cycle[0] ?? '', line: 1, message: `files import each other in a circle: ${cycle.join(' → ')}` });
  for (const cycle of cyclesOf(featureGraph)) violations.push({ file: `src-main/${cycle[0]}`, line: 1, message: `features depend on each other in a circle: ${cycle.join(' → ')}` });
  return violations;
}

/** @param {string} source */
function isBarrel(source) {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').trim();
  if (code === '') return false;
  return code.replace(/export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s*from\s*['"][^'"]+['"];?/g, '').trim() === '';
}
