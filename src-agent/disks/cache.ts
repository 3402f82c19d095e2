// Owns dropping what the kernel keeps in memory of an open target, so that reading it back asks the disk and not the page cache.
// It works on the open file descriptor itself, never on a name; what could not be dropped is said, never an error.
import { spawn } from 'node:child_process';

/** Only what was flushed before can be dropped. Returns false where the kernel or its tools refuse. */
export async function dropCache(fd: number, kind: 'block' | 'file'): Promise<boolean> {
  // dd with nocache and no blocks to copy is posix_fadvise(DONTNEED) over the whole file (coreutils manual, dd invocation).
  const [command, args] = kind === 'block'
    ? ['blockdev', ['--flushbufs', '/proc/self/fd/3']] as const
    : ['dd', ['if=/proc/self/fd/3', 'of=/dev/null', 'iflag=nocache', 'count=0', 'status=none']] as const;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', fd] });
  child.on('error', () => resolve(false));
  child.on('close', (code) => resolve(code === 0));
  return promise;
}
