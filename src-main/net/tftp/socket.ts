// Owns opening a UDP socket on one of this machine's addresses, so that answers come from where was asked.
import { createSocket, type Socket } from 'node:dgram';
import { AppError } from '#shared/errors.ts';

/**
 * @param port 0 picks a free one
 * @param peer the only one it hears and speaks to: the system keeps others' packets away, and tells when the peer's port is closed
 */
export async function openSocket(address: string, port: number, peer?: { address: string; port: number }): Promise<Socket> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      const done = (): void => {
        socket.off('error', reject);
        resolve();
      };
      socket.bind(port, address, () => (peer === undefined ? done() : socket.connect(peer.port, peer.address, done)));
    });
    return socket;
  } catch (error) {
    socket.close();
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken ? new AppError('port-in-use', `UDP port ${port} of ${address} is taken by another program.`, { port, address }, error) : error;
  }
}
