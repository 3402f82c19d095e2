// Owns handing out named files over plain HTTP as boot loaders ask for them: HEAD with a length, ranges, ETag, doubled slashes, a 404
// that has a body (firmware waits for one without). What names mean is the caller's; nothing is opened by a path from outside.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { openSource, type FileMemory, type FileOnDisk } from './ranged-files-source.ts';

/** In memory, or a file on disk whose size and tag are known. */
export type NamedFile = ({ bytes: Uint8Array; tag: string } | FileOnDisk) & { type?: string };

/** Written at a time: so much passes between two looks at other clients, and at DHCP in the same thread. */
const SLICE_BYTES = 512 * 1024;

/** "//grubx64.efi" as shim asks for it is a path, not a host; null for one that leads outside or is malformed. */
export function filePath(url: string): string | null {
  try {
    // RFC 9112 §3.2.2: what is meant for a proxy is understood as well.
    const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
    const path = decodeURIComponent(target.split(/[?#]/, 1)[0] ?? '').replaceAll(/\/{2,}/g, '/');
    return path.startsWith('/') && !/[\0\\]/.test(path) && !path.split('/').includes('..') ? path : null;
  } catch {
    return null;
  }
}

/**
 * @param memory keeps files of the disk while several clients fetch them; without it each reads for itself
 * @returns bytes sent, when the answer is complete or the client has gone
 */
export async function answerFile(request: IncomingMessage, response: ServerResponse, found: NamedFile | null, memory?: FileMemory): Promise<{ sentBytes: number; complete: boolean }> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    // What it still sends is not read.
    response.setHeader('Connection', 'close');
    return refuse(response, 405, 'Only GET and HEAD are answered here.\n');
  }
  if (found === null) return refuse(response, 404, 'There is no such file here.\n');
  const sizeBytes = 'bytes' in found ? found.bytes.length : found.sizeBytes;
  const etag = `"${found.tag}"`;
  // GRUB compares the names of headers letter by letter, as most servers write them, and takes a file without a length for an empty one.
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', found.type ?? 'application/octet-stream');
  if (isKnown(headers['if-none-match'], etag)) {
    response.writeHead(304).end();
    return { sentBytes: 0, complete: true };
  }
  // RFC 9110 §13.1.5: a range of another version of the file is no range of this one; §14.2: a head has no ranges.
  const isSameVersion = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = isSameVersion && method === 'GET' ? readRange(headers.range, sizeBytes) : null;
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${sizeBytes}`);
    return refuse(response, 416, `This file has ${sizeBytes} bytes.\n`);
  }
  const [first, last] = range ?? [0, sizeBytes - 1];
  const head = (): void => {
    if (range !== null) response.setHeader('Content-Range', `bytes ${first}-${last}/${sizeBytes}`);
    response.writeHead(range === null ? 200 : 206, { 'Content-Length': last - first + 1 });
  };
  if (method === 'GET' && sizeBytes > 0) return send(response, found, { first, last, head, memory });
  head();
  response.end();
  return { sentBytes: 0, complete: true };
}

type Piece = { first: number; last: number; /** Before the first byte, once it is known that there is one. */ head: () => void; memory: FileMemory | undefined };
async function send(response: ServerResponse, found: NamedFile, { first, last, head, memory }: Piece): Promise<{ sentBytes: number; complete: boolean }> {
  const { socket } = response; // taken from the response when it ends
  const before = socket?.bytesWritten ?? 0;
  const source = await openSource(found, memory).catch(() => null);
  if (source === null) {
    for (const name of ['ETag', 'Accept-Ranges']) response.removeHeader(name);
    return { ...refuse(response, 404, 'This file is missing on the server.\n'), complete: false };
  }
  try {
    head();
    for (let at = first; at <= last && !response.destroyed;) {
      const bytes = await source.read(at, Math.min(SLICE_BYTES, last - at + 1));
      // Shorter than it was: the connection is cut, so that nobody takes half for whole.
      if (bytes.length === 0) throw new Error('the file on disk is shorter than it was');
      await written(response, bytes);
      at += bytes.length;
    }
    if (!response.destroyed) await ended(response);
  } catch {
    response.destroy();
  } finally {
    await source.close();
  }
  return { sentBytes: Math.max(0, (socket?.bytesWritten ?? before) - before), complete: response.writableFinished };
}

/** Until the system has taken it all: a slow client holds nothing but its own slice, and that is shared where the file is in memory. */
function written(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    // Not in the same breath: a client that takes everything at once would let nobody else have a turn.
    response.write(bytes, () => setImmediate(resolve));
  });
}
function ended(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.end(() => resolve());
  });
}

/** RFC 9110 §13.1.2: one of the tags it has, weak ones too, or any. */
function isKnown(header: string | undefined, etag: string): boolean {
  return header !== undefined && header.split(',').some((part) => ['*', etag].includes(part.trim().replace(/^W\//, '')));
}

/** One range (RFC 9110 §14.1.2); null for none, for several and for what is no byte range: the whole file answers those. */
export function readRange(header: string | undefined, sizeBytes: number): [number, number] | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), sizeBytes);
    return length === 0 ? 'unsatisfiable' : [sizeBytes - length, sizeBytes - 1];
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1);
  if (match[2] !== '' && Number(match[2]) < first) return null;
  return first >= sizeBytes ? 'unsatisfiable' : [first, last];
}

function refuse(response: ServerResponse, status: number, text: string): { sentBytes: number; complete: boolean } {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
  return { sentBytes: 0, complete: true };
}
