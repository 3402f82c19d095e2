// Owns the package server's end of the channel: finds its console, comes back after every outage with growing pauses, and stops only where
// the console says that this server is revoked. Everything that is served from here is served without it.
import { AppError, toAppError } from '#shared/errors.ts';
import type { Moving } from '#shared/model/replication.ts';
import { REFUSED_AS_RETIRED, type CapturedVersion, type Peer, type Plan, type TransferReport } from '#shared/replication/messages.ts';
import { movedBodySchema, movedSchema, signedPurposes } from '#shared/replication/record.ts';
import { isSignedBy } from '../../store/signing.ts';
import { Pace, pauseAfter, type Outcome } from './pace.ts';
import type { LinkParts } from './parts.ts';
import { connectTo, Session } from './session.ts';

export type Link = ReturnType<typeof openLink>;
export type LinkStatus = { console: string; address: string | null; connected: boolean; since: number; /** Why it is not connected. */ problem: string | null; revoked: string | null; /** What the console says to a server that it has retired; it may be taken back, so it goes on asking. */ retired: string | null; /** Deletions that were ordered and not carried out. */ refused: readonly string[] };

const FIRST_PAUSE_MS = 1000;
/** As the message has room for. */
const MAX_PROBLEMS = 50;
const LONGEST_PAUSE_MS = 60_000;
/** A console that was restored says where it is once a minute. */
const WAKES_MS = 20_000;

export function openLink(given: Omit<LinkParts, 'onRefused'>) {
  const parts: LinkParts = {
    ...given,
    onRefused: (now) => {
      if (now.join('\n') === refused.join('\n')) return;
      refused = now;
      tellMoving();
      events.changed('status', 'status');
    },
  };
  const { state, log, clock, events } = parts;
  const closing = new AbortController();
  let waking = new AbortController();
  const wakes = new Pace(WAKES_MS, () => performance.now());
  let session: Session | null = null;
  let proved = false;
  let problem: string | null = null;
  let since = clock();
  let retired: string | null = null;
  let moving: { moving: Omit<Moving, 'imageName' | 'imageGuid' | 'number'>[]; problems: string[] } = { moving: [], problems: [] };
  /** Of the records that came last. */
  let refused: readonly string[] = [];

  /** What hinders its copying, and what it was told to delete and did not. */
  function tellMoving(): void {
    session?.notify({ type: 'moving', ...moving, problems: [...refused, ...moving.problems].slice(0, MAX_PROBLEMS).map((problem) => problem.slice(0, 500)) });
  }

  const stopListening = events.onChange(({ entity }) => {
    if (entity === 'image') session?.copiesChanged();
  });

  /** One round over the addresses. @returns whether the console was there and let us in */
  async function tryOnce(): Promise<Outcome | 'revoked'> {
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

  async function run(current: Session, address: string): Promise<Outcome | 'revoked'> {
    try {
      await current.begin();
      proved = true;
      since = clock();
      problem = null;
      retired = null;
      state.worked(address);
      log.info('connected to the console', { address });
      events.changed('status', 'status');
      tellMoving();
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
      retired = wrapped.data['reason'] === REFUSED_AS_RETIRED ? wrapped.message : null;
      said(wrapped.message);
      return retired === null ? 'refused' : 'retired';
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
      if (outcome === 'worked' || outcome === 'retired') pauseMs = parts.firstPauseMs ?? FIRST_PAUSE_MS;
      // Many servers that lost the same console do not all come back in the same moment.
      const ms = (parts.firstPauseMs === undefined ? pauseAfter(outcome, pauseMs) : pauseMs) * (0.5 + Math.random());
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
      await pause(ms, AbortSignal.any([closing.signal, waking.signal]));
      if (!waking.signal.aborted) continue;
      waking = new AbortController();
      pauseMs = parts.firstPauseMs ?? FIRST_PAUSE_MS;
    }
  }
  const looping = keepConnected().catch((error: unknown) => log.error('the connection to the console is not kept any more', { error: toAppError(error) }));

  return {
    /** As the console calls it: what tickets and sessions name. */
    serverId: state.self()?.serverId ?? parts.own.id,
    status: (): LinkStatus => ({ console: state.console()?.name ?? '', address: state.console()?.addresses[0] ?? null, connected: proved, since, problem: proved ? null : problem, revoked: state.revoked()?.reason ?? null, retired, refused }),
    plan: (): Plan | null => state.plan(),
    peers: (): Peer[] => {
      const plan = state.plan();
      const known = state.console();
      // In the plan the console is a peer as others are; before the first one it is all there is.
      return plan?.peers ?? (known === null ? [] : [{ id: known.id, name: known.name, addresses: known.addresses, fingerprint: known.fingerprint, publicKey: known.publicKey, siteId: null, isConsole: true, isSource: true }]);
    },
    console: (): { name: string; fingerprint: string; addresses: string[]; connected: boolean; problem: string | null; revoked: string | null } => {
      const known = state.console();
      return { name: known?.name ?? '', fingerprint: known?.fingerprint ?? '', addresses: known?.addresses ?? [], connected: proved, problem: proved ? null : problem, revoked: state.revoked()?.reason ?? null };
    },
    /** Somebody who says that he is the console, and is at another address now. His signature says whether he is; connecting there asks for the certificate as well. */
    heardFromConsole(request: unknown): void {
      const known = state.console();
      const message = movedSchema.safeParse(request);
      if (known === null || !message.success || !isSignedBy(known.publicKey, signedPurposes.moved, message.data.body, message.data.signature)) throw new AppError('unauthorized', 'That is not signed by this server\'s console. Nothing was changed.');
      const body = movedBodySchema.safeParse(parseJson(message.data.body));
      if (!body.success || body.data.console !== known.id) throw new AppError('invalid-input', 'This is not understood.');
      const fresh = body.data.addresses.filter((address) => address.startsWith('https://') && !known.addresses.includes(address));
      if (fresh.length > 0) {
        state.setConsole({ ...known, addresses: fresh });
        log.info('the console says that it is at another address', { addresses: fresh });
      }
      // Whoever has heard one such message can send it again: what is known already hurries nothing but now and then.
      if (!proved && (fresh.length > 0 || wakes.take())) waking.abort();
    },
    /** A person says where the console is now. Kept only where the machine there shows the console's certificate. */
    async moveTo(text: string): Promise<void> {
      const known = state.console();
      if (known === null) throw new AppError('conflict', 'This server has not joined a console.');
      const withProtocol = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
      if (!URL.canParse(withProtocol) || new URL(withProtocol).protocol !== 'https:') throw new AppError('usage', `"${text}" is not the address of a console. It looks like https://192.168.1.5:8420.`);
      const address = new URL(withProtocol).origin;
      try {
        (await connectTo(address, known.fingerprint, closing.signal)).terminate();
      } catch (error) {
        const { code, message } = toAppError(error);
        if (code === 'pin-mismatch') throw new AppError('pin-mismatch', `The machine at ${address} is not "${known.name}": it shows another certificate. Nothing was sent to it, and nothing was changed. A console that was made anew needs a new join; one that was restored from its backup has its certificate.`, { address, expected: known.fingerprint });
        throw new AppError('connection-lost', `The console does not answer at ${address}: ${message} Nothing was changed. Check the address, that it runs there with --host 0.0.0.0, and that port ${new URL(address).port || '443'} is reachable from here.`, { address }, error);
      }
      state.worked(address);
      log.info('the console is at another address', { address });
      waking.abort();
    },
    consoleKey: (): string | null => state.console()?.publicKey ?? null,
    /** Copies here are not what they were. Changes of images are heard anyway. */
    copiesChanged: (): void => session?.copiesChanged(),
    moving(now: typeof moving): void {
      moving = now;
      tellMoving();
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
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
