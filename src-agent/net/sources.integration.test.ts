import { randomUUID } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createServer as createPlainServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError, toAppError } from '#shared/errors.ts';
import { readAll } from './frameClient.ts';
import { keyOf, SourceClient, SourceList, type SourceChange, type SourceEntry } from './sources.ts';

type Behaviour = (response: ServerResponse, authorization: string) => void;
const servers: Server[] = [];
const others: (() => void)[] = [];
afterEach(async () => {
  for (const close of others.splice(0)) close();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  })));
});

const good: Behaviour = (response) => response.end('good');
const refuses = (status: number, code: string): Behaviour => (response) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { code, message: `${code} it is` } }));

/** isOwn: the one that gave out the run. */
async function source(name: string, behaviour: Behaviour, isOwn = false): Promise<SourceEntry> {
  const server = createServer((request, response) => behaviour(response, request.headers.authorization ?? ''));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { serverId: randomUUID(), name, endpoint: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, fingerprint: '' }, ticket: isOwn ? null : `ticket of ${name}`, reason: 'test' };
}
function reader(entries: SourceEntry[], patienceMs = 5000) {
  const left: SourceChange[] = [];
  let wanted = 0;
  const list = new SourceList(entries);
  const client = new SourceClient({
    list, patience: { patienceMs, signal: new AbortController().signal, firstPauseMs: 10, longestPauseMs: 20 }, onLeft: (change) => left.push(change),
    tickets: { current: () => 'own', after: () => Promise.resolve('own'), wanted: () => void wanted++ },
  });
  others.push(() => client.close());
  const read = async (): Promise<string> => client.send(() => ({ method: 'GET', path: '/' }), async (response, from) => {
    const text = (await readAll(response, 1000)).toString();
    if (text === 'damaged') throw new AppError('chunk-damaged', 'It is damaged.');
    return `${text} from ${from.name}`;
  });
  return { list, left, read, wanted: () => wanted };
}

describe('a deploy reads from the next server', () => {
  it.each<[string, Behaviour, boolean]>([
    ['breaks the line', (response) => response.destroy(), false],
    ['breaks off in an answer', (response) => response.writeHead(200, { 'content-length': '100' }).write('some', () => response.destroy()), false],
    ['is closing', refuses(503, 'server-closing'), false],
    ['knows nothing of the ticket', refuses(401, 'unauthorized'), false],
    ['has no proved copy', refuses(404, 'not-found'), true],
    ['refuses the chunks', refuses(403, 'forbidden'), true],
    ['finds a damaged chunk itself', refuses(422, 'chunk-damaged'), true],
    ['sends a damaged chunk', (response) => response.end('damaged'), true],
  ])('when one %s', async (_, behaviour, out) => {
    const { read, left, list } = reader([await source('a', behaviour), await source('b', good)]);
    expect([await read(), await read(), left.length, left[0]?.out]).toEqual(['good from b', 'good from b', 1, out]);
    expect(left[0]?.from).toBe(keyOf(list.entries()[0] as SourceEntry));
  });

  it('when nothing listens there any more, and when one takes the connection and says nothing', async () => {
    const gone = await source('gone', good);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const sockets: Socket[] = [];
    const mute = createPlainServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    others.push(() => {
      for (const socket of sockets) socket.destroy();
      mute.close();
    });
    const silent: SourceEntry = { ...gone, serverId: randomUUID(), name: 'silent', endpoint: { url: `https://127.0.0.1:${(mute.address() as AddressInfo).port}`, fingerprint: 'a'.repeat(64) } };
    const { read, left } = reader([gone, silent, await source('b', good)]);
    const started = performance.now();
    expect(await read()).toBe('good from b');
    const took = performance.now() - started;
    expect([left.length, left[1]?.why, took > 4900]).toEqual([2, 'There was no answer within 5 seconds.', true]);
  }, 60_000);

  it('with the ticket of each, and asks for others where one was refused', async () => {
    const seen: string[] = [];
    const note = (then: Behaviour): Behaviour => (response, authorization) => {
      seen.push(authorization);
      then(response, authorization);
    };
    const { read, wanted } = reader([await source('a', note(refuses(401, 'unauthorized'))), await source('b', note(refuses(503, 'server-closing'))), await source('own', note(good), true)]);
    expect([await read(), seen, wanted()]).toEqual(['good from own', ['Bearer ticket of a', 'Bearer ticket of b', 'Bearer own'], 1]);
  });

  it('and comes back to one that was only away, never to one that sent damage', async () => {
    let isUp = false;
    let asked = 0;
    const damaging = await source('a', (response) => {
      asked++;
      response.end('damaged');
    });
    const { read } = reader([damaging, await source('b', (response, authorization) => (isUp ? good : refuses(503, 'server-closing'))(response, authorization))]);
    setTimeout(() => (isUp = true), 100);
    expect([await read(), await read(), asked]).toEqual(['good from b', 'good from b', 1]);
  });

  it('ends with what each of them said when none gives it, at once where waiting helps nothing', async () => {
    const { read } = reader([await source('PS008', refuses(404, 'not-found')), await source('HQ', (response) => response.end('damaged'), true)]);
    const error = await read().catch((caught: unknown) => toAppError(caught));
    expect(error).toMatchObject({ code: 'chunk-damaged', message: expect.stringMatching(/None of the 2 .*PS008: .*not-found.*HQ: .*damaged/) });
  });

  it('ends when none answers for as long as patience lasts', async () => {
    const { read } = reader([await source('a', (response) => response.destroy()), await source('b', refuses(503, 'server-closing'), true)], 200);
    await expect(read()).rejects.toMatchObject({ code: 'connection-lost', message: expect.stringContaining('Run the same command again') });
  });

  it('blames no server for what goes wrong on this computer, nor goes on with a run that has ended', async () => {
    const one = reader([await source('a', good), await source('b', good)]);
    const client = new SourceClient({ list: one.list, patience: { patienceMs: 1000, signal: new AbortController().signal }, onLeft: (change) => one.left.push(change), tickets: { current: () => '', after: () => Promise.resolve(''), wanted: () => undefined } });
    others.push(() => client.close());
    await expect(client.send(() => ({ method: 'GET', path: '/' }), () => Promise.reject(new AppError('io', 'The disk is broken.')))).rejects.toMatchObject({ code: 'io' });
    const ended = reader([await source('own', refuses(409, 'lease-lost'), true), await source('b', good)]);
    await expect(ended.read()).rejects.toMatchObject({ code: 'lease-lost' });
    expect([one.left, ended.left]).toEqual([[], []]);
  });
});

describe('renewed tickets', () => {
  it('are used from then on, with servers that came; one that sent damage stays out', async () => {
    const [a, b, c] = [await source('a', (response) => response.end('damaged')), await source('b', good), await source('c', (response, authorization) => response.end(authorization))];
    const { list, read } = reader([a, b]);
    expect(await read()).toBe('good from b');
    list.update([{ ...a, ticket: 'new' }, { ...c, ticket: 'new' }]);
    list.left({ from: keyOf(b), out: false, why: '' });
    expect([await read(), list.entries().map((entry) => entry.name)]).toEqual(['Bearer new from c', ['a', 'c', 'b']]);
  });
});
