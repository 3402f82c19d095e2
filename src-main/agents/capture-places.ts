// Owns where a capture's pages and frames go: here, or to the package server nearest to the computer, which the console asks over its channel.
// The run, the refusals and the version's rows stay the console's. Knows no socket and no run.
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { AppError, toAppError } from '#shared/errors.ts';
import type { SendTo } from '#shared/agent/messages.ts';
import type { CapturedVersion, hubAnswerSchemas, HubRequest } from '#shared/replication/messages.ts';
import type { ManifestHead } from '#shared/agent/manifest.ts';
import type { DeviceGraph } from '#shared/model/schema.ts';
import type { Log } from '../log/service.ts';
import type { Servers } from '../servers/service.ts';

/** Another server than this one; kept with the run. */
export const placeSchema = z.object({ serverId: z.uuid(), name: z.string(), reason: z.string() });
export type Place = z.infer<typeof placeSchema>;
/** A server that an agent tried in vain, or that did not take the capture. */
export type Passed = { serverId: string; why: string };
/** The console's end of the channel. */
export type CaptureChannel = { isConnected(serverId: string): boolean; request<T extends HubRequest['type']>(serverId: string, message: Extract<HubRequest, { type: T }>): Promise<z.infer<(typeof hubAnswerSchemas)[T]>> };
export type CapturePlacesParts = {
  servers: Pick<Servers, 'selfId' | 'captureTargetFor' | 'addressesOf' | 'ticketFor' | 'known' | 'names'>;
  /** null at a package server: what is captured there by hand stays there. */
  channel: CaptureChannel | null; log: Log;
  /** How long the end of a capture waits for its server. */
  patienceMs?: number;
  /** Tests shorten it. */
  againMs?: number;
};
export type Placing = { captureId: string; ttlMs: number; graph: DeviceGraph };
export type Placed = { at: Place; resumed: boolean } | { at: null };

const MAX_ADDRESSES = 3;
const PATIENCE_MS = 30 * 60_000;
const AGAIN_MS = 1000;
/** The other end refuses more than this many at a time, and a room may begin at the same moment. */
const MAX_AT_ONCE = 8;

export class CapturePlaces {
  readonly #parts: CapturePlacesParts;
  /** By server: how many requests are under way, and who waits for a turn. */
  readonly #turns = new Map<string, { busy: number; waiting: (() => void)[] }>();

  constructor(parts: CapturePlacesParts) {
    this.#parts = parts;
  }

  /** Where there is no package server, nothing of this is asked. */
  get areThere(): boolean {
    return this.#parts.channel !== null && this.#parts.servers.names().length > 1;
  }

  /**
   * Opens the capture at the nearest server that takes it. @param before where an interrupted one has its chunks; null: here
   * @param say told, in words, what was chosen and what was passed over
   */
  async open(address: string, { before, not, placing, say }: { before: { at: Place | null } | null; not: readonly Passed[]; placing: Placing; say: (line: string) => void }): Promise<Placed> {
    const { servers } = this.#parts;
    const passed = new Map(not.map((each) => [each.serverId, each.why]));
    for (const { serverId, why } of not) say(`${this.#name(serverId)} is not used for this capture: ${why}`);
    for (;;) {
      const choice = this.#choose(address, before, passed);
      if (choice === null || choice.serverId === servers.selfId) {
        say(`The capture goes to the console${choice === null ? '' : `: ${choice.reason}`}.`);
        return { at: null };
      }
      try {
        const { resumed } = await this.#ask(choice.serverId, { type: 'captureOpen', ...placing, restart: true });
        say(`The capture goes to ${choice.name}: ${choice.reason}.${resumed ? ' What arrived there before counts.' : ''}`);
        return { at: choice, resumed };
      } catch (error) {
        const { message } = toAppError(error);
        passed.set(choice.serverId, message);
        say(`${choice.name} does not take the capture: ${message}`);
      }
    }
  }

  /** What the agent is told; throws where that server is out meanwhile. */
  sendTo({ at, captureId, runId, address }: { at: Place; captureId: string; runId: string; address: string }): SendTo {
    const { servers } = this.#parts;
    const row = servers.known(at.serverId);
    if (row === null || row.state === 'revoked' || row.state === 'retired') throw new AppError('lease-lost', `${at.name}, which took this capture, is not in use any more. Start the capture again: it goes to another server.`, { server: at.serverId });
    return {
      ...at, urls: servers.addressesOf(at.serverId, address).slice(0, MAX_ADDRESSES), fingerprint: row.fingerprint,
      ticket: servers.ticketFor({ server: at.serverId, run: runId, may: { kind: 'capture', capture: captureId } }),
    };
  }

  /** A sign of life; one that is lost does no harm, because frames renew it too. */
  renew({ serverId }: Place, captureId: string, ttlMs: number): void {
    this.#ask(serverId, { type: 'captureRenew', captureId, ttlMs }).catch((error: unknown) => this.#parts.log.info('a capture at a package server was not renewed', { server: serverId, capture: captureId, message: toAppError(error).message }));
  }
  /** It goes elsewhere: what came there is let go of at once, or when its lease ends. */
  close({ serverId }: Pick<Place, 'serverId'>, captureId: string): void {
    this.#ask(serverId, { type: 'captureClose', captureId }).catch(() => undefined);
  }

  /** Waits where the server is away: everything is there, and comes back with it. @param ended aborted when nobody waits for the answer any more */
  async commit({ serverId, name }: Place, request: { captureId: string; head: ManifestHead; pending: boolean }, { ended, say }: { ended: AbortSignal; say: (line: string) => void }): Promise<CapturedVersion> {
    const until = performance.now() + (this.#parts.patienceMs ?? PATIENCE_MS);
    for (let told = false; ; told = true) {
      try {
        return (await this.#ask(serverId, { type: 'captureCommit', ...request })).version;
      } catch (error) {
        const wrapped = toAppError(error);
        if (wrapped.code !== 'connection-lost' && wrapped.code !== 'too-many-requests') throw error;
        if (ended.aborted) throw new AppError('connection-lost', 'The agent went away while its capture was being finished.', { server: serverId });
        if (performance.now() > until) {
          throw new AppError('connection-lost', `${name} has everything of this capture and did not come back to finish it, so no version was made. Start the server, then run the capture again: what arrived there is kept for a while, and is not sent again.`, { server: serverId }, error);
        }
        if (!told) say(`${name} is not connected now. The version is made when it is back.`);
        await pause(this.#parts.againMs ?? AGAIN_MS, undefined, { signal: ended }).catch(() => undefined);
      }
    }
  }

  isUsable(serverId: string): boolean {
    const state = this.#parts.servers.known(serverId)?.state;
    return this.#parts.channel?.isConnected(serverId) === true && state === 'joined';
  }

  /** Where chunks of it are already, else the nearest. */
  #choose(address: string, before: { at: Place | null } | null, passed: ReadonlyMap<string, string>): Place | null {
    const { servers } = this.#parts;
    const there = before?.at ?? null;
    if (before !== null && there === null) return { serverId: servers.selfId, name: '', reason: 'what arrived of it before is there' };
    if (there !== null && !passed.has(there.serverId) && this.isUsable(there.serverId)) return { ...there, name: this.#name(there.serverId) };
    const { serverId, name, addresses, reason } = servers.captureTargetFor(address, new Set(passed.keys()));
    return serverId !== servers.selfId && addresses.length === 0 ? null : { serverId, name, reason };
  }

  #name(serverId: string): string {
    return this.#parts.servers.known(serverId)?.name ?? 'A server that is gone';
  }

  /** A few at a time for each server. */
  async #ask<T extends HubRequest['type']>(serverId: string, message: Extract<HubRequest, { type: T }>): Promise<z.infer<(typeof hubAnswerSchemas)[T]>> {
    const { channel } = this.#parts;
    if (channel === null) throw new AppError('internal', 'A package server sends no captures on.');
    const turns = this.#turns.get(serverId) ?? { busy: 0, waiting: [] };
    this.#turns.set(serverId, turns);
    if (turns.busy < MAX_AT_ONCE) turns.busy++;
    else await new Promise<void>((resolve) => turns.waiting.push(resolve));
    try {
      return await channel.request(serverId, message);
    } finally {
      // The turn goes to the next; only the last gives it back.
      const next = turns.waiting.shift();
      if (next === undefined) turns.busy--;
      else next();
    }
  }
}
