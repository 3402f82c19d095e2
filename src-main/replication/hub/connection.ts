// Owns one package server's connection to the console: hello, the proof of its key, then what it reports and what it is sent. Before the
// proof nobody is known, so next to nothing is looked at; nothing it says ever deletes anything.
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { AppError } from '#shared/errors.ts';
import { hubAnswerSchemas, OLDEST_REPLICA_PROTOCOL, REFUSED_AS_RETIRED, REPLICA_HEARTBEAT_MS, REPLICA_PROTOCOL, replicaMessageSchema, type HubNotice, type HubRequest, type ReplicaNotice, type ReplicaRequest, type SignedRecord } from '#shared/replication/messages.ts';
import { signedPurposes } from '#shared/replication/record.ts';
import type { z } from 'zod';
import type { LiveServer } from '../../servers/service.ts';
import { isSignedBy } from '../../store/signing.ts';
import { Channel } from '../channel.ts';
import { planMessages } from '../plan-parts.ts';
import type { HubParts, UnknownBook } from './parts.ts';
import { takeReport, type Taken } from './reports.ts';

export type ConnectionParts = HubParts & { unknown: UnknownBook; /** It proved who it is: it is the one connection of that server from now on. */ proved: (serverId: string, connection: HubConnection) => void; closed: (connection: HubConnection) => void };
type In = ReplicaNotice & { id?: number } | ReplicaRequest & { id?: number };
type Request<T extends ReplicaRequest['type']> = Extract<ReplicaRequest, { type: T }>;

const PROVE_LIMIT_MS = 10_000;
/** Hello and proof together, as they come from the network. */
const MAX_UNPROVED_BYTES = 16 * 1024;
const ASKED_AT_ONCE = 100;
const ASK_EVERY_MS = 1000;
/** As many as one message may have. */
const RECORDS_AT_ONCE = 10_000;

export class HubConnection {
  readonly #parts: ConnectionParts;
  readonly #channel: Channel<In>;
  readonly #address: string;
  #hello: { request: Request<'hello'>; nonce: string } | null = null;
  #serverId: string | null = null;
  #live: LiveServer | null = null;
  /** To be proved again, and not asked for yet. */
  readonly #doubted = new Set<string>();
  #asking: NodeJS.Timeout | null = null;
  /** Digest of the plan it has. */
  #plan = '';
  readonly #prove: NodeJS.Timeout;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(socket: WebSocket, raw: Duplex, address: string, parts: ConnectionParts) {
    this.#parts = parts;
    this.#address = address;
    this.#channel = new Channel<In>(socket, {
      incoming: replicaMessageSchema as z.ZodType<In>,
      answer: (request) => this.#answer(request),
      hear: (notice) => this.#hear(notice),
      ended: (reason) => this.#ended(reason),
      refused: (type, error) => parts.log[error.code === 'internal' || error.code === 'io' ? 'error' : 'info']('a request of a package server was refused', { type, address, server: this.#serverId, code: error.code, message: error.message, ...(error.code === 'internal' ? { error } : {}) }),
    });
    this.#prove = setTimeout(() => this.#channel.end('it did not prove who it is in time'), PROVE_LIMIT_MS);
    this.#heartbeat = setInterval(() => this.#channel.ping(), REPLICA_HEARTBEAT_MS);
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (this.#serverId !== null) raw.off('data', count);
      else if (bytes > MAX_UNPROVED_BYTES) this.#channel.end('it sent too much before it proved who it is');
    };
    raw.on('data', count);
  }

  get serverId(): string | null {
    return this.#serverId;
  }
  get isOpen(): boolean {
    return this.#channel.isOpen;
  }
  notify(notice: Exclude<HubNotice, { type: 'plan' | 'planMore' }>): void {
    if (this.#serverId !== null) this.#channel.notify(notice);
  }
  /** The plan as it is now, unless it has that. */
  sendPlan(): void {
    if (this.#serverId === null) return;
    const text = this.#parts.servers.planText(this.#serverId);
    if (text === null || text.digest === this.#plan) return;
    this.#plan = text.digest;
    for (const message of planMessages(text)) this.#channel.send(message);
  }
  sendRecords(after: number): void {
    if (this.#serverId === null) return;
    const records: SignedRecord[] = this.#parts.servers.recordsFor(this.#serverId, after);
    for (let at = 0; at < records.length; at += RECORDS_AT_ONCE) this.#channel.notify({ type: 'records', records: records.slice(at, at + RECORDS_AT_ONCE) });
  }
  request<T extends HubRequest['type']>(message: Extract<HubRequest, { type: T }>): Promise<z.infer<(typeof hubAnswerSchemas)[T]>> {
    // The schema by type is the one of the answer; TypeScript cannot follow the index.
    return this.#channel.request(message, hubAnswerSchemas[message.type] as unknown as z.ZodType<z.infer<(typeof hubAnswerSchemas)[T]>>);
  }
  revoked(reason: string): void {
    this.#channel.notify({ type: 'revoked', reason });
    this.#channel.close(1008, 'revoked');
  }
  /** It may be taken back, so it goes on asking; until then it is told why it is not let in. */
  retired(): void {
    this.#channel.notify({ type: 'closing' });
    this.#channel.close(1008, 'retired');
  }
  sayClosing(): void {
    this.#channel.notify({ type: 'closing' });
    this.#channel.close(1001, 'closing');
  }
  end(reason: string): void {
    this.#channel.end(reason);
  }

  #answer(request: In & { id: number }): Promise<Record<string, unknown>> | Record<string, unknown> {
    if (request.type === 'hello') return this.#takeHello(request);
    if (request.type === 'prove') return this.#takeProof(request);
    const serverId = this.#requireProved();
    switch (request.type) {
      case 'report':
        this.#doubt(takeReport(this.#parts, serverId, { digest: request.digest, copies: request.copies, whole: true }));
        return {};
      case 'captured': return this.#takeCaptured(request, serverId);
      case 'transferEnded':
        this.#parts.servers.transferEnded(serverId, request.transfer);
        return {};
      case 'recordsDone':
        this.#parts.servers.recordsDone(serverId, request.seq);
        return {};
      default: throw new AppError('protocol', 'This is no request.');
    }
  }

  #takeHello(request: Request<'hello'>): Record<string, unknown> {
    if (this.#hello !== null) throw new AppError('protocol', 'Hello was said already.');
    // The older of the two is spoken; one that is more than one version away may mean other things by the same words.
    if (request.protocol > REPLICA_PROTOCOL + 1 || request.protocol < OLDEST_REPLICA_PROTOCOL) {
      throw new AppError('protocol-version', `This package server speaks protocol ${request.protocol}, the console ${OLDEST_REPLICA_PROTOCOL} to ${REPLICA_PROTOCOL}. Install versions that are at most one apart.`, { oldest: OLDEST_REPLICA_PROTOCOL, newest: REPLICA_PROTOCOL });
    }
    const nonce = randomBytes(32).toString('base64url');
    this.#hello = { request, nonce };
    return { protocol: Math.min(request.protocol, REPLICA_PROTOCOL), nonce };
  }

  async #takeProof({ signature, planDigest, recordsDone, figures }: Request<'prove'>): Promise<Record<string, unknown>> {
    const { servers, trustKey, clock, log, fingerprint } = this.#parts;
    if (this.#hello === null || this.#serverId !== null) throw new AppError('protocol', this.#hello === null ? 'Say hello first.' : 'That was proved already.');
    const { request: hello, nonce } = this.#hello;
    const known = servers.known(hello.serverId);
    if (known === null || known.is_self === 1) {
      this.#leave();
      throw new AppError('not-found', 'This console does not know that server. If the console was restored from an older backup, join again with a new token (platen server add NAME); what the server holds stays.', { serverId: hello.serverId });
    }
    if (!isSignedBy(known.public_key, signedPurposes.replica, `${fingerprint}\n${nonce}`, signature)) {
      log.warn('a connection did not prove that it is a package server', { server: known.id, address: this.#address });
      this.#leave();
      throw new AppError('unauthorized', 'That is not the key with which this server joined. If its data folder was made anew, join again with a new token.', { serverId: hello.serverId });
    }
    if (known.state === 'revoked') {
      log.info('a revoked package server asked', { server: known.id, address: this.#address });
      this.revoked('It was revoked at the console. It keeps what it has. To take it in again: platen server add NAME');
      throw new AppError('forbidden', 'This server was revoked at the console.');
    }
    if (known.state === 'retired') {
      this.#leave();
      throw new AppError('unauthorized', 'This server was retired at the console: other servers have its images, and it is asked for nothing. What is on its disk stays there. To let it work again: undo letting it go at the console, or join again with a new token (platen server add NAME).', { serverId: known.id, reason: REFUSED_AS_RETIRED });
    }
    await trustKey(known.public_key);
    clearTimeout(this.#prove);
    this.#serverId = known.id;
    this.#plan = planDigest;
    this.#live = { moving: [], problems: [], figures: { freeBytes: figures.freeBytes, totalBytes: figures.totalBytes, skewMs: figures.now - clock() }, seenAt: clock() };
    this.#parts.proved(known.id, this);
    servers.connected(known.id, { fingerprint: hello.fingerprint, addresses: hello.addresses, version: hello.version }, this.#live);
    servers.recordsDone(known.id, recordsDone);
    log.info('package server connected', { server: known.id, name: known.name, address: this.#address, version: hello.version });
    // After the answer: it is told what it is to do only once it knows that it is known.
    setImmediate(() => {
      this.sendPlan();
      this.sendRecords(recordsDone);
    });
    return { now: clock(), reportDigest: known.last_report };
  }

  async #takeCaptured({ version }: Request<'captured'>, serverId: string): Promise<Record<string, unknown>> {
    if (version.signature.manifest !== version.manifest) throw new AppError('invalid-input', 'The signature is of another manifest.');
    return { number: await this.#parts.captured(version, serverId) };
  }

  #hear(notice: In): void {
    const serverId = this.#requireProved();
    const { servers, clock } = this.#parts;
    const before = this.#live;
    if (before === null) return;
    if (notice.type === 'heartbeat') this.#live = { ...before, figures: { freeBytes: notice.figures.freeBytes, totalBytes: notice.figures.totalBytes, skewMs: notice.figures.now - clock() }, seenAt: clock() };
    else if (notice.type === 'moving') this.#live = { ...before, moving: notice.moving, problems: notice.problems, seenAt: clock() };
    else if (notice.type === 'copies') this.#doubt(takeReport(this.#parts, serverId, { digest: this.#doubted.size > 0 ? '' : notice.digest, copies: notice.copies, whole: false }));
    servers.heard(serverId, this.#live ?? before);
  }

  /** It is asked to prove again what it had lost, or had other content of; until then nobody is sent there. A disk that comes back has thousands: no more at a time than the other end hears. */
  #doubt({ doubted }: Taken): void {
    for (const versionGuid of doubted) this.#doubted.add(versionGuid);
    if (this.#asking === null) this.#askSome();
  }
  #askSome(): void {
    this.#asking = null;
    for (const versionGuid of [...this.#doubted].slice(0, ASKED_AT_ONCE)) {
      this.#doubted.delete(versionGuid);
      this.#channel.notify({ type: 'verify', versionGuid });
    }
    if (this.#doubted.size > 0 && this.isOpen) this.#asking = setTimeout(() => this.#askSome(), ASK_EVERY_MS).unref();
  }
  #requireProved(): string {
    if (this.#serverId === null) throw new AppError('unauthorized', 'Say hello first, and prove it.');
    return this.#serverId;
  }
  /** The refusal still arrives. */
  #leave(): void {
    setImmediate(() => this.#channel.close(1008, 'not proved'));
  }
  #ended(reason: string): void {
    clearTimeout(this.#prove);
    clearInterval(this.#heartbeat);
    if (this.#asking !== null) clearTimeout(this.#asking);
    this.#parts.closed(this);
    if (this.#serverId !== null) this.#parts.log.info('package server disconnected', { server: this.#serverId, reason });
  }
}
