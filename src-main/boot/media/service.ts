// Owns boot media as the rest of the server sees them: making an image for one address of this server, handing it out over HTTP against a
// ticket, and ending the secrets of all that were made. An image is put together while it is read: nothing is written here.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, toAppError } from '#shared/errors.ts';
import type { BootSettingsView, MediaView, MediumView } from '#shared/model/boot.ts';
import type { Access } from '../../access/service.ts';
import type { Events } from '../../events/service.ts';
import type { Log } from '../../log/service.ts';
import type { Environment, MediumFiles } from '../environment/service.ts';
import { kernelWordsOf } from '../kernel-words.ts';
import { makeMedium, mediumLoaders, readMedium, type Medium, type MediumLoader } from './medium.ts';

export type MediaParts = {
  environment: Environment; access: Access; events: Events; log: Log; clock: () => number;
  settings: () => BootSettingsView;
  /** Of the adapter that network boot serves on; '' for none. */
  servedAddress: () => string;
  /** https URLs by which other machines reach this server. */
  reachable: () => string[];
};
export type Media = ReturnType<typeof openMedia>;

export const MEDIUM_PATH = '/download/boot-medium';
const TICKET_MS = 10 * 60_000;
const MOST_TICKETS = 8;
const STALL_MS = 60_000;

export function openMedia(parts: MediaParts) {
  const { environment, access, events, log, clock } = parts;
  /** By the ticket's hash, oldest first. */
  const prepared = new Map<string, { medium: Medium; fileName: string; expiresAt: number }>();

  function forget(): void {
    for (const [hash, { expiresAt }] of prepared) if (expiresAt < clock() || prepared.size >= MOST_TICKETS) prepared.delete(hash);
  }

  function servers(): string[] {
    const all = [...new Set(parts.reachable())];
    const served = parts.servedAddress();
    return all.toSorted((left, right) => Number(new URL(right).hostname === served) - Number(new URL(left).hostname === served));
  }

  function serverFor(asked: string | undefined): string {
    if (asked !== undefined && asked.trim() !== '') return parseServer(asked.trim(), servers()[0]);
    const [first, ...others] = servers();
    if (first === undefined) throw new AppError('usage', `${onlyHere} Or say by which address computers reach it.`);
    if (others.length > 0 && new URL(first).hostname !== parts.servedAddress()) throw new AppError('usage', `This server has several addresses, and a medium carries one: ${[first, ...others].join(', ')}. Say which.`, { servers: [first, ...others] });
    return first;
  }

  return {
    view(): MediaView {
      const tokens = access.mediumTokens();
      const used = tokens.filter(({ createdAt, usedAt }) => usedAt > createdAt).map(({ usedAt }) => usedAt);
      return { problem: problemOf(() => environment.mediumFiles()) ?? null, servers: servers(), made: tokens.length, lastMadeAt: tokens.length === 0 ? null : Math.max(...tokens.map(({ createdAt }) => createdAt)), lastUsedAt: used.length === 0 ? null : Math.max(...used) };
    },
    /** @param asked  the server's address on the medium; else the one that network boot serves on, or the only one there is */
    prepare(asked: string | undefined, actor: string): MediumView {
      const files = environment.mediumFiles();
      const server = serverFor(asked);
      forget();
      const medium = makeMedium({
        loaders: read(files), kernel: files.kernel, base: files.base, small: environment.small({ serverUrl: server, token: access.mintMediumToken() }),
        kernelWords: kernelWordsOf(parts.settings()), countdownSeconds: parts.settings().loaderCountdownSeconds,
      });
      const secret = randomBytes(32).toString('base64url');
      const fileName = `platen-boot-${medium.id}.iso`;
      prepared.set(hashOf(secret), { medium, fileName, expiresAt: clock() + TICKET_MS });
      events.record({ actor, entity: 'boot', id: 'boot', kind: 'medium', message: `Boot medium ${medium.id} made for ${server}`, data: { server, id: medium.id } });
      events.changed('boot', 'boot');
      return { path: `${MEDIUM_PATH}?ticket=${secret}`, fileName, sizeBytes: medium.sizeBytes, id: medium.id, server };
    },
    /** Media made before open no portal any more. */
    revoke(actor: string): { revoked: number } {
      const revoked = access.revokeMediumTokens();
      prepared.clear();
      events.record({ actor, entity: 'boot', id: 'boot', kind: 'medium', message: `The secrets of ${revoked} boot ${revoked === 1 ? 'medium' : 'media'} were ended`, data: { revoked } });
      events.changed('boot', 'boot');
      return { revoked };
    },
    /** Answers MEDIUM_PATH. Throws what is wrong before the first byte; afterwards the connection is cut, so that half is not taken for whole. */
    async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const ticket = new URLSearchParams((request.url ?? '').split('?', 2)[1] ?? '').get('ticket') ?? '';
      const found = prepared.get(hashOf(ticket));
      if (found === undefined || found.expiresAt < clock()) throw new AppError('unauthorized', 'This download is not valid any more: it waits for ten minutes. Make the image again, on the page Network boot or with: platen boot image FILE');
      if (request.method !== 'GET' && request.method !== 'HEAD') throw new AppError('invalid-input', 'An image is fetched with GET.');
      // Of the same content as long as the ticket lives: nobody else may keep it.
      response.writeHead(200, {
        'content-type': 'application/octet-stream', 'content-length': found.medium.sizeBytes, 'content-disposition': `attachment; filename="${found.fileName}"`, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
      });
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      response.setTimeout(STALL_MS, () => response.destroy());
      try {
        await pipeline(Readable.from(readMedium(found.medium, (path) => createReadStream(path, { highWaterMark: 256 * 1024 }))), response);
      } catch (error) {
        if (!response.destroyed || error instanceof RangeError) log.error('a boot medium could not be read', { error: toAppError(error) });
        response.destroy();
      }
    },
  };
}

const onlyHere = 'This server listens for its own machine alone, so no computer reaches it. Switch network boot on, or start it with --host 0.0.0.0.';

/** "server", "10.0.0.5:8420" or a whole address; the port is this server's unless said. */
function parseServer(text: string, known: string | undefined): string {
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : null;
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.pathname !== '/' || url.search !== '' || !/^[\w.:[\]-]+$/.test(url.hostname)) {
    throw new AppError('usage', `"${text.slice(0, 200)}" is not an address of a server. It looks like https://192.168.1.5:8420; computers talk to it over TLS only.`);
  }
  if (url.hostname === 'localhost' || url.hostname.startsWith('127.') || url.hostname === '[::1]') throw new AppError('usage', `${url.hostname} means the computer itself: on a medium it would lead nowhere. Use the server's address on the network.`);
  const port = url.port !== '' ? url.port : known === undefined ? '8420' : new URL(known).port;
  return `https://${url.hostname}${port === '' ? '' : `:${port}`}`;
}

function read({ loaders }: MediumFiles): Record<MediumLoader, Uint8Array> {
  const bytes = mediumLoaders.map((name): [MediumLoader, Uint8Array] => {
    const path = loaders[name];
    if (path === undefined) throw new AppError('not-found', `The boot environment was built without ${name}, which boot media need. Build it again: platen boot build.`, { file: name });
    return [name, readFileSync(path)];
  });
  // Every name of the list is there.
  return Object.fromEntries(bytes) as Record<MediumLoader, Uint8Array>;
}
function problemOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return toAppError(error).message;
  }
}
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
