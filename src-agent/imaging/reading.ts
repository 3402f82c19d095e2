// Owns whom one deploy reads from, on the main thread: the list as the server gave it, what its threads found out, and the words and figures
// about it for the run.
import type { ReadSource } from '#shared/agent/messages.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { keyOf, SourceList, type SourceChange, type SourceEntry } from '../net/sources.ts';

export type OwnServer = { serverId: string; name: string; endpoint: Endpoint };
export type SourceFigures = { serverId: string; name: string; receivedBytes: number };

const certificate = /^[0-9a-f]{64}$/;

/** What can be read from, in order. The server that gave out the run is always among them: the last resort, where it named itself no sooner. */
export function entriesOf(sources: readonly ReadSource[] | undefined, own: OwnServer): SourceEntry[] {
  const self = (reason: string): SourceEntry => ({ ...own, ticket: null, reason });
  const entries = (sources ?? []).flatMap(({ serverId, name, url, fingerprint, ticket, reason }): SourceEntry[] => {
    if (ticket === '') return [self(reason)];
    // Nothing is read from a server that can't be recognised.
    if (URL.parse(url)?.protocol !== 'https:' || !certificate.test(fingerprint)) return [];
    return [{ serverId, name, endpoint: { url: new URL(url).origin, fingerprint }, ticket, reason }];
  });
  return entries.some((entry) => entry.ticket === null) ? entries : [...entries, self('where no other server gives it')];
}

export class Reading {
  readonly list: SourceList;
  private readonly own: OwnServer;
  private readonly log: (lines: string[]) => void;
  private readonly bytes = new Map<string, number>();
  private readonly names = new Map<string, string>();
  /** Key of the one that the log says is read from. */
  private told: string;
  private listener: (change: SourceChange) => void = () => undefined;

  constructor(sources: readonly ReadSource[] | undefined, own: OwnServer, log: (lines: string[]) => void) {
    this.own = own;
    this.log = log;
    const entries = entriesOf(sources, own);
    this.list = new SourceList(entries);
    const [first, ...others] = entries;
    this.told = first === undefined ? '' : keyOf(first);
    this.remember();
    if (first === undefined || others.length === 0) return;
    const names = [...new Set(others.map((entry) => entry.name))].filter((name) => name !== first.name);
    log([`Reads from ${first.name} (${first.endpoint.url}): ${first.reason}.${names.length === 0 ? '' : ` If it fails: ${names.join(', then ')}.`}`]);
  }

  /** Threads are told what one of them found out. */
  share(listener: (change: SourceChange) => void): void {
    this.listener = listener;
  }
  renewed(sources: readonly ReadSource[] | undefined): SourceEntry[] {
    if (sources !== undefined) this.list.update(entriesOf(sources, this.own));
    this.remember();
    return this.list.entries();
  }

  /** Here or in a thread one was left. Each thread may say it; it counts once. */
  left(change: SourceChange): void {
    this.list.left(change);
    if (change.from !== this.told) return;
    const next = this.list.pick();
    if (next === null || keyOf(next.entry) === this.told) return;
    const before = this.list.entry(this.told);
    this.told = keyOf(next.entry);
    this.log([`Reads from ${next.entry.name} (${next.entry.endpoint.url}) now: ${before?.name ?? 'the one before'} ${change.out ? 'is not used for this deploy any more' : 'does not answer'}. ${change.why}`]);
    this.listener(change);
  }

  received(bySource: readonly [string, number][]): void {
    for (const [serverId, bytes] of bySource) this.bytes.set(serverId, (this.bytes.get(serverId) ?? 0) + bytes);
  }
  /** Whom it was read from, and how much of each. */
  figures(): SourceFigures[] {
    return [...this.bytes].map(([serverId, receivedBytes]) => ({ serverId, name: this.names.get(serverId) ?? serverId, receivedBytes }));
  }

  private remember(): void {
    for (const { serverId, name } of this.list.entries()) this.names.set(serverId, name);
  }
}
