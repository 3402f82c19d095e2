// Owns the decision what a deploy writes where: pure, from the image's graph and the target's facts. Nothing is written that is not
// in this plan; every refusal it makes comes while the target is untouched.
import { AppError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import { chunkCount, type DeviceGraph, type DiskNode, type StreamInfo } from '#shared/model/schema.ts';
import { encodeTable, minimumTargetBytes } from '../disks/partitionTable/encode.ts';
import type { TableWrite } from '../disks/types.ts';

/** Signatures of file systems, RAID and LVM live at the start and in the last MiB of a volume or region: these bytes are always written. */
export const edgeBytes = 1024 * 1024;
/** The farthest of them from the start: VMFS at 1 and 2 MiB, a second LUKS2 header at up to 4 MiB (libblkid believes it without the first). */
export const headBytes = 4 * 1024 * 1024 + 256 * 1024;

export type TargetFacts = { path: string; sizeBytes: number; sectorSizeBytes: number; knownZero: boolean };
export type ByteRange = { offset: number; length: number };
export type StreamPlan = {
  index: number;
  /** On the target; the length is clipped where the stream is a gap that the target is too short for. */
  offset: number;
  lengthBytes: number;
  chunkSize: number;
  chunks: number;
  what: string;
};
export type DeployPlan = {
  disk: DiskNode;
  /** Zeroed before anything else, so that a half-written disk never looks whole. */
  wipes: ByteRange[];
  /** In the order in which they are written: volumes first, then what boot loaders need, the first sector last. */
  streams: StreamPlan[];
  /** Start and last MiB of every region of the target that no stream covers. */
  regionEdges: ByteRange[];
  tables: TableWrite[];
  knownZero: boolean;
};

export function neededBytes(graph: DeviceGraph): number {
  const disk = diskOf(graph);
  const volumes = graph.streams.filter((stream) => stream.kind === 'blocks').map((stream) => stream.offsetBytes + stream.lengthBytes);
  return volumes.reduce((most, end) => Math.max(most, end), minimumTargetBytes(disk.table, disk.sectorSizeBytes));
}

export function diskOf(graph: DeviceGraph): DiskNode {
  const disks = graph.nodes.filter((node) => node.type === 'disk');
  const disk = disks[0];
  if (disk === undefined || disks.length !== 1) throw new AppError('image-damaged', `The image describes ${disks.length} disks; exactly one is expected. Verify the image.`);
  return disk;
}

/** Throws target-too-small, target-sector-size, or image-damaged where the graph contradicts itself. */
export function planDeploy(graph: DeviceGraph, target: TargetFacts): DeployPlan {
  const disk = diskOf(graph);
  const needed = neededBytes(graph);
  if (target.sizeBytes < needed) {
    throw new AppError('target-too-small', `${target.path} is too small: it has ${target.sizeBytes} bytes (${formatBytes(target.sizeBytes)}), the image needs ${needed} (${formatBytes(needed)}). Use a larger disk.`, { neededBytes: needed, sizeBytes: target.sizeBytes });
  }
  if (target.sectorSizeBytes !== disk.sectorSizeBytes) {
    throw new AppError('target-sector-size', `The image was made of a disk with sectors of ${disk.sectorSizeBytes} bytes, but ${target.path} has sectors of ${target.sectorSizeBytes}. Use a disk with sectors of ${disk.sectorSizeBytes} bytes.`, { needed: disk.sectorSizeBytes, actual: target.sectorSizeBytes });
  }
  checkStreams(graph.streams);
  const streams = graph.streams.flatMap((stream) => planStream(graph, stream, target.sizeBytes)).toSorted(byWriteOrder(graph.streams));
  const size = Math.floor(target.sizeBytes / disk.sectorSizeBytes) * disk.sectorSizeBytes;
  return {
    disk,
    wipes: target.knownZero ? [] : edgesOf({ offset: 0, length: size }, edgeBytes),
    streams,
    regionEdges: target.knownZero ? [] : uncovered(streams, size).flatMap((region) => edgesOf(region)),
    tables: encodeTable(disk.table, { sizeBytes: target.sizeBytes, sectorSizeBytes: disk.sectorSizeBytes, sourceSizeBytes: disk.sizeBytes }),
    knownZero: target.knownZero,
  };
}

function checkStreams(streams: readonly StreamInfo[]): void {
  const seen = new Set<number>();
  let end = 0;
  for (const stream of streams.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) {
    if (seen.has(stream.index)) throw new AppError('image-damaged', `The image names stream ${stream.index} twice. Verify the image.`);
    if (stream.offsetBytes < end) throw new AppError('image-damaged', `Streams of the image overlap at byte ${stream.offsetBytes}. Verify the image.`);
    seen.add(stream.index);
    end = stream.offsetBytes + stream.lengthBytes;
  }
}

function planStream(graph: DeviceGraph, stream: StreamInfo, targetBytes: number): StreamPlan[] {
  const chunkSize = graph.chunkSizeBytes;
  const room = targetBytes - stream.offsetBytes;
  // Only a gap can be clipped (volumes fit, or the deploy was refused), and only at whole chunks, because half a chunk has no hash.
  const length = room >= stream.lengthBytes ? stream.lengthBytes : Math.floor(Math.max(0, room) / chunkSize) * chunkSize;
  if (length <= 0) return [];
  return [{ index: stream.index, offset: stream.offsetBytes, lengthBytes: length, chunkSize, chunks: chunkCount(length, chunkSize), what: describe(graph, stream) }];
}

function describe(graph: DeviceGraph, stream: StreamInfo): string {
  if (stream.kind === 'gap') return 'boot areas';
  const volume = graph.nodes.find((node) => node.id === stream.node);
  if (volume?.type !== 'volume') return 'volume';
  const partition = graph.nodes.find((node) => node.id === volume.on);
  const name = volume.fsType === 'raw' ? (volume.detected ?? 'raw') : volume.fsType;
  return partition?.type === 'partition' ? `${name} on partition ${partition.number}` : name;
}

function byWriteOrder(streams: readonly StreamInfo[]): (a: StreamPlan, b: StreamPlan) => number {
  const gaps = new Set(streams.filter((stream) => stream.kind === 'gap').map((stream) => stream.index));
  return (a, b) => {
    const late = Number(gaps.has(a.index)) - Number(gaps.has(b.index));
    if (late !== 0) return late;
    return gaps.has(a.index) ? b.offset - a.offset : a.offset - b.offset;
  };
}

function uncovered(streams: readonly StreamPlan[], size: number): ByteRange[] {
  const regions: ByteRange[] = [];
  let at = 0;
  for (const stream of streams.toSorted((a, b) => a.offset - b.offset)) {
    if (stream.offset > at) regions.push({ offset: at, length: stream.offset - at });
    at = Math.max(at, stream.offset + stream.lengthBytes);
  }
  if (size > at) regions.push({ offset: at, length: size - at });
  return regions;
}

/** The start and the last MiB, or all of what is shorter than both. */
export function edgesOf(range: ByteRange, head = headBytes): ByteRange[] {
  if (range.length <= 0) return [];
  if (range.length <= head + edgeBytes) return [range];
  return [{ offset: range.offset, length: head }, { offset: range.offset + range.length - edgeBytes, length: edgeBytes }];
}

/** What must be made zero for a run of unused or zero chunks: ranges on the target, clipped to the stream. */
export function zeroesFor(stream: StreamPlan, run: { kind: 'unused' | 'zero'; firstChunk: number; count: number }, knownZero: boolean): ByteRange[] {
  if (knownZero) return [];
  const from = run.firstChunk * stream.chunkSize;
  const to = Math.min((run.firstChunk + run.count) * stream.chunkSize, stream.lengthBytes);
  if (to <= from) return [];
  if (run.kind === 'zero') return [{ offset: stream.offset + from, length: to - from }];
  return edgesOf({ offset: 0, length: stream.lengthBytes }).flatMap((edge) => {
    const start = Math.max(edge.offset, from);
    const end = Math.min(edge.offset + edge.length, to);
    return end > start ? [{ offset: stream.offset + start, length: end - start }] : [];
  });
}

/** Bytes chunk `index` has on the target; 0 where the stream was clipped before it. */
export function lengthOfChunk(stream: StreamPlan, index: number): number {
  return Math.max(0, Math.min(stream.chunkSize, stream.lengthBytes - index * stream.chunkSize));
}
