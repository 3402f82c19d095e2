// Owns TFTP's sockets: a port that takes requests, and one socket per download (its transfer identifier, RFC 1350 §4) on the same
// address, so that answers come from where was asked. Read-only; what is served is the caller's to decide. No packet ends it.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { dataHeader, decodeTftp, encodeError, encodeOptions, ErrorCode, type TftpPacket } from './packet.ts';
import { negotiate, Transfer, type Action, type TransferLimits } from './transfer.ts';

export type TftpClient = { address: string; port: number };
export type TftpEvent = { client: TftpClient; path: string } & (
  | { kind: 'started'; sizeBytes: number } | { kind: 'done'; sizeBytes: number; tookMs: number }
  /** aborted: by the client, as firmware does after asking for the size. */
  | { kind: 'refused' | 'aborted' | 'timed-out' | 'failed'; reason: string }
);
export type TftpOptions = {
  address: string;
  /** 0 picks a free one. */
  port: number;
  /** The whole file, or null where there is none by that name. The name is as sent: nothing may be opened by it unchecked. */
  find: (path: string, client: TftpClient) => Uint8Array | null | Promise<Uint8Array | null>;
  onEvent: (event: TftpEvent) => void;
  /** The port's socket broke: nothing is served any more. */
  onError: (error: Error) => void;
  limits?: Partial<TransferLimits>;
};
export type TftpServer = { port: number; /** Downloads under way. */ active(): number; close(): Promise<void> };

/** 1500 of Ethernet, less IP, UDP and TFTP headers. */
const MAX_BLOCK_BYTES = 1468;
const MAX_WINDOW_BLOCKS = 64;
const MAX_TRANSFERS = 512;
const MAX_PER_CLIENT = 16;
const TICK_MS = 50;

type Running = { transfer: Transfer; socket: Socket; client: TftpClient; path: string; file: Uint8Array; blockBytes: number; answer: Uint8Array | null; startedAt: number };

export async function serveTftp(options: TftpOptions): Promise<TftpServer> {
  const limits: TransferLimits = { maxBlockBytes: MAX_BLOCK_BYTES, maxWindowBlocks: MAX_WINDOW_BLOCKS, ...options.limits };
  const running = new Map<string, Running>();
  /** Requests whose file is being looked for: a request sent again meanwhile starts no second download. */
  const pending = new Set<string>();
  const listening = await bound(options.address, options.port);
  listening.on('message', (bytes: Buffer, from: RemoteInfo) => {
    void request(bytes, from).catch((error: unknown) => options.onError(error instanceof Error ? error : new Error(String(error))));
  });
  listening.on('error', options.onError);
  const timer = setInterval(() => {
    for (const each of running.values()) act(each, each.transfer.tick(performance.now()));
  }, TICK_MS);

  async function request(bytes: Buffer, from: RemoteInfo): Promise<void> {
    const packet = decoded(bytes);
    // Stray packets, answers of ended transfers and noise: not worth an answer that could be bounced back and forth.
    if (packet === null || (packet.kind !== 'read' && packet.kind !== 'write')) return;
    const client = { address: from.address, port: from.port };
    const key = `${from.address} ${from.port}`;
    if (running.has(key) || pending.has(key)) return;
    const refuse = (code: number, reason: string): void => {
      listening.send(encodeError(code, reason), from.port, from.address, () => undefined);
      options.onEvent({ kind: 'refused', client, path: packet.path, reason });
    };
    if (packet.kind === 'write') return refuse(ErrorCode.accessViolation, 'This server takes no files.');
    if (packet.mode !== 'octet' && packet.mode !== 'netascii') return refuse(ErrorCode.illegal, 'Only octet mode is known.');
    const ofClient = [...running.values()].filter((each) => each.client.address === from.address).length;
    if (running.size + pending.size >= MAX_TRANSFERS || ofClient >= MAX_PER_CLIENT) return refuse(ErrorCode.undefined, 'Too many downloads at a time.');
    pending.add(key);
    try {
      const file = await options.find(packet.path, client);
      if (file === null) return refuse(ErrorCode.notFound, 'There is no such file here.');
      await begin(packet, client, file, key);
    } finally {
      pending.delete(key);
    }
  }

  async function begin(packet: { path: string; options: ReadonlyMap<string, string> }, client: TftpClient, file: Uint8Array, key: string): Promise<void> {
    const negotiated = negotiate(packet.options, file.length, limits);
    const socket = await bound(options.address, 0);
    const transfer = new Transfer(file.length, negotiated);
    const each: Running = { transfer, socket, client, path: packet.path, file, blockBytes: negotiated.blockBytes, answer: negotiated.answer.size === 0 ? null : encodeOptions(negotiated.answer), startedAt: performance.now() };
    running.set(key, each);
    socket.on('error', (error) => finish(each, 'failed', error.message));
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      if (from.address !== client.address || from.port !== client.port) {
        // RFC 1350 §4: another one's packet disturbs nothing, and its sender is told.
        socket.send(encodeError(ErrorCode.unknownTransfer, 'Unknown transfer.'), from.port, from.address, () => undefined);
        return;
      }
      const answer = decoded(bytes);
      if (answer !== null) act(each, transfer.receive(answer, performance.now()));
    });
    options.onEvent({ kind: 'started', client, path: packet.path, sizeBytes: file.length });
    act(each, transfer.start(performance.now()));
  }

  function act(each: Running, action: Action): void {
    if (action === null) return;
    if ('end' in action) return finish(each, action.end, action.reason);
    const { socket, client, file, blockBytes } = each;
    const ignore = (): void => undefined;
    if (action.send === 'options') {
      if (each.answer !== null) socket.send(each.answer, client.port, client.address, ignore);
      return;
    }
    for (let block = action.from; block <= action.to; block++) {
      socket.send([dataHeader(block & 0xffff), file.subarray((block - 1) * blockBytes, block * blockBytes)], client.port, client.address, ignore);
    }
  }

  function finish(each: Running, kind: 'done' | 'aborted' | 'timed-out' | 'failed', reason: string): void {
    const key = `${each.client.address} ${each.client.port}`;
    if (running.get(key) !== each) return;
    running.delete(key);
    each.socket.close();
    const { client, path } = each;
    options.onEvent(kind === 'done' ? { kind, client, path, sizeBytes: each.file.length, tookMs: performance.now() - each.startedAt } : { kind, client, path, reason });
  }

  return {
    port: listening.address().port,
    active: () => running.size,
    async close() {
      clearInterval(timer);
      for (const each of running.values()) {
        each.socket.send(encodeError(ErrorCode.undefined, 'The server is closing.'), each.client.port, each.client.address, () => undefined);
        finish(each, 'aborted', 'the server is closing');
      }
      await new Promise<void>((resolve) => {
        listening.close(resolve);
      });
    },
  };
}

function decoded(bytes: Uint8Array): TftpPacket | null {
  try {
    return decodeTftp(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

async function bound(address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return socket;
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken ? new AppError('port-in-use', `UDP port ${port} of ${address} is taken by another program.`, { port, address }, error) : error;
  }
}
