// Owns handing out named files over plain HTTP as boot loaders ask for them: HEAD with a length, ranges, ETag, doubled slashes, a 404
// that has a body (firmware waits for one without). What names mean is the caller's; nothing is opened by a path from outside.
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

/** In memory, or a file on disk whose size and tag are known. */
export type NamedFile = { bytes: Uint8Array; tag: string; type?: string } | { path: string; sizeBytes: number; tag: string; type?: string };

/** "//grubx64.efi" as shim asks for it is a path, not a host; null for one that leads outside or is malformed. */
export function filePath(url: string): string | null {
  try {
    const path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '').replaceAll(/\/{2,}/g, '/');
    return path.startsWith('/') && !/[\0\\]/.test(path) && !path.split('/').includes('..') ? path : null;
  } catch {
    return null;
  }
}

/** @returns bytes sent, when the answer is complete or the client has gone */
export async function answerFile(request: IncomingMessage, response: ServerResponse, found: NamedFile | null): Promise<{ sentBytes: number; complete: boolean }> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Only GET and HEAD are answered here.\n');
  if (found === null) return refuse(response, 404, 'There is no such file here.\n');
  const sizeBytes = 'bytes' in found ? found.bytes.length : found.sizeBytes;
  const etag = `"${found.tag}"`;
  // GRUB compares the names of headers letter by letter, as most servers write them, and takes a file without a length for an empty one.
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', found.type ?? 'application/octet-stream');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return { sentBytes: 0, complete: true };
  }
  // RFC 9110 §13.1.5: a range of another version of the file is no range of this one.
  const sameVersion = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const range = sameVersion ? readRange(request.headers.range, sizeBytes) : null;
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${sizeBytes}`);
    return refuse(response, 416, `This file has ${sizeBytes} bytes.\n`);
  }
  const [first, last] = range ?? [0, sizeBytes - 1];
  if (range !== null) response.setHeader('Content-Range', `bytes ${first}-${last}/${sizeBytes}`);
  response.writeHead(range === null ? 200 : 206, { 'Content-Length': last - first + 1 });
  if (request.method === 'HEAD') {
    response.end();
    return { sentBytes: 0, complete: true };
  }
  const { socket } = response; // taken from the response when it ends
  const before = socket?.bytesWritten ?? 0;
  await new Promise<void>((resolve) => {
    response.once('close', resolve);
    if ('bytes' in found) response.end(found.bytes.subarray(first, last + 1), () => resolve());
    else if (sizeBytes === 0) response.end(() => resolve());
    else pipeline(createReadStream(found.path, { start: first, end: last, highWaterMark: 256 * 1024 }), response, () => resolve());
  });
  return { sentBytes: Math.max(0, (socket?.bytesWritten ?? before) - before), complete: response.writableFinished };
}

/** One range (RFC 9110 §14.1.2); null for none, for several and for what is no byte range: the whole file answers those. */
export function readRange(header: string | undefined, sizeBytes: number): [number, number] | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Math.min(Number(match[2]), sizeBytes);
    return length === 0 ? 'unsatisfiable' : [sizeBytes - length, sizeBytes - 1];
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1);
  if (first >= sizeBytes) return 'unsatisfiable';
  return last < first ? null : [first, last];
}

function refuse(response: ServerResponse, status: number, text: string): { sentBytes: number; complete: boolean } {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
  return { sentBytes: 0, complete: true };
}
