// Owns the evidence that a source stood still while it was captured: what was written to it, who has it mounted, its starts and ends.
// It reads only; of a block device it first has the kernel forget what it remembers from earlier looks.
import { fstat } from 'node:fs';
import { promisify } from 'node:util';
import { AppError, toAppError } from '#shared/errors.ts';
import type { DeviceGraph } from '#shared/model/schema.ts';
import { assertCapturable } from '../disks/busy.ts';
import { dropCache } from '../disks/cache.ts';
import { deviceNumber, readText } from '../disks/sysfs.ts';
import type { SourceDisk } from '../disks/types.ts';
import { RunningHash } from '../hash.ts';
import { readFully } from './positioned.ts';

const statOf = promisify(fstat);
/** Of the disk's ends; and of the start of a volume, where superblocks are: what a mount changes first. */
const endBytes = 1024 * 1024;
const startBytes = 64 * 1024;
const mostStarts = 128;

export class SourceWitness {
  private readonly source: SourceDisk;
  private readonly writes: string;
  private edges: string | null = null;

  private constructor(source: SourceDisk, writes: string) {
    this.source = source;
    this.writes = writes;
  }

  /** Before anything of the source is looked at: all that is written to it from here on counts as a change. */
  static async begin(source: SourceDisk): Promise<SourceWitness> {
    await forget(source);
    return new SourceWitness(source, await writesTo(source));
  }

  async inspected(graph: DeviceGraph): Promise<void> {
    this.edges = await edgesOf(this.source, graph);
  }

  /** Throws source-changed. */
  async check(graph: DeviceGraph): Promise<void> {
    const { path } = this.source.facts;
    const used = await assertCapturable(path).then(() => null, (error: unknown) => toAppError(error));
    await forget(this.source);
    if (used === null && (await writesTo(this.source)) === this.writes && (await edgesOf(this.source, graph)) === this.edges) return;
    throw new AppError('source-changed', `${path} was written to while it was read, so the copy would not be whole. No version was made. ${used === null ? '' : `${used.message} `}Stop what writes to it (unmount its volumes, shut down the virtual machine) and capture again.`, {}, used ?? undefined);
  }
}

/**
 * File systems write by way of their partition, whose memory the kernel keeps apart from that of the whole disk. As long as anything holds
 * the disk open, the latter goes on showing what was there at an earlier look. Where the kernel refuses (it wants root), the checks remain.
 */
async function forget(source: SourceDisk): Promise<void> {
  if (source.facts.kind === 'block') await dropCache(source.fd, 'block');
}

/** Of a device the kernel counts what was written and discarded, by whatever way (Documentation/block/stat); a file has its times. */
async function writesTo(source: SourceDisk): Promise<string> {
  if (source.facts.kind === 'file') {
    const info = await statOf(source.fd, { bigint: true });
    return `${info.size} ${info.mtimeNs}`;
  }
  const info = await statOf(source.fd);
  const counters = (await readText(`/sys/dev/block/${deviceNumber(info.rdev)}/stat`)).split(/\s+/);
  return [4, 6, 11, 13].map((field) => counters[field] ?? '').join(' ');
}

async function edgesOf(source: SourceDisk, graph: DeviceGraph): Promise<string> {
  const length = Math.min(endBytes, source.sizeBytes);
  const volumes = graph.nodes.filter((node) => node.type === 'volume').slice(0, mostStarts);
  const ranges = [{ offset: 0, length }, { offset: source.sizeBytes - length, length }, ...volumes.map(({ offsetBytes, sizeBytes }) => ({ offset: offsetBytes, length: Math.min(startBytes, length, sizeBytes) }))];
  const hash = new RunningHash();
  const buffer = Buffer.allocUnsafeSlow(length);
  for (const range of ranges) {
    const piece = buffer.subarray(0, range.length);
    await readFully(source.fd, piece, range.offset).catch((error: unknown) => {
      throw toAppError(error, source.facts.path);
    });
    hash.update(piece);
  }
  return hash.digestHex();
}
