// Owns whom a deploy reads from: servers in their order, the next one when one dies, refuses, is silent or gives what is damaged. Who gave
// damage is asked no more; who could not be reached rests and may come again. It knows no disk: what was written is the caller's to remember.
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { AppError, ProtocolError, toAppError } from '#shared/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { FrameClient, type HttpRequest, type Tickets } from './frameClient.ts';
import { isTransient, throwIfCancelled, type Patience } from './retry.ts';

/** ticket null: the server that gave out the run; its ticket is the run's own. */
export type SourceEntry = { serverId: string; name: string; endpoint: Endpoint; ticket: string | null; reason: string };
/** from is not read from now: key of its entry. out: not in this run any more. */
export type SourceChange = { from: string; out: boolean; why: string };
export type SourceTickets = Tickets & { /** Others are needed; nobody waits for them. */ wanted(): void };
/** What reads and writes of a deploy ask for: an answer's bytes and who sent them. */
export type FrameSource = { send<T>(make: () => HttpRequest, consume: (response: IncomingMessage, from: SourceEntry) => Promise<T>): Promise<T> };

const restMs = 30_000;
const limits = { connectMs: 5000, silenceMs: 30_000 };
const longestPauseMs = 3000;
/** What an answer itself may be wrong with; anything else that goes wrong while it is read is this computer's own. */
const badAnswers = new Set(['chunk-damaged', 'image-damaged', 'protocol']);

type Standing = { entry: SourceEntry; restUntil: number; leftAt: number; out: string | null };

export function keyOf({ serverId, endpoint }: SourceEntry): string {
  return `${serverId} ${endpoint.url}`;
}

export class SourceList {
  private standings: Standing[];
  private current: string;
  private readonly clock: () => number;

  constructor(entries: readonly SourceEntry[], clock: () => number = () => performance.now()) {
    this.standings = entries.map(newStanding);
    this.current = entries[0] === undefined ? '' : keyOf(entries[0]);
    this.clock = clock;
  }

  get size(): number {
    return this.standings.length;
  }
  /** In their order, as they are now; those that are out too. */
  entries(): SourceEntry[] {
    return this.standings.map((standing) => standing.entry);
  }
  entry(key: string): SourceEntry | null {
    return this.find(key)?.entry ?? null;
  }

  /** The one to ask now: the one asked last while it answers, else the best; where all rest, the one that rests longest. Null when all are out. */
  pick(): { entry: SourceEntry; rests: boolean } | null {
    const usable = this.standings.filter((standing) => standing.out === null);
    const now = this.clock();
    const awake = usable.filter((standing) => standing.restUntil <= now);
    const next = awake.find((standing) => keyOf(standing.entry) === this.current) ?? awake[0] ?? usable.toSorted((a, b) => a.leftAt - b.leftAt)[0];
    if (next === undefined) return null;
    this.current = keyOf(next.entry);
    return { entry: next.entry, rests: next.restUntil > now };
  }

  worked(key: string): void {
    const standing = this.find(key);
    if (standing !== undefined) standing.restUntil = 0;
  }
  left({ from, out, why }: SourceChange): void {
    const standing = this.find(from);
    if (standing === undefined) return;
    standing.leftAt = this.clock();
    standing.restUntil = standing.leftAt + restMs;
    if (out) standing.out = why;
  }

  /** As the server says now: other tickets, servers that came. Who gave damage stays out; who is named no more is asked last, where it still opens. */
  update(entries: readonly SourceEntry[]): void {
    const known = new Map(this.standings.map((standing) => [keyOf(standing.entry), standing]));
    const named = entries.map((entry) => ({ ...(known.get(keyOf(entry)) ?? newStanding(entry)), entry }));
    const keys = new Set(entries.map(keyOf));
    this.standings = [...named, ...this.standings.filter((standing) => !keys.has(keyOf(standing.entry)))];
  }

  /** Why each of them is out, for the person. */
  reasons(): string {
    return this.standings.map(({ entry, out }) => `${entry.name}: ${out ?? 'not asked'}`).join(' ');
  }

  private find(key: string): Standing | undefined {
    return this.standings.find((standing) => keyOf(standing.entry) === key);
  }
}

function newStanding(entry: SourceEntry): Standing {
  return { entry, restUntil: 0, leftAt: 0, out: null };
}

export type SourceClientParts = { list: SourceList; tickets: SourceTickets; patience: Patience; /** One was left for another; not told where there is only one. */ onLeft: (change: SourceChange) => void };

export class SourceClient implements FrameSource {
  private readonly parts: SourceClientParts;
  private readonly clients = new Map<string, FrameClient>();

  constructor(parts: SourceClientParts) {
    this.parts = parts;
  }

  /** `make` is asked anew for every attempt, so that a repeated request may ask for what is still missing only. */
  async send<T>(make: () => HttpRequest, consume: (response: IncomingMessage, from: SourceEntry) => Promise<T>): Promise<T> {
    const { list, tickets, patience } = this.parts;
    let pauseMs = patience.firstPauseMs ?? 200;
    let failingSince: number | null = null;
    let isListAsked = false;
    for (;;) {
      throwIfCancelled(patience.signal);
      const picked = list.pick();
      if (picked === null) throw new AppError('internal', 'A chunk was asked for where every server was given up.');
      const { entry } = picked;
      const ticket = entry.ticket ?? tickets.current();
      let isAnswered = false;
      try {
        const result = await this.clientOf(entry).once(make(), ticket, (response) => {
          isAnswered = true;
          return consume(response, entry);
        });
        list.worked(keyOf(entry));
        return result;
      } catch (error) {
        throwIfCancelled(patience.signal);
        const verdict = judge(error, { isAnswered, isOwn: entry.ticket === null });
        if (verdict === 'ours') throw error;
        if (verdict === 'ticket') await this.renew(entry, ticket);
        failingSince ??= performance.now();
        this.leave({ from: keyOf(entry), out: verdict === 'out', why: toAppError(error).message });
        const next = list.pick();
        if (next === null) throw list.size === 1 ? error : nobody(error, list);
        if (!next.rests) continue;
        // Everybody was asked. Meanwhile there may be others, or they are elsewhere.
        if (!isListAsked && list.size > 1) tickets.wanted();
        isListAsked = true;
        if (performance.now() - failingSince > patience.patienceMs) throw tooLong(error, patience.patienceMs);
        await pause(pauseMs * (0.75 + Math.random() / 2), undefined, { signal: patience.signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, patience.longestPauseMs ?? longestPauseMs);
      }
    }
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }

  private leave(change: SourceChange): void {
    this.parts.list.left(change);
    if (this.parts.list.size > 1) this.parts.onLeft(change);
  }

  /** Waited for only where there is nobody else: the control channel may be away. */
  private async renew(entry: SourceEntry, refused: string): Promise<void> {
    if (entry.ticket === null && this.parts.list.size === 1) await this.parts.tickets.after(refused);
    else this.parts.tickets.wanted();
  }

  private clientOf(entry: SourceEntry): FrameClient {
    const key = keyOf(entry);
    const known = this.clients.get(key);
    if (known !== undefined) return known;
    const client = new FrameClient(entry.endpoint, this.parts.tickets, this.parts.patience, this.parts.list.size > 1 ? limits : null);
    this.clients.set(key, client);
    return client;
  }
}

/** rest: it may answer later. ticket: it wants another. out: not again in this run. ours: no server is to blame, or the run has ended. */
function judge(error: unknown, { isAnswered, isOwn }: { isAnswered: boolean; isOwn: boolean }): 'rest' | 'ticket' | 'out' | 'ours' {
  if (isTransient(error)) return 'rest';
  if (error instanceof ProtocolError) return 'out';
  if (!(error instanceof AppError)) return isAnswered ? 'ours' : 'out';
  if (isAnswered) return badAnswers.has(error.code) ? 'out' : 'ours';
  if (error.code === 'unauthorized') return 'ticket';
  return isOwn && error.code === 'lease-lost' ? 'ours' : 'out';
}

function tooLong(error: unknown, patienceMs: number): AppError {
  return new AppError('connection-lost', `The server could not be reached for ${Math.round(patienceMs / 1000)} seconds (${toAppError(error).message}). Run the same command again: what arrived is kept.`, {}, error);
}

function nobody(error: unknown, list: SourceList): AppError {
  const { code, data } = toAppError(error);
  return new AppError(code, `None of the ${list.size} places that this version was to be read from gives it. ${list.reasons()}`, data, error);
}
