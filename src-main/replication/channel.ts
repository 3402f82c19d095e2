// Owns one end of the channel between console and package server: requests with numbers and their answers, notices, what bounds both.
// Whatever the other end sends is answered, struck or ends this one connection. It knows no message by name.
import type { WebSocket } from 'ws';
import type { z } from 'zod';
import { AppError, fromWire, toAppError, type ErrorCode } from '#shared/errors.ts';
import { MAX_REPLICA_MESSAGE_BYTES, REPLICA_HEARTBEAT_MS } from '#shared/replication/messages.ts';
import { Budget } from '../net/budget.ts';

export type Incoming = { type: string; id?: number };
export type ChannelOptions<In extends Incoming> = {
  /** Everything the other end may say on its own. */
  incoming: z.ZodType<In>;
  answer: (request: In & { id: number }) => Promise<Record<string, unknown>> | Record<string, unknown>;
  hear: (notice: In) => void;
  /** Once, whatever the reason. */
  ended: (reason: string) => void;
  refused: (type: string, error: AppError) => void;
  /** How long it may say nothing. */
  silenceMs?: number;
  requestMs?: number;
};

export const SILENCE_MS = REPLICA_HEARTBEAT_MS * 4;
const REQUEST_MS = 60_000;
const MAX_OUTSTANDING = 32;
const BURST = 1000;
const PER_SECOND = 200;
const MAX_STRIKES = 20;
const MAX_UNREAD_BYTES = 2 * MAX_REPLICA_MESSAGE_BYTES;

type Pending = { schema: z.ZodType; resolve: (answer: unknown) => void; reject: (error: Error) => void; timer: NodeJS.Timeout };

export class Channel<In extends Incoming> {
  readonly #socket: WebSocket;
  readonly #options: ChannelOptions<In>;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #outstanding = 0;
  #strikes = 0;
  readonly #budget = new Budget({ burst: BURST, perSecond: PER_SECOND });
  #quiet: NodeJS.Timeout;
  #ended = false;
  #reason = '';

  constructor(socket: WebSocket, options: ChannelOptions<In>) {
    this.#socket = socket;
    this.#options = options;
    this.#quiet = this.#watch();
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('pong', () => this.#heard());
    socket.on('ping', () => this.#heard());
    socket.on('error', (error) => this.end(error.message));
    socket.on('close', (code, reason) => this.#close(this.#reason || reason.toString('utf8') || `closed (${code})`));
  }

  get isOpen(): boolean {
    return !this.#ended && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Asks the other end. Rejects with its error, or connection-lost where no answer comes. */
  request<T>(message: { type: string } & Record<string, unknown>, schema: z.ZodType<T>): Promise<T> {
    if (!this.isOpen) return Promise.reject(new AppError('connection-lost', 'The other server is not connected now.'));
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new AppError('connection-lost', `No answer to ${message.type} within ${Math.round((this.#options.requestMs ?? REQUEST_MS) / 1000)} s.`));
      }, this.#options.requestMs ?? REQUEST_MS);
      this.#pending.set(id, { schema, resolve, reject, timer });
    });
    this.send(JSON.stringify({ ...message, id }));
    // It was parsed with the schema given.
    return answer as Promise<T>;
  }
  notify(message: { type: string } & Record<string, unknown>): void {
    this.send(JSON.stringify(message));
  }
  send(text: string): void {
    if (!this.isOpen) return;
    // One that reads nothing of what it is sent.
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.end('it does not read what it is sent');
    else this.#socket.send(text);
  }
  ping(): void {
    if (this.isOpen) this.#socket.ping();
  }
  /** In good order: what was sent still arrives. */
  close(code: number, reason: string): void {
    this.#reason ||= reason;
    this.#socket.removeAllListeners('message');
    this.#socket.close(code, reason.slice(0, 100));
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }
  end(reason: string): void {
    this.#reason ||= reason;
    this.#socket.terminate();
    this.#close(reason);
  }

  #watch(): NodeJS.Timeout {
    return setTimeout(() => this.end('it fell silent'), this.#options.silenceMs ?? SILENCE_MS);
  }
  #heard(): void {
    clearTimeout(this.#quiet);
    if (!this.#ended) this.#quiet = this.#watch();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#heard();
    if (!this.#budget.spend()) return this.#strike(null, new AppError('too-many-requests', `More than ${PER_SECOND} messages a second. Send fewer.`));
    if (isBinary) return this.#strike(null, new AppError('protocol', 'Messages are JSON text.'));
    const raw = parse(data);
    if (raw === null) return this.#strike(null, new AppError('protocol', 'This message is no JSON object.'));
    if ('ok' in raw) return this.#settle(raw);
    const parsed = this.#options.incoming.safeParse(raw);
    if (!parsed.success) return this.#strike(idOf(raw), new AppError('protocol', `This message is not understood: ${parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ').slice(0, 500)}`));
    const message = parsed.data;
    if (message.id === undefined) return this.#listen(message);
    if (this.#outstanding >= MAX_OUTSTANDING) return this.#strike(message.id, new AppError('too-many-requests', `At most ${MAX_OUTSTANDING} requests at a time.`));
    this.#outstanding++;
    void this.#answer({ ...message, id: message.id }).finally(() => this.#outstanding--);
  }

  async #answer(request: In & { id: number }): Promise<void> {
    try {
      const answer = await this.#options.answer(request);
      this.send(JSON.stringify({ ...answer, id: request.id, ok: true }));
    } catch (error) {
      const wrapped = toAppError(error);
      this.#options.refused(request.type, wrapped);
      this.#refuse(request.id, wrapped);
    }
  }
  #listen(notice: In): void {
    try {
      this.#options.hear(notice);
    } catch (error) {
      const wrapped = toAppError(error);
      this.#options.refused(notice.type, wrapped);
      // Notices follow on each other: after one that could not be taken both ends begin anew.
      this.end('a notice could not be taken');
    }
  }
  #settle(raw: Record<string, unknown>): void {
    const id = idOf(raw);
    const waiting = id === null ? undefined : this.#pending.get(id);
    if (id === null || waiting === undefined) return;
    this.#pending.delete(id);
    clearTimeout(waiting.timer);
    if (raw['ok'] === true) {
      const parsed = waiting.schema.safeParse(raw);
      if (parsed.success) waiting.resolve(parsed.data);
      else waiting.reject(new AppError('protocol', `The answer is not understood: ${parsed.error.issues[0]?.message ?? 'unknown'}.`));
    } else waiting.reject(errorOf(raw['error']));
  }

  #strike(id: number | null, error: AppError): void {
    this.#strikes++;
    this.#refuse(id ?? 0, error);
    if (this.#strikes >= MAX_STRIKES) this.close(1008, 'too many messages that are not understood');
  }
  #refuse(id: number, error: AppError): void {
    // The inside of an unexpected failure is for the log only.
    const said = error.code === 'internal' ? new AppError('internal', 'The server failed at this. Its log says why.') : error;
    this.send(JSON.stringify({ id, ok: false, error: said.toWire() }));
  }
  #close(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#quiet);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new AppError('connection-lost', `The connection ended: ${reason}.`));
    }
    this.#pending.clear();
    this.#options.ended(reason);
  }
}

function parse(data: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
function idOf(raw: Record<string, unknown>): number | null {
  const { id } = raw;
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : null;
}
function errorOf(value: unknown): AppError {
  const wire = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return fromWire({ code: String(wire['code']) as ErrorCode, message: typeof wire['message'] === 'string' ? wire['message'].slice(0, 2000) : 'The other server refused this without saying why.', data: typeof wire['data'] === 'object' && wire['data'] !== null ? (wire['data'] as Record<string, unknown>) : {} });
}
