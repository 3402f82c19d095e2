// Owns asking a network whether a DHCP server answers on it: one discover of a made-up computer, and who offers. Takes no address.
import { createSocket, type Socket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { ProtocolError } from '#shared/errors.ts';
import { readNeighbours, watchNeighbours } from './neighbours.ts';
import { MessageType, Option, readAddress, readText, text } from './options.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from './packet.ts';
import { broadcastFrom } from './server.ts';

export type ProbeOptions = { address: string; serverPort: number; clientPort: number; waitMs: number; /** Ours: not counted. */ own: readonly string[] };
/** mac: null where it is not known: the server is behind a relay, or did not answer the question for it. */
export type FoundServer = { address: string; mac: string | null };

/** So that the asker's own server does not spend an address on it; every other one answers as it would answer a computer. */
const PROBE_CLASS = 'dhcp-probe ';
const TIMES = 3;
const OTHERS_MS = 400;
const MAC_WAIT_MS = 300;

/** A question of this server's own, which it has no need to answer. */
export function isOwnProbe(packet: DhcpPacket, address: string): boolean {
  return readText(packet.options.get(Option.vendorClass)) === PROBE_CLASS + address;
}

/** The question itself, of a computer that there is not. */
export function probeQuestion(address: string): DhcpPacket {
  return {
    op: 1, hardwareType: 1, hops: 0, xid: randomBytes(4).readUInt32BE(), secs: 0, broadcast: true, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', sname: '', file: '',
    // Locally administered, so that it is nobody's: RFC 7042 §2.1.
    chaddr: Uint8Array.of(2, ...randomBytes(5)),
    options: new Map([[Option.messageType, Uint8Array.of(MessageType.discover)], [Option.vendorClass, text(PROBE_CLASS + address)], [Option.parameterRequestList, Uint8Array.of(1, 3, 6)]]),
  };
}

/** Servers that made an offer. Throws where the question can't be asked: port 68 may not be opened, or nothing can be sent from the address. */
export async function probeDhcp({ address, serverPort, clientPort, waitMs, own }: ProbeOptions): Promise<FoundServer[]> {
  const found = new Set<string>();
  const question = probeQuestion(address);
  // As with serving: one socket hears broadcasts, one speaks out of the adapter.
  const [hears, speaks] = [createSocket({ type: 'udp4', reuseAddr: true }), createSocket({ type: 'udp4', reuseAddr: true })];
  try {
    for (const [socket, at] of [[hears, '0.0.0.0'], [speaks, address]] as const) {
      await bound(socket, clientPort, at);
      socket.setBroadcast(true);
      socket.on('message', (bytes, from) => {
        const server = offerOf(bytes, question.xid, from.address);
        if (server !== null && !own.includes(server)) found.add(server);
      });
    }
    const bytes = encodeDhcp(question);
    for (let time = 0; time < TIMES && found.size === 0; time++) {
      await sent(speaks, bytes, serverPort, broadcastFrom(address));
      await until(() => found.size > 0, waitMs / TIMES);
    }
    // Where one answered, a second that is slower is worth knowing.
    if (found.size > 0) await until(() => false, OTHERS_MS);
  } finally {
    hears.close();
    speaks.close();
  }
  return await Promise.all([...found].toSorted().map(async (server) => ({ address: server, mac: await macOfNeighbour(server, address) })));
}

/** Hardware address of a neighbour, asked for if it is not known. */
export async function macOfNeighbour(address: string, from: string): Promise<string | null> {
  const known = (await readNeighbours()).get(address);
  if (known !== undefined) return known;
  const watch = watchNeighbours({ from });
  try {
    return await watch.whoHas(address, MAC_WAIT_MS);
  } finally {
    watch.close();
  }
}

/** Who gives addresses, by an offer or acknowledgement; null for anything else, and for a boot server, which gives none. */
export function givingServer(packet: DhcpPacket, from: string): string | null {
  const type = packet.options.get(Option.messageType)?.[0];
  if (packet.op !== 2 || packet.yiaddr === '0.0.0.0' || (type !== MessageType.offer && type !== MessageType.ack)) return null;
  return readAddress(packet.options.get(Option.serverIdentifier)) ?? from;
}

function offerOf(bytes: Uint8Array, xid: number, from: string): string | null {
  try {
    const packet = decodeDhcp(bytes);
    return packet.xid === xid ? givingServer(packet, from) : null;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function bound(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, () => {
      // Later ones are of answers that could not be read: nothing to be done about them here.
      socket.off('error', reject).on('error', () => undefined);
      resolve();
    });
  });
}
function sent(socket: Socket, bytes: Uint8Array, port: number, to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, port, to, (error) => (error === null ? resolve() : reject(error)));
  });
}
async function until(isDone: () => boolean, limitMs: number): Promise<void> {
  for (const end = performance.now() + limitMs; performance.now() < end && !isDone();) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
