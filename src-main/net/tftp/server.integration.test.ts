import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeTftp, encodeAcknowledge, encodeRead, type TftpPacket } from './packet.ts';
import { serveTftp, type TftpEvent, type TftpServer } from './server.ts';

const files = new Map<string, Uint8Array>([['loader', randomBytes(100_000)], ['empty', new Uint8Array(0)], ['exact', randomBytes(1024)]]);
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
    await vi.waitFor(() => expect(active()).toBe(0));
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
  it('goes on after any packet, on its port and in a download', async () => {
    const { port } = await server();
    const client = await socket();
    for (const bytes of [Buffer.alloc(0), Buffer.of(1), randomBytes(2000), Buffer.of(0, 3, 0, 1), Buffer.of(0, 9, 9, 9)]) client.send(bytes, port, '127.0.0.1');
    client.send(encodeRead('loader'), port, '127.0.0.1');
    const [, from] = (await once(client, 'message')) as [Buffer, { port: number }];
    for (const bytes of [Buffer.of(1), randomBytes(3), Buffer.of(0, 4, 200, 200), Buffer.of(0, 6, 0, 0)]) client.send(bytes, from.port, '127.0.0.1');
    const stranger = await socket();
    stranger.send(encodeAcknowledge(1), from.port, '127.0.0.1');
    const [told] = (await once(stranger, 'message')) as [Buffer];
    client.close();
    stranger.close();
    expect([decodeTftp(told), await download(port, 'exact')]).toMatchObject([{ kind: 'error', code: 5 }, { file: Buffer.from(files.get('exact') ?? []) }]);
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
  it('does not let one client take every download there is', async () => {
    const { port, active } = await server();
    const clients = await Promise.all(Array.from({ length: 20 }, () => socket()));
    const answers = clients.map(async (client) => {
      client.send(encodeRead('loader'), port, '127.0.0.1');
      const [bytes] = (await once(client, 'message')) as [Buffer];
      return decodeTftp(bytes).kind;
    });
    const kinds = await Promise.all(answers);
    expect([kinds.filter((kind) => kind === 'data').length, kinds.filter((kind) => kind === 'error').length, active()]).toEqual([16, 4, 16]);
    for (const client of clients) client.close();
  });
  it('says who has its port', async () => {
    const { port } = await server();
    await expect(serveTftp({ address: '127.0.0.1', port, find: () => null, onEvent: () => undefined, onError: () => undefined })).rejects.toMatchObject({ code: 'port-in-use' });
  });
});
