// Owns the answer to "which server, with which token": what --server and --token say, else the record that a running server
// keeps in its data folder. Connects to nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError, toAppError } from '#shared/errors.ts';
import { usage } from './usage.ts';

export type Target = {
  url: URL;
  token: string;
  /** SHA-256 of the server's certificate, 64 hex digits, out of the token; null where the token carries none. */
  fingerprint: string | null;
  /** The folder whose record named it, else null: then the person named it. */
  dataFolder: string | null;
};

const recordSchema = z.object({ url: z.url(), token: z.string().min(1), pid: z.number().int().positive() });

export async function locateServer(asked: { server: string | undefined; token: string | undefined; dataFolder: string }): Promise<Target> {
  if (asked.server === undefined) {
    if (asked.token !== undefined) throw usage('A token without a server: name it with --server URL or PLATEN_SERVER.');
    const record = await readRecord(asked.dataFolder);
    if (record === null) throw notRunning(asked.dataFolder);
    return target(record.url, record.token, asked.dataFolder);
  }
  if (asked.token === undefined) throw usage('A server without a token: give --token TOKEN or PLATEN_TOKEN. The server prints it when it starts.');
  return target(asked.server, asked.token, null);
}

/** What a running server left in its data folder, or null: none there, or half written by a crash. */
export async function readRecord(dataFolder: string): Promise<z.infer<typeof recordSchema> | null> {
  const path = join(dataFolder, 'server.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null;
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') {
      throw new AppError('forbidden', `The server's record ${path} may be read only by the user who runs it. Run this as that user, or name the server with --server and --token.`, { path }, error);
    }
    throw toAppError(error, `read ${path}`);
  });
  if (text === null) return null;
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function notRunning(dataFolder: string): AppError {
  return new AppError('connection-lost', `No Platen server runs on the data folder ${dataFolder}. Start one with: platen serve --data ${quote(dataFolder)}`, { dataFolder });
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

function target(text: string, token: string, dataFolder: string | null): Target {
  const url = parseUrl(text);
  const fingerprint = /^[^.]+\.[^.]+\.([0-9a-f]{64})$/.exec(token)?.[1] ?? null;
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw usage(`${url.origin} is not on this machine, and the token may travel over TLS only: write https://${url.host}.`);
  }
  if (url.protocol === 'https:' && fingerprint === null) {
    throw usage('The token names no certificate (its third part), so the server could not be told from somebody who sits in between. Copy the whole token, as the server printed it.');
  }
  return { url, token, fingerprint, dataFolder };
}

function parseUrl(text: string): URL {
  // "lab-server:8420" alone would parse as a URL with the protocol "lab-server:".
  const withProtocol = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(withProtocol)) throw usage(`"${text}" is not the address of a server. It looks like https://192.168.1.5:8420.`);
  const url = new URL(withProtocol);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw usage(`"${text}" is not the address of a server: it starts with https:// (or http:// on this machine).`);
  return url;
}

/** As a shell needs it typed. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
