// Owns every file call the store makes, behind one small interface, so that tests can make the k-th call fail. No policy here
// except what each durable step needs: whole reads and writes, temp → fsync → rename → fsync of the folder.
import { constants, mkdir, open, readdir, rename, rmdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export type OpenMode = 'read' | 'update' | 'create';

export interface StoreFile {
  /** May return fewer bytes than asked for; 0 at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** May write fewer bytes than given. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface StoreFiles {
  /** create: a new, empty file (an existing one is emptied); update: an existing one, for reading and writing. */
  open(path: string, mode: OpenMode, permissions?: number): Promise<StoreFile>;
  rename(from: string, to: string): Promise<void>;
  /** No error when it is gone already. */
  unlink(path: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  /** Empty or absent; no error when it is gone already. */
  removeFolder(path: string): Promise<void>;
  /** Names in a folder, sorted; empty when there is no such folder. */
  list(path: string): Promise<string[]>;
  /** null when there is no such file. */
  sizeOf(path: string): Promise<number | null>;
  syncFolder(path: string): Promise<void>;
  space(path: string): Promise<{ freeBytes: number; totalBytes: number }>;
}

const flags: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  update: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
};

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export const realFiles: StoreFiles = {
  async open(path, mode, permissions = 0o644) {
    const handle = await open(path, flags[mode], permissions);
    return {
      read: async (target, position) => (await handle.read(target, 0, target.length, position)).bytesRead,
      write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
      sync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    };
  },
  rename,
  async unlink(path) {
    await unlink(path).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
  },
  async makeFolder(path) {
    await mkdir(path, { recursive: true });
  },
  async removeFolder(path) {
    await rmdir(path).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
  },
  async list(path) {
    try {
      return (await readdir(path)).sort();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  },
  async sizeOf(path) {
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    }
  },
  async syncFolder(path) {
    const handle = await open(path, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  async space(path) {
    const figures = await statfs(path);
    return { freeBytes: figures.bavail * figures.bsize, totalBytes: figures.blocks * figures.bsize };
  },
};

/** Fills `target` from `position`; returns how much there was before the file ended. */
export async function readFully(file: StoreFile, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const read = await file.read(done === 0 ? target : target.subarray(done), position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

export async function writeFully(file: StoreFile, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const written = await file.write(done === 0 ? bytes : bytes.subarray(done), position + done);
    if (written === 0) throw Object.assign(new Error('the file takes no more bytes'), { code: 'EIO' });
    done += written;
  }
}

/** A whole small file; null when there is none. Refuses what is longer than `maxBytes`. */
export async function readSmallFile(files: StoreFiles, path: string, maxBytes: number): Promise<Buffer | null> {
  const size = await files.sizeOf(path);
  if (size === null) return null;
  if (size > maxBytes) throw new Error(`${path} is ${size} bytes long, more than the ${maxBytes} it may have`);
  const file = await files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, await readFully(file, bytes, 0));
  } finally {
    await file.close();
  }
}

/** Small file, durably: temp in the same folder → fsync → rename → fsync of the folder. */
export async function writeSmallFile(files: StoreFiles, path: string, bytes: Uint8Array, permissions?: number): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await files.open(temporary, 'create', permissions);
    try {
      await writeFully(file, bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.unlink(temporary).catch(() => undefined);
    throw error;
  }
  await files.syncFolder(dirname(path));
}

/** A folder that survives a power cut: made, and its parent synced. */
export async function makeDurableFolder(files: StoreFiles, path: string): Promise<void> {
  await files.makeFolder(path);
  await files.syncFolder(dirname(path));
}

/** Files first, then the folder. */
export async function removeFolderWithFiles(files: StoreFiles, path: string): Promise<void> {
  for (const name of await files.list(path)) await files.unlink(join(path, name));
  await files.removeFolder(path);
}
