// Owns what differs between operating systems: where data lies, how a folder is made durable, who holds a port, which
// addresses this machine has. Nothing else in the server asks which system it runs on.
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { homedir, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { portHolder } from './net/ports/owner.ts';

/** PLATEN_DATA, else the platform's folder for a program's data. */
export function defaultDataFolder(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  const chosen = env['PLATEN_DATA'];
  return chosen !== undefined && chosen !== '' ? chosen : programFolder(env, platform);
}

/** This person's folder for what belongs to the program and not to one data folder. */
export function programFolder(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Platen');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Platen');
  const data = env['XDG_DATA_HOME'];
  return join(data !== undefined && data !== '' ? data : join(homedir(), '.local', 'share'), 'platen');
}

/** For what may be deleted at any time. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'Platen', 'cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'Platen');
  const cache = env['XDG_CACHE_HOME'];
  return join(cache !== undefined && cache !== '' ? cache : join(homedir(), '.cache'), 'platen');
}

/** Makes renames and new names in a folder survive a power cut. Windows has no such call and needs none (NTFS journals names). */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export type PortOwner = { pid: number; command: string };

/** Which process listens on a TCP port, where the system lets us see it; null where it does not. */
export async function findPortOwner(port: number): Promise<PortOwner | null> {
  const holder = await portHolder({ protocol: 'tcp', address: '0.0.0.0', port, adapter: null });
  return holder === null || holder.pid === null ? null : { pid: holder.pid, command: holder.command };
}

/** Addresses other machines may reach this one under, IPv4 first; link-local ones left out. */
export function machineAddresses(): string[] {
  const found: { address: string; four: boolean }[] = [];
  for (const list of Object.values(networkInterfaces())) {
    for (const entry of list ?? []) {
      if (entry.internal || entry.address.startsWith('fe80:') || entry.address.startsWith('169.254.')) continue;
      found.push({ address: entry.address, four: entry.family === 'IPv4' });
    }
  }
  return found.sort((a, b) => Number(b.four) - Number(a.four)).map((entry) => entry.address);
}
