// Owns the package server's end of the channel: finds its console, comes back after every outage with growing pauses, and stops only where
// the console says that this server is revoked. Everything that is served from here is served without it.
import { AppError, toAppError } from '#shared/errors.ts';
import type { Moving } from '#shared/model/replication.ts';
import type { CapturedVersion, Peer, Plan, TransferReport } from '#shared/replication/messages.ts';
import type { LinkParts } from './parts.ts';
import { connectTo, Session } from './session.ts';

export type Link = ReturnType<typeof openLink>;
export type LinkStatus = { console: string; address: string | null; connected: boolean; since: number; /** Why it is not connected. */ problem: string | null; revoked: string | null };

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** The console does not know this server, or its key: a person must do something, so there is no hurry. */
const REFUSED_PAUSE_MS = 300_000;

export function openLink(parts: LinkParts) {
  const { state, log, clock, events } = parts;
  const closing = new AbortController();
  let session: Session | null = null;
  let proved = false;
  let problem: string | null = null;
  let since = clock();
  let moving: { moving: Omit<Moving, 'imageName' | 'imageGuid' | 'number'>[]; problems: string[] } = { moving: [], problems: [] };

  const stopListening = events.onChange(({ entity }) => {
    if (entity === 'image') session?.copiesChanged();
  });

  /** One round over the addresses. @returns whether the console was there and let us in */
  async function tryOnce(): Promise<'worked' | 'away' | 'refused' | 'revoked'> {
    const known = state.console();
    if (known === null) return 'revoked';
    const reasons: string[] = [];
    for (const address of known.addresses) {
      if (closing.signal.aborted) return 'away';
      try {
        const socket = await connectTo(address, known.fingerprint, closing.signal);
        session = new Session(socket, known, parts);
        const outcome = await run(session, address);
        if (outcome !== 'away') return outcome;
        reasons.push(`${address}: ${problem ?? 'it hung up'}`);
      } catch (error) {
        reasons.push(`${address}: ${toAppError(error).message}`);
      } finally {
        session = null;
      }
    }
    said(`The console can't be reached: ${reasons.join('; ').slice(0, 800)}`);
    return 'away';
  }

  async function run(current: Session, address: string): Promise<'worked' | 'away' | 'refused' | 'revoked'> {
    try {
      await current.begin();
      proved = true;
      since = clock();
      problem = null;
      state.worked(address);
      log.info('connected to the console', { address });
      events.changed('status', 'status');
      current.notify({ type: 'moving', ...moving });
      const reason = await current.ended;
      if (current.revokedReason !== null) return revoked(current.revokedReason);
      said(`The console ended the connection: ${reason}`);
      return 'worked';
    } catch (error) {
      current.end('it could not begin');
      if (current.revokedReason !== null) return revoked(current.revokedReason);
      const wrapped = toAppError(error);
      problem = wrapped.message;
      if (wrapped.code !== 'not-found' && wrapped.code !== 'unauthorized' && wrapped.code !== 'protocol-version') return 'away';
      said(wrapped.message);
      return 'refused';
    } finally {
      if (proved) since = clock();
      proved = false;
      events.changed('status', 'status');
    }
  }

  function revoked(reason: string): 'revoked' {
    state.setRevoked(clock(), reason);
    said(reason);
    log.warn('the console has revoked this server; it keeps what it has and asks no more', { reason });
    return 'revoked';
  }
  function said(text: string): void {
    if (text !== problem) log.info('not connected to the console', { reason: text });
    problem = text;
    events.changed('status', 'status');
  }

  async function keepConnected(): Promise<void> {
    let pauseMs = parts.firstPauseMs ?? FIRST_PAUSE_MS;
    while (!closing.signal.aborted && state.revoked() === null) {
      const outcome = await tryOnce();
      if (outcome === 'revoked') return;
      if (outcome === 'worked') pauseMs = parts.firstPauseMs ?? FIRST_PAUSE_MS;
      // Many servers that lost the same console do not all come back in the same moment.
      const ms = (outcome === 'refused' ? Math.max(pauseMs, parts.firstPauseMs === undefined ? REFUSED_PAUSE_MS : 0) : pauseMs) * (0.5 + Math.random());
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      await pause(ms, closing.signal);
    }
  }
  const looping = keepConnected().catch((error: unknown) => log.error('the connection to the console is not kept any more', { error: toAppError(error) }));

  return {
    /** As the console calls it: what tickets and sessions name. */
    serverId: state.self()?.serverId ?? parts.own.id,
    status: (): LinkStatus => ({ console: state.console()?.name ?? '', address: state.console()?.addresses[0] ?? null, connected: proved, since, problem: proved ? null : problem, revoked: state.revoked()?.reason ?? null }),
    plan: (): Plan | null => state.plan(),
    peers: (): Peer[] => {
      const plan = state.plan();
      const known = state.console();
      // In the plan the console is a peer as others are; before the first one it is all there is.
      return plan?.peers ?? (known === null ? [] : [{ id: known.id, name: known.name, addresses: known.addresses, fingerprint: known.fingerprint, publicKey: known.publicKey, siteId: null, isConsole: true, isSource: true }]);
    },
    consoleKey: (): string | null => state.console()?.publicKey ?? null,
    /** Copies here are not what they were. Changes of images are heard anyway. */
    copiesChanged: (): void => session?.copiesChanged(),
    moving(now: typeof moving): void {
      moving = now;
      session?.notify({ type: 'moving', ...now });
    },
    /** Told now, or when the console is there again. */
    transferEnded(transfer: TransferReport): void {
      state.setUntold([...state.untold(), transfer]);
      if (proved) void session?.tellUntold().catch(() => undefined);
    },
    /** @returns its number at the console */
    async captured(version: CapturedVersion): Promise<number> {
      if (session === null || !proved) throw new AppError('connection-lost', 'The console is not connected now. It is told of this version when it is.');
      return (await session.ask('captured', { version })).number;
    },
    async close(): Promise<void> {
      stopListening();
      closing.abort();
      session?.close();
      await looping;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
