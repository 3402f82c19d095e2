// Owns how an archive of the environment is compressed: by zstd, as the kernel unpacks it, the same bytes for the same archive.
import { constants, zstdCompressSync } from 'node:zlib';

/** The kernel's own limit on what it must remember of an archive it unpacks. */
const WINDOW_LOG = 23;

export function compressed(archive: Uint8Array, level: number): Buffer {
  const bytes = zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: WINDOW_LOG, [constants.ZSTD_c_checksumFlag]: 0 } });
  // The archive that a loader puts behind this one must begin on a boundary of four bytes, or the kernel does not find it.
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
