import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { MessageType, Option } from './options.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from './packet.ts';
import { serveDhcp, type DhcpOptions, type DhcpServer } from './server.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
const discover: DhcpPacket = {
  op: 1, hardwareType: 1, hops: 0, xid: 99, secs: 0, broadcast: false, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: Uint8Array.of(2, 0, 0, 0, 0, 1), sname: '', file: '',
  options: new Map([[Option.messageType, Uint8Array.of(MessageType.discover)]]),
};

async function client(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  opened.push(socket);
  return { socket, port: socket.address().port };
}
async function server(given: Partial<DhcpOptions> & Pick<DhcpOptions, 'clientPort'>): Promise<DhcpServer> {
  const made = await serveDhcp({ address: '127.0.0.1', dhcpPort: 0, pxePort: 0, receive: () => null, onMalformed: () => undefined, onError: (error) => expect.fail(error.message), ...given });
  opened.push(made);
  return made;
}

it('a DHCP port hears, answers from its address, and says on which port it was asked', async () => {
  const { socket, port } = await client();
  const heard: unknown[] = [];
  const { dhcpPort, pxePort } = await server({
    clientPort: port,
    receive: (packet, arrival) => {
      heard.push([packet.xid, arrival.port]);
      return { packet: { ...packet, op: 2 }, to: arrival.port === 'pxe' ? arrival.from : { address: '127.0.0.1', port: 68 } };
    },
  });
  const answers: unknown[] = [];
  for (const to of [dhcpPort, pxePort]) {
    socket.send(encodeDhcp(discover), to, '127.0.0.1');
    const [bytes, from] = (await once(socket, 'message')) as [Buffer, { address: string; port: number }];
    answers.push([decodeDhcp(bytes).op, from]);
  }
  expect([heard, answers]).toMatchObject([[[99, 'dhcp'], [99, 'pxe']], [[2, { address: '127.0.0.1', port: dhcpPort }], [2, { address: '127.0.0.1', port: pxePort }]]]);
});

it('a DHCP port goes on after anything that is no DHCP message', async () => {
  const { socket, port } = await client();
  const malformed: string[] = [];
  const { dhcpPort } = await server({ clientPort: port, receive: (packet) => ({ packet: { ...packet, op: 2 }, to: { address: '127.0.0.1', port: 68 } }), onMalformed: (from, reason) => malformed.push(`${from}: ${reason}`) });
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(300), Buffer.alloc(9500, 1)]) socket.send(bytes, dhcpPort, '127.0.0.1');
  socket.send(encodeDhcp(discover), dhcpPort, '127.0.0.1');
  await once(socket, 'message');
  expect(malformed).toHaveLength(3);
});
