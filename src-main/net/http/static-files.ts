// Owns serving a folder of built files: types, etags, caching and the security headers. Reads nothing outside its folder.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.png': 'image/png', '.ico': 'image/x-icon', '.woff2': 'font/woff2', '.json': 'application/json', '.map': 'application/json', '.txt': 'text/plain; charset=utf-8',
};

export type StaticFiles = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** @param folder null: there is no console to serve, only a line that says so */
export async function openStaticFiles(folder: string | null): Promise<StaticFiles> {
  const root = folder === null ? null : await realpath(folder).catch(() => null);
  return async (request, response) => {
    const host = request.headers.host ?? '';
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('x-frame-options', 'DENY');
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('content-security-policy', contentPolicy(host));
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'Only GET and HEAD are answered here.\n');
    if (root === null) return end(response, 404, 'This server was started without the console. Use the command line, or build the console first.\n');
    const path = pathOf(request.url ?? '/');
    if (path === null) return end(response, 400, 'This address is malformed.\n');
    const file = await find(root, path);
    if (file === null) return end(response, 404, 'There is nothing at this address.\n');
    const etag = `"${file.sizeBytes.toString(16)}-${Math.trunc(file.modifiedMs).toString(16)}"`;
    response.setHeader('etag', etag);
    response.setHeader('cache-control', path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304);
      response.end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file.path)] ?? 'application/octet-stream', 'content-length': file.sizeBytes });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    await new Promise<void>((resolve) => {
      // A reader that goes away is no failure of ours.
      pipeline(createReadStream(file.path, { end: Math.max(0, file.sizeBytes - 1) }), response, () => resolve());
    });
  };
}

/** Scripts and connections of this very address only; Mantine sets styles at run time. */
export function contentPolicy(host: string): string {
  const own = /^[\w.:[\]-]{1,300}$/.test(host) ? ` ws://${host} wss://${host}` : '';
  return `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'${own}; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

/** The decoded path, or null for one that is malformed or points outside. */
export function pathOf(url: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '');
  } catch {
    return null;
  }
  if (!path.startsWith('/') || /[\0\\]/.test(path) || path.split('/').some((part) => part === '..' || part.startsWith('.'))) return null;
  return path;
}

/** Addresses without an extension belong to the console's own routes and get index.html. */
async function find(root: string, path: string): Promise<{ path: string; sizeBytes: number; modifiedMs: number } | null> {
  const wanted = extname(path) === '' ? join(root, 'index.html') : join(root, path);
  const real = await realpath(wanted).catch(() => null);
  if (real === null || !real.startsWith(root + sep)) return null;
  const found = await stat(real);
  return found.isFile() ? { path: real, sizeBytes: found.size, modifiedMs: found.mtimeMs } : null;
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text), 'cache-control': 'no-store' });
  response.end(text);
}
