// Owns DHCP's sockets on one adapter: what comes in is decoded and handed on, what is returned is sent; no rule lives here. One bad packet
// ends nothing; a broken socket is told.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { decodeDhcp, encodeDhcp, type DhcpPacket } from './packet.ts';

export type Outgoing = { packet: DhcpPacket; to: { address: string; port: number } };
export type DhcpArrival = { port: 'dhcp' | 'pxe'; from: { address: string; port: number } };
export type DhcpOptions = {
  /** Of the chosen adapter. */
  address: string;
  /** 67 unless a test or an unprivileged server says otherwise; 0 picks a free one. */
  dhcpPort: number;
  /** 4011, likewise. */
  pxePort: number;
  /** What a client listens on, for a broadcast: 68. */
  clientPort: number;
  receive: (packet: DhcpPacket, arrival: DhcpArrival) => Outgoing | null;
  /** Messages of other servers to clients, as far as they are broadcast: heard on the clients' port. Nothing listens there without this. */
  overhear?: (packet: DhcpPacket, from: string) => void;
  /** The clients' port can't be listened on: why. Everything else is served all the same. */
  onDeaf?: (reason: string) => void;
  onMalformed: (from: string, reason: string) => void;
  onError: (error: Error) => void;
};
export type DhcpServer = { dhcpPort: number; pxePort: number; /** Beside answers at once: later ones, and requests of our own. A broadcast to port 67, and anything to 68, goes to the port that is used here instead. */ send(outgoing: Outgoing): void; close(): Promise<void> };

const STANDARD_SERVER_PORT = 67;
const STANDARD_CLIENT_PORT = 68;
export const BROADCAST = '255.255.255.255';

/** To everybody on the adapter of this address. From loopback the general broadcast would leave by another adapter: trials stay on it. */
export function broadcastFrom(address: string): string {
  return address.startsWith('127.') ? '127.255.255.255' : BROADCAST;
}

/**
 * Two sockets share the DHCP port: the one bound to every address hears broadcasts, the one bound to the adapter's address sends them out
 * of that adapter (a broadcast from the first would leave by the default route). Unicasts arrive on the second.
 */
export async function serveDhcp(options: DhcpOptions): Promise<DhcpServer> {
  const opened: Socket[] = [];
  const open = async (address: string, port: number, kind: DhcpArrival['port'] | 'client'): Promise<Socket> => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    opened.push(socket);
    await bind(socket, address, port);
    socket.setBroadcast(true);
    socket.on('error', options.onError);
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => hear(bytes, from, kind));
    return socket;
  };

  function hear(bytes: Buffer, from: RemoteInfo, port: DhcpArrival['port'] | 'client'): void {
    let packet: DhcpPacket;
    try {
      packet = decodeDhcp(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      options.onMalformed(from.address, error.message);
      return;
    }
    if (port === 'client') {
      options.overhear?.(packet, from.address);
      return;
    }
    const answer = options.receive(packet, { port, from: { address: from.address, port: from.port } });
    if (answer !== null) send(answer, port === 'pxe' ? pxe : speaking);
  }
  function send({ packet, to }: Outgoing, socket: Socket): void {
    // A relay is a program of its own and listens on the standard port whatever is used here.
    const port = to.port === STANDARD_CLIENT_PORT ? options.clientPort : to.port === STANDARD_SERVER_PORT && to.address === BROADCAST ? speaking.address().port : to.port;
    socket.send(encodeDhcp(packet), port, to.address === BROADCAST ? broadcastFrom(options.address) : to.address, (error) => {
      // A relay or client that is not reachable is its own problem; the trace shows that it never came on.
      if (error !== null) options.onMalformed(to.address, `the answer could not be sent: ${error.message}`);
    });
  }

  let speaking: Socket;
  let pxe: Socket;
  try {
    speaking = await open(options.address, options.dhcpPort, 'dhcp');
    await open('0.0.0.0', speaking.address().port, 'dhcp');
    pxe = await open(options.address, options.pxePort, 'pxe');
    if (options.overhear !== undefined) await open('0.0.0.0', options.clientPort, 'client').catch((error: unknown) => options.onDeaf?.(error instanceof Error ? error.message : String(error)));
  } catch (error) {
    for (const socket of opened) socket.close();
    throw error;
  }
  return {
    dhcpPort: speaking.address().port, pxePort: pxe.address().port,
    send: (outgoing) => send(outgoing, speaking),
    async close() {
      await Promise.all(opened.map((socket) => new Promise<void>((resolve) => {
        socket.close(resolve);
      })));
    },
  };
}

function bind(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(explained(error, address, port));
    socket.once('error', failed);
    socket.bind(port, address, () => {
      socket.off('error', failed);
      resolve();
    });
  });
}

function explained(error: Error, address: string, port: number): Error {
  const code = 'code' in error ? error.code : '';
  if (code === 'EADDRINUSE') return new AppError('port-in-use', `UDP port ${port} of ${address} is taken: another DHCP or boot service runs on this computer. Stop it, or switch network boot off here.`, { port, address }, error);
  if (code === 'EACCES') return new AppError('port-in-use', `Ports below 1024 are closed to ordinary users, so network boot cannot listen on UDP port ${port}. Start Platen with the right to do so, or allow it with: sysctl net.ipv4.ip_unprivileged_port_start=67`, { port, address }, error);
  return error;
}
