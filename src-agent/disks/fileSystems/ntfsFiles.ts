// Owns reading files of an NTFS volume by MFT record: attribute lists, pieces of runlists, names in a directory.
// Reads only. It does not decompress or decrypt: the system files it is for are neither.
import { ProtocolError } from '#shared/errors.ts';
import { readBytes, u32, u64, u8 } from '../bytes.ts';
import type { DiskReader } from '../types.ts';
import { applyFixups, attributeTypes, decodeAttributeList, decodeIndexEntries, decodeMftRecord } from './ntfsRecord.ts';
import type { Attribute, IndexEntry, MftRecord, NtfsBoot, Run } from './ntfsRecord.ts';

const largestList = 1024 * 1024;
const mostIndexBlocks = 100_000;

export class NtfsFiles {
  readonly boot: NtfsBoot;
  private readonly volume: DiskReader;
  /** Of $MFT's data, completed by its own attribute list. */
  private mftRuns: Run[] = [];

  private constructor(volume: DiskReader, boot: NtfsBoot) {
    this.volume = volume;
    this.boot = boot;
  }

  static async open(volume: DiskReader, boot: NtfsBoot): Promise<NtfsFiles> {
    const files = new NtfsFiles(volume, boot);
    const first = await readBytes(volume, boot.mftCluster * boot.clusterBytes, boot.recordBytes);
    applyFixups(first, 'FILE');
    const record = decodeMftRecord(first);
    const own = record.attributes.find((a) => a.type === attributeTypes.data && a.name === '' && a.lowestVcn === 0);
    if (own === undefined || own.runs[0]?.cluster !== boot.mftCluster) throw new ProtocolError(0, 'the MFT does not start where the boot sector says');
    files.mftRuns = own.runs;
    // Later pieces of $MFT are named by its attribute list, in records that earlier pieces hold.
    const whole = await files.attributeOf(record, attributeTypes.data, '', 0);
    if (whole !== null) files.mftRuns = whole.runs;
    return files;
  }

  get mft(): readonly Run[] {
    return this.mftRuns;
  }

  async record(number: number): Promise<MftRecord> {
    const bytes = await this.readRuns(this.mftRuns, number * this.boot.recordBytes, this.boot.recordBytes);
    applyFixups(bytes, 'FILE');
    return decodeMftRecord(bytes);
  }

  /** An attribute with all its pieces put together; null where the file has none. number: of the base record. */
  async attributeOf(record: MftRecord, type: number, name: string, number: number): Promise<Attribute | null> {
    const matches = (a: Attribute): boolean => a.type === type && a.name === name;
    const list = record.attributes.find((a) => a.type === attributeTypes.list);
    if (list === undefined) return record.attributes.find(matches) ?? null;
    const bytes = list.value ?? (await this.readAttribute(list, 0, Math.min(list.dataBytes, largestList)));
    const places = decodeAttributeList(bytes).filter((entry) => entry.type === type && entry.name === name).toSorted((a, b) => a.lowestVcn - b.lowestVcn);
    const ofMft = number === 0 && type === attributeTypes.data && name === '';
    const pieces: Attribute[] = [];
    for (const entry of places) {
      const holder = entry.record === number ? record : await this.record(entry.record);
      if (entry.record !== number && holder.baseRecord !== number) throw new ProtocolError(0, `MFT record ${entry.record} does not belong to file ${number}`);
      const piece = holder.attributes.find((a) => matches(a) && a.lowestVcn === entry.lowestVcn);
      if (piece === undefined) throw new ProtocolError(0, `an attribute that is missing from MFT record ${entry.record}`);
      pieces.push(piece);
      if (ofMft) this.mftRuns = pieces.flatMap((one) => one.runs);
    }
    const [first] = pieces;
    return first === undefined ? null : { ...first, runs: pieces.flatMap((one) => one.runs) };
  }

  /** Bytes past what was ever initialised are zeros. */
  async readAttribute(attribute: Attribute, offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > attribute.dataBytes) throw new ProtocolError(offset, 'read past the end of an attribute');
    if (attribute.value !== null) return attribute.value.subarray(offset, offset + length);
    const valid = Math.max(0, Math.min(length, attribute.initialisedBytes - offset));
    if (valid === length) return this.readRuns(attribute.runs, offset, length);
    const bytes = new Uint8Array(length);
    bytes.set(await this.readRuns(attribute.runs, offset, valid));
    return bytes;
  }

  /** Looks a name up in a directory's $I30 index by walking the whole tree (the order of its entries is not trusted). */
  async find(directory: number, name: string): Promise<MftRecord & { number: number } | null> {
    const record = await this.record(directory);
    const root = await this.attributeOf(record, attributeTypes.indexRoot, '$I30', directory);
    if (root?.value === null || root === null) throw new ProtocolError(0, 'a directory without index');
    const allocation = await this.attributeOf(record, attributeTypes.indexAllocation, '$I30', directory);
    const blockBytes = u32(root.value, 8);
    if (blockBytes < 512 || blockBytes > 65536 || blockBytes % 512 !== 0) throw new ProtocolError(8, `index blocks of ${blockBytes} bytes`);
    const pending = [decodeIndexEntries(root.value.subarray(16))];
    const seen = new Set<number>();
    for (let entries = pending.pop(); entries !== undefined; entries = pending.pop()) {
      const found = entries.find((entry) => entry.name.toLowerCase() === name);
      if (found !== undefined) return this.foundFile(found);
      for (const { childVcn } of entries) {
        if (childVcn === null) continue;
        if (seen.has(childVcn) || seen.size > mostIndexBlocks) throw new ProtocolError(0, 'a directory index that loops');
        seen.add(childVcn);
        if (allocation === null) throw new ProtocolError(0, 'a directory index without its blocks');
        pending.push(await this.indexBlock(allocation, childVcn, blockBytes));
      }
    }
    return null;
  }

  private async foundFile(entry: IndexEntry): Promise<MftRecord & { number: number }> {
    const file = await this.record(entry.record);
    if (file.sequence !== entry.sequence) throw new ProtocolError(0, 'a directory entry that points to another file');
    return { ...file, number: entry.record };
  }

  private async indexBlock(allocation: Attribute, vcn: number, blockBytes: number): Promise<IndexEntry[]> {
    // Where a block is smaller than a cluster, blocks are counted in units of 512 bytes.
    const offset = vcn * (blockBytes >= this.boot.clusterBytes ? this.boot.clusterBytes : 512);
    const bytes = (await this.readAttribute(allocation, offset, blockBytes)).slice();
    applyFixups(bytes, 'INDX');
    if (u64(bytes, 16) !== vcn || u8(bytes, 0) === 0) throw new ProtocolError(16, 'an index block in a wrong place');
    return decodeIndexEntries(bytes.subarray(24));
  }

  private async readRuns(runs: readonly Run[], offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const size = this.boot.clusterBytes;
    let done = 0;
    while (done < length) {
      const at = offset + done;
      const run = runs.find((r) => at >= r.vcn * size && at < (r.vcn + r.length) * size);
      if (run === undefined) throw new ProtocolError(at, 'data that no run covers');
      const take = Math.min(length - done, (run.vcn + run.length) * size - at);
      if (run.cluster !== null) {
        const from = run.cluster * size + at - run.vcn * size;
        if (run.cluster + run.length > this.boot.clusters) throw new ProtocolError(at, 'a run past the end of the volume');
        bytes.set(await readBytes(this.volume, from, take), done);
      }
      done += take;
    }
    return bytes;
  }
}
