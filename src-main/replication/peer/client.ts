// Owns asking another server for manifests and frames: pinned connection, session proved by this server's key, addresses tried in turn.
import { request as start, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { manifestSignatureSchema, type ManifestSignature } from '#shared/agent/manifest.ts';
import { AppError, fromWire, toAppError, type ErrorCode } from '#shared/errors.ts';
import type { Peer } from '#shared/replication/messages.ts';
import { signedPurposes } from '#shared/replication/record.ts';
import { PinnedAgent } from '../../net/tls/pinned.ts';
import type { HashHex } from '../../store/types.ts';
import { peerMessage } from './sessions.ts';

export type OwnIdentity = { id: string; sign: (purpose: string, message: string) => string };

const SILENCE_MS = 30_000;
const MAX_JSON = 1024 * 1024;
/** A session is opened anew this long before the other side forgets it. */
const EARLY_MS = 60_000;

export class PeerClient {
  readonly peer: Peer;
  readonly #self: OwnIdentity;
  readonly #agent: PinnedAgent;
  readonly #clock: () => number;
  #address: string;
  #session: Promise<{ ticket: string; until: number }> | null = null;

  constructor(peer: Peer, self: OwnIdentity, clock: () => number = Date.now) {
    this.peer = peer;
    this.#self = self;
    this.#clock = clock;
    this.#agent = new PinnedAgent(peer.fingerprint);
    this.#address = peer.addresses[0] ?? '';
  }

  /** Whether it would hand this version to us now; false for anything but a clear no from the network's side. Throws where it can't be reached. */
  async has(manifest: HashHex, signal: AbortSignal): Promise<boolean> {
    try {
      const response = await this.#asked({ method: 'HEAD', path: `/replica/manifest/${manifest}`, signal });
      response.resume();
      return true;
    } catch (error) {
      if (error instanceof AppError && error.code === 'not-found') return false;
      throw error;
    }
  }

  /** The manifest's bytes from there on. */
  async manifest(hash: HashHex, from: number, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#asked({ method: 'GET', path: `/replica/manifest/${hash}`, signal, ...(from > 0 ? { headers: { range: `bytes=${from}-` } } : {}) });
  }

  async signatures(hash: HashHex, signal: AbortSignal): Promise<ManifestSignature[]> {
    const body = await readJson(await this.#asked({ method: 'GET', path: `/replica/signatures/${hash}`, signal }));
    return z.object({ signatures: z.array(manifestSignatureSchema).max(100) }).parse(body).signatures;
  }

  /** Frames in the order of the hashes (n × 32 bytes). */
  chunks(hashes: Uint8Array, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#asked({ method: 'POST', path: '/replica/chunks', signal, body: hashes });
  }

  /** Frames or differences, in the order of the pairs (n × 64 bytes: wanted, held at the same place or zeros). All of the older version is held here. */
  differences(versions: { older: HashHex; wanted: HashHex }, pairs: Uint8Array, signal: AbortSignal): Promise<IncomingMessage> {
    return this.#asked({ method: 'POST', path: `/replica/differences/${versions.older}/${versions.wanted}`, signal, body: pairs });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #asked(wanted: { method: string; path: string; signal: AbortSignal; headers?: Record<string, string>; body?: Uint8Array }): Promise<IncomingMessage> {
    for (let again = true; ; again = false) {
      const { ticket } = await this.#ticket(wanted.signal);
      try {
        return await this.#once({ ...wanted, headers: { ...wanted.headers, authorization: `Bearer ${ticket}` } });
      } catch (error) {
        if (!again || !(error instanceof AppError && error.code === 'unauthorized')) throw error;
        this.#session = null;
      }
    }
  }

  async #ticket(signal: AbortSignal): Promise<{ ticket: string; until: number }> {
    const known = await this.#session?.catch(() => null);
    if (known !== null && known !== undefined && known.until > this.#clock()) return known;
    this.#session = this.#open(signal);
    return this.#session;
  }

  async #open(signal: AbortSignal): Promise<{ ticket: string; until: number }> {
    const ask = async (body: Record<string, string>): Promise<unknown> => readJson(await this.#reached({ method: 'POST', path: '/replica/session', signal, body: Buffer.from(JSON.stringify(body)) }));
    const { nonce } = z.object({ nonce: z.string().max(100) }).parse(await ask({ serverId: this.#self.id }));
    const signature = this.#self.sign(signedPurposes.peer, peerMessage(this.peer.id, nonce));
    const { ticket, expiresInMs } = z.object({ ticket: z.string().max(200), expiresInMs: z.number() }).parse(await ask({ serverId: this.#self.id, nonce, signature }));
    return { ticket, until: this.#clock() + expiresInMs - EARLY_MS };
  }

  /** At the address that answered last, else at the others. */
  async #reached(wanted: { method: string; path: string; signal: AbortSignal; body: Uint8Array }): Promise<IncomingMessage> {
    let failure: unknown = new AppError('connection-lost', `No address of ${this.peer.name} is known.`);
    for (const address of [this.#address, ...this.peer.addresses.filter((each) => each !== this.#address)].filter((each) => each !== '')) {
      try {
        this.#address = address;
        return await this.#once(wanted);
      } catch (error) {
        failure = error;
        if (wanted.signal.aborted || !(error instanceof AppError) || (error.code !== 'connection-lost' && error.code !== 'pin-mismatch')) throw error;
      }
    }
    throw failure;
  }

  #once({ method, path, signal, headers, body }: { method: string; path: string; signal: AbortSignal; headers?: Record<string, string>; body?: Uint8Array }): Promise<IncomingMessage> {
    const options: RequestOptions = { method, agent: this.#agent, signal, headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length, 'content-type': 'application/octet-stream' }) } };
    return new Promise((resolve, reject) => {
      const outgoing = start(new URL(path, this.#address), options);
      outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(new AppError('connection-lost', `${this.peer.name} fell silent.`)));
      outgoing.once('error', (error) => reject(error instanceof AppError || signal.aborted ? error : new AppError('connection-lost', `${this.peer.name} can't be reached at ${this.#address}: ${error.message}`, { serverId: this.peer.id }, error)));
      outgoing.once('response', (response) => {
        if (response.statusCode === 200 || response.statusCode === 206) resolve(response);
        else refusal(response, this.peer).then(reject, reject);
      });
      outgoing.end(body);
    });
  }
}

const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }).loose() });

async function refusal(response: IncomingMessage, peer: Peer): Promise<AppError> {
  if (response.statusCode === 401) return new AppError('unauthorized', `${peer.name} does not let this server in.`, { serverId: peer.id });
  // A HEAD has no body to say more.
  if (response.statusCode === 404) return new AppError('not-found', `${peer.name} has nothing proved of that.`, { serverId: peer.id });
  const parsed = errorBody.safeParse(await readJson(response).catch(() => null));
  if (!parsed.success) return new AppError('connection-lost', `${peer.name} answered ${response.statusCode}.`, { serverId: peer.id });
  return fromWire({ code: parsed.data.error.code as ErrorCode, message: parsed.data.error.message });
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MAX_JSON) throw new AppError('protocol', 'The answer is too long.');
      pieces.push(piece);
    }
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
  } catch (error) {
    throw error instanceof AppError ? error : new AppError('connection-lost', `The answer broke off: ${toAppError(error).message}`, {}, error);
  }
}
