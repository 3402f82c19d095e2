import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Peer } from '#shared/replication/messages.ts';
import { listen, type Listener } from '../net/http/listener.ts';
import { loadTlsIdentity } from '../net/tls/certificate.ts';
import { PinnedAgent } from '../net/tls/pinned.ts';
import { CHUNK, chunkOf, TestStore, type TestChunk } from '../store/test-store.ts';
import { PeerClient } from './peer/client.ts';
import { openPeerService } from './peer/service.ts';
import { fetchVersion, type FetchParts, type FetchResult } from './transfer/fetch.ts';
import { Throttle } from './transfer/throttle.ts';

const CHUNKS = 300;

/** A server with a store of its own that hands out to whoever it knows. */
class Place {
  readonly id: string;
  readonly known = new Map<string, string>();
  readonly hidden = new Set<string>();
  /** Called with each path asked for; may spoil the answer. */
  onRequest: (path: string) => 'go' | 'cut' = () => 'go';
  readonly #listener: Listener;
  readonly #folder: string;
  readonly test: TestStore;
  readonly peer: Peer;

  private constructor(test: TestStore, parts: { listener: Listener; folder: string; fingerprint: string; id: string }) {
    this.test = test;
    this.id = parts.id;
    this.#listener = parts.listener;
    this.#folder = parts.folder;
    this.peer = { id: this.id, name: `server ${this.id.slice(0, 4)}`, addresses: [`https://127.0.0.1:${parts.listener.port}`], fingerprint: parts.fingerprint, publicKey: test.store.publicKey, siteId: null, isConsole: false, isSource: true };
  }

  static async open(): Promise<Place> {
    const test = await TestStore.create();
    const folder = mkdtempSync(join(tmpdir(), 'platen-peer-'));
    const tls = loadTlsIdentity(folder, 'Platen', Date.now());
    const id = randomUUID();
    let place: Place | null = null;
    const service = openPeerService({
      selfId: id, keyOf: (serverId) => place?.known.get(serverId) ?? null, clock: Date.now, store: test.store, log: { error: () => undefined } as never, mayRead: (_server, manifest) => place?.hidden.has(manifest) === false,
    });
    const listener = await listen({
      host: '127.0.0.1', port: 0, tls, findPortOwner: async () => null, onError: () => undefined, onUpgrade: (_request, socket) => socket.destroy(),
      onRequest: (request, response) => {
        if (place?.onRequest(request.url ?? '') === 'cut') {
          const write = response.write.bind(response);
          let written = 0;
          response.write = ((piece: Uint8Array) => {
            written += piece.length;
            if (written > 100_000) response.destroy();
            return write(piece);
          }) as typeof response.write;
        }
        void service.request(request, response);
      },
    });
    place = new Place(test, { listener, folder, fingerprint: tls.fingerprint, id });
    return place;
  }
  /** Each knows the other, as the plan would have it, and trusts what it signed. */
  async meet(other: Place): Promise<void> {
    this.known.set(other.id, other.test.store.publicKey);
    other.known.set(this.id, this.test.store.publicKey);
    await this.test.store.trustKey(other.test.store.publicKey);
    await other.test.store.trustKey(this.test.store.publicKey);
  }
  clientOf(other: Place): PeerClient {
    return new PeerClient(other.peer, { id: this.id, sign: (purpose, message) => this.test.store.sign(purpose, message) });
  }
  async close(): Promise<void> {
    await this.#listener.close(100);
    await this.test.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const places: Place[] = [];
async function open(): Promise<Place> {
  const place = await Place.open();
  places.push(place);
  return place;
}
afterEach(async () => {
  for (const place of places.splice(0)) await place.close();
});

async function copyTo(target: Place, sources: readonly Place[], manifest: string, more: Partial<FetchParts> = {}): Promise<FetchResult> {
  const clients = sources.map((source) => target.clientOf(source));
  const reader = await sources[0]?.test.store.openManifest(manifest);
  await reader?.close();
  try {
    return await fetchVersion({
      store: target.test.store, version: { guid: manifest.slice(0, 32), manifest, manifestBytes: reader?.sizeBytes ?? 0, storedBytes: 100_000_000 }, sources: clients, olderManifest: null,
      throttle: new Throttle(null), signal: new AbortController().signal, onProgress: () => undefined, ...more,
    });
  } finally {
    for (const client of clients) client.close();
  }
}
async function isWhole(place: Place, manifest: string): Promise<boolean> {
  const { damaged, missing, manifestIntact, signatureValid } = await place.test.store.verify(manifest, 'all');
  return damaged.length + missing.length === 0 && manifestIntact && signatureValid;
}
/** The chunk with a few bytes changed. */
function touched({ raw }: TestChunk): TestChunk {
  const copy = Buffer.from(raw);
  copy[raw.length >> 1] = (copy[raw.length >> 1] ?? 0) ^ 0xff;
  return chunkOf(copy);
}

describe('a version is copied from another server', () => {
  it('whole the first time, and it re-hashes here; the same again moves nothing', async () => {
    const [source, target] = [await open(), await open()];
    await source.meet(target);
    const { manifest } = await source.test.capture('one', source.test.chunks(CHUNKS, 1));
    const first = await copyTo(target, [source], manifest);
    expect([first.chunksHere, first.chunksWhole, first.chunksDelta, first.twice]).toEqual([0, CHUNKS, 0, 0]);
    expect(await isWhole(target, manifest)).toBe(true);
    const again = await copyTo(target, [source], manifest);
    expect([again.chunksHere, again.chunksWhole, again.wireBytes]).toEqual([CHUNKS, 0, 0]);
  });

  it('by what is missing only, and what changed a little as its difference', async () => {
    const [source, target] = [await open(), await open()];
    await source.meet(target);
    const old = source.test.chunks(CHUNKS, 1);
    const { manifest: before } = await source.test.capture('one', old);
    await copyTo(target, [source], before);
    await target.test.store.verify(before, 'all');
    const { manifest: after } = await source.test.capture('two', old.map((chunk, at) => (at % 10 === 3 ? touched(chunk) : chunk)));
    const blind = await open();
    await blind.meet(source);
    const result = await copyTo(target, [source], after, { olderManifest: before });
    expect([result.chunksHere, result.chunksWhole, result.chunksDelta]).toEqual([CHUNKS - 30, 0, 30]);
    expect(result.wireBytes).toBeLessThan(30 * 400 + 30_000);
    expect(await isWhole(target, after)).toBe(true);
  });

  it('what moved to another place, and by a few bytes, as its difference from where it was', async () => {
    const [source, target] = [await open(), await open()];
    await source.meet(target);
    const old = Array.from({ length: CHUNKS }, () => chunkOf(randomBytes(CHUNK)));
    const { manifest: before } = await source.test.capture('one', old);
    await copyTo(target, [source], before);
    await target.test.store.verify(before, 'all');
    // As an update of a file leaves it: new at another place with something inserted, cleared where it was.
    const updated = old.map((chunk, at) => {
      if (at % 10 === 3) return chunkOf(Buffer.concat([randomBytes(100), old[at + 4]?.raw.subarray(0, CHUNK - 100) ?? Buffer.alloc(0)]));
      return at % 10 === 7 ? chunkOf(Buffer.alloc(CHUNK, `cleared ${at}`)) : chunk;
    });
    const { manifest: after } = await source.test.capture('two', updated);
    const result = await copyTo(target, [source], after, { olderManifest: before });
    expect([result.chunksHere, result.chunksWhole + result.chunksDelta]).toEqual([CHUNKS - 60, 60]);
    // A few have no anchor that is found again and come whole.
    expect(result.wireBytes - (await source.test.store.openManifest(after).then(async (reader) => reader.close().then(() => reader.sizeBytes)))).toBeLessThan(30 * 1000 + 30 * 300);
    expect(await isWhole(target, after)).toBe(true);
  });

  it('from several at once, each giving a part and none twice', async () => {
    const [one, two, target] = [await open(), await open(), await open()];
    for (const source of [one, two]) await source.meet(target);
    await one.meet(two);
    const { manifest } = await one.test.capture('one', one.test.chunks(1500, 1));
    await copyTo(two, [one], manifest);
    const result = await copyTo(target, [one, two], manifest);
    expect([result.chunksWhole, result.twice]).toEqual([1500, 0]);
    expect([...result.bySource.keys()].toSorted()).toEqual([one.id, two.id].toSorted());
    expect(await isWhole(target, manifest)).toBe(true);
  });

  it('goes on where it was cut off, asking for nothing that came', async () => {
    const [source, target] = [await open(), await open()];
    await source.meet(target);
    const { manifest } = await source.test.capture('one', source.test.chunks(1000, 1));
    const stop = new AbortController();
    let done = 0;
    await expect(copyTo(target, [source], manifest, { signal: stop.signal, onProgress: (progress) => {
      done = progress.doneChunks;
      if (done > 200) stop.abort();
    } })).rejects.toThrow();
    expect(done).toBeGreaterThan(200);
    await target.test.reopen();
    const rest = await copyTo(target, [source], manifest);
    expect([rest.chunksWhole, rest.twice]).toEqual([1000 - done, 0]);
    expect(await isWhole(target, manifest)).toBe(true);
  });

  it('by another source when one dies in the middle', async () => {
    const [dying, other, target] = [await open(), await open(), await open()];
    for (const source of [dying, other]) await source.meet(target);
    await dying.meet(other);
    const { manifest } = await dying.test.capture('one', dying.test.chunks(1000, 1));
    await copyTo(other, [dying], manifest);
    dying.onRequest = (path) => (path === '/replica/chunks' ? 'cut' : 'go');
    const result = await copyTo(target, [dying, other], manifest);
    expect(result.twice).toBe(0);
    expect(await isWhole(target, manifest)).toBe(true);
  });

  it('not from one that has damaged chunks: what is good there is taken, the rest comes from elsewhere or not at all', async () => {
    const [source, target] = [await open(), await open()];
    await source.meet(target);
    const { manifest } = await source.test.capture('one', source.test.chunks(CHUNKS, 1));
    source.hidden.add(manifest);
    await expect(copyTo(target, [source], manifest)).rejects.toThrow(/No server can hand over a proved copy/);
    expect(await target.test.store.manifests()).toEqual([]);
  });

  it('within the rate that is allowed', async () => {
    const [source, target] = [await open(), await open()];
    await source.meet(target);
    const { manifest } = await source.test.capture('one', source.test.chunks(CHUNKS, 1));
    const began = performance.now();
    const { wireBytes } = await copyTo(target, [source], manifest, { throttle: new Throttle(1_000_000) });
    expect(performance.now() - began).toBeGreaterThan((wireBytes / 1_000_000 - 0.3) * 1000);
  });
});

describe('who may read', () => {
  it('a server that is not known, or not any more, gets nothing', async () => {
    const [source, stranger] = [await open(), await open()];
    const { manifest } = await source.test.capture('one', source.test.chunks(4, 1));
    await expect(copyTo(stranger, [source], manifest)).rejects.toThrow(/does not let this server in/);
    await source.meet(stranger);
    const client = stranger.clientOf(source);
    expect(await client.has(manifest, new AbortController().signal)).toBe(true);
    source.known.delete(stranger.id);
    await expect(client.has(manifest, new AbortController().signal)).rejects.toThrow(/does not let this server in/);
    client.close();
  });

  it('a server whose certificate is another one is sent nothing', async () => {
    const [source, target] = [await open(), await open()];
    await source.meet(target);
    const { manifest } = await source.test.capture('one', source.test.chunks(4, 1));
    const client = new PeerClient({ ...source.peer, fingerprint: '0'.repeat(64) }, { id: target.id, sign: () => '' });
    await expect(client.has(manifest, new AbortController().signal)).rejects.toThrow(/another certificate/);
    client.close();
  });

  it('a version signed by nobody that is trusted is not taken', async () => {
    const [source, target] = [await open(), await open()];
    source.known.set(target.id, target.test.store.publicKey);
    const { manifest } = await source.test.capture('one', source.test.chunks(4, 1));
    await expect(copyTo(target, [source], manifest)).rejects.toThrow(/signed/);
    expect(await target.test.store.manifests()).toEqual([]);
  });

  it('hostile requests are refused in words and harm nobody', async () => {
    const source = await open();
    const ask = (path: string, body: Buffer | null, headers: Record<string, string> = {}): Promise<number> => new Promise((resolve, reject) => {
      const outgoing = httpsRequest(`${source.peer.addresses[0]}${path}`, { method: body === null ? 'GET' : 'POST', agent: new PinnedAgent(source.peer.fingerprint, { keepAlive: false }), headers }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      outgoing.once('error', reject);
      outgoing.end(body ?? undefined);
    });
    expect(await ask('/replica/chunks', Buffer.alloc(32))).toBe(401);
    expect(await ask('/replica/session', Buffer.from('{'))).toBe(400);
    expect(await ask('/replica/session', Buffer.from(JSON.stringify({ serverId: randomUUID(), nonce: 'x', signature: 'y' })))).toBe(401);
    expect(await ask('/replica/manifest/../../key.pem', null)).toBe(401);
    expect(await ask('/replica/chunks', Buffer.alloc(32), { authorization: `Bearer peer1.${'a'.repeat(43)}` })).toBe(401);
  });
});
