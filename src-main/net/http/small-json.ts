// Owns reading a small JSON body of a request: bounded, whatever its header says.
import type { IncomingMessage } from 'node:http';
import { AppError } from '#shared/errors.ts';

const MAX_BYTES = 16 * 1024;

export async function smallJson(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_BYTES) throw new AppError('invalid-input', 'This request is too long.');
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
  } catch {
    throw new AppError('invalid-input', 'This request is no JSON.');
  }
}
