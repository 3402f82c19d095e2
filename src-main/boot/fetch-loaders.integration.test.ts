import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { serveTftp } from '../net/tftp/server.ts';
import { fetchLoaders } from './fetch-loaders.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

it('loaders are fetched whole by a client that is not ours, and one that is missing is said', async () => {
  const sizes: Record<string, number> = { 'one.efi': 1, 'block.efi': 1468 * 4, 'large.efi': 3_000_001, 'empty.efi': 0 };
  const files = new Map(Object.entries(sizes).map(([name, size]) => [name, Buffer.alloc(size, 7)]));
  const tftp = await serveTftp({ address: '127.0.0.1', port: 0, find: (path) => files.get(path) ?? null, onError: () => undefined, onEvent: () => undefined });
  opened.push(tftp);
  const fetched = await fetchLoaders({ names: [...files.keys(), 'gone.efi'], address: '127.0.0.1', port: tftp.port, timeoutMs: 500 }, 20_000);
  expect(fetched).toEqual([...Object.entries(sizes).map(([name, sizeBytes]) => ({ name, sizeBytes })), { name: 'gone.efi', problem: expect.stringMatching(/There is no such file/) as string }]);
}, 30_000);

/** Answers every request with this. */
async function answering(answer: (socket: Socket, to: RemoteInfo) => void): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (_, from) => answer(socket, from));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  opened.push(socket);
  return socket.address().port;
}

it('a packet that the client dies of ends neither this process nor the check', async () => {
  // ERROR 8 makes it start anew without options; what it does with a broken answer in between is its own affair.
  const broken = await answering((socket, { port, address }) => {
    for (const bytes of [[0], [0, 3], [0, 6, 0x62], [0, 5, 0, 8], [9, 9, 9]]) socket.send(Uint8Array.from(bytes), port, address);
  });
  const outcome = await fetchLoaders({ names: ['a.efi'], address: '127.0.0.1', port: broken, timeoutMs: 100 }, 5000).then((fetched) => ('problem' in (fetched[0] ?? {}) ? 'problem' : 'fetched'), () => 'rejected');
  expect(['problem', 'rejected']).toContain(outcome);
}, 20_000);

it('a server that says nothing is given up', async () => {
  const silent = await answering(() => undefined);
  const fetched = await fetchLoaders({ names: ['a.efi'], address: '127.0.0.1', port: silent, timeoutMs: 60 }, 5000);
  expect(fetched).toEqual([{ name: 'a.efi', problem: expect.stringMatching(/./) as string }]);
}, 20_000);
