// Owns fetching one small file by TFTP, in lock-step: how the server tests that computers can fetch from it.
import { createSocket } from 'node:dgram';
import { AppError, ProtocolError } from '#shared/errors.ts';
import { decodeTftp, encodeAcknowledge, encodeRead, type TftpPacket } from './packet.ts';

const BLOCK_BYTES = 1428;
const MAX_BYTES = 32 * 1024 * 1024;

/** Rejects with what the server said, or that it said nothing. */
export async function fetchTftp(path: string, { address, port, timeoutMs }: { address: string; port: number; timeoutMs: number }): Promise<Buffer> {
  const socket = createSocket('udp4');
  const parts: Uint8Array[] = [];
  let blockBytes = 512;
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const quiet = (): NodeJS.Timeout => setTimeout(() => reject(new AppError('io', `No answer from ${address}, UDP port ${port}.`)), timeoutMs);
      let timer = quiet();
      socket.on('error', reject);
      socket.on('message', (bytes, from) => {
        const packet = decoded(bytes);
        if (packet === null || from.address !== address) return;
        clearTimeout(timer);
        timer = quiet();
        if (packet.kind === 'error') reject(new AppError('io', packet.message));
        if (packet.kind === 'optionAcknowledge') blockBytes = Number(packet.options.get('blksize') ?? 512);
        if (packet.kind === 'data' && packet.block === ((parts.length + 1) & 0xffff)) parts.push(Uint8Array.from(packet.bytes));
        if (packet.kind !== 'data' && packet.kind !== 'optionAcknowledge') return;
        if (parts.length * blockBytes > MAX_BYTES) reject(new AppError('protocol', 'The file does not end.'));
        const isLast = packet.kind === 'data' && packet.bytes.length < blockBytes;
        socket.send(encodeAcknowledge(parts.length & 0xffff), from.port, from.address, () => {
          if (!isLast) return;
          clearTimeout(timer);
          resolve(Buffer.concat(parts));
        });
      });
      socket.bind(0, address, () => socket.send(encodeRead(path, new Map([['blksize', String(BLOCK_BYTES)]])), port, address));
    });
  } finally {
    socket.close();
  }
}

function decoded(bytes: Uint8Array): TftpPacket | null {
  try {
    return decodeTftp(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
