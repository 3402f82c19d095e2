// Owns turning a disk into its device graph: table, partitions, volumes, the streams that carry them, and their maps of used bytes.
// Reads only. What can't be captured rightly is refused here, before anything is sent.
import { AppError, ProtocolError } from '#shared/errors.ts';
import type { GraphNode, PartitionTable, StreamInfo, VolumeNode } from '#shared/model/schema.ts';
import { windowOf } from './bytes.ts';
import { recogniseVolume, startsWithVolume } from './fileSystems/recognise.ts';
import type { Recognised } from './fileSystems/volume.ts';
import { partitionsOf } from './partitionTable/layout.ts';
import type { PartitionPlace } from './partitionTable/layout.ts';
import { readPartitionTable } from './partitionTable/read.ts';
import type { ReadTable } from './partitionTable/read.ts';
import type { DiskFacts, DiskReader, Inspection, UsedMap } from './types.ts';

export const chunkSizeBytes = 256 * 1024;
/** A gap up to this size is kept whole; of a larger one its ends, where boot loaders and signatures are. */
const wholeGapBytes = 16 * 1024 * 1024;
const gapEndBytes = 1024 * 1024;

type Range = { start: number; end: number };

export async function inspectDisk(reader: DiskReader, facts: DiskFacts): Promise<Inspection> {
  const found = await tableOf(reader, facts.sectorSizeBytes);
  const build = new GraphBuilder(reader, facts, found);
  if (found.table.kind === 'none') await build.addWholeDisk();
  else for (const place of partitionsOf(found.table)) await build.addPartition(place);
  build.addGaps();
  return build.finish();
}

/** As inspectDisk's table, for listing disks. */
export async function tableOf(reader: DiskReader, sectorSizeBytes: number): Promise<ReadTable> {
  try {
    return await readPartitionTable(reader, sectorSizeBytes, await startsWithVolume(reader));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError('table-damaged', `The partition table can't be read: ${error.message}. Repair it (testdisk), then try again.`, {}, error);
  }
}

export async function volumeAt(reader: DiskReader, range: Range, facts: { sectorSizeBytes: number; what: string }): Promise<Recognised> {
  try {
    return await recogniseVolume(windowOf(reader, range.start, range.end - range.start), facts.sectorSizeBytes);
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `${facts.what}: ${error.message}`, error.data, error);
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError('volume-damaged', `${facts.what}: its file system can't be read (${error.message}). Check it with its own tool (e2fsck, chkdsk, fsck.fat), then try again.`, {}, error);
  }
}

class GraphBuilder {
  private readonly nodes: GraphNode[] = [];
  private readonly streams: StreamInfo[] = [];
  private readonly maps = new Map<number, UsedMap | 'all'>();
  private readonly notes: string[];
  private readonly covered: Range[] = [];
  private readonly reader: DiskReader;
  private readonly facts: DiskFacts;
  private readonly table: PartitionTable;

  constructor(reader: DiskReader, facts: DiskFacts, found: ReadTable) {
    this.reader = reader;
    this.facts = facts;
    this.table = found.table;
    this.notes = [...found.notes];
    const size = facts.sectorSizeBytes;
    for (const { firstLba, sectorCount } of found.reserved) this.covered.push({ start: firstLba * size, end: (firstLba + sectorCount) * size });
    this.nodes.push({
      type: 'disk', id: 'disk', sizeBytes: reader.sizeBytes, sectorSizeBytes: size, model: facts.model.slice(0, 256), serial: facts.serial.slice(0, 256),
      bus: facts.bus.slice(0, 32), table: found.table,
    });
  }

  async addWholeDisk(): Promise<void> {
    const range = { start: 0, end: this.reader.sizeBytes };
    const what = await volumeAt(this.reader, range, { sectorSizeBytes: this.facts.sectorSizeBytes, what: 'The disk' });
    if (what.fsType === 'raw' && what.detected === undefined) {
      throw new AppError('disk-not-recognised', 'Nothing is recognised on the disk: neither a partition table nor a file system. Check that it is the right disk; an empty one has nothing to capture.');
    }
    this.addVolume({ on: 'disk', id: 'volume', range, what });
  }

  async addPartition(place: PartitionPlace): Promise<void> {
    const size = this.facts.sectorSizeBytes;
    const range = { start: place.firstLba * size, end: (place.firstLba + place.sectorCount) * size };
    const id = `partition-${place.number}`;
    this.nodes.push({
      type: 'partition', id, disk: 'disk', number: place.number, offsetBytes: range.start, sizeBytes: range.end - range.start,
      typeCode: place.typeCode, typeName: place.typeName, name: place.name, role: place.role,
    });
    if (place.role === 'extended') return;
    const what = await volumeAt(this.reader, range, { sectorSizeBytes: size, what: `Partition ${place.number}` });
    if (what.note !== undefined) this.notes.push(`Partition ${place.number}: ${what.note}`);
    this.addVolume({ on: id, id: `volume-${place.number}`, range, what });
  }

  private addVolume({ on, id, range, what }: { on: string; id: string; range: Range; what: Recognised }): void {
    const sizeBytes = range.end - range.start;
    const stream = this.addStream('blocks', id, range, what.map);
    const node: VolumeNode = {
      type: 'volume', id, on, offsetBytes: range.start, sizeBytes, fsType: what.fsType, ...(what.detected === undefined ? {} : { detected: what.detected }),
      label: what.label.slice(0, 256), uuid: what.uuid, blockSizeBytes: what.blockSizeBytes, usedBytes: what.map === 'all' ? sizeBytes : what.map.usedBytes, stream,
    };
    this.nodes.push(node);
    this.covered.push(range);
  }

  /** What neither a volume nor the table itself covers. LBA 0 is a stream of its own: its boot code goes around the table's records. */
  addGaps(): void {
    if (this.table.kind === 'none') return;
    const size = this.facts.sectorSizeBytes;
    this.addGap({ start: 0, end: size });
    const end = Math.floor(this.reader.sizeBytes / size) * size;
    let at = size;
    for (const range of [...this.covered.toSorted((a, b) => a.start - b.start), { start: end, end }]) {
      if (range.start > at) this.addRegion({ start: at, end: range.start });
      at = Math.max(at, range.end);
    }
  }

  private addRegion(region: Range): void {
    if (region.end - region.start <= wholeGapBytes) {
      this.addGap(region);
      return;
    }
    const size = this.facts.sectorSizeBytes;
    const first = { start: region.start, end: region.start + gapEndBytes };
    const last = { start: region.end - gapEndBytes, end: region.end };
    this.addGap(first);
    // An extended record in the middle of a large gap keeps the bytes around its partition records.
    const ebrs = this.table.kind === 'mbr' ? this.table.ebrs.map((ebr) => ebr.lba * size).toSorted((a, b) => a - b) : [];
    for (const start of ebrs) if (start >= first.end && start + size <= last.start) this.addGap({ start, end: start + size });
    this.addGap(last);
  }

  private addGap(range: Range): void {
    this.addStream('gap', 'disk', range, 'all');
  }

  private addStream(kind: StreamInfo['kind'], node: string, range: Range, map: UsedMap | 'all'): number {
    const index = this.streams.length;
    this.streams.push({ index, kind, node, offsetBytes: range.start, lengthBytes: range.end - range.start });
    this.maps.set(index, map);
    return index;
  }

  finish(): Inspection {
    if (!this.nodes.some((node) => node.type === 'volume')) {
      throw new AppError('disk-not-recognised', 'The disk has a partition table, but no partitions in it: there is nothing to capture. Check that it is the right disk.');
    }
    return { graph: { chunkSizeBytes, nodes: this.nodes, streams: this.streams }, maps: this.maps, notes: this.notes };
  }
}
