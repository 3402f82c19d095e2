// Owns the control channel: one WebSocket, hello, requests and answers, notices, heartbeat. When the line breaks it comes back by
// itself, says hello again and repeats what was not answered; callers only wait. It knows nothing of disks.
import { EventEmitter } from 'node:events';
import WebSocket from 'ws';
import { answerSchemas, HEARTBEAT_MS, MAX_MESSAGE_BYTES, type AgentNotice, type AgentRequest, type Answers, type ServerNotice } from '#shared/agent/messages.ts';
import type { Inventory } from '#shared/model/computer.ts';
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { ServerLocation } from './net/endpoint.ts';
import { parseMessage, saidByServer, sayHello, type Hello, type ServerMessage } from './net/hello.ts';
import { isTransient } from './net/retry.ts';

type Fields<T extends AgentRequest['type']> = Omit<Extract<AgentRequest, { type: T }>, 'type'>;
type Pending = { type: AgentRequest['type']; text: string; resolve(answer: unknown): void; reject(error: Error): void };
export type ControlEvents = {
  /** The line broke (once per outage), and came back. */
  away: [reason: string];
  back: [];
  notice: [ServerNotice];
  /** It will not come back by itself: wrong token, a newer server, patience at its end. */
  fatal: [Error];
};
/** A try to connect failed and another one follows. */
export type Retry = { reason: string; nextTryAt: number };
export type ControlOptions = {
  server: ServerLocation;
  /** Asked at each hello, so that a reconnect tells what is there now. */
  inventory: Inventory | (() => Promise<Inventory>);
  agentVersion: string; signal: AbortSignal; patienceMs: number;
  role?: 'portal' | 'command';
  session?: string;
  /** Keeps trying from the first connection on, and tells of each failed try; without it an unreachable server is an error at once. */
  onRetry?: (retry: Retry) => void;
};

const firstPauseMs = 250;
const longestPauseMs = 5000;
/** Neither message nor pong for this long: the peer is gone. */
const silenceMs = HEARTBEAT_MS * 3;

export class Control extends EventEmitter<ControlEvents> {
  /** Of the connection that is open now, or was last. */
  hello: Answers['hello'];
  private readonly options: ControlOptions;
  private socket: WebSocket;
  private readonly pending = new Map<number, Pending>();
  private nextId = 2;
  private closed = false;
  private fatal: Error | null = null;
  private heartbeat: NodeJS.Timeout | null = null;
  private readonly onAbort = (): void => this.failAll(new CancelledError('Cancelled.'));
  /** A portal is recognised by its computer's own token from the first hello on: what a person said of a tie stays true. */
  private computerToken: string | null = null;

  /** Connects and says hello. Without onRetry a server that cannot be reached is an error at once; later outages are waited out. */
  static async connect(options: ControlOptions): Promise<Control> {
    const first = options.onRetry === undefined ? await open(options, null) : await keepTrying(options, null, () => false);
    return new Control(options, first);
  }

  private constructor(options: ControlOptions, opened: Opened) {
    super();
    this.options = options;
    this.hello = opened.hello;
    this.socket = opened.socket;
    this.use(opened);
    options.signal.addEventListener('abort', this.onAbort);
  }

  /** What identify answered: this computer is another record from now on. */
  identified(answer: Answers['identify']): void {
    this.hello = { ...this.hello, ...answer, candidates: [] };
    if (this.options.role === 'portal') this.computerToken = answer.computerToken;
  }

  /** Asks and waits, through outages. Rejects with the server's AppError, or CancelledError when the signal fires. */
  request<T extends AgentRequest['type']>(type: T, fields: Fields<T>, onId?: (id: number) => void): Promise<Answers[T]> {
    if (this.fatal !== null) return Promise.reject(this.fatal);
    const id = this.nextId++;
    onId?.(id);
    const text = JSON.stringify({ ...fields, type, id });
    if (Buffer.byteLength(text) > MAX_MESSAGE_BYTES) return Promise.reject(new AppError('protocol', `A ${type} message would be longer than the protocol allows.`));
    const answer = new Promise<unknown>((resolve, reject) => this.pending.set(id, { type, text, resolve, reject }));
    this.write(text);
    // The schema by type is the one the answer was parsed with; TypeScript cannot follow the index.
    return answer as Promise<Answers[T]>;
  }

  /** Fire and forget: while the server is away a notice is dropped, the next one says more anyway. */
  notify(notice: AgentNotice): void {
    this.write(JSON.stringify(notice));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.options.signal.removeEventListener('abort', this.onAbort);
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    const socket = this.socket;
    if (socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.terminate(), 1000);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.close(1000);
    });
  }

  private write(text: string): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
  }

  private attach(socket: WebSocket): void {
    this.socket = socket;
    let heard = performance.now();
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    this.heartbeat = setInterval(() => {
      if (performance.now() - heard > silenceMs) {
        socket.terminate();
        return;
      }
      this.notify({ type: 'heartbeat' });
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, HEARTBEAT_MS);
    socket.on('pong', () => (heard = performance.now()));
    socket.on('ping', () => (heard = performance.now()));
    socket.on('error', () => undefined); // close follows and says enough
    socket.on('message', (data) => {
      heard = performance.now();
      try {
        const message = parseMessage(data);
        if (message !== null) this.receive(message);
      } catch (error) {
        this.fail(toAppError(error, 'what the server sent'));
      }
    });
    socket.once('close', (code) => {
      if (!this.closed && this.fatal === null) void this.reconnect(code);
    });
  }

  private receive(message: ServerMessage): void {
    if (!('id' in message)) {
      this.emit('notice', message);
      return;
    }
    const waiting = this.pending.get(message.id);
    if (waiting === undefined) return;
    this.pending.delete(message.id);
    if (message.ok) {
      const parsed = answerSchemas[waiting.type].safeParse(message);
      if (parsed.success) waiting.resolve(parsed.data);
      else waiting.reject(new AppError('protocol', `The server answered ${waiting.type} with something else: ${parsed.error.issues[0]?.message ?? 'unknown'}.`));
    } else {
      waiting.reject(saidByServer(message));
    }
  }

  private async reconnect(code: number): Promise<void> {
    this.emit('away', code === 1012 || code === 1001 ? 'it is closing or starting again' : 'the connection broke');
    try {
      const opened = await keepTrying(this.options, this.computerToken, () => this.closed);
      if (this.closed) {
        opened.socket.terminate();
        return;
      }
      this.use(opened);
      for (const waiting of this.pending.values()) this.write(waiting.text);
      this.emit('back');
    } catch (error) {
      if (!this.closed && !this.options.signal.aborted) this.fail(toAppError(error));
    }
  }

  private use({ socket, hello }: Opened): void {
    this.hello = hello;
    if (this.options.role === 'portal') this.computerToken = hello.computerToken;
    this.attach(socket);
  }

  private fail(error: Error): void {
    this.fatal = error;
    this.failAll(error);
    this.socket.terminate();
    this.emit('fatal', error);
  }

  private failAll(error: Error): void {
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const one of waiting) one.reject(error);
  }
}

type Opened = { socket: WebSocket; hello: Answers['hello'] };

async function open(options: ControlOptions, computerToken: string | null): Promise<Opened> {
  const { agentVersion, server, signal, role, session } = options;
  const inventory = typeof options.inventory === 'function' ? await options.inventory() : options.inventory;
  const hello: Hello = { agentVersion, token: computerToken ?? server.token, inventory, ...(role === undefined ? {} : { role }), ...(session === undefined ? {} : { session }) };
  try {
    return await sayHello(server, hello, signal);
  } catch (error) {
    // A computer's token ends, or its record was deleted: the token the agent was started with may still stand.
    if (computerToken === null || !(error instanceof AppError) || error.code !== 'unauthorized') throw error;
    return sayHello(server, { ...hello, token: server.token }, signal);
  }
}

/** Tries until it is open, what went wrong is not transient, patience ends, or the work was stopped. */
async function keepTrying(options: ControlOptions, computerToken: string | null, isClosed: () => boolean): Promise<Opened> {
  const since = performance.now();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    if (options.signal.aborted || isClosed()) throw new CancelledError('Cancelled.');
    const ms = pauseMs * (0.75 + Math.random() / 2);
    try {
      return await open(options, computerToken);
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (performance.now() - since > options.patienceMs) {
        throw new AppError('connection-lost', `The server did not come back within ${Math.round(options.patienceMs / 1000)} seconds. Run the same command again: what arrived is kept.`, {}, error);
      }
      options.onRetry?.({ reason: toAppError(error).message, nextTryAt: Date.now() + ms });
    }
    await abortablePause(ms, options.signal);
  }
}

function abortablePause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
