// Owns what the tests borrow from this machine: a scratch folder, loop devices and mounts. close() gives all of it back, in reverse
// order, whatever happened before; it must stay safe to call twice. Knows nothing of Platen.
import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type RunOptions = { input?: string | Uint8Array; env?: NodeJS.ProcessEnv; cwd?: string; okCodes?: number[] };
export type RunResult = { code: number; stdout: string; stderr: string };

/** PATH with the folders that hold mkfs and its like, which a plain user's PATH lacks. */
const toolPath = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Runs a command to its end; throws with its words when it ends otherwise than with one of okCodes (default 0). */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, PATH: toolPath, LC_ALL: 'C.UTF-8', MTOOLS_SKIP_CHECK: '1', ...options.env } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => err.push(part));
  child.stdin.on('error', () => undefined); // a command may end before it has read everything
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit, signal) => resolve(signal === null ? (exit ?? 1) : 128));
  });
  const result = { code, stdout: Buffer.concat(out).toString('utf8'), stderr: Buffer.concat(err).toString('utf8') };
  if (!(options.okCodes ?? [0]).includes(code)) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${result.stderr || result.stdout}`);
  return result;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

export type Region = { offsetBytes: number; sizeBytes: number };
export type AttachOptions = Partial<Region> & { readOnly?: boolean; sectorSizeBytes?: number };

export class Host {
  readonly folder: string;
  readonly #undo: { key: string; undo: () => Promise<void> }[] = [];
  #mounts = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Host> {
    return new Host(await mkdtemp(join(tmpdir(), 'platen-disks-')));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Registers something to be undone by close(), or earlier by release(key). */
  own(key: string, undo: () => Promise<void>): void {
    this.#undo.push({ key, undo });
  }

  async release(key: string): Promise<void> {
    const at = this.#undo.findLastIndex((entry) => entry.key === key);
    const [entry] = at < 0 ? [] : this.#undo.splice(at, 1);
    await entry?.undo();
  }

  /** A loop device over a file, or over a region of it. */
  async attach(file: string, options: AttachOptions = {}): Promise<string> {
    const args = ['--find', '--show'];
    if (options.offsetBytes !== undefined) args.push('--offset', String(options.offsetBytes));
    if (options.sizeBytes !== undefined) args.push('--sizelimit', String(options.sizeBytes));
    if (options.sectorSizeBytes !== undefined) args.push('--sector-size', String(options.sectorSizeBytes));
    if (options.readOnly === true) args.push('--read-only');
    const device = (await run('losetup', [...args, file])).stdout.trim();
    this.own(device, async () => void (await run('losetup', ['--detach', device])));
    return device;
  }

  /** Mounts a device or file in a new folder of the scratch folder. */
  async mount(device: string, type: 'ext2' | 'ext3' | 'ext4' | 'ntfs-3g', options: string): Promise<string> {
    if (this.#mounts === 0) await this.#shareUnmounts();
    const point = join(this.path('mounts'), String(++this.#mounts));
    await mkdir(point);
    // mount(8) would hand NTFS to the kernel's driver where there is one; the tests mean ntfs-3g.
    if (type === 'ntfs-3g') {
      this.own(point, await startNtfs3g(device, point, options));
    } else {
      await run('mount', ['-t', type, '-o', options, device, point]);
      this.own(point, async () => {
        // Where another namespace keeps the mount after all, umount alone would leave the journal to be replayed and the files to be lost.
        // Read-only is the file system's state, not the mount's: it is clean whoever keeps it.
        if (!options.split(',').includes('ro')) await run('mount', ['-o', 'remount,ro', point]);
        await run('umount', [point]);
      });
    }
    return point;
  }

  /**
   * A program that gets a mount namespace of its own (`ip netns exec` gives one) takes a copy of every mount along, and what is mounted
   * in a copy stays busy. Below a shared mount, unmounting reaches the copies.
   */
  async #shareUnmounts(): Promise<void> {
    const folder = this.path('mounts');
    await mkdir(folder);
    await run('mount', ['--bind', folder, folder]);
    this.own(folder, async () => void (await run('umount', [folder])));
    await run('mount', ['--make-shared', folder]);
  }

  /** Runs work with the region of a file attached and mounted read-only. */
  async withMounted<T>(file: string, region: Region, type: 'ext2' | 'ext3' | 'ext4' | 'ntfs-3g', work: (folder: string) => Promise<T>): Promise<T> {
    const device = await this.attach(file, { ...region, readOnly: true });
    try {
      const point = await this.mount(device, type, type === 'ntfs-3g' ? 'ro,streams_interface=xattr,efs_raw' : 'ro,noload');
      try {
        return await work(point);
      } finally {
        await this.release(point);
      }
    } finally {
      await this.release(device);
    }
  }

  async withAttached<T>(file: string, region: Region, work: (device: string) => Promise<T>): Promise<T> {
    const device = await this.attach(file, { ...region, readOnly: true });
    try {
      return await work(device);
    } finally {
      await this.release(device);
    }
  }

  async close(): Promise<void> {
    const problems: unknown[] = [];
    for (let entry = this.#undo.pop(); entry !== undefined; entry = this.#undo.pop()) {
      await entry.undo().catch((error: unknown) => problems.push(error));
    }
    await rm(this.folder, { recursive: true, force: true });
    if (problems.length > 0) throw new AggregateError(problems, `could not give back: ${problems.map(String).join('; ')}`);
  }
}

/**
 * Mounts NTFS with ntfs-3g in the foreground: umount(8) returns before the FUSE process has written its last block, only the
 * process's end says that the device is done with. Where another mount namespace keeps the mount, it ends when it is told to.
 */
async function startNtfs3g(device: string, point: string, options: string): Promise<() => Promise<void>> {
  const child = spawn('ntfs-3g', [device, point, '-o', `no_detach,${options}`], { env: { ...process.env, PATH: toolPath }, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (part: Buffer) => (words += part.toString()));
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(`ended with ${code}: ${words}`));
  });
  for (;;) {
    const mounted = (await readFile('/proc/self/mountinfo', 'utf8')).includes(` ${point} `);
    if (mounted) break;
    const over = await Promise.race([ended, new Promise<null>((resolve) => void setTimeout(resolve, 20, null))]);
    if (over !== null) throw new Error(`ntfs-3g ${device}: ${over}`);
  }
  return async () => {
    await run('umount', [point]);
    const timer = setTimeout(() => child.kill('SIGTERM'), 5000);
    await ended;
    clearTimeout(timer);
  };
}
