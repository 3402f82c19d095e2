// File calls that fail on demand: the k-th call answers EIO or ENOSPC, or writes only half. For tests only.
import { realFiles, type StoreFile, type StoreFiles } from './files.ts';

export type Fault = 'EIO' | 'ENOSPC' | 'short';

export class FaultyFiles implements StoreFiles {
  calls = 0;
  /** What the failing call was, once it happened. */
  failed: string | null = null;
  freeBytes: number | null = null;
  #at = Number.POSITIVE_INFINITY;
  #fault: Fault = 'EIO';

  failAt(call: number, fault: Fault): void {
    this.#at = this.calls + call;
    this.#fault = fault;
    this.failed = null;
  }

  heal(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  async open(...[path, mode, permissions]: Parameters<StoreFiles['open']>): Promise<StoreFile> {
    this.#hit(`open ${mode} ${path}`);
    const file = await realFiles.open(path, mode, permissions);
    return {
      read: (target, position) => {
        this.#hit(`read ${path}`);
        return file.read(target, position);
      },
      write: async (bytes, position) => {
        const short = this.#hit(`write ${path}`);
        return file.write(short ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes, position);
      },
      sync: async () => {
        this.#hit(`sync ${path}`);
        await file.sync();
      },
      truncate: async (length) => {
        this.#hit(`truncate ${path}`);
        await file.truncate(length);
      },
      size: () => file.size(),
      close: () => file.close(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#hit(`rename ${from}`);
    await realFiles.rename(from, to);
  }

  async unlink(path: string): Promise<void> {
    this.#hit(`unlink ${path}`);
    await realFiles.unlink(path);
  }

  async makeFolder(path: string): Promise<void> {
    this.#hit(`mkdir ${path}`);
    await realFiles.makeFolder(path);
  }

  async removeFolder(path: string): Promise<void> {
    this.#hit(`rmdir ${path}`);
    await realFiles.removeFolder(path);
  }

  async list(path: string): Promise<string[]> {
    this.#hit(`list ${path}`);
    return realFiles.list(path);
  }

  async sizeOf(path: string): Promise<number | null> {
    this.#hit(`stat ${path}`);
    return realFiles.sizeOf(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.#hit(`sync folder ${path}`);
    await realFiles.syncFolder(path);
  }

  async space(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
    const space = await realFiles.space(path);
    return this.freeBytes === null ? space : { ...space, freeBytes: this.freeBytes };
  }

  /** @returns true when this very call is to be cut short */
  #hit(call: string): boolean {
    this.calls++;
    if (this.calls !== this.#at) return false;
    this.failed = call;
    if (this.#fault === 'short') return true;
    throw Object.assign(new Error(`${this.#fault}: made to fail, ${call}`), { code: this.#fault });
  }
}
