// Owns TFTP's port: requests are taken, refused or given a download of their own (download.ts). Read-only; what is served is the caller's
// to decide. No packet ends it.
import type { RemoteInfo } from 'node:dgram';
import { Download, type Ending } from './download.ts';
import { asNetascii } from './netascii.ts';
import { decodedOrNull, encodeError, ErrorCode, type TftpPacket } from './packet.ts';
import { largestBlock } from './path.ts';
import { openSocket } from './socket.ts';
import { negotiate, type TransferLimits } from './transfer.ts';

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
type Request = Extract<TftpPacket, { kind: 'read' | 'write' }>;

const MAX_WINDOW_BLOCKS = 64;
const MAX_TRANSFERS = 512;
/** A room behind an address translator is one address. */
const MAX_PER_ADDRESS = 64;
const TICK_MS = 20;
/** A client that was not heard for so long and asks the same again has begun anew; before that its request was repeated on the way. */
const SILENT_MS = 1000;

export async function serveTftp(options: TftpOptions): Promise<TftpServer> {
  const limits: TransferLimits = { maxBlockBytes: largestBlock(options.address), maxWindowBlocks: MAX_WINDOW_BLOCKS, ...options.limits };
  const running = new Map<string, { download: Download; request: string }>();
  /** Requests whose file is being looked for: a request sent again meanwhile starts no second download. */
  const pending = new Set<string>();
  /** Downloads by address, those being looked for with them. */
  const ofAddress = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;
  let closing = false;
  const listening = await openSocket(options.address, options.port);
  listening.on('message', (bytes: Buffer, from: RemoteInfo) => {
    void arrived(bytes, from).catch((error: unknown) => options.onError(error instanceof Error ? error : new Error(String(error))));
  });
  listening.on('error', options.onError);

  async function arrived(bytes: Buffer, from: RemoteInfo): Promise<void> {
    const packet = decodedOrNull(bytes);
    // Stray packets, answers of ended transfers and noise: not worth an answer that could be bounced back and forth.
    if (packet === null || (packet.kind !== 'read' && packet.kind !== 'write')) return;
    const client = { address: from.address, port: from.port };
    const key = `${from.address} ${from.port}`;
    const request = bytes.toString('latin1');
    if (pending.has(key) || isRepeated(key, request)) return;
    const refusal = refusalOf(packet, client.address);
    if (refusal !== null) return refuse(packet, client, refusal);
    pending.add(key);
    count(client.address, 1);
    const free = (): void => count(client.address, -1);
    try {
      const found = await options.find(packet.path, client);
      if (found === null || closing) {
        free();
        return found === null ? refuse(packet, client, { code: ErrorCode.notFound, reason: 'There is no such file here.' }) : undefined;
      }
      await begin(packet, client, found, { key, request, free });
    } catch (error) {
      free();
      throw error;
    } finally {
      pending.delete(key);
    }
  }

  /** The same request again, which its download answers by itself; another one from the same port ends that download, whose client is elsewhere. */
  function isRepeated(key: string, request: string): boolean {
    const before = running.get(key);
    if (before === undefined) return false;
    const silentMs = performance.now() - before.download.heardAt;
    if (before.request === request && !(before.download.wasHeard && silentMs > SILENT_MS)) {
      before.download.asked();
      return true;
    }
    before.download.end('aborted', 'the client asked anew');
    return false;
  }
  function refusalOf(packet: Request, address: string): { code: number; reason: string } | null {
    if (packet.kind === 'write') return { code: ErrorCode.accessViolation, reason: 'This server takes no files.' };
    if (packet.mode !== 'octet' && packet.mode !== 'netascii') return { code: ErrorCode.illegal, reason: 'Only octet and netascii mode are known.' };
    const isFull = running.size + pending.size >= MAX_TRANSFERS || (ofAddress.get(address) ?? 0) >= MAX_PER_ADDRESS;
    return isFull ? { code: ErrorCode.undefined, reason: 'Too many downloads at a time.' } : null;
  }
  function refuse({ path }: Request, client: TftpClient, { code, reason }: { code: number; reason: string }): void {
    listening.send(encodeError(code, reason), client.port, client.address, () => undefined);
    options.onEvent({ kind: 'refused', client, path, reason });
  }
  function count(address: string, change: number): void {
    const now = (ofAddress.get(address) ?? 0) + change;
    if (now === 0) ofAddress.delete(address);
    else ofAddress.set(address, now);
  }

  async function begin({ path, mode, options: asked }: Request, client: TftpClient, found: Uint8Array, { key, request, free }: { key: string; request: string; free: () => void }): Promise<void> {
    const file = mode === 'netascii' ? asNetascii(found) : found;
    const socket = await openSocket(options.address, 0, client);
    const ended = ({ kind, reason, tookMs }: Ending): void => {
      if (running.get(key)?.download === download) running.delete(key);
      free();
      if (running.size === 0 && timer !== null) {
        clearInterval(timer);
        timer = null;
      }
      options.onEvent(kind === 'done' ? { kind, client, path, sizeBytes: file.length, tookMs } : { kind, client, path, reason });
    };
    const download = new Download({ socket, client, file, negotiated: negotiate(asked, file.length, limits), ended });
    running.set(key, { download, request });
    // Only while something is under way: an idle server does not wake its computer.
    timer ??= setInterval(() => {
      for (const each of running.values()) each.download.tick();
    }, TICK_MS);
    options.onEvent({ kind: 'started', client, path, sizeBytes: file.length });
    if (closing) download.end('aborted', 'the server is closing');
    else download.start();
  }

  return {
    port: listening.address().port,
    active: () => running.size,
    async close() {
      closing = true;
      for (const { download } of running.values()) download.end('aborted', 'the server is closing', 'The server is closing.');
      await new Promise<void>((resolve) => {
        listening.close(resolve);
      });
    },
  };
}
