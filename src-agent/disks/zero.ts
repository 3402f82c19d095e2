// Owns making a range of an open target read zero: by the kernel where it can (hole, zero-out), else by writing zeros.
// It works on the open file descriptor itself, never on a name.
import { spawn } from 'node:child_process';

/** Below this a process costs more than the zeros. */
const worthAProcessBytes = 1024 * 1024;
/** One call of the kernel, so that nobody waits for minutes on one that can't be interrupted. */
const mostAtOnceBytes = 1024 * 1024 * 1024;
const zeros = new Uint8Array(1024 * 1024);

type ZeroTarget = { fd: number; kind: 'block' | 'file'; alignBytes: number; write(buffer: Uint8Array, offset: number): Promise<void> };

export async function zeroRange(target: ZeroTarget, offset: number, length: number): Promise<void> {
  const end = offset + length;
  const alignedStart = Math.ceil(offset / target.alignBytes) * target.alignBytes;
  const alignedEnd = Math.floor(end / target.alignBytes) * target.alignBytes;
  if (alignedEnd - alignedStart < worthAProcessBytes) {
    await writeZeros(target, offset, end);
    return;
  }
  await writeZeros(target, offset, alignedStart);
  for (let at = alignedStart; at < alignedEnd; at += mostAtOnceBytes) {
    const size = Math.min(mostAtOnceBytes, alignedEnd - at);
    if (!(await zeroByKernel(target, at, size))) await writeZeros(target, at, at + size);
  }
  await writeZeros(target, alignedEnd, end);
}

async function writeZeros(target: ZeroTarget, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += zeros.length) await target.write(zeros.subarray(0, Math.min(zeros.length, to - at)), at);
}

/** Punching a hole frees the space too; on a device the kernel takes it only where what is freed surely reads zero. */
async function zeroByKernel(target: ZeroTarget, offset: number, length: number): Promise<boolean> {
  return (await fallocate(target.fd, ['--punch-hole', '--keep-size'], offset, length)) || fallocate(target.fd, ['--zero-range', '--keep-size'], offset, length);
}

async function fallocate(fd: number, mode: string[], offset: number, length: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn('fallocate', [...mode, '--offset', String(offset), '--length', String(length), '/proc/self/fd/3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  child.on('error', () => resolve(false));
  child.on('close', (code) => resolve(code === 0));
  return promise;
}
