import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerFile, filePath, readRange, type NamedFile } from './ranged-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'platen-files-'));
const content = Buffer.from('0123456789');
writeFileSync(join(folder, 'disk'), content);
const files: Record<string, NamedFile> = { '/memory': { bytes: content, tag: 'm1' }, '/disk': { path: join(folder, 'disk'), sizeBytes: 10, tag: 'd1' }, '/empty': { bytes: new Uint8Array(0), tag: 'e' } };
let server: Server;
let base = '';
beforeAll(async () => {
  server = createServer((request, response) => void answerFile(request, response, files[filePath(request.url ?? '/') ?? ''] ?? null));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe.each(['/memory', '/disk'])('a file at %s', (path) => {
  const get = async (headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(`${base}${path}`, { headers, method });
    return [response.status, await response.text(), response.headers.get('content-length'), response.headers.get('content-range')];
  };
  it('is handed out whole, by its head, and in ranges', async () => {
    expect([await get(), await get({}, 'HEAD'), await get({ range: 'bytes=2-4' }), await get({ range: 'bytes=8-' }), await get({ range: 'bytes=-3' }), await get({ range: 'bytes=20-' })]).toEqual([
      [200, '0123456789', '10', null], [200, '', '10', null], [206, '234', '3', 'bytes 2-4/10'], [206, '89', '2', 'bytes 8-9/10'], [206, '789', '3', 'bytes 7-9/10'], [416, 'This file has 10 bytes.\n', '24', 'bytes */10'],
    ]);
  });
  it('is not sent again to who has it, and whole to who has an older one', async () => {
    const tag = (await fetch(`${base}${path}`)).headers.get('etag') ?? '';
    const statuses = async (...all: Record<string, string>[]) => Promise.all(all.map(async (headers) => (await get(headers))[0]));
    expect(await statuses({ 'if-none-match': tag }, { 'if-none-match': `"old", W/${tag}` }, { 'if-none-match': '*' }, { 'if-none-match': '"old"' })).toEqual([304, 304, 304, 200]);
    expect(await statuses({ range: 'bytes=2-4', 'if-range': '"old"' }, { range: 'bytes=2-4', 'if-range': tag }, { range: 'bytes=2-4', 'if-range': `W/${tag}` })).toEqual([200, 206, 200]);
    expect(await get({ range: 'bytes=2-4' }, 'HEAD')).toEqual([200, '', '10', null]);
  });
});

it('what is not there has an answer with a body, and an empty file is whole', async () => {
  const missing = await fetch(`${base}/none`);
  expect([missing.status, (await missing.text()).length > 0, (await fetch(`${base}/empty`)).status, (await fetch(`${base}/memory`, { method: 'PUT' })).status]).toEqual([404, true, 200, 405]);
});

it.each([['//grubx64.efi', '/grubx64.efi'], ['/a/../b', null], ['/%2e%2e/b', null], ['http://x/', '/'], ['HTTP://x:80//a?b', '/a'], ['x', null], ['*', null], ['/a%00', null], ['/%zz', null], ['/boot/x?mac=1', '/boot/x']])('the path of %s is %s', (url, path) => expect(filePath(url)).toBe(path));
it('several ranges, and a nonsense one, are answered with the whole file', () => expect([readRange('bytes=0-1,3-4', 10), readRange('bytes=5-2', 10), readRange('bytes=50-20', 10), readRange('lines=1-2', 10), readRange(undefined, 10)]).toEqual([null, null, null, null, null]));
