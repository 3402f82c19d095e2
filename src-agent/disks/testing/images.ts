// Owns what the tests of src-agent/disks share: temporary folders, commands, loop devices and mounts that are always undone.
// For tests only; the product never imports it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DiskReader, UsedMap } from '../types.ts';

export function run(command: string, args: string[], input?: string): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], ...(input === undefined ? {} : { input }), maxBuffer: 1 << 26 });
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'platen-disks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function emptyFile(path: string, sizeBytes: number): Promise<string> {
  const handle = await open(path, 'w');
  await handle.truncate(sizeBytes);
  await handle.close();
  return path;
}

export function loopDevice(path: string, ...options: string[]): string {
  const device = run('losetup', ['--find', '--show', ...options, path]).trim();
  onTestFinished(() => {
    run('losetup', ['--detach', device]);
  });
  return device;
}

/** Folders that are a shared mount by now. */
const shared = new Set<string>();

/** Mounts and returns the function that unmounts; unmounted at the end of the test in any case. */
export async function mounted(source: string, folder: string, ...options: string[]): Promise<() => void> {
  await mkdir(folder, { recursive: true });
  // A program with a mount namespace of its own (ip netns exec) copies what is mounted: below a shared mount, unmounting reaches the copies.
  const parent = dirname(folder);
  if (!shared.has(parent)) {
    shared.add(parent);
    run('mount', ['--bind', parent, parent]);
    run('mount', ['--make-shared', parent]);
    onTestFinished(() => void run('umount', ['--lazy', parent]));
  }
  const ntfs = options.includes('ntfs-3g');
  if (ntfs) run('ntfs-3g', [source, folder]);
  else run('mount', [...options, source, folder]);
  let active = true;
  const unmount = (): void => {
    if (active) run('umount', [folder]);
    active = false;
  };
  onTestFinished(unmount);
  return unmount;
}

export function memoryDisk(bytes: Uint8Array): DiskReader {
  return {
    sizeBytes: bytes.length,
    read(buffer, offset) {
      if (offset < 0 || offset + buffer.length > bytes.length) throw new RangeError(`read of ${buffer.length} at ${offset} past ${bytes.length}`);
      buffer.set(bytes.subarray(offset, offset + buffer.length));
      return Promise.resolve();
    },
  };
}

/** What a deploy would make of a volume: used ranges copied, everything else zero. */
export async function copyOfUsed(source: DiskReader, map: UsedMap | 'all', target: string): Promise<void> {
  const handle = await open(target, 'w');
  await handle.truncate(source.sizeBytes);
  const extents = map === 'all' ? [{ offset: 0, length: source.sizeBytes }] : map.extents();
  for (const { offset, length } of extents) {
    for (let at = offset; at < offset + length; at += 1 << 20) {
      const piece = new Uint8Array(Math.min(1 << 20, offset + length - at));
      await source.read(piece, at);
      await handle.write(piece, 0, piece.length, at);
    }
  }
  await handle.close();
}
