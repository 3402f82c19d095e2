// Owns where the program lies: its package.json is above this file in a checkout and in the built program alike.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '#shared/errors.ts';

export async function findInstallation(): Promise<{ version: string; rendererFolder: string }> {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => null);
    const found: unknown = text === null ? null : JSON.parse(text);
    if (typeof found === 'object' && found !== null && 'version' in found && typeof found.version === 'string') return { version: found.version, rendererFolder: join(folder, 'out', 'renderer') };
    if (folder === dirname(folder)) throw new AppError('internal', 'The installation is incomplete: its package.json is missing. Install Platen again.');
  }
}
