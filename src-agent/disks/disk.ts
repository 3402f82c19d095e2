// Owns opening disks and image files: for reading (sources) and, after every check of what they are, for writing (targets).
// The only place of the agent that opens a disk for writing.
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { AppError, toAppError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import { busyReason, isSystemDisk } from './busy.ts';
import { dropCache } from './cache.ts';
import { hasGptSignature } from './partitionTable/gpt.ts';
import { blockFacts, deviceNumber, readText } from './sysfs.ts';
import type { DiskFacts, ExpectedDisk, SourceDisk, TargetHandle, TargetRequest } from './types.ts';
import { zeroRange } from './zero.ts';

type SectorSize = { sectorSizeBytes?: number | undefined };

export async function diskFacts(path: string, options: SectorSize = {}): Promise<DiskFacts> {
  const info = await stat(path).catch((error: unknown) => {
    throw new AppError('disk-not-recognised', `There is no disk or image file at ${path}. List the disks with: platen agent inventory`, { path }, error);
  });
  if (info.isBlockDevice()) return blockFacts(path, deviceNumber(info.rdev));
  if (!info.isFile()) throw new AppError('disk-not-recognised', `${path} is neither a disk nor an image file. List the disks with: platen agent inventory`, { path });
  return fileFacts(path, info.size, options.sectorSizeBytes ?? (await sectorSizeOfFile(path)));
}

function fileFacts(path: string, sizeBytes: number, sectorSizeBytes: number): DiskFacts {
  return {
    path, kind: 'file', sizeBytes, sectorSizeBytes, physicalSectorSizeBytes: sectorSizeBytes, model: '', serial: '', wwn: '', bus: 'file',
    removable: false, rotational: false, readOnly: false,
  };
}

/** An image of a disk with large sectors has its GPT header at byte 4096; without GPT it can't be told, and 512 is usual. */
async function sectorSizeOfFile(path: string): Promise<number> {
  const handle = await open(path, 'r');
  try {
    const start = new Uint8Array(4096 + 8);
    const { bytesRead } = await handle.read(start, 0, start.length, 0);
    return bytesRead === start.length && !hasGptSignature(start.subarray(512)) && hasGptSignature(start.subarray(4096)) ? 4096 : 512;
  } finally {
    await handle.close();
  }
}

export async function openDiskForReading(path: string, options: SectorSize = {}): Promise<SourceDisk> {
  const facts = await diskFacts(path, options);
  const handle = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    throw toAppError(error, `${path} can't be opened for reading`);
  });
  return { facts, sizeBytes: facts.sizeBytes, fd: handle.fd, read: (buffer, offset) => readFully(handle, { path, buffer, offset }), close: () => handle.close() };
}

async function readFully(handle: FileHandle, at: { path: string; buffer: Uint8Array; offset: number }): Promise<void> {
  for (let done = 0; done < at.buffer.length; ) {
    const { bytesRead } = await handle.read(at.buffer, done, at.buffer.length - done, at.offset + done).catch((error: unknown) => {
      throw toAppError(error, `${at.path} can't be read at byte ${at.offset + done}`);
    });
    if (bytesRead === 0) throw new AppError('io', `${at.path} ends at byte ${at.offset + done}, earlier than it said. If it is a USB disk, check its connection.`, { path: at.path, offset: at.offset + done });
    done += bytesRead;
  }
}

async function writeFully(handle: FileHandle, at: { path: string; buffer: Uint8Array; offset: number }): Promise<void> {
  for (let done = 0; done < at.buffer.length; ) {
    const { bytesWritten } = await handle.write(at.buffer, done, at.buffer.length - done, at.offset + done).catch((error: unknown) => {
      throw toAppError(error, `${at.path} can't be written at byte ${at.offset + done}`);
    });
    if (bytesWritten === 0) throw new AppError('io', `${at.path} takes no more bytes at ${at.offset + done}.`, { path: at.path, offset: at.offset + done });
    done += bytesWritten;
  }
}

/** Every refusal comes before the first write; a missing image file is created only after all checks. */
export async function openTarget(request: TargetRequest): Promise<TargetHandle> {
  const { path } = request;
  const info = await stat(path).catch(() => null);
  if (info === null) return createTarget(request);
  if (!info.isBlockDevice() && !info.isFile()) throw new AppError('target-not-a-disk', `${path} is neither a disk nor an image file. List the disks with: platen agent inventory`, { path });
  const facts = info.isBlockDevice() ? await blockFacts(path, deviceNumber(info.rdev)) : fileFacts(path, info.size, request.sectorSizeBytes);
  if (info.isBlockDevice() && (await readText(`/sys/dev/block/${deviceNumber(info.rdev)}/partition`)) !== '') {
    throw new AppError('target-not-a-disk', `${path} is a partition. An image is deployed to a whole disk: name the disk it is on.`, { path });
  }
  checkTarget(facts, request);
  await refuseInUse(path);
  const flags = constants.O_RDWR | (info.isBlockDevice() ? constants.O_EXCL : 0);
  const handle = await open(path, flags).catch((error: unknown) => {
    const busy = error instanceof Error && 'code' in error && error.code === 'EBUSY';
    if (busy) throw new AppError('target-busy', `${path} is in use by the kernel or by another program. Unmount what is on it and stop what uses it, then try again.`, { path }, error);
    throw toAppError(error, `${path} can't be opened for writing`);
  });
  try {
    // The name could have come to mean another disk since it was looked at: what is open now is what counts.
    const now = await handle.stat();
    const same = info.isBlockDevice() ? now.rdev === info.rdev : now.ino === info.ino && now.dev === info.dev;
    if (!same) throw new AppError('target-mismatch', `${path} changed while it was being opened. Nothing was written; try again.`, { path });
    const openFacts = now.isBlockDevice() ? await blockFacts(path, deviceNumber(now.rdev)) : fileFacts(path, now.size, request.sectorSizeBytes);
    checkTarget(openFacts, request);
    if (openFacts.serial !== facts.serial || openFacts.sizeBytes !== facts.sizeBytes) throw mismatch(path, 'serial or size', facts.serial, openFacts.serial);
    return targetHandle(handle, openFacts, false);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function createTarget(request: TargetRequest): Promise<TargetHandle> {
  const { path, createSizeBytes } = request;
  if (createSizeBytes === undefined || path.startsWith('/dev/')) {
    throw new AppError('target-not-a-disk', `There is no disk or image file at ${path}. List the disks with: platen agent inventory`, { path });
  }
  const facts = fileFacts(path, createSizeBytes, request.sectorSizeBytes);
  checkTarget(facts, request);
  const handle = await open(path, 'wx+').catch((error: unknown) => {
    throw toAppError(error, `The image file ${path} can't be created`);
  });
  try {
    await handle.truncate(createSizeBytes);
  } catch (error) {
    await handle.close();
    throw toAppError(error, `The image file ${path} can't be made ${formatBytes(createSizeBytes)} long`);
  }
  return targetHandle(handle, facts, true);
}

function checkTarget(facts: DiskFacts, request: TargetRequest): void {
  checkExpected(facts, request.expect ?? {});
  const { path } = facts;
  if (facts.readOnly) throw new AppError('target-busy', `${path} is read-only. Remove its write protection (blockdev --setrw ${path}, or its switch), then try again.`, { path });
  if (facts.kind === 'block' && facts.sectorSizeBytes !== request.sectorSizeBytes) {
    throw new AppError('target-sector-size', `The image was made of a disk with sectors of ${request.sectorSizeBytes} bytes, but ${path} has sectors of ${facts.sectorSizeBytes}. Use a disk with sectors of ${request.sectorSizeBytes} bytes.`,
      { path, needed: request.sectorSizeBytes, actual: facts.sectorSizeBytes });
  }
  if (facts.sizeBytes < request.neededBytes) {
    throw new AppError('target-too-small', `${path} is too small: it has ${facts.sizeBytes} bytes (${formatBytes(facts.sizeBytes)}), the image needs ${request.neededBytes} (${formatBytes(request.neededBytes)}). Use a larger disk.`,
      { path, neededBytes: request.neededBytes, sizeBytes: facts.sizeBytes });
  }
}

function checkExpected(facts: DiskFacts, expect: ExpectedDisk): void {
  for (const key of ['serial', 'model', 'wwn'] as const) {
    const wanted = expect[key];
    if (wanted !== undefined && wanted.trim() !== facts[key].trim()) throw mismatch(facts.path, key, wanted, facts[key]);
  }
  if (expect.sizeBytes !== undefined && expect.sizeBytes !== facts.sizeBytes) throw mismatch(facts.path, 'size', String(expect.sizeBytes), String(facts.sizeBytes));
}

function mismatch(path: string, what: string, expected: string, actual: string): AppError {
  const found = actual === '' ? 'it has none' : `its ${what} is ${actual}`;
  return new AppError('target-mismatch', `${path} is not the disk that was asked for: ${what} ${expected} was expected, but ${found}. Nothing was written; check with platen agent inventory which disk is meant.`,
    { path, what, expected, actual });
}

async function refuseInUse(path: string): Promise<void> {
  if (await isSystemDisk(path)) throw new AppError('target-is-system-disk', `${path} is the disk this system runs from. Choose another disk, or start the computer from the network or a USB stick to deploy to this one.`, { path });
  const reason = await busyReason(path);
  if (reason !== null) throw new AppError('target-busy', `${path} is in use: ${reason}. Unmount it or stop what uses it (umount, swapoff, vgchange -an, mdadm --stop, losetup -d), then try again.`, { path, reason });
}

function targetHandle(handle: FileHandle, facts: DiskFacts, knownZero: boolean): TargetHandle {
  const { path } = facts;
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await handle.close();
  };
  const inside = (offset: number, length: number): void => {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > facts.sizeBytes) throw new AppError('internal', `A write of ${length} bytes at ${offset} would pass the end of ${path} (${facts.sizeBytes} bytes).`, { path });
  };
  const write = async (buffer: Uint8Array, offset: number): Promise<void> => {
    inside(offset, buffer.length);
    await writeFully(handle, { path, buffer, offset });
  };
  return {
    facts, sizeBytes: facts.sizeBytes, fd: handle.fd, knownZero, write, close,
    read: (buffer, offset) => readFully(handle, { path, buffer, offset }),
    async zeroRange(offset, length) {
      inside(offset, length);
      await zeroRange({ fd: handle.fd, kind: facts.kind, alignBytes: Math.max(4096, facts.sectorSizeBytes), write }, offset, length);
    },
    async flush() {
      await handle.sync().catch((error: unknown) => {
        throw toAppError(error, `${path} can't be flushed`);
      });
    },
    dropCache: () => dropCache(handle.fd, facts.kind),
    async rereadTable() {
      if (facts.kind === 'file') return null;
      await handle.sync();
      await close();
      return rereadTable(path);
    },
  };
}

async function rereadTable(path: string): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const child = spawn('blockdev', ['--rereadpt', path], { stdio: ['ignore', 'ignore', 'pipe'] });
  let message = '';
  child.stderr.on('data', (data: Buffer) => (message += data.toString()));
  const note = (why: string): string => `The kernel did not read the new partition table of ${path} (${why}); it will after the next start or partprobe.`;
  child.on('error', (error) => resolve(note(error.message)));
  child.on('close', (code) => resolve(code === 0 ? null : note(message.trim())));
  return promise;
}
