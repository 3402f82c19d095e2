// Owns one connection of a package server to its console, from hello to its end: proves the key, says what is here where the console does
// not know it yet, takes plans and records. What cannot be said now is said by the next session.
import { WebSocket } from 'ws';
import { z } from 'zod';
import { AppError, toAppError } from '#shared/errors.ts';
import {
  hubNoticeSchema, hubRequestSchema, MAX_REPLICA_MESSAGE_BYTES, replicaAnswerSchemas, REPLICA_HEARTBEAT_MS, REPLICA_PROTOCOL, type CopyReport, type HubNotice, type HubRequest, type Plan, type ReplicaRequest, type SignedRecord,
} from '#shared/replication/messages.ts';
import { signedPurposes, type RecordBody } from '#shared/replication/record.ts';
import { PinnedAgent } from '../../net/tls/pinned.ts';
import { Channel } from '../channel.ts';
import { PlanJoiner } from '../plan-parts.ts';
import { reportChanges, reportDigest } from '../report.ts';
import type { LinkParts } from './parts.ts';
import { checkRecord, refusedWords } from './records.ts';
import type { ConsoleRecord } from './state.ts';

type In = (HubNotice | HubRequest) & { id?: number };
const incoming = z.union([hubRequestSchema.and(z.object({ id: z.number().int().positive() })), hubNoticeSchema]) as unknown as z.ZodType<In>;
type Fields<T extends ReplicaRequest['type']> = Omit<Extract<ReplicaRequest, { type: T }>, 'type'>;

const CONNECT_LIMIT_MS = 15_000;
/** Increments say at most this many copies at once. */
const COPIES_AT_ONCE = 1000;
const CHANGES_SOON_MS = 200;

/** Opens the socket, the console's certificate compared before a byte is sent. */
export function connectTo(address: string, fingerprint: string, signal: AbortSignal): Promise<WebSocket> {
  const agent = new PinnedAgent(fingerprint, { keepAlive: false });
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${address.replace(/^http/, 'ws')}/replica`, { agent, maxPayload: MAX_REPLICA_MESSAGE_BYTES, handshakeTimeout: CONNECT_LIMIT_MS, perMessageDeflate: { threshold: 4096, concurrencyLimit: 2 } });
    const abort = (): void => socket.terminate();
    signal.addEventListener('abort', abort, { once: true });
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      agent.destroy();
    });
    socket.once('open', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      reject(new AppError('connection-lost', `it answered HTTP ${response.statusCode ?? 0}`));
      socket.terminate();
    });
  });
}

export class Session {
  readonly #parts: LinkParts;
  readonly #channel: Channel<In>;
  readonly #console: ConsoleRecord;
  /** What the console was told of the copies here; null until it was. */
  #told: Map<string, CopyReport> | null = null;
  #changesTimer: NodeJS.Timeout | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  readonly #plans = new PlanJoiner();
  /** Records that were carried out behind one that could not be: they are told as done only with it. */
  readonly #carriedOut = new Set<number>();
  /** Versions that this session said were captured here. */
  readonly #said = new Set<string>();
  /** Of those, what the console could not take when it was told. */
  readonly #owed = new Set<string>();
  #working: Promise<void> = Promise.resolve();
  #over: (reason: string) => void = () => undefined;
  readonly ended: Promise<string>;
  revokedReason: string | null = null;

  constructor(socket: WebSocket, known: ConsoleRecord, parts: LinkParts) {
    this.#parts = parts;
    this.#console = known;
    this.ended = new Promise((resolve) => {
      this.#over = resolve;
    });
    this.#channel = new Channel<In>(socket, {
      incoming,
      answer: (request) => this.#parts.capture(request as HubRequest),
      hear: (notice) => this.#hear(notice as HubNotice),
      ended: (reason) => {
        if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
        if (this.#changesTimer !== null) clearTimeout(this.#changesTimer);
        this.#over(reason);
      },
      refused: (type, error) => parts.log.warn('what the console sent could not be taken', { type, code: error.code, message: error.message }),
    });
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  /** Hello, proof, and what the console does not know yet. */
  async begin(): Promise<void> {
    const { state, key, own, addresses, local } = this.#parts;
    const serverId = state.self()?.serverId ?? own.id;
    const { nonce } = await this.ask('hello', { protocol: REPLICA_PROTOCOL, serverId, version: own.version, addresses: addresses(), fingerprint: own.fingerprint });
    const signature = key.sign(signedPurposes.replica, `${this.#console.fingerprint}\n${nonce}`);
    const { reportDigest: known } = await this.ask('prove', { signature, planDigest: state.planDigest(), recordsDone: state.recordsDone(), figures: this.#figures() });
    this.#heartbeat = setInterval(() => {
      this.#channel.notify({ type: 'heartbeat', figures: this.#figures() });
      this.#channel.ping();
      this.#tellOwed();
    }, REPLICA_HEARTBEAT_MS);
    const copies = local.report().filter((copy) => copy.state !== 'absent');
    const digest = reportDigest(copies);
    if (digest !== known) await this.ask('report', { digest, copies });
    this.#told = new Map(copies.map((copy) => [copy.versionGuid, copy]));
    this.copiesChanged();
    await this.tellUntold();
    this.#tellCaptured();
  }

  ask<T extends ReplicaRequest['type']>(type: T, fields: Fields<T>): Promise<z.infer<(typeof replicaAnswerSchemas)[T]>> {
    // The schema by type is the one of the answer; TypeScript cannot follow the index.
    return this.#channel.request({ ...fields, type }, replicaAnswerSchemas[type] as unknown as z.ZodType<z.infer<(typeof replicaAnswerSchemas)[T]>>);
  }
  notify(message: { type: 'moving' } & Record<string, unknown>): void {
    this.#channel.notify(message);
  }
  close(): void {
    this.#channel.close(1000, 'closing');
  }
  end(reason: string): void {
    this.#channel.end(reason);
  }

  /** Copies here are not what they were: said soon, many at once. */
  copiesChanged(): void {
    if (this.#told === null || this.#changesTimer !== null || !this.#channel.isOpen) return;
    this.#changesTimer = setTimeout(() => {
      this.#changesTimer = null;
      this.#tellChanges();
    }, CHANGES_SOON_MS);
  }
  /** What was said of a version that the console did not know then was lost on it. */
  #sayAgain(versionGuids: readonly string[]): void {
    for (const guid of versionGuids) this.#told?.delete(guid);
    this.copiesChanged();
  }
  #tellChanges(): void {
    if (this.#told === null) return;
    const now = new Map(this.#parts.local.report().filter((copy) => copy.state !== 'absent').map((copy) => [copy.versionGuid, copy]));
    const changes = reportChanges(this.#told, now);
    this.#told = now;
    const digest = reportDigest(now.values());
    for (let at = 0; at < changes.length; at += COPIES_AT_ONCE) {
      const last = at + COPIES_AT_ONCE >= changes.length;
      // Only after the last part the console knows all of it: what breaks off before is said anew.
      this.#channel.notify({ type: 'copies', digest: last ? digest : '', copies: changes.slice(at, at + COPIES_AT_ONCE) });
    }
    if (changes.length > 0) this.#tellCaptured();
  }

  async tellUntold(): Promise<void> {
    const { state } = this.#parts;
    for (let [transfer] = state.untold(); transfer !== undefined && this.isOpen; [transfer] = state.untold()) {
      await this.ask('transferEnded', { transfer });
      state.setUntold(state.untold().slice(1));
    }
  }

  #tellOwed(): void {
    if (this.#owed.size === 0) return;
    for (const guid of this.#owed) this.#said.delete(guid);
    this.#tellCaptured();
  }
  /** What was captured here and is in no plan is new to the console (or to a console that was restored from a backup). */
  #tellCaptured(): void {
    this.#working = this.#working.then(async () => {
      const { state, local, log } = this.#parts;
      const plan = state.plan();
      if (plan === null) return;
      const planned = new Set(plan.wanted.map((wanted) => wanted.guid));
      for (const copy of local.report()) {
        if (!this.isOpen) return;
        if (copy.state === 'absent' || copy.state === 'copying' || copy.state === 'removing' || planned.has(copy.versionGuid) || this.#said.has(copy.versionGuid)) continue;
        this.#said.add(copy.versionGuid);
        try {
          const version = await local.captured(copy.versionGuid);
          if (version === null) continue;
          await this.ask('captured', { version });
          this.#owed.delete(copy.versionGuid);
          this.#sayAgain([copy.versionGuid]);
        } catch (error) {
          // One that can't be told (its manifest is damaged, the console's disk is full) holds no other one back, and is told later.
          if (!this.#owed.has(copy.versionGuid)) log.warn('the console did not take a version that was captured here; it is told again', { version: copy.versionGuid, error: toAppError(error) });
          this.#owed.add(copy.versionGuid);
        }
      }
    }).catch((error: unknown) => this.#parts.log.error('versions captured here could not be told', { error }));
  }

  #figures() {
    return { ...this.#parts.figures(), now: this.#parts.clock() };
  }

  #hear(notice: HubNotice): void {
    const { local, log, onUrgent } = this.#parts;
    switch (notice.type) {
      case 'plan':
      case 'planMore': {
        const whole = this.#plans.take(notice);
        if (whole !== null) this.#takePlan(whole.plan, whole.digest);
        break;
      }
      case 'records':
        this.#working = this.#working.then(() => this.#carryOut(notice.records)).catch((error: unknown) => log.error('a record of the console could not be carried out', { error }));
        break;
      case 'verify':
        local.verify(notice.versionGuid);
        break;
      case 'urgent':
        onUrgent(notice.versionGuid);
        break;
      case 'revoked':
        this.revokedReason = notice.reason;
        this.#channel.close(1000, 'revoked');
        this.#over('revoked');
        break;
      case 'closing':
        break;
      default:
        notice satisfies never;
    }
  }

  #takePlan(plan: Plan, digest: string): void {
    const { state, onPlan, trustKey, log } = this.#parts;
    // The one thing that never changes by a plan is whose it is.
    if (plan.console.fingerprint !== this.#console.fingerprint || plan.console.publicKey !== this.#console.publicKey) throw new AppError('protocol', 'The plan names another console. It is not followed.');
    const before = new Set(state.plan()?.wanted.map((wanted) => wanted.guid));
    state.setPlan(plan, digest);
    this.#sayAgain(plan.wanted.map((wanted) => wanted.guid).filter((guid) => !before.has(guid)));
    state.setConsole(plan.console);
    log.info('the console sent a plan', { versions: plan.wanted.length, peers: plan.peers.length });
    this.#working = this.#working.then(async () => {
      for (const key of [plan.console.publicKey, ...plan.peers.map((peer) => peer.publicKey)]) await trustKey(key);
      onPlan(plan);
    }).catch((error: unknown) => log.error('the plan could not be taken', { error }));
    this.#tellCaptured();
  }

  /** In their order. One that is not the console's, or not understood, is never carried out and never said to be done: it comes again until a person did something about it. */
  async #carryOut(records: readonly SignedRecord[]): Promise<void> {
    const { state, log, own, onRefused } = this.#parts;
    const ownId = state.self()?.serverId ?? own.id;
    const refused: string[] = [];
    for (const record of records.toSorted((a, b) => a.seq - b.seq)) {
      if (record.seq <= state.recordsDone()) continue;
      const check = checkRecord(record, { consoleId: this.#console.id, consoleKey: this.#console.publicKey, ownId });
      if (check.ok) await this.#letGo(record.seq, check.body);
      else if (!check.isForOther) {
        refused.push(refusedWords(record.seq, check));
        log.error('a record that deletes was not carried out', { seq: record.seq, reason: check.reason });
      }
      // What is said to be done is a number, and everything before it.
      if (refused.length > 0) continue;
      state.setRecordsDone(record.seq);
      if (this.isOpen) await this.ask('recordsDone', { seq: record.seq });
    }
    onRefused(refused);
  }

  async #letGo(seq: number, { kind, by, image, versions }: RecordBody): Promise<void> {
    if (this.#carriedOut.has(seq)) return;
    for (const { guid, manifest } of versions) await this.#parts.local.letGo({ guid, manifest });
    this.#carriedOut.add(seq);
    this.#parts.log.info('a record of the console was carried out', { seq, kind, by, image, versions: versions.length });
  }
}
