// Boot files over real sockets: curl, many clients at once, clients that read nothing, connections that stay.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answerFile, filePath, type NamedFile } from './ranged-files.ts';
import { FileMemory } from './ranged-files-source.ts';

const MiB = 1024 * 1024;
/** A busy machine takes its time. */
const patience = { timeout: 20_000 };
const run = promisify(execFile);
const content = randomBytes(8 * MiB + 123);
let folder = '';
let server: Server;
let memory: FileMemory;
let port = 0;
let sent: { sentBytes: number; complete: boolean }[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'platen-ranged-'));
  writeFileSync(join(folder, 'image'), content);
  writeFileSync(join(folder, 'small'), content.subarray(0, MiB));
  memory = new FileMemory({ maxBytes: 10 * MiB, idleMs: 50 });
  const results: typeof sent = [];
  sent = results;
  const onDisk = { path: join(folder, 'image'), sizeBytes: content.length };
  const files: Record<string, NamedFile> = {
    '/held': { ...onDisk, tag: 'a' }, '/read': { ...onDisk, tag: 'b' }, '/missing': { path: join(folder, 'none'), sizeBytes: 5, tag: 'c' }, '/empty': { path: join(folder, 'none'), sizeBytes: 0, tag: 'd' }, '/memory': { bytes: content, tag: 'e' },
    '/small': { path: join(folder, 'small'), sizeBytes: MiB, tag: 'f' },
  };
  server = createServer({ maxHeaderSize: 8192 }, (request, response) => {
    const path = filePath(request.url ?? '') ?? '';
    void answerFile(request, response, files[path] ?? null, path === '/read' ? undefined : memory).then((result) => results.push(result));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  server.close();
  memory.close();
  rmSync(folder, { recursive: true });
});

async function curl(...args: string[]): Promise<{ bytes: Buffer; status: string }> {
  const local = join(folder, 'got');
  const { stdout } = await run('curl', ['--silent', '--show-error', '--output', local, '--write-out', '%{http_code}', ...args]);
  return { bytes: readFileSync(local), status: stdout };
}
async function raw(text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  let said = '';
  socket.on('data', (part: Buffer) => (said += part.toString('latin1')));
  socket.end(text);
  await once(socket, 'close');
  return said;
}
const fetched = (path: string, agent?: Agent): Promise<Buffer> => new Promise((resolve, reject) => {
  get({ host: '127.0.0.1', port, path, ...(agent === undefined ? {} : { agent }) }, (response: IncomingMessage) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts))).on('error', reject);
  }).on('error', reject);
});

describe.each(['/held', '/read', '/memory'])('curl gets %s', (path) => {
  it('whole, by a doubled slash, in ranges, and goes on where it was interrupted', async () => {
    const url = `http://127.0.0.1:${port}${path}`;
    const whole = await curl(url);
    const doubled = await curl('--path-as-is', `http://127.0.0.1:${port}/${path}`);
    const middle = await curl('--range', '1000000-1999999', url);
    const last = await curl('--range', '-500', url);
    const several = await curl('--range', '0-1,5-6', url);
    writeFileSync(join(folder, 'got'), content.subarray(0, 3 * MiB));
    const resumed = await curl('--continue-at', '-', url);
    expect([whole, doubled, middle, last, several, resumed].map(({ status }) => status)).toEqual(['200', '200', '206', '206', '200', '206']);
    expect([whole.bytes.equals(content), doubled.bytes.equals(content), middle.bytes.equals(content.subarray(1_000_000, 2_000_000)), last.bytes.equals(content.subarray(-500)), several.bytes.equals(content), resumed.bytes.equals(content)]).toEqual(Array.from({ length: 6 }, () => true));
  });
});

describe('many clients', () => {
  it('two hundred at once get a file whole from one reading of it, which is forgotten a moment later', async () => {
    const got = await Promise.all(Array.from({ length: 200 }, () => fetched('/small')));
    expect([got.every((bytes) => bytes.equals(content.subarray(0, MiB))), memory.bytes]).toEqual([true, MiB]);
    await vi.waitFor(() => expect(memory.bytes).toBe(0), patience);
  });
  it.each(['/held', '/read'])('that read nothing hold no memory: %s', async (path) => {
    const before = process.memoryUsage().rss;
    for (let client = 0; client < 100; client++) {
      const socket = connect(port, '127.0.0.1').pause();
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    }
    await vi.waitFor(async () => expect(await new Promise<number>((resolve) => {
      server.getConnections((_, count) => resolve(count));
    })).toBe(100), patience);
    // One that reads is not kept waiting by those that do not.
    expect((await fetched(path)).equals(content)).toBe(true);
    expect((process.memoryUsage().rss - before) / MiB).toBeLessThan(80);
    for (const socket of sockets.splice(0)) socket.destroy();
    await vi.waitFor(() => expect(sent).toHaveLength(101), patience);
    expect(sent.filter(({ complete }) => complete)).toHaveLength(1);
  });
  it('one connection carries several requests, of which one was not found', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let connections = 0;
    server.on('connection', () => connections++);
    const got = [await fetched('/held', agent), await fetched('/none', agent), await fetched('/empty', agent), await fetched('/read', agent)];
    agent.destroy();
    expect([got.map((bytes) => bytes.length), connections]).toEqual([[content.length, 'There is no such file here.\n'.length, 0, content.length], 1]);
  });
});

describe('what goes wrong', () => {
  it('a file that is missing on the disk is not found, and is found once it is there', async () => {
    const url = `http://127.0.0.1:${port}/missing`;
    const missing = await curl(url);
    writeFileSync(join(folder, 'other'), '12345');
    renameSync(join(folder, 'other'), join(folder, 'none'));
    const found = await curl(url);
    expect([missing.status, missing.bytes.toString(), found.status, found.bytes.toString(), sent.map(({ complete }) => complete)]).toEqual(['404', 'This file is missing on the server.\n', '200', '12345', [false, true]]);
  });
  it('a file that has become shorter is cut off, not ended', async () => {
    truncateSync(join(folder, 'image'), MiB);
    await expect(fetched('/read')).rejects.toThrow();
    await vi.waitFor(() => expect(sent).toMatchObject([{ complete: false }]), patience);
  });
  it('a head that is too long, a method that changes something and nonsense are refused, and the next is served', async () => {
    const long = await raw(`GET /held HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`);
    const put = await raw('PUT /held HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc');
    const nonsense = await raw('\0\x01\x02\r\n\r\n');
    expect([long.split('\r\n')[0], put.split('\r\n')[0], /^Allow: GET, HEAD\r$/m.test(put), nonsense.split('\r\n')[0], (await fetched('/held')).equals(content)]).toEqual([
      'HTTP/1.1 431 Request Header Fields Too Large', 'HTTP/1.1 405 Method Not Allowed', true, 'HTTP/1.1 400 Bad Request', true,
    ]);
  });
});
