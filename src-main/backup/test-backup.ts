// Test support: making a backup of a running server and a data folder of it, as the command line does. Not part of the product.
import { get } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { restoreBackup, type Restored } from './restore.ts';
import { seal, unseal } from './sealing.ts';

export async function makeBackup({ server, api }: { server: { url: string }; api: { backup: { prepare: { mutate(asked: { images: boolean }): Promise<{ path: string }> } } } }, { images = false, passphrase = null as string | null } = {}): Promise<Buffer> {
  const { path } = await api.backup.prepare.mutate({ images });
  const [response] = (await once(get(`${server.url}${path}`), 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
  return buffer(Readable.from(seal(response, passphrase)));
}

export const piecesOf = async function* pieces(bytes: Buffer, length = 100_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
};

export function restoreInto(dataFolder: string, backup: Buffer, { passphrase = '', now = Date.now() } = {}): Promise<Restored> {
  return restoreBackup(unseal(piecesOf(backup), () => Promise.resolve(passphrase)), { dataFolder, now, onProgress: () => undefined });
}
