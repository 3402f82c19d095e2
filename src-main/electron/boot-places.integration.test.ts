// The installed program's boot files: what it brought along is served, what was built here comes first while it is newer, and nothing
// is ever written where the program lies.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEnvironment } from '../boot/environment/service.ts';
import { cacheFolder, programFolder } from '../platform.ts';
import { installedBootPlaces } from './boot-places.ts';

let top = '';
beforeEach(() => { top = mkdtempSync(join(tmpdir(), 'platen-places-')); });
afterEach(() => rmSync(top, { recursive: true, force: true }));

const places = () => installedBootPlaces({ resourcesFolder: join(top, 'resources'), programFolder: join(top, 'person'), cacheFolder: join(top, 'cache') });

function environmentAt(folder: string, kernelVersion: string, builtAt: number): void {
  mkdirSync(join(folder, 'loaders'), { recursive: true });
  for (const name of ['vmlinuz', 'base.cpio.zst', 'loaders/ipxe.pxe']) writeFileSync(join(folder, name), kernelVersion);
  writeFileSync(join(folder, 'boot.json'), JSON.stringify({ kernelVersion, kernelSha256: 'aa', baseSha256: 'bb', baseBytes: 1, packages: [], missingModules: [], loaders: [{ name: 'ipxe.pxe', package: 'ipxe', version: '2', suite: 'trixie', sha256: 'cc', sizeBytes: 1 }] }));
  utimesSync(join(folder, 'boot.json'), builtAt, builtAt);
}

test('what came along is ready at once; what was built here is taken while it is newer', () => {
  const { shippedFolder = '', bootFolder } = places();
  const environment = openEnvironment(places(), () => undefined);
  expect(environment.view().state).toBe('missing');
  environmentAt(shippedFolder, '6.12', 1000);
  expect([environment.view().state, environment.view().kernelVersion, environment.files().images['vmlinuz']?.path]).toEqual(['ready', '6.12', join(shippedFolder, 'vmlinuz')]);
  environmentAt(bootFolder, '6.13', 2000);
  expect([environment.view().kernelVersion, environment.files().loaders['ipxe.pxe']]).toEqual(['6.13', join(bootFolder, 'loaders/ipxe.pxe')]);
  environmentAt(shippedFolder, '6.14', 3000);
  expect(environment.view().kernelVersion).toBe('6.14');
});

test('an installed program that cannot build says how one gets a newer environment, and writes nothing', async () => {
  environmentAt(places().shippedFolder ?? '', '6.12', 1000);
  const environment = openEnvironment(places(), () => undefined);
  await expect(environment.build()).rejects.toMatchObject({ code: 'tool-missing', message: expect.stringMatching(/Install a newer Platen/) });
  expect([environment.view().state, readdirSync(top)]).toEqual(['ready', ['resources']]);
});

test('the person’s folders are the system’s own, whatever data folder is used', () => {
  expect(programFolder({ XDG_DATA_HOME: '/home/anna/data', PLATEN_DATA: '/srv/platen' }, 'linux')).toBe('/home/anna/data/platen');
  expect(cacheFolder({ XDG_CACHE_HOME: '/home/anna/cache' }, 'linux')).toBe('/home/anna/cache/platen');
  expect(cacheFolder({ LOCALAPPDATA: 'C:/Users/anna/AppData/Local' }, 'win32')).toMatch(/Platen.cache$/);
});
