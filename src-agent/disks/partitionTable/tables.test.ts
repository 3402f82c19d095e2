import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { partitionTableSchema } from '#shared/model/schema.ts';
import type { GptTable, MbrEntry, MbrTable, PartitionTable } from '#shared/model/schema.ts';
import { memoryDisk } from '../testing/images.ts';
import type { TargetGeometry } from '../types.ts';
import { encodeTable, minimumTargetBytes } from './encode.ts';
import { readPartitionTable } from './read.ts';

const none: MbrEntry = { status: 0, type: 0, chsFirst: '000000', chsLast: '000000', firstLba: 0, sectorCount: 0 };
const record = (type: number, firstLba: number, sectorCount: number): MbrEntry => ({ status: 0, type, chsFirst: 'feffff', chsLast: 'feffff', firstLba, sectorCount });

function diskWith(table: PartitionTable, target: TargetGeometry): Uint8Array {
  const disk = new Uint8Array(target.sizeBytes);
  for (const { offsetBytes, bytes } of encodeTable(table, target)) disk.set(bytes, offsetBytes);
  return disk;
}
const readBack = async (disk: Uint8Array, sector: number) => readPartitionTable(memoryDisk(disk), sector, false);
async function codeOf(work: () => Promise<unknown>): Promise<string> {
  const error = await work().then(() => null, (e: unknown) => e);
  return error instanceof AppError ? error.code : `not refused (${String(error)})`;
}

const hexOf = (length: number) => fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const guid = hexOf(32).map((h) => h.toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')).filter((g) => /[1-9A-F]/.test(g));
const gptNames = fc.array(fc.integer({ min: 1, max: 0xffff }), { maxLength: 36 }).map((units) => String.fromCharCode(...units));
const gptTables = fc.record({
  sector: fc.constantFrom(512, 4096), entryCount: fc.integer({ min: 1, max: 300 }), entrySize: fc.constantFrom(128, 256, 512), gap: fc.nat(40), diskGuid: guid,
  parts: fc.array(fc.record({ skip: fc.nat(5), length: fc.integer({ min: 1, max: 20 }), typeGuid: guid, partitionGuid: guid, attributes: hexOf(16), name: gptNames, extra: fc.nat(255) }), { maxLength: 12 }),
}).map(({ sector, entryCount, entrySize, gap, diskGuid, parts }) => {
  const arraySectors = Math.ceil((entryCount * entrySize) / sector);
  const entriesLba = 2 + (gap % 3);
  let lba = entriesLba + arraySectors + gap;
  const firstUsableLba = lba;
  const entries = parts.slice(0, entryCount).map((part, i) => {
    const firstLba = lba + part.skip;
    lba = firstLba + part.length;
    const room = entrySize - 56 - part.name.length * 2;
    const extra = part.extra > 128 && room > 2 ? '0000' + part.extra.toString(16).padStart(2, '0').repeat(room - 2) : undefined;
    const { skip: _skip, length: _length, extra: _extra, ...kept } = part;
    return { ...kept, index: i, firstLba, lastLba: lba - 1, ...(extra === undefined ? {} : { extra }) };
  });
  lba = Math.max(lba, firstUsableLba + 1);
  const sectors = lba + arraySectors + 1 + gap;
  const table: GptTable = {
    kind: 'gpt', diskGuid, revision: 0x10000, headerSize: 92, entryCount, entrySize, entriesLba, firstUsableLba, lastUsableLba: sectors - 2 - arraySectors, entries,
    protectiveMbr: [record(0xee, 1, sectors - 1), none, none, none],
  };
  return { table, target: { sizeBytes: sectors * sector, sectorSizeBytes: sector }, minimum: (lba + arraySectors + 1) * sector };
});

test('a GPT written and read again is the same, from either copy', async () => {
  await fc.assert(fc.asyncProperty(gptTables, async ({ table, target }) => {
    expect(partitionTableSchema.parse(table)).toEqual(table);
    const disk = diskWith(table, target);
    expect((await readBack(disk, target.sectorSizeBytes)).table).toEqual(table);
    disk.fill(0xa5, target.sectorSizeBytes, target.sectorSizeBytes + 30);
    const damaged = await readBack(disk, target.sectorSizeBytes);
    expect(damaged.table).toEqual({ ...table, entriesLba: 2 });
    expect(damaged.notes).toEqual([expect.stringContaining('backup')]);
  }), { numRuns: 60 });
});

test('the smallest disk that is said to be enough is enough, and one sector less is not', async () => {
  await fc.assert(fc.asyncProperty(gptTables, async ({ table, target, minimum }) => {
    const sectorSizeBytes = target.sectorSizeBytes;
    fc.pre(table.entries.length > 0);
    expect(minimumTargetBytes(table, sectorSizeBytes)).toBe(minimum);
    expect((await readBack(diskWith(table, { sizeBytes: minimum, sectorSizeBytes }), sectorSizeBytes)).table).toMatchObject({ entries: table.entries });
    expect(() => encodeTable(table, { sizeBytes: minimum - sectorSizeBytes, sectorSizeBytes })).toThrow(AppError);
  }), { numRuns: 60 });
});

test('on a larger disk the backup and the protective record go to its end, and a hybrid record stays', async () => {
  const table: GptTable = {
    kind: 'gpt', diskGuid: '11111111-2222-3333-4444-555555555555', revision: 0x10000, headerSize: 92, entryCount: 128, entrySize: 128, entriesLba: 2, firstUsableLba: 34, lastUsableLba: 966, entries: [],
    protectiveMbr: [record(0xee, 1, 63), record(0x83, 64, 100), record(0xee, 164, 836), none],
  };
  const found = (await readBack(diskWith(table, { sizeBytes: 2000 * 512, sectorSizeBytes: 512 }), 512)).table;
  expect(found).toEqual({ ...table, lastUsableLba: 1966, protectiveMbr: [record(0xee, 1, 63), record(0x83, 64, 100), { ...record(0xee, 164, 1836), chsLast: 'ffffff' }, none] });
});

const extendedTable: MbrTable = {
  kind: 'mbr', diskSignature: '0badcafe', entries: [{ ...record(7, 64, 100), status: 0x80 }, record(0x0f, 200, 300), none, none],
  ebrs: [{ lba: 200, entries: [record(0x83, 10, 40), record(5, 100, 60), none, none] }, { lba: 300, entries: [record(0x82, 10, 50), record(5, 200, 60), none, none] }, { lba: 400, entries: [record(0x0b, 1, 99), none, none, none] }],
};

test('an MBR with logical partitions written and read again is the same', async () => {
  const disk = diskWith(extendedTable, { sizeBytes: 1000 * 512, sectorSizeBytes: 512 });
  expect((await readBack(disk, 512)).table).toEqual(extendedTable);
  expect(disk.subarray(0, 440).every((byte) => byte === 0)).toBe(true);
  expect(minimumTargetBytes(extendedTable, 512)).toBe(500 * 512);
});

test.each<[string, string, Partial<MbrTable>]>([
  ['an extended chain that loops', 'extended-loop', { ebrs: [{ lba: 200, entries: [record(0x83, 10, 40), record(5, 0, 60), none, none] }] }],
  ['a link past the extended partition', 'table-past-end', { ebrs: [{ lba: 200, entries: [record(0x83, 10, 40), record(5, 400, 60), none, none] }] }],
  ['a link to nowhere', 'table-damaged', { ebrs: [{ lba: 200, entries: [record(0x83, 10, 40), record(5, 100, 60), none, none] }] }],
  ['a partition past the end of the disk', 'table-past-end', { entries: [record(7, 64, 937), none, none, none], ebrs: [] }],
  ['partitions that overlap', 'table-overlap', { entries: [record(7, 64, 100), record(0x83, 163, 10), none, none], ebrs: [] }],
  ['a logical partition on its own record', 'table-overlap', { ebrs: [{ lba: 200, entries: [record(0x83, 0, 40), none, none, none] }] }],
  ['a logical partition past its extended one', 'table-past-end', { ebrs: [{ lba: 200, entries: [record(0x83, 10, 291), none, none, none] }] }],
])('%s is refused as %s', async (_what, code, change) => {
  const disk = new Uint8Array(1000 * 512);
  const raw: MbrTable = { ...extendedTable, ...change };
  // Written without the encoder's checks, which would refuse it too.
  const { encodeMbr } = await import('./mbr.ts');
  for (const { offsetBytes, bytes } of encodeMbr(raw, 512)) disk.set(bytes, offsetBytes);
  expect(await codeOf(() => readBack(disk, 512))).toBe(code);
});

test('GPT partitions that overlap or reach into the backup are refused, by reading and by writing', async () => {
  const entry = (index: number, firstLba: number, lastLba: number) => ({ index, typeGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', partitionGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE5', firstLba, lastLba, attributes: '0000000000000000', name: '' });
  const base: GptTable = { kind: 'gpt', diskGuid: '11111111-2222-3333-4444-555555555555', revision: 0x10000, headerSize: 92, entryCount: 128, entrySize: 128, entriesLba: 2, firstUsableLba: 34, lastUsableLba: 966, entries: [], protectiveMbr: [record(0xee, 1, 999), none, none, none] };
  const { encodeGpt } = await import('./gpt.ts');
  const codes = [];
  for (const entries of [[entry(0, 40, 60), entry(1, 60, 70)], [entry(0, 40, 970)], [entry(0, 20, 60)], [entry(0, 40, 2000)]]) {
    const disk = new Uint8Array(1000 * 512);
    for (const { offsetBytes, bytes } of encodeGpt({ ...base, entries }, { sizeBytes: disk.length, sectorSizeBytes: 512 })) disk.set(bytes, offsetBytes);
    codes.push([await codeOf(() => readBack(disk, 512)), await codeOf(async () => Promise.resolve(encodeTable({ ...base, entries }, { sizeBytes: disk.length, sectorSizeBytes: 512 })))]);
  }
  expect(codes).toEqual([['table-overlap', 'table-overlap'], ['table-overlap', 'table-overlap'], ['table-overlap', 'table-overlap'], ['table-past-end', 'table-past-end']]);
});

test('a disk with bytes changed at random is read as some valid table or refused, never worse', async () => {
  const sources = [diskWith(extendedTable, { sizeBytes: 600 * 512, sectorSizeBytes: 512 }), diskWith({
    kind: 'gpt', diskGuid: '11111111-2222-3333-4444-555555555555', revision: 0x10000, headerSize: 92, entryCount: 4, entrySize: 128, entriesLba: 2, firstUsableLba: 34, lastUsableLba: 500, entries: [], protectiveMbr: [record(0xee, 1, 599), none, none, none],
  }, { sizeBytes: 600 * 512, sectorSizeBytes: 512 })];
  const places = fc.oneof(fc.integer({ min: 440, max: 1600 }), fc.integer({ min: 200 * 512, max: 201 * 512 - 1 }), fc.integer({ min: 300 * 512 + 440, max: 301 * 512 - 1 }), fc.integer({ min: 598 * 512, max: 600 * 512 - 1 }));
  await fc.assert(fc.asyncProperty(fc.constantFrom(0, 1), fc.array(fc.tuple(places, fc.nat(255)), { maxLength: 12 }), async (which, changes) => {
    const disk = (sources[which] ?? new Uint8Array(0)).slice();
    for (const [at, value] of changes) disk[at] = value;
    const found = await readBack(disk, 512).catch((error: unknown) => error);
    if (found instanceof AppError) return;
    expect(found).not.toBeInstanceOf(Error);
    const { table } = found as Awaited<ReturnType<typeof readBack>>;
    expect(partitionTableSchema.safeParse(table).success).toBe(true);
    expect(() => encodeTable(table, { sizeBytes: disk.length, sectorSizeBytes: 512 })).not.toThrow();
  }), { numRuns: 2000 });
});

test('random bytes as a disk never crash the reader', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 0, maxLength: 4096 }), async (bytes) => {
    const found = await readBack(bytes, 512).catch((error: unknown) => error);
    expect(found instanceof AppError || !(found instanceof Error)).toBe(true);
  }));
});

test('on an equally large disk the protective records stay byte for byte, also where one claims more than the disk has', () => {
  const sectors = 4096;
  const table: GptTable = {
    kind: 'gpt', diskGuid: '00000000-0000-0000-0000-000000000001', revision: 0x10000, headerSize: 92, entryCount: 128, entrySize: 128, entriesLba: 2, firstUsableLba: 34, lastUsableLba: sectors - 34,
    entries: [], protectiveMbr: [record(0xee, 1, 0xffffffff), none, none, none],
  };
  const recordsOn = (sizeBytes: number) => Buffer.from(encodeTable(table, { sizeBytes, sectorSizeBytes: 512, sourceSizeBytes: sectors * 512 }).at(-1)?.bytes ?? []).readUInt32LE(12);
  expect([recordsOn(sectors * 512), recordsOn(2 * sectors * 512)]).toEqual([0xffffffff, 2 * sectors - 1]);
});
