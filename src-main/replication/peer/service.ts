// Owns what a server hands to other package servers below /replica/: manifests, signatures, frames, differences. Only what this server has
// proved to have, only to servers that the console named, with bounded requests and a bounded number of streams.
import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { FRAME_HEADER_BYTES, HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError, ProtocolError, toAppError } from '#shared/errors.ts';
import { MAX_CHUNKS_PER_FETCH } from '#shared/replication/messages.ts';
import { answerError, answerJson } from '../../net/http/answer.ts';
import type { Log } from '../../log/service.ts';
import { blake3 } from '../../store/hash.ts';
import type { HashHex, Store } from '../../store/types.ts';
import { encodeDifference, rawOf } from '../difference.ts';
import { RawChunks } from '../raws.ts';
import { Sessions, type SessionParts } from './sessions.ts';
import { basisOf, Similarities, type Similar } from './similar.ts';

export type PeerParts = SessionParts & {
  store: Pick<Store, 'readFrames' | 'openManifest' | 'signatures' | 'countersign' | 'holds' | 'chunkNames'>;
  /** Whether this server may hand this manifest's content to that server: its own copy is ready, and the version is for others. */
  mayRead: (serverId: string, manifest: HashHex) => boolean;
  log: Log;
};
export type PeerService = ReturnType<typeof openPeerService>;

/** Streams of all other servers together: what bounds the memory. */
const MAX_STREAMS = 16;
const MAX_SESSION_BODY = 2000;
/** A frame so small that a difference gains nothing. */
const SMALL_BYTES = FRAME_HEADER_BYTES + 64;
/** Differences under way in one request. */
const MADE_TOGETHER = 4;
const NOTHING = new Uint8Array(0);
const PAIR_BYTES = 2 * HASH_BYTES;
const manifestPath = /^\/replica\/(manifest|signatures)\/([0-9a-f]{64})$/;
const differencesPath = /^\/replica\/differences\/([0-9a-f]{64})\/([0-9a-f]{64})$/;
const sessionSchema = z.object({ serverId: z.uuid(), nonce: z.string().max(100).optional(), signature: z.string().max(200).optional() });

export function openPeerService(parts: PeerParts) {
  const { store, log } = parts;
  const sessions = new Sessions(parts);
  const raws = new RawChunks(store);
  const similarities = new Similarities(store, raws);
  let streams = 0;

  async function session(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = sessionSchema.safeParse(json(await bodyOf(request, MAX_SESSION_BODY)));
    if (!parsed.success) throw new AppError('invalid-input', 'A session is asked for with serverId, then with serverId, nonce and signature.', {});
    const { serverId, nonce, signature } = parsed.data;
    answerJson(response, nonce === undefined || signature === undefined ? sessions.challenge(serverId) : sessions.open({ serverId, nonce, signature }));
  }

  function requireReadable(serverId: string, manifest: HashHex): void {
    if (!parts.mayRead(serverId, manifest)) throw new AppError('not-found', 'This server has no proved copy of that version for you.', { manifest });
  }

  async function manifest(hash: HashHex, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reader = await store.openManifest(hash);
    const { path, sizeBytes } = reader;
    await reader.close();
    const from = Number(/^bytes=(\d{1,15})-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > sizeBytes) throw new AppError('invalid-input', 'The range begins behind the end of the manifest.', { sizeBytes });
    response.writeHead(from > 0 ? 206 : 200, { 'content-type': 'application/octet-stream', 'content-length': sizeBytes - from, ...(from > 0 ? { 'content-range': `bytes ${from}-${Math.max(from, sizeBytes - 1)}/${sizeBytes}` } : {}) });
    if (request.method === 'HEAD' || from === sizeBytes) response.end();
    else await pipeline(createReadStream(path, { start: from }), response);
  }

  async function chunks(request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const hashes = await bodyOf(request, MAX_CHUNKS_PER_FETCH * HASH_BYTES);
    if (hashes.length === 0 || hashes.length % HASH_BYTES !== 0) throw new ProtocolError(hashes.length, 'hashes are 32 bytes each, at least one');
    for await (const frame of store.readFrames(hashes, gone)) await send(response, frame, gone);
    response.end();
  }

  /** Pairs of a chunk and the one that the asker holds at the same place: the difference where it is smaller, else the chunk whole. */
  async function differences([older, wanted]: readonly [HashHex, HashHex], request: IncomingMessage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const pairs = await bodyOf(request, MAX_CHUNKS_PER_FETCH * PAIR_BYTES);
    if (pairs.length === 0 || pairs.length % PAIR_BYTES !== 0) throw new ProtocolError(pairs.length, 'pairs are 64 bytes each, at least one');
    const here = store.holds(pairs);
    const similar = await similarities.of(older, wanted);
    const baseOf = async (at: number): Promise<{ hash: Uint8Array; raw: Buffer } | null> => {
      const bit = (at + HASH_BYTES) / HASH_BYTES;
      const hash = pairs.subarray(at + HASH_BYTES, at + PAIR_BYTES);
      const raw = ((here[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0 ? await raws.of(hash) : null;
      return raw === null ? null : { hash, raw };
    };
    const hashes = Buffer.concat(Array.from({ length: pairs.length / PAIR_BYTES }, (_, index) => pairs.subarray(index * PAIR_BYTES, index * PAIR_BYTES + HASH_BYTES)));
    const answerOf = async (frame: Uint8Array, at: number): Promise<Uint8Array> => (frame.length < SMALL_BYTES ? frame : (await differenceOf(frame, await baseOf(at), similar)) ?? frame);
    // Some are made at a time, on as many processors; they go out in their order.
    const making: Promise<Uint8Array>[] = [];
    let at = 0;
    for await (const frame of store.readFrames(hashes, gone)) {
      // A frame is valid until the next is asked for.
      const answer = answerOf(Uint8Array.from(frame), at);
      answer.catch(() => undefined);
      making.push(answer);
      at += PAIR_BYTES;
      if (making.length >= MADE_TOGETHER) await send(response, (await making.shift()) ?? NOTHING, gone);
    }
    for (const answer of making) await send(response, await answer, gone);
    response.end();
  }

  async function inTurn(response: ServerResponse, work: (gone: AbortSignal) => Promise<void>): Promise<void> {
    if (streams >= MAX_STREAMS) throw new AppError('too-many-requests', `This server moves ${MAX_STREAMS} streams at a time for other servers. Ask again soon.`, {});
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    streams++;
    try {
      await work(gone.signal);
    } finally {
      streams--;
    }
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (request.method === 'POST' && path === '/replica/session') return session(request, response);
    const serverId = sessions.serverOf(request.headers.authorization);
    const named = manifestPath.exec(path);
    const [, what, hash] = named ?? [];
    if ((request.method === 'GET' || request.method === 'HEAD') && hash !== undefined) {
      requireReadable(serverId, hash);
      if (what === 'signatures') {
        // It is proved here: whoever joined after the server that captured it was put out takes it by this one's word.
        await store.countersign(hash);
        return answerJson(response, { signatures: await store.signatures(hash) });
      }
      return inTurn(response, () => manifest(hash, request, response));
    }
    if (request.method === 'POST' && path === '/replica/chunks') return inTurn(response, (gone) => chunks(request, response, gone));
    const [, older, wanted] = differencesPath.exec(path) ?? [];
    if (request.method === 'POST' && older !== undefined && wanted !== undefined) return inTurn(response, (gone) => differences([older, wanted], request, response, gone));
    throw new AppError('not-found', `There is no ${request.method} ${path.slice(0, 200)}.`, {});
  }

  return {
    /** Answers every request under /replica/ that is not the joining of a server; never throws. */
    async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
      try {
        await route(request, response);
      } catch (error) {
        const wrapped = toAppError(error);
        const gone = (request.destroyed && !request.complete) || response.destroyed;
        if (wrapped.code === 'internal' && !gone) log.error('a request of a package server failed', { url: request.url, error: wrapped.cause instanceof Error ? wrapped.cause : wrapped });
        answerError(response, wrapped);
      }
    },
  };
}

/** Content that moved is looked for only where the same place is of no use: looking costs more time than it saves, on lines from 10 Mbit/s. */
async function differenceOf(frame: Uint8Array, samePlace: { hash: Uint8Array; raw: Buffer } | null, similar: Similar | null): Promise<Uint8Array | null> {
  const chunk = { raw: await rawOf(frame, blake3), hash: frame.subarray(24, 24 + HASH_BYTES) };
  const plain = samePlace === null ? null : await encodeDifference(chunk, basisOf(samePlace), frame.length, blake3);
  return plain !== null || similar === null ? plain : encodeDifference(chunk, await similar.basisFor(chunk.raw, samePlace), frame.length, blake3);
}

/** At the reader's pace. */
async function send(response: ServerResponse, frame: Uint8Array, gone: AbortSignal): Promise<void> {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/octet-stream' });
  if (!response.write(frame)) await once(response, 'drain', { signal: gone });
}

async function bodyOf(request: IncomingMessage, limit: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > limit) throw new ProtocolError(limit, 'the body is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
