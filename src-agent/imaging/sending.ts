// Owns sending a capture to a package server: which of its addresses answers, when the capture may still go elsewhere (nothing was taken yet),
// and what is said of a server that is away in the middle. It knows no disk.
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { SendTo } from '#shared/agent/messages.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { FrameClient, readAll } from '../net/frameClient.ts';
import type { Patience } from '../net/retry.ts';
import type { RunScope } from './runScope.ts';

/** Servers tried in vain, as the console is told. */
export type Passed = { serverId: string; why: string };

/** Nothing was sent there: the capture begins again, at the next server. */
export class NotTaken extends AppError {
  readonly serverId: string;
  constructor(serverId: string, message: string, cause: unknown) {
    super('connection-lost', message, { server: serverId }, cause);
    this.serverId = serverId;
  }
}

const limits = { connectMs: 5000, silenceMs: 30_000 };
/** Before anything was taken there is no reason to wait long for one server. */
const firstPatienceMs = 15_000;
const sayAgainMs = 60_000;
const certificate = /^[0-9a-f]{64}$/;

export class Sending {
  /** Of the pages, which come first and go on to the end. */
  readonly patience: Patience;
  private readonly scope: RunScope;
  private readonly to: SendTo;
  private waitsSince = -Infinity;

  private constructor(scope: RunScope, to: SendTo) {
    this.scope = scope;
    this.to = to;
    const { context } = scope;
    this.patience = {
      signal: scope.signal,
      get patienceMs() {
        return isTaken(scope) ? context.patienceMs : Math.min(firstPatienceMs, context.patienceMs);
      },
      onWait: (error) => this.waits(toAppError(error).message),
    };
  }

  /** Asks its addresses in their order whether they take this capture. Throws NotTaken where none does. */
  static async reach(scope: RunScope, to: SendTo): Promise<Sending> {
    const reasons: string[] = [];
    for (const url of to.urls) {
      // Nothing is sent to a server that can't be recognised.
      if (URL.parse(url)?.protocol !== 'https:' || !certificate.test(to.fingerprint)) continue;
      const endpoint: Endpoint = { url: new URL(url).origin, fingerprint: to.fingerprint };
      try {
        await scope.race(ask(scope, endpoint, to.ticket));
        scope.frames = endpoint;
        scope.log([`Pages and frames go to ${to.name} (${endpoint.url}).`]);
        return new Sending(scope, to);
      } catch (error) {
        if (error instanceof CancelledError || scope.signal.aborted) throw error;
        reasons.push(`${endpoint.url}: ${toAppError(error).message}`);
      }
    }
    throw new NotTaken(to.serverId, `${to.name} can't be used from this computer: ${reasons.join(' ').slice(0, 300) || 'it has no address that is known'}`, null);
  }

  /** Every thread may find it out; it is said once. */
  waits(why: string): void {
    if (this.scope.signal.aborted || performance.now() - this.waitsSince < sayAgainMs) return;
    this.waitsSince = performance.now();
    const line = `${this.to.name} does not answer (${why}). Waiting for it; what arrived there is kept.`;
    this.scope.context.reporter.note(line);
    this.scope.log([line]);
  }

  /** What the end of the work means, where this server is to blame; else the error as it is. */
  said(error: unknown): unknown {
    if (!(error instanceof AppError) || error.code !== 'connection-lost' || this.scope.signal.aborted) return error;
    const { name, serverId } = this.to;
    if (!isTaken(this.scope)) return new NotTaken(serverId, `${name} does not answer any more: ${toAppError(error.cause ?? error).message}`.slice(0, 400), error);
    return new AppError('connection-lost', `${name}, which takes this capture, could not be reached for ${Math.round(this.scope.context.patienceMs / 1000)} seconds, so no version was made. What arrived there is kept for a while. Start ${name}, then run the same again: it is not sent again. While ${name} is away, running it again begins anew at another server.`, { server: serverId }, error);
  }
}

/** A page was answered: from there on chunks may be on their way. */
function isTaken(scope: RunScope): boolean {
  return scope.meter.sentBytes > 0;
}

async function ask(scope: RunScope, endpoint: Endpoint, ticket: string): Promise<void> {
  const client = new FrameClient(endpoint, { current: () => ticket, after: () => Promise.resolve(ticket) }, { patienceMs: 0, signal: scope.signal }, limits);
  try {
    await client.once({ method: 'GET', path: '/agent/capture' }, ticket, (response) => readAll(response, 4096));
  } finally {
    client.close();
  }
}
