import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeTftp, encodeAcknowledge, encodeError, encodeRead, type TftpPacket } from './packet.ts';
import { serveTftp, type TftpEvent, type TftpServer } from './server.ts';

const files = new Map<string, Uint8Array>([['loader', randomBytes(100_000)], ['empty', new Uint8Array(0)], ['exact', randomBytes(1024)], ['text', Buffer.from('a\nb\n')]]);
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function server(events: TftpEvent[] = []): Promise<TftpServer> {
  const made = await serveTftp({ address: '127.0.0.1', port: 0, find: (path) => files.get(path) ?? null, onEvent: (event) => events.push(event), onError: (error) => expect.fail(error.message) });
  opened.push(made);
  return made;
}
async function socket(address = '127.0.0.1'): Promise<Socket> {
  const made = createSocket('udp4');
  made.bind(0, address);
  await once(made, 'listening');
  return made;
}

/** A client that follows RFC 7440: acknowledges the last block in order, at the end of a window and at each gap. */
type Line = { loses?: (packet: number) => boolean; address?: string };
async function download(port: number, path: string, options: Map<string, string> = new Map(), { loses = () => false, address }: Line = {}): Promise<{ file: Buffer; packets: number } | TftpPacket> {
  const client = await socket(address);
  const parts: Uint8Array[] = [];
  let [blockBytes, windowBlocks, packets, inWindow] = [512, 1, 0, 0];
  return new Promise((resolve) => {
    const end = (result: { file: Buffer; packets: number } | TftpPacket): void => {
      client.close();
      resolve(result);
    };
    client.on('message', (bytes: Buffer, from) => {
      const packet = decodeTftp(bytes);
      packets++;
      const acknowledge = (then: () => void = () => undefined): void => {
        inWindow = 0;
        client.send(encodeAcknowledge(parts.length & 0xffff), from.port, from.address, then);
      };
      if (packet.kind === 'optionAcknowledge') {
        blockBytes = Number(packet.options.get('blksize') ?? 512);
        windowBlocks = Number(packet.options.get('windowsize') ?? 1);
        acknowledge();
      } else if (packet.kind === 'data') {
        if (loses(packets)) return;
        if (packet.block !== ((parts.length + 1) & 0xffff)) {
          if (inWindow === 0) acknowledge();
          return;
        }
        parts.push(Uint8Array.from(packet.bytes));
        const last = packet.bytes.length < blockBytes;
        if (last) acknowledge(() => end({ file: Buffer.concat(parts), packets }));
        else if (++inWindow >= windowBlocks) acknowledge();
      } else end(packet);
    });
    client.send(encodeRead(path, options), port, '127.0.0.1');
  });
}

describe('the TFTP server', () => {
  it.each([[[]], [[['blksize', '1468'], ['tsize', '0']]], [[['blksize', '1468'], ['windowsize', '16']]]] as [[string, string][]][])('hands out files whole with options %j', async (options) => {
    const { port } = await server();
    for (const [path, bytes] of files) expect(await download(port, path, new Map(options))).toMatchObject({ file: Buffer.from(bytes) });
  });
  it('hands out files whole over a line that loses every seventh packet', async () => {
    const { port } = await server();
    const result = await download(port, 'loader', new Map([['blksize', '1468'], ['windowsize', '16']]), { loses: (packet) => packet % 7 === 3 });
    expect(result).toMatchObject({ file: Buffer.from(files.get('loader') ?? []) });
  }, 30_000);
  it('serves many clients at a time', async () => {
    const { port, active } = await server();
    const results = await Promise.all(Array.from({ length: 50 }, (_, index) => download(port, 'loader', new Map([['blksize', '1468']]), { address: `127.0.0.${index + 2}` })));
    expect(results.every((result) => 'file' in result && result.file.equals(files.get('loader') ?? Buffer.alloc(0)))).toBe(true);
    await vi.waitFor(() => expect(active()).toBe(0), { timeout: 20_000 });
  });
  it('has nothing but what it is given, and takes nothing', async () => {
    const events: TftpEvent[] = [];
    const { port } = await server(events);
    expect(await download(port, '../../etc/passwd')).toMatchObject({ kind: 'error', code: 1 });
    const client = await socket();
    client.send(Buffer.from('\0\x02evil\0octet\0'), port, '127.0.0.1');
    const [answer] = (await once(client, 'message')) as [Buffer];
    client.close();
    expect([decodeTftp(answer), events.map((event) => event.kind)]).toEqual([{ kind: 'error', code: 2, message: 'This server takes no files.' }, ['refused', 'refused']]);
  });
  it('goes on after any packet, on its port and in a download, of its client and of strangers', async () => {
    const { port, active } = await server();
    const client = await socket();
    for (const bytes of [Buffer.alloc(0), Buffer.of(1), randomBytes(2000), Buffer.of(0, 3, 0, 1), Buffer.of(0, 9, 9, 9)]) client.send(bytes, port, '127.0.0.1');
    client.send(encodeRead('loader'), port, '127.0.0.1');
    const [, from] = (await once(client, 'message')) as [Buffer, { port: number }];
    const stranger = await socket();
    for (const bytes of [encodeAcknowledge(1), encodeError(0, 'stop')]) stranger.send(bytes, from.port, '127.0.0.1');
    for (const bytes of [Buffer.of(1), randomBytes(3), Buffer.of(0, 4, 200, 200), Buffer.of(0, 6, 0, 0)]) client.send(bytes, from.port, '127.0.0.1');
    client.send(encodeAcknowledge(1), from.port, '127.0.0.1');
    const [second] = (await once(client, 'message')) as [Buffer];
    expect([decodeTftp(second), active(), await download(port, 'exact')]).toMatchObject([{ kind: 'data', block: 2 }, 1, { file: Buffer.from(files.get('exact') ?? []) }]);
    client.close();
    stranger.close();
  });
  it('goes on after thousands of random packets on its port and in a download', async () => {
    const { port } = await server();
    const client = await socket();
    client.send(encodeRead('loader'), port, '127.0.0.1');
    const [, from] = (await once(client, 'message')) as [Buffer, { port: number }];
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 700 }), fc.option(fc.integer({ min: 1, max: 6 }), { freq: 3 }), async (bytes, opcode) => {
      // Half of them with an opcode that is one. An error packet may end the download, and nothing else.
      if (opcode !== null && bytes.length > 1) bytes.set([0, opcode]);
      await Promise.all([port, from.port].map((to) => new Promise((sent) => {
        client.send(bytes, to, '127.0.0.1', sent);
      })));
      // The server lives in this thread too.
      await new Promise(setImmediate);
    }), { numRuns: 2000 });
    client.close();
    expect(await download(port, 'loader')).toMatchObject({ file: Buffer.from(files.get('loader') ?? []) });
  });
  it('answers from the address that was asked, on a machine with several', async () => {
    const there = await serveTftp({ address: '127.0.0.77', port: 0, find: (path) => files.get(path) ?? null, onEvent: () => undefined, onError: (error) => expect.fail(error.message) });
    opened.push(there);
    const client = await socket('127.0.0.78');
    client.send(encodeRead('none'), there.port, '127.0.0.77');
    const [, refused] = (await once(client, 'message')) as [Buffer, { address: string }];
    client.send(encodeRead('loader'), there.port, '127.0.0.77');
    const [, from] = (await once(client, 'message')) as [Buffer, { address: string }];
    client.close();
    expect([refused.address, from.address]).toEqual(['127.0.0.77', '127.0.0.77']);
  });
  it('sends no block twice to a client whose every acknowledgement arrives twice', async () => {
    const { port } = await server();
    const client = await socket();
    const blocks: number[] = [];
    await new Promise<void>((resolve) => {
      client.on('message', (bytes: Buffer, from) => {
        const packet = decodeTftp(bytes);
        if (packet.kind !== 'data') return;
        blocks.push(packet.block);
        for (let time = 0; time < 2; time++) client.send(encodeAcknowledge(packet.block), from.port, from.address, () => (packet.bytes.length < 512 ? resolve() : undefined));
      });
      client.send(encodeRead('loader'), port, '127.0.0.1');
    });
    client.close();
    // A machine that is busy elsewhere may let a block wait until it goes again: once for a few, never for all.
    expect(blocks.length).toBeLessThan(1.2 * (100_000 / 512));
  });
  it('gives a client that asks for another file from the same port that one', async () => {
    const events: TftpEvent[] = [];
    const { port, active } = await server(events);
    const client = await socket();
    client.send(encodeRead('loader', new Map([['tsize', '0']])), port, '127.0.0.1');
    await once(client, 'message');
    client.send(encodeRead('exact'), port, '127.0.0.1');
    const [second] = (await once(client, 'message')) as [Buffer];
    expect([decodeTftp(second), active(), events.map((event) => `${event.kind} ${event.path}`)]).toEqual([{ kind: 'data', block: 1, bytes: Buffer.from((files.get('exact') ?? new Uint8Array()).subarray(0, 512)) }, 1, ['started loader', 'aborted loader', 'started exact']]);
    client.close();
  });
  it('stops sending to a client that has closed its port', async () => {
    const events: TftpEvent[] = [];
    const { port, active } = await server(events);
    const client = await socket();
    client.send(encodeRead('loader'), port, '127.0.0.1');
    await once(client, 'message');
    client.close();
    await vi.waitFor(() => expect([active(), events.at(-1)]).toMatchObject([0, { kind: 'timed-out', reason: 'the client has closed its port' }]), { timeout: 20_000 });
  });
  it('hands out text as text to a client that asks for it', async () => {
    const { port } = await server();
    const client = await socket();
    client.send(Buffer.from('\0\x01text\0NetASCII\0tsize\x000\0'), port, '127.0.0.1');
    const [told, from] = (await once(client, 'message')) as [Buffer, { port: number }];
    client.send(encodeAcknowledge(0), from.port, '127.0.0.1');
    const [first] = (await once(client, 'message')) as [Buffer];
    client.close();
    expect([decodeTftp(told), decodeTftp(first)]).toEqual([{ kind: 'optionAcknowledge', options: new Map([['tsize', '6']]) }, { kind: 'data', block: 1, bytes: Buffer.from('a\r\nb\r\n') }]);
  });
  it('answers a request sent again while its download runs with nothing new', async () => {
    const events: TftpEvent[] = [];
    const { port, active } = await server(events);
    const client = await socket();
    for (let time = 0; time < 3; time++) client.send(encodeRead('loader'), port, '127.0.0.1');
    await once(client, 'message');
    expect([active(), events.map((event) => event.kind)]).toEqual([1, ['started']]);
    client.close();
  });
  it('does not let one address take every download there is', async () => {
    const { port, active } = await server();
    const clients = await Promise.all(Array.from({ length: 70 }, () => socket()));
    const answers = clients.map(async (client) => {
      client.send(encodeRead('loader'), port, '127.0.0.1');
      const [bytes] = (await once(client, 'message')) as [Buffer];
      return decodeTftp(bytes).kind;
    });
    const kinds = await Promise.all(answers);
    expect([kinds.filter((kind) => kind === 'data').length, kinds.filter((kind) => kind === 'error').length, active()]).toEqual([64, 6, 64]);
    for (const client of clients) client.close();
  });
  it('says who has its port', async () => {
    const { port } = await server();
    await expect(serveTftp({ address: '127.0.0.1', port, find: () => null, onEvent: () => undefined, onError: () => undefined })).rejects.toMatchObject({ code: 'port-in-use' });
  });
});
