// Owns the opening of a control channel: one WebSocket, hello sent, its answer checked; and how any message of the server is read.
import WebSocket from 'ws';
import { answerSchemas, MAX_MESSAGE_BYTES, PROTOCOL_VERSION, serverMessageSchema, type AgentRequest, type Answers } from '#shared/agent/messages.ts';
import { AppError, CancelledError, fromWire, isErrorCode } from '#shared/errors.ts';
import { connectionsTo, type ServerLocation } from './endpoint.ts';

export type ServerMessage = ReturnType<typeof serverMessageSchema.parse>;
export type Hello = Omit<Extract<AgentRequest, { type: 'hello' }>, 'type' | 'protocol'>;

const handshakeMs = 15_000;

/** Null for a complaint about a notice (id 0): nobody waits for it, and the next notice says more. */
export function parseMessage(data: WebSocket.RawData): ServerMessage | null {
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

/** What the server said no with. */
export function saidByServer(message: Extract<ServerMessage, { ok: false }>): AppError {
  return fromWire({ code: isErrorCode(message.error.code) ? message.error.code : 'internal', message: message.error.message, data: message.error.data ?? {} });
}

export function sayHello(server: ServerLocation, hello: Hello, signal: AbortSignal): Promise<{ socket: WebSocket; hello: Answers['hello'] }> {
  const address = new URL('/agent', server.url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address, { agent: connectionsTo(server), maxPayload: MAX_MESSAGE_BYTES, handshakeTimeout: handshakeMs, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => stop(new AppError('connection-lost', 'The server did not answer hello.')), handshakeMs);
    const onAbort = (): void => stop(signal.reason instanceof Error ? signal.reason : new CancelledError('Cancelled.'));
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
    };
    const stop = (error: unknown): void => {
      settle();
      socket.on('error', () => undefined);
      socket.terminate();
      reject(error instanceof Error ? error : new AppError('connection-lost', String(error)));
    };
    signal.addEventListener('abort', onAbort);
    socket.once('error', (error) => stop(error instanceof AppError ? error : unreachable(server.url, error)));
    socket.once('close', (code, reason) => stop(closedEarly(server.url, code, reason.toString('utf8'))));
    socket.once('open', () => socket.send(JSON.stringify({ id: 1, type: 'hello', protocol: PROTOCOL_VERSION, ...hello })));
    socket.once('message', (data) => {
      try {
        const message = parseMessage(data);
        if (message === null || !('id' in message) || message.id !== 1) throw new AppError('protocol', 'The server said something before it answered hello.');
        if (!message.ok) throw saidByServer(message);
        const answer = answerSchemas.hello.parse(message);
        settle();
        resolve({ socket, hello: answer });
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
