// Owns how a console that was restored, perhaps on another machine, is found again: it knocks at the package servers that have not come since, at
// the addresses it knows, and says where it is now, signed with its key. A package server believes only that, and connects by itself.
import { request as start } from 'node:https';
import { toAppError } from '#shared/errors.ts';
import { MOVED_PATH, signedPurposes, type MovedBody } from '#shared/replication/record.ts';
import { PinnedAgent } from '../../net/tls/pinned.ts';
import type { Log } from '../../log/service.ts';

export type Knocked = { id: string; name: string; addresses: readonly string[]; fingerprint: string };
export type KnockingParts = {
  /** Those that have not come since the restore. */
  targets: () => Knocked[];
  self: { id: string; sign: (purpose: string, message: string) => string }; addresses: () => string[]; log: Log; clock: () => number; firstMs?: number; /** Tests shorten it. */ everyMs?: number;
};

const FIRST_MS = 10_000;
const EVERY_MS = 60_000;
const LIMIT_MS = 10_000;

export function openKnocking({ targets, self, addresses, log, clock, firstMs = FIRST_MS, everyMs = EVERY_MS }: KnockingParts) {
  const closing = new AbortController();
  let timer: NodeJS.Timeout | null = null;

  async function round(): Promise<void> {
    const waiting = targets();
    // All of them came: nobody is knocked at any more.
    if (waiting.length === 0 || closing.signal.aborted) return;
    const body = JSON.stringify({ purpose: 'moved', console: self.id, addresses: addresses().slice(0, 20), at: clock() } satisfies MovedBody);
    const message = JSON.stringify({ body, signature: self.sign(signedPurposes.moved, body) });
    await Promise.all(waiting.map(async (server) => {
      for (const address of server.addresses) {
        if (await knock(address, server, message)) {
          log.info('a package server was told where this console is', { server: server.id, name: server.name, address });
          return;
        }
      }
    }));
    again();
  }
  function again(): void {
    if (!closing.signal.aborted) timer = setTimeout(soon, everyMs).unref();
  }
  function soon(): void {
    round().catch((error: unknown) => {
      log.error('package servers could not be told where this console is', { error: toAppError(error) });
      again();
    });
  }

  /** An address is what that server said of itself: one that can't be asked is left out, and hinders no other one. */
  function knock(address: string, { fingerprint }: Knocked, message: string): Promise<boolean> {
    if (!URL.canParse(address) || new URL(address).protocol !== 'https:') return Promise.resolve(false);
    const agent = new PinnedAgent(fingerprint, { keepAlive: false });
    return new Promise<boolean>((resolve) => {
      const outgoing = start(new URL(MOVED_PATH, address), { method: 'POST', agent, signal: AbortSignal.any([closing.signal, AbortSignal.timeout(LIMIT_MS)]), headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(message) } });
      outgoing.once('error', () => resolve(false));
      outgoing.once('response', (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      outgoing.end(message);
    }).finally(() => agent.destroy());
  }

  if (targets().length > 0) timer = setTimeout(soon, firstMs).unref();
  return {
    close(): void {
      closing.abort();
      if (timer !== null) clearTimeout(timer);
    },
  };
}
