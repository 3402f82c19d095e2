// Owns the control channel: one WebSocket, hello, requests and answers, notices, heartbeat. When the line breaks it comes back by
// itself, says hello again and repeats what was not answered; callers only wait. It knows nothing of disks.
import { EventEmitter } from 'node:events';
import WebSocket from 'ws';
import {
  answerSchemas, HEARTBEAT_MS, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, serverMessageSchema,
  type AgentNotice, type AgentRequest, type Answers, type ServerNotice,
} from '#shared/agent/messages.ts';
import type { Inventory } from '#shared/model/computer.ts';
import { AppError, CancelledError, fromWire, isErrorCode, toAppError } from '#shared/errors.ts';
import { connectionsTo, type ServerLocation } from './net/endpoint.ts';
import { isTransient } from './net/retry.ts';

type Fields<T extends AgentRequest['type']> = Omit<Extract<AgentRequest, { type: T }>, 'type'>;
type Pending = { type: AgentRequest['type']; text: string; resolve(answer: unknown): void; reject(error: Error): void };
export type ControlEvents = {
  /** The line broke (once per outage), and came back. */
  away: [reason: string];
  back: [];
  notice: [ServerNotice];
};
export type ControlOptions = { server: ServerLocation; inventory: Inventory; agentVersion: string; signal: AbortSignal; patienceMs: number };

const firstPauseMs = 250;
const longestPauseMs = 5000;
/** Neither message nor pong for this long: the peer is gone. */
const silenceMs = HEARTBEAT_MS * 3;
const handshakeMs = 15_000;

export class Control extends EventEmitter<ControlEvents> {
  readonly hello: Answers['hello'];
  private readonly options: ControlOptions;
  private socket: WebSocket;
  private readonly pending = new Map<number, Pending>();
  private nextId = 2;
  private closed = false;
  private fatal: Error | null = null;
  private heartbeat: NodeJS.Timeout | null = null;
  private readonly onAbort = (): void => this.failAll(new CancelledError('Cancelled.'));

  /** Connects and says hello. A server that cannot be reached at all is an error at once; later outages are waited out. */
  static async connect(options: ControlOptions): Promise<Control> {
    const { socket, hello } = await sayHello(options);
    return new Control(options, socket, hello);
  }

  private constructor(options: ControlOptions, socket: WebSocket, hello: Answers['hello']) {
    super();
    this.options = options;
    this.hello = hello;
    this.socket = socket;
    this.attach(socket);
    options.signal.addEventListener('abort', this.onAbort);
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
      waiting.reject(fromWire({ code: isErrorCode(message.error.code) ? message.error.code : 'internal', message: message.error.message, data: message.error.data ?? {} }));
    }
  }

  private async reconnect(code: number): Promise<void> {
    this.emit('away', code === 1012 || code === 1001 ? 'it is closing or starting again' : 'the connection broke');
    const since = performance.now();
    let pauseMs = firstPauseMs;
    while (!this.closed && !this.options.signal.aborted) {
      try {
        const { socket } = await sayHello(this.options);
        if (this.closed) {
          socket.terminate();
          return;
        }
        this.attach(socket);
        for (const waiting of this.pending.values()) this.write(waiting.text);
        this.emit('back');
        return;
      } catch (error) {
        if (!isTransient(error)) {
          this.fail(toAppError(error));
          return;
        }
        if (performance.now() - since > this.options.patienceMs) {
          this.fail(new AppError('connection-lost', `The server did not come back within ${Math.round(this.options.patienceMs / 1000)} seconds. Run the same command again: what arrived is kept.`, {}, error));
          return;
        }
      }
      await abortablePause(pauseMs * (0.75 + Math.random() / 2), this.options.signal);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }

  private fail(error: Error): void {
    this.fatal = error;
    this.failAll(error);
    this.socket.terminate();
  }

  private failAll(error: Error): void {
    const waiting = [...this.pending.values()];
    this.pending.clear();
    for (const one of waiting) one.reject(error);
  }
}

type ServerMessage = ReturnType<typeof serverMessageSchema.parse>;

/** Null for a complaint about a notice (id 0): nobody waits for it, and the next notice says more. */
function parseMessage(data: WebSocket.RawData): ServerMessage | null {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new AppError('protocol', 'A message from the server is not JSON.', {}, cause);
  }
  if (typeof value === 'object' && value !== null && 'id' in value && value.id === 0) return null;
  const parsed = serverMessageSchema.safeParse(value);
  if (!parsed.success) throw new AppError('protocol', 'A message from the server does not follow the protocol. Are server and agent of the same version?');
  return parsed.data;
}

function sayHello(options: ControlOptions): Promise<{ socket: WebSocket; hello: Answers['hello'] }> {
  const address = new URL('/agent', options.server.url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const connections = connectionsTo(options.server);
  const socket = new WebSocket(address, { agent: connections, maxPayload: MAX_MESSAGE_BYTES, handshakeTimeout: handshakeMs, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => stop(new AppError('connection-lost', 'The server did not answer hello.')), handshakeMs);
    const stop = (error: unknown): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.terminate();
      reject(error instanceof Error ? error : new AppError('connection-lost', String(error)));
    };
    socket.once('error', (error) => stop(error instanceof AppError ? error : unreachable(options.server.url, error)));
    socket.once('close', (code, reason) => stop(closedEarly(options.server.url, code, reason.toString('utf8'))));
    socket.once('open', () => {
      socket.send(JSON.stringify({ id: 1, type: 'hello', protocol: PROTOCOL_VERSION, agentVersion: options.agentVersion, token: options.server.token, inventory: options.inventory }));
    });
    socket.once('message', (data) => {
      try {
        const message = parseMessage(data);
        if (message === null || !('id' in message) || message.id !== 1) throw new AppError('protocol', 'The server said something before it answered hello.');
        if (!message.ok) throw fromWire({ code: isErrorCode(message.error.code) ? message.error.code : 'internal', message: message.error.message, data: message.error.data ?? {} });
        const hello = answerSchemas.hello.parse(message);
        clearTimeout(timer);
        socket.removeAllListeners();
        resolve({ socket, hello });
      } catch (error) {
        stop(error instanceof AppError ? error : new AppError('protocol', 'The server answered hello with something else.', {}, error));
      }
    });
  });
}

function unreachable(url: string, error: Error): AppError {
  return new AppError('connection-lost', `No Platen server answers at ${url} (${error.message}). Check that it runs and that the address is right.`, { url }, error);
}
function closedEarly(url: string, code: number, reason: string): AppError {
  return new AppError('connection-lost', `The server at ${url} closed the connection before it answered hello${reason === '' ? '' : ` (${reason})`}.`, { url, code });
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
