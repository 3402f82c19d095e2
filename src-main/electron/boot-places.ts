// Where the installed program finds what computers boot: its own parts in its resources folder, which it never writes to (it may be
// read-only and is replaced by the next version), and what is built in the person's own folders, for all data folders alike.
import { join } from 'node:path';
import type { EnvironmentPlaces } from '../boot/environment/service.ts';

export type InstalledPlaces = { /** Electron's process.resourcesPath. */ resourcesFolder: string; /** Of this person, on this machine. */ programFolder: string; cacheFolder: string };

export function installedBootPlaces({ resourcesFolder, programFolder, cacheFolder }: InstalledPlaces): EnvironmentPlaces {
  return {
    bootFolder: join(programFolder, 'boot-environment'), shippedFolder: join(resourcesFolder, 'boot-environment'), cacheFolder: join(cacheFolder, 'boot'),
    resourcesFolder: join(resourcesFolder, 'boot'), agentFolder: join(resourcesFolder, 'agent'), nodePath: join(resourcesFolder, 'node', 'node'),
  };
}
