// Owns asking a network whether a DHCP server answers on it: one discover of a made-up computer, and who offers. Takes no address.
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { ProtocolError } from '#shared/errors.ts';
import { MessageType, Option, readAddress } from './options.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from './packet.ts';

export type ProbeOptions = { address: string; serverPort: number; clientPort: number; waitMs: number; /** Ours: not counted. */ own: readonly string[] };

/** Addresses of servers that made an offer. Throws where port 68 may not be opened. */
export async function probeDhcp({ address, serverPort, clientPort, waitMs, own }: ProbeOptions): Promise<string[]> {
  const found = new Set<string>();
  // Locally administered, so that it is nobody's: RFC 7042 §2.1.
  const mac = Uint8Array.of(2, ...randomBytes(5));
  const xid = randomBytes(4).readUInt32BE();
  const discover: DhcpPacket = {
    op: 1, hardwareType: 1, hops: 0, xid, secs: 0, broadcast: true, ciaddr: '0.0.0.0', yiaddr: '0.0.0.0', siaddr: '0.0.0.0', giaddr: '0.0.0.0', chaddr: mac, sname: '', file: '',
    options: new Map([[Option.messageType, Uint8Array.of(MessageType.discover)], [Option.parameterRequestList, Uint8Array.of(1, 3, 6)]]),
  };
  // As with serving: one socket hears broadcasts, one speaks out of the adapter.
  const [hears, speaks] = [createSocket({ type: 'udp4', reuseAddr: true }), createSocket({ type: 'udp4', reuseAddr: true })];
  try {
    for (const [socket, at] of [[hears, '0.0.0.0'], [speaks, address]] as const) {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(clientPort, at, resolve);
      });
      socket.setBroadcast(true);
      socket.on('message', (bytes, from) => {
        const server = offerOf(bytes, xid, from.address);
        if (server !== null && !own.includes(server)) found.add(server);
      });
    }
    const bytes = encodeDhcp(discover);
    for (let time = 0; time < 3; time++) {
      speaks.send(bytes, serverPort, '255.255.255.255', () => undefined);
      await new Promise((resolve) => {
        setTimeout(resolve, waitMs / 3);
      });
      if (found.size > 0) break;
    }
    return [...found].toSorted();
  } finally {
    hears.close();
    speaks.close();
  }
}

function offerOf(bytes: Uint8Array, xid: number, from: string): string | null {
  try {
    const packet = decodeDhcp(bytes);
    if (packet.op !== 2 || packet.xid !== xid || packet.yiaddr === '0.0.0.0') return null;
    return readAddress(packet.options.get(Option.serverIdentifier)) ?? from;
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
