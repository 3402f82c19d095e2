// Owns what captures and deploys have in common around their work: one signal for every way a run can be stopped, progress told to the
// person and to the server, failures told to the server, the ticket kept fresh. It knows nothing of disks.
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { RunProgress } from '#shared/model/run.ts';
import type { ReadSource, SendTo } from '#shared/agent/messages.ts';
import type { Control } from '../connection.ts';
import { blake3Hex } from '../hash.ts';
import type { Endpoint, ServerLocation } from '../net/endpoint.ts';
import { FrameClient } from '../net/frameClient.ts';
import type { Patience } from '../net/retry.ts';
import { SourceClient } from '../net/sources.ts';
import { ProgressMeter } from './progress.ts';
import type { Reading } from './reading.ts';
import { RunTickets } from './runTickets.ts';

export type Reporter = {
  progress(view: RunProgress): void;
  /** One line for the person, kept in the run's log. */
  note(text: string): void;
};
export type RunContext = {
  control: Control;
  server: ServerLocation;
  /** The file that worker threads are started from. */
  entry: string;
  reporter: Reporter;
  signal: AbortSignal;
  patienceMs: number;
  /** Takes the run's log lines instead of the control channel: a session keeps what an outage would swallow. */
  log?: (lines: string[]) => void;
  /** Sends what that log still holds: a run that has ended takes no lines. */
  drainLog?: () => void;
};
/** The task of a job that a capture or deploy is; without it, it is a run of its own. */
export type TaskRef = { runId: string; index: number };

/** Requests of one run under way at a time: the server refuses more. */
export const mostStreams = 14;
const progressEveryMs = 500;
const farewellMs = 3000;

export class RunScope {
  readonly meter = new ProgressMeter('inspect', () => performance.now());
  readonly abort = new AbortController();
  readonly context: RunContext;
  /** Where pages and frames go. */
  frames: Endpoint;
  watermarks: { stream: number; chunks: number }[] | null = null;
  private readonly isTask: boolean;
  private runId: string | null;
  private tickets: RunTickets | null = null;
  private readonly clients: { close(): void }[] = [];
  private readonly timer: NodeJS.Timeout;
  private onTicket: (ticket: string, sources: ReadSource[] | undefined) => void = () => undefined;
  private readonly stopOutside = (): void => this.abort.abort(this.context.signal.reason);
  private readonly onNotice = (notice: { type: string; runId?: string; reason?: string }): void => {
    if (notice.type === 'cancel' && notice.runId === this.runId) this.abort.abort(new CancelledError(`Stopped by the server: ${notice.reason ?? 'no reason given'}.`));
  };
  private readonly onAway = (reason: string): void => this.context.reporter.note(`The server is away (${reason}). Waiting for it; nothing is lost.`);
  private readonly onBack = (): void => this.context.reporter.note('The server is back; going on.');

  /** @param task  failures of a job's task are told to the server by whoever runs the job */
  constructor(context: RunContext, task?: TaskRef) {
    this.context = context;
    this.frames = context.server;
    this.isTask = task !== undefined;
    this.runId = task?.runId ?? null;
    if (context.signal.aborted) this.stopOutside();
    context.signal.addEventListener('abort', this.stopOutside);
    context.control.on('notice', this.onNotice);
    // A session tells of outages itself.
    if (task === undefined) context.control.on('away', this.onAway).on('back', this.onBack);
    this.timer = setInterval(() => this.tell(), progressEveryMs);
  }

  get signal(): AbortSignal {
    return this.abort.signal;
  }
  get ticket(): string {
    return this.tickets?.current() ?? '';
  }

  /** From captureBegin or deployBegin on. */
  begin(run: { runId: string; ticket: string; ticketExpiresInMs: number; sendTo?: SendTo | undefined }): void {
    this.tickets?.close();
    this.runId = run.runId;
    this.tickets = new RunTickets({
      control: this.context.control, runId: run.runId, ticket: run.sendTo?.ticket ?? run.ticket, expiresInMs: run.ticketExpiresInMs, isElsewhere: run.sendTo !== undefined,
      onRenewed: (ticket, sources) => this.onTicket(ticket, sources),
      onFailure: (error) => this.abort.abort(endedAway(error)),
    });
  }

  /** Tickets go to worker threads too, and those of other servers with them. */
  shareTickets(listener: (ticket: string, sources: ReadSource[] | undefined) => void): void {
    this.onTicket = listener;
  }
  /** The result is about to be told: a run that the server has ended meanwhile is no failure any more, the answer says what it was. */
  finishing(): void {
    this.tickets?.finishing();
    this.context.drainLog?.();
  }
  renewTicket(): void {
    void this.tickets?.renew();
  }

  frameClient(patience: Patience = { patienceMs: this.context.patienceMs, signal: this.signal }): FrameClient {
    if (this.tickets === null) throw new AppError('internal', 'Frames were asked for before the run began.');
    const client = new FrameClient(this.frames, this.tickets, patience);
    this.clients.push(client);
    return client;
  }

  /** Reads from whom the deploy may read. */
  sourceClient(reading: Reading): SourceClient {
    if (this.tickets === null) throw new AppError('internal', 'Frames were asked for before the run began.');
    const client = new SourceClient({ list: reading.list, tickets: this.tickets, patience: { patienceMs: this.context.patienceMs, signal: this.signal }, onLeft: (change) => reading.left(change) });
    this.clients.push(client);
    return client;
  }

  /** Rejects as soon as the run is stopped, whatever `work` is waiting for. */
  async race<T>(work: Promise<T>): Promise<T> {
    let stop: () => void = () => undefined;
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(this.reason());
      if (this.signal.aborted) stop();
      else this.signal.addEventListener('abort', stop);
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }

  reason(): Error {
    return this.signal.reason instanceof Error && this.signal.reason.name !== 'AbortError' ? this.signal.reason : new CancelledError('Cancelled.');
  }

  tell(): void {
    const progress = this.meter.view();
    this.context.reporter.progress(progress);
    if (this.runId === null) return;
    const watermarks = this.watermarks === null ? {} : { watermarks: this.watermarks };
    this.context.control.notify({ type: 'progress', runId: this.runId, progress, ...watermarks });
  }

  log(lines: string[]): void {
    if (lines.length === 0) return;
    if (this.context.log !== undefined) this.context.log(lines);
    else this.context.control.notify({ type: 'log', runId: this.runId, lines: lines.map((line) => line.slice(0, 2000)).slice(0, 200) });
  }

  /** Tells the server why the run ended, without waiting long for it: the person's error matters more. */
  async failed(error: unknown): Promise<void> {
    if (this.runId === null) return;
    this.tell();
    if (this.isTask) return;
    const wire = toAppError(error).toWire();
    const told = this.context.control.request('runFailed', {
      runId: this.runId, cancelled: error instanceof CancelledError, error: { code: wire.code, message: wire.message.slice(0, 10_000), data: wire.data ?? {} },
    });
    await Promise.race([told, new Promise((resolve) => setTimeout(resolve, farewellMs).unref())]).catch(() => undefined);
  }

  close(): void {
    clearInterval(this.timer);
    this.tickets?.close();
    for (const client of this.clients) client.close();
    this.context.signal.removeEventListener('abort', this.stopOutside);
    this.context.control.off('notice', this.onNotice).off('away', this.onAway).off('back', this.onBack);
  }
}

/** The same for the same disk and image, so that an interrupted run is found again. */
export function resumeKeyOf(kind: 'capture' | 'deploy', parts: (string | number)[]): string {
  return `${kind}-${blake3Hex(Buffer.from(JSON.stringify(parts)))}`;
}

/** A run cancelled while the line was down is cancelled, not lost: it must not be started over. */
function endedAway(error: Error): Error {
  const cancelled = error instanceof AppError && error.code === 'lease-lost' && error.data['state'] === 'cancelled';
  return cancelled ? new CancelledError('Stopped by the server: the run was cancelled while the connection was down.') : error;
}
