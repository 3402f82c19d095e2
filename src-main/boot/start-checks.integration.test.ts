import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { bootClientOf } from '../net/dhcp/client.ts';
import { addressBytes, MessageType, Option } from '../net/dhcp/options.ts';
import { isOwnProbe, probeDhcp } from '../net/dhcp/probe.ts';
import { serveDhcp, type DhcpServer } from '../net/dhcp/server.ts';
import { refuseOtherServers, refuseTakenPorts } from './start-checks.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
const loopback = { name: 'lo', address: '127.0.0.1' };
const none = { dhcp: 0, pxe: 0, tftp: 0, http: 0, client: 0 };

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
/** A server that gives everybody the same address, and says that it is another one than it is. */
async function foreignServer(clientPort: number, identifier: string, yiaddr = '127.0.0.77'): Promise<DhcpServer> {
  const server = await serveDhcp({
    address: '127.0.0.1', dhcpPort: 0, pxePort: 0, clientPort, onMalformed: () => undefined, onError: () => undefined,
    receive: (packet) => ({ packet: { ...packet, op: 2, yiaddr, options: new Map([[Option.messageType, Uint8Array.of(MessageType.offer)], [Option.serverIdentifier, addressBytes(identifier)]]) }, to: { address: '255.255.255.255', port: 68 } }),
  });
  opened.push(server);
  return server;
}

describe('before anything is bound', () => {
  it('a port that somebody has is refused with who has it, also where he shares it', async () => {
    const socket: Socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(0, '0.0.0.0');
    await once(socket, 'listening');
    opened.push(socket);
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    opened.push(tcp);
    const [udp, http] = [socket.address().port, (tcp.address() as AddressInfo).port];
    const refused = async (ports: Partial<typeof none>) => await refuseTakenPorts({ adapter: loopback, ports: { ...none, ...ports } }).then(() => 'started', (error: unknown) => (error instanceof Error ? error.message : ''));
    const who = `(process ${process.pid})`;
    expect(await Promise.all([refused({ dhcp: udp }), refused({ tftp: udp }), refused({ http }), refused({ http: udp }), refused({})])).toEqual([
      expect.stringMatching(new RegExp(`^UDP port ${udp} of 127\\.0\\.0\\.1 is taken by \\S.* \\(process ${process.pid}\\)\\. .*stop that one`)), expect.stringContaining(who), expect.stringMatching(new RegExp(`^TCP port ${http} .*--boot-port`)), 'started', 'started',
    ]);
  });

  it('lab mode is refused where another server answers, and says which', async () => {
    const client = await freePort();
    const { dhcpPort } = await foreignServer(client, '127.0.0.99');
    const ports = { ...none, dhcp: dhcpPort, client };
    await expect(refuseOtherServers('lab', { adapter: loopback, ports }, 600)).rejects.toMatchObject({ code: 'conflict', message: 'Another DHCP server answers on this network: 127.0.0.99. Lab mode was not started, so that no computer gets a wrong address. Use proxy mode here, or unplug that server.' });
    expect(await refuseOtherServers('proxy', { adapter: loopback, ports }, 600)).toBeNull();
  });

  it('a boot server that gives no addresses is none, and nobody is nobody', async () => {
    const client = await freePort();
    const { dhcpPort } = await foreignServer(client, '127.0.0.99', '0.0.0.0');
    const ports = { ...none, client };
    expect([await refuseOtherServers('lab', { adapter: loopback, ports: { ...ports, dhcp: dhcpPort } }, 300), await refuseOtherServers('lab', { adapter: loopback, ports: { ...ports, dhcp: await freePort() } }, 300)]).toEqual([null, null]);
  });

  it('a question that can\'t be asked says why', async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '0.0.0.0');
    await once(taken, 'listening');
    opened.push(taken);
    expect(await refuseOtherServers('lab', { adapter: loopback, ports: { ...none, dhcp: 6767, client: taken.address().port } }, 300)).toMatch(/EADDRINUSE/);
  });

  it('two servers are both heard, and the question is no boot client\'s and known to its asker', async () => {
    const client = await freePort();
    const { dhcpPort } = await foreignServer(client, '127.0.0.98');
    const questions: unknown[] = [];
    const second = await serveDhcp({
      address: '127.0.0.2', dhcpPort, pxePort: 0, clientPort: client, onMalformed: () => undefined, onError: () => undefined,
      receive: (packet) => {
        questions.push([bootClientOf(packet), isOwnProbe(packet, '127.0.0.1'), isOwnProbe(packet, '127.0.0.2')]);
        return { packet: { ...packet, op: 2, yiaddr: '127.0.0.78', options: new Map([[Option.messageType, Uint8Array.of(MessageType.offer)], [Option.serverIdentifier, addressBytes('127.0.0.97')]]) }, to: { address: '255.255.255.255', port: 68 } };
      },
    });
    opened.push(second);
    const found = await probeDhcp({ address: '127.0.0.1', serverPort: dhcpPort, clientPort: client, waitMs: 900, own: [] });
    expect([found.map((server) => server.address), questions[0]]).toEqual([['127.0.0.97', '127.0.0.98'], [null, true, false]]);
  });
});
