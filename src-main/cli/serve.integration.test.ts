import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from './client.ts';
import { locateServer } from './locate.ts';
import { platen, serve, stop } from './test-processes.ts';
import type { Serving } from './test-processes.ts';

let folder = '';
let data = '';
let server: Serving;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'platen-cli-'));
  data = join(folder, 'data');
  server = await serve(data);
});
afterAll(async () => {
  await stop(server);
  await rm(folder, { recursive: true, force: true });
});

describe('serve', () => {
  it('prints one ready line, and leaves the same in its data folder for its owner alone', async () => {
    expect(server.ready).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), token: expect.stringMatching(/^platen1\.[\w-]+\.[0-9a-f]{64}$/), pid: server.child.pid,
      fingerprint: server.ready.token.split('.')[2], dataFolder: data, addresses: [], role: 'console', console: null,
    });
    expect((await stat(join(data, 'server.json'))).mode & 0o777).toBe(0o600);
  });

  it('refuses a second server on the same folder, naming the first', async () => {
    const second = await platen(['serve', '--data', data, '--http-port', '0', '--json']);
    expect({ ...second, stdout: JSON.parse(second.stdout) as unknown }).toMatchObject({ code: 3, stderr: '', stdout: { error: { code: 'data-folder-in-use', shortCode: 'PL-2051', pid: server.child.pid, url: server.ready.url } } });
  });

  it('refuses a port that somebody has, naming it', async () => {
    const port = new URL(server.ready.url).port;
    const result = await platen(['serve', '--data', join(folder, 'other'), '--http-port', port]);
    expect(result).toMatchObject({ code: 3, stdout: '' });
    expect(result.stderr).toContain(port);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('drains and ends with 0 on %s, leaving no record behind', async (signal) => {
    const own = join(folder, `ends-${signal}`);
    const other = await serve(own);
    const startedAt = performance.now();
    expect([await stop(other, signal), other.stderr(), existsSync(join(own, 'server.json'))]).toEqual([0, '', false]);
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('ends with 0 also when Ctrl-C reaches it twice, as it does through npm', async () => {
    const other = await serve(join(folder, 'ends-twice'));
    other.child.kill('SIGINT');
    expect([await stop(other, 'SIGINT'), other.stderr()]).toEqual([0, '']);
  });

  it('goes on after its predecessor was killed', async () => {
    const own = join(folder, 'killed');
    await stop(await serve(own), 'SIGKILL');
    expect(existsSync(join(own, 'server.json'))).toBe(true);
    const dead = await platen(['status', '--data', own]);
    expect(dead).toEqual({ code: 1, stdout: '', stderr: `No Platen server runs on the data folder ${own}. Start one with: platen serve --data ${own} (PL-3011)\n` });
    expect(await stop(await serve(own))).toBe(0);
  });
});

describe('a command', () => {
  it('finds the running server by its data folder', async () => {
    const result = await platen(['status', '--json'], { PLATEN_DATA: data });
    expect({ code: result.code, stderr: result.stderr, stdout: JSON.parse(result.stdout) as unknown }).toMatchObject({ code: 0, stderr: '', stdout: { dataFolder: data, fingerprint: server.ready.fingerprint, problems: [] } });
  });

  it('says how to start a server where none runs', async () => {
    const own = join(folder, 'no server');
    expect(await platen(['image', 'list', '--data', own])).toEqual({ code: 1, stdout: '', stderr: `No Platen server runs on the data folder ${own}. Start one with: platen serve --data '${own}' (PL-3011)\n` });
  });

  it('puts an error into the one JSON document, and nothing on standard error', async () => {
    const result = await platen(['image', 'show', 'nope', '--json', '--data', data]);
    expect({ ...result, stdout: JSON.parse(result.stdout) as unknown }).toEqual({ code: 3, stderr: '', stdout: { error: { code: 'not-found', shortCode: 'PL-1005', message: expect.stringContaining('nope'), image: 'nope' } } });
  });

  it('ends with 2 on wrong usage, in words or as JSON', async () => {
    expect(await platen(['image', 'lsit'])).toEqual({ code: 2, stdout: '', stderr: 'platen image has no command "lsit". Did you mean platen image list?\nplaten image --help explains.\n' });
    const json = await platen(['image', 'lsit', '--json']);
    expect({ ...json, stdout: JSON.parse(json.stdout) as unknown }).toMatchObject({ code: 2, stderr: '', stdout: { error: { code: 'usage', shortCode: 'PL-1001' } } });
  });

  it('tells its version and its help', async () => {
    expect(await platen(['--version'])).toEqual({ code: 0, stdout: 'platen 0.1.0\n', stderr: '' });
    expect((await platen(['--help'])).stdout).toContain('platen serve');
    expect(JSON.parse((await platen(['image', '--help', '--json'])).stdout)).toEqual({ help: expect.stringContaining('platen image list') });
  });

  it('says what the agent is where it was not started through bin/platen', async () => {
    expect(await platen(['agent', 'inventory'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('platen agent') });
  });
});

describe('settings', () => {
  it('are shown and changed, and refused with their name', async () => {
    const set = await platen(['settings', 'set', 'trashDays=7', 'serverName=Room 12', '--json', '--data', data]);
    expect({ code: set.code, settings: JSON.parse(set.stdout) as unknown }).toMatchObject({ code: 0, settings: { trashDays: 7, serverName: 'Room 12' } });
    expect((await platen(['settings', 'show', '--data', data])).stdout).toMatch(/^trashDays +7 +14 /m);
    expect(await platen(['settings', 'set', 'trashDay=7', '--data', data])).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean trashDays?') });
    expect(await platen(['settings', 'set', 'trashDays=-1', '--data', data])).toMatchObject({ code: 2, stderr: expect.stringMatching(/^trashDays: /) });
  });
});

describe('the doctor', () => {
  it('asks the running server', async () => {
    expect(await platen(['doctor', '--data', data])).toEqual({ code: 0, stdout: 'Everything adds up.\n', stderr: '' });
  });

  it('opens the data folder itself where no server runs, and leaves none running', async () => {
    const own = join(folder, 'examined');
    await stop(await serve(own));
    expect(await platen(['doctor', '--deep', '--json', '--data', own])).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    expect(existsSync(join(own, 'server.json'))).toBe(false);
  });

  it('does not make a data folder where there is none', async () => {
    const own = join(folder, 'absent');
    expect(await platen(['doctor', '--data', own])).toMatchObject({ code: 3, stderr: expect.stringContaining(own) });
    expect(existsSync(own)).toBe(false);
  });
});

describe('a server named by address', () => {
  const secure = (): string => server.ready.url.replace('http:', 'https:');

  it('is reached over TLS when it shows the certificate that the token names', async () => {
    expect(await platen(['status', '--server', secure(), '--token', server.ready.token])).toMatchObject({ code: 0, stderr: '' });
    expect(await platen(['status'], { PLATEN_SERVER: secure(), PLATEN_TOKEN: server.ready.token })).toMatchObject({ code: 0, stderr: '' });
  });

  it('is refused when it shows another, before anything is said to it', async () => {
    const token = server.ready.token.replace(/[0-9a-f]{64}$/, 'a'.repeat(64));
    const result = await platen(['status', '--server', secure(), '--token', token, '--json']);
    expect({ code: result.code, error: JSON.parse(result.stdout) as unknown }).toMatchObject({ code: 1, error: { error: { code: 'pin-mismatch', expected: 'a'.repeat(64), shown: server.ready.fingerprint } } });
  });

  it('is not trusted without a certificate to check, nor in the clear on another machine', async () => {
    const bare = server.ready.token.split('.').slice(0, 2).join('.');
    expect(await platen(['status', '--server', secure(), '--token', bare])).toMatchObject({ code: 2, stderr: expect.stringContaining('whole token') });
    expect(await platen(['status', '--server', 'http://192.0.2.1:8420', '--token', server.ready.token])).toMatchObject({ code: 2, stderr: expect.stringContaining('https://192.0.2.1:8420') });
    expect(await platen(['status', '--server', secure()])).toMatchObject({ code: 2, stderr: expect.stringContaining('PLATEN_TOKEN') });
  });

  it('turns away a token that is not its own', async () => {
    const token = server.ready.token.replace(/^platen1\.[^.]+/, `platen1.${'A'.repeat(43)}`);
    expect(await platen(['status', '--server', server.ready.url, '--token', token])).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('(PL-1003)') });
  });

  it('that is no Platen server is called so', async () => {
    const other = createServer((socket) => socket.resume().end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await platen(['status', '--server', `http://127.0.0.1:${port}`, '--token', server.ready.token])).toMatchObject({ code: 1, stderr: expect.stringContaining('not a Platen server') });
    other.close();
    await once(other, 'close');
    expect(await platen(['status', '--server', `http://127.0.0.1:${port}`, '--token', server.ready.token])).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('a connection', () => {
  it('that ends under way says so instead of waiting for ever', async () => {
    const own = join(folder, 'lost');
    const other = await serve(own);
    const connection = await connect(await locateServer({ server: undefined, token: undefined, dataFolder: own }));
    expect(await connection.api.images.list.query({})).toEqual([]);
    await stop(other, 'SIGKILL');
    await expect(connection.lost).rejects.toMatchObject({ code: 'connection-lost' });
    await connection.close();
  });

  it('is not taken from a record that a crash left half written', async () => {
    const own = await mkdtemp(join(folder, 'half-'));
    await writeFile(join(own, 'server.json'), '{"url":"http://127');
    expect(await platen(['status', '--data', own])).toMatchObject({ code: 1, stderr: expect.stringContaining('platen serve') });
  });
});
