// Owns where the bytes of a file come from while it is handed out: a room of computers that boot at once fetches the same few files, so they
// are read once into memory that all share, and let go when nobody has asked for a while. What is too large for that each client reads for
// itself, through one buffer of its own.
import { open, type FileHandle } from 'node:fs/promises';

export type FileOnDisk = { path: string; sizeBytes: number; /** Another for other bytes. */ tag: string };
export type Source = {
  /** At least one byte where there is one; good until the next call. */
  read(at: number, length: number): Uint8Array | Promise<Uint8Array>;
  close(): Promise<void>;
};
type Held = { file: FileOnDisk; bytes: Promise<Uint8Array>; users: number; usedAt: number };

const BUFFER_BYTES = 128 * 1024;
const READ_BYTES = 4 * 1024 * 1024;

/** @throws what opening or reading the file throws */
export async function openSource(found: { bytes: Uint8Array } | FileOnDisk, memory?: FileMemory): Promise<Source> {
  if ('bytes' in found) return inMemory(found.bytes);
  const held = memory?.take(found) ?? null;
  if (held !== null) {
    try {
      return inMemory(await held.bytes, held.release);
    } catch (error) {
      held.release();
      throw error;
    }
  }
  const handle = await open(found.path);
  const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, found.sizeBytes));
  return {
    read: async (at, length) => buffer.subarray(0, (await handle.read(buffer, 0, Math.min(length, buffer.length), at)).bytesRead),
    close: () => handle.close(),
  };
}

function inMemory(bytes: Uint8Array, release: () => void = () => undefined): Source {
  return {
    read: (at, length) => bytes.subarray(at, at + length),
    close: () => {
      release();
      return Promise.resolve();
    },
  };
}

/** The files handed out now or a moment ago, while they are at most so large together. */
export class FileMemory {
  readonly #limits: { maxBytes: number; idleMs: number };
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | null = null;

  constructor(limits: { maxBytes: number; idleMs: number }) {
    this.#limits = limits;
  }

  get bytes(): number {
    return [...this.#held.values()].reduce((sum, { file }) => sum + file.sizeBytes, 0);
  }

  /** Null where there is no room for it. To be released once. */
  take(file: FileOnDisk): { bytes: Promise<Uint8Array>; release: () => void } | null {
    const key = `${file.tag} ${file.path}`;
    const held = this.#held.get(key) ?? this.#hold(key, file);
    if (held === null) return null;
    held.users++;
    return {
      bytes: held.bytes,
      release: () => {
        held.users--;
        held.usedAt = performance.now();
        this.#timer ??= setTimeout(() => this.#forget(), this.#limits.idleMs).unref();
      },
    };
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#held.clear();
  }

  #hold(key: string, file: FileOnDisk): Held | null {
    const { maxBytes } = this.#limits;
    if (file.sizeBytes > maxBytes) return null;
    for (const [other, { users }] of this.#held) if (this.bytes + file.sizeBytes > maxBytes && users === 0) this.#held.delete(other);
    if (this.bytes + file.sizeBytes > maxBytes) return null;
    const held = { file, bytes: readWhole(file), users: 0, usedAt: performance.now() };
    this.#held.set(key, held);
    // What could not be read is tried anew by the next.
    held.bytes.catch(() => this.#held.delete(key));
    return held;
  }

  #forget(): void {
    this.#timer = null;
    const until = performance.now() - this.#limits.idleMs;
    for (const [key, { users, usedAt }] of this.#held) if (users === 0 && usedAt <= until) this.#held.delete(key);
    if (this.#held.size > 0) this.#timer = setTimeout(() => this.#forget(), this.#limits.idleMs).unref();
  }
}

async function readWhole({ path, sizeBytes }: FileOnDisk): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const bytes = Buffer.allocUnsafeSlow(sizeBytes);
    for (let at = 0; at < sizeBytes;) at += await readSome(handle, bytes, at);
    return bytes;
  } finally {
    await handle.close();
  }
}
async function readSome(handle: FileHandle, bytes: Uint8Array, at: number): Promise<number> {
  const { bytesRead } = await handle.read(bytes, at, Math.min(READ_BYTES, bytes.length - at), at);
  if (bytesRead === 0) throw new Error('the file on disk is shorter than it was');
  return bytesRead;
}
