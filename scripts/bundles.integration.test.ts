// What the bundles may contain: the headless server must run where Electron is absent, and a packaged program finds only
// package.json's dependencies beside it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodePath } from './node.mjs';
import { root } from './sources.mjs';

const builtins = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`), 'node:sqlite', 'node:test', 'node:sea']);
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
const optionalNatives = new Set(['bufferutil', 'utf-8-validate']);

/** Every module a bundle names: static and dynamic imports, and require calls. */
function named(file: string): string[] {
  const code = readFileSync(join(root, file), 'utf8').replace(/^\s*\*.*$/gm, ''); // lines of a comment may show imports too
  const forms = [/(?:^|[;\n}])\s*(?:import|export)\b[^'"`;()]*?from\s*["']([^"'\n]+)["']/g, /(?:^|[;\n}])\s*import\s*["']([^"'\n]+)["']/g, /\b(?:import|require)\(\s*["'`]([^"'`\n$]+)["'`]\s*\)/g];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] ?? ''));
}

/** A bundle's entry with every chunk it leads to. */
function reach(entry: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (found.has(file)) continue;
    const names = named(file);
    found.set(file, names.filter((name) => !name.startsWith('.')));
    for (const name of names) if (name.startsWith('.')) open.push(join(file, '..', name));
  }
  return found;
}

const packageOf = (name: string): string => name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/');
const foreign = (entry: string, allowed: ReadonlySet<string>): string[] =>
  [...reach(entry).values()].flat().filter((name) => !builtins.has(name) && !optionalNatives.has(name) && !allowed.has(packageOf(name)));

const dependencySet = new Set(Object.keys(dependencies));

test.each(['out/main/headless.js', 'out/main/storeWorker.js'])('%s and its chunks need the declared dependencies alone, and never electron', (entry) => {
  expect(foreign(entry, dependencySet)).toEqual([]);
});

test("the shell's bundle needs electron besides", () => {
  expect(foreign('out/main/electron.js', new Set([...dependencySet, 'electron']))).toEqual([]);
  expect([...reach('out/main/electron.js').values()].flat()).toContain('electron');
});

test('the preload script needs electron alone', () => {
  expect([...new Set(named('out/preload/preload.cjs'))]).toEqual(['electron']);
});

test('the agent is one file with one prebuilt module beside it, and runs where nothing else is', async () => {
  expect(readdirSync(join(root, 'out/agent')).filter((name) => !name.endsWith('.map')).sort()).toEqual(['agent.cjs', 'blake3.node']);
  expect(named('out/agent/agent.cjs').filter((name) => !builtins.has(name) && !optionalNatives.has(name))).toEqual([]);
  const folder = await mkdtemp(join(tmpdir(), 'platen-agent-'));
  try {
    for (const name of ['agent.cjs', 'blake3.node']) await copyFile(join(root, 'out/agent', name), join(folder, name));
    expect(spawnSync(nodePath(), ['agent.cjs', '--help'], { cwd: folder, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
