// Owns reading and writing all of a buffer at a position of an open disk. Short transfers are continued, an early end is an error.
import { read, write } from 'node:fs';
import { promisify } from 'node:util';
import { AppError, toAppError } from '#shared/errors.ts';

const readAt = promisify(read);
const writeAt = promisify(write);

export async function readFully(fd: number, buffer: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await readAt(fd, buffer, done, buffer.length - done, position + done).catch((error: unknown) => {
      throw toAppError(error, `reading the disk at byte ${position + done}`);
    });
    if (bytesRead === 0) throw new AppError('io', `The disk ends at byte ${position + done}, where more was expected. It may have been changed or unplugged.`);
    done += bytesRead;
  }
}

export async function writeFully(fd: number, buffer: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesWritten } = await writeAt(fd, buffer, done, buffer.length - done, position + done).catch((error: unknown) => {
      throw toAppError(error, `writing the disk at byte ${position + done}`);
    });
    if (bytesWritten === 0) throw new AppError('io', `The disk took no more bytes at ${position + done}.`);
    done += bytesWritten;
  }
}
