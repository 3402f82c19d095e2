// Made-up but plausible images, computers and runs for the console's tests and screenshots. Ids are stable from run to run.
import { createHash } from 'node:crypto';
import type { ComputerView } from '#shared/model/computer.ts';
import type { HistoryEvent, ImageDetail, VersionSummary } from '#shared/model/image.ts';
import type { RunView } from '#shared/model/run.ts';
import type { DeviceGraph } from '#shared/model/schema.ts';
import type { ServerStatus, Settings } from '#shared/model/server.ts';
import { defaultSettings } from '#shared/model/server.ts';
import { addRooms } from './fakeComputers.ts';
import type { FakeGroup } from './fakeComputers.ts';
import { guidOf } from './fakeIds.ts';

const gb = 1e9;
const mib = 1024 * 1024;
const gib = 1024 * mib;
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export { guidOf };
export const serverId = guidOf('server');

export type FakeData = {
  status: ServerStatus; settings: Settings; images: ImageDetail[]; graphs: Map<string, DeviceGraph>; history: Map<string, HistoryEvent[]>;
  runs: RunView[]; computers: ComputerView[]; groups: FakeGroup[]; logs: Map<string, { at: number; text: string }[]>;
};

export function emptyData(now = Date.now()): FakeData {
  return {
    settings: { ...defaultSettings, serverName: "Anna's lab" }, images: [], graphs: new Map(), history: new Map(), runs: [], computers: [], groups: [], logs: new Map(),
    status: {
      serverId, name: "Anna's lab", version: '0.1.0', startedAt: now - 3 * hour, now, dataFolder: '/var/lib/platen', addresses: ['https://192.168.10.5:8420'], httpPort: 8420,
      fingerprint: createHash('sha256').update('key').digest('hex'), dhcp: 'off', console: null,
      store: { packs: 0, packBytes: 0, chunks: 0, rawBytes: 0, storedBytes: 0, freeBytes: 412 * gb, totalBytes: 1000 * gb, unverifiedChunks: 0 },
      running: 0, waiting: 0, problems: [],
    },
  };
}

export function fullData(now = Date.now()): FakeData {
  const data = emptyData(now);
  const win = addImage(data, { name: 'Win11 lab', description: 'Windows 11 with Office and the CAD suite', at: now, graph: windowsGraph(), versions: [
    { usedBytes: 24.9 * gb, newBytes: 24.9 * gb, age: 70 * day, note: 'Clean install' }, { usedBytes: 28.4 * gb, newBytes: 4.1 * gb, age: 48 * day, note: 'Office, printers', enabled: false },
    { usedBytes: 29.8 * gb, newBytes: 2.2 * gb, age: 40 * day, note: 'CAD suite' }, { usedBytes: 31.2 * gb, newBytes: 1.4 * gb, age: 3 * hour, note: 'November updates' },
  ] });
  win.protected = true;
  const linux = addImage(data, { name: 'Linux workshop', description: 'Debian 12 with the compiler course', at: now, graph: linuxGraph(), versions: [{ usedBytes: 8.1 * gb, newBytes: 8.1 * gb, age: 20 * day, note: '' }, { usedBytes: 9.6 * gb, newBytes: 1.9 * gb, age: 12 * minute, note: 'Rust and Go', verifying: 0.4 }] });
  addImage(data, { name: 'Win11 teacher', description: '', at: now, graph: windowsGraph(), versions: [{ usedBytes: 38 * gb, newBytes: 11.2 * gb, age: 30 * day, note: '' }] });
  addImage(data, { name: 'Kiosk, entrance hall', description: '', at: now, graph: linuxGraph(), versions: [{ usedBytes: 4.4 * gb, newBytes: 2.1 * gb, age: 200 * day, note: '', damaged: 3 }] });
  addImage(data, { name: 'Exam room 2025', description: 'Only for the exams of summer 2025', at: now, graph: windowsGraph(), versions: [{ usedBytes: 26 * gb, newBytes: 3.3 * gb, age: 400 * day, note: '' }] }).enabled = false;
  addImage(data, { name: 'Measurement PCs of the physics laboratory, second floor, with drivers', description: '', at: now, graph: windowsGraph(), versions: [{ usedBytes: 33.1 * gb, newBytes: 9 * gb, age: 90 * day, note: '' }] });
  const old = addImage(data, { name: 'Windows 10 lab', description: '', at: now, graph: windowsGraph(), versions: [{ usedBytes: 22 * gb, newBytes: 12 * gb, age: 800 * day, note: '' }] });
  old.trashedAt = now - 2 * day;
  old.deleteAfter = now + 12 * day;
  addComputers(data, now);
  addRooms(data, now);
  addRuns(data, now, win, linux);
  const stored = data.images.reduce((sum, image) => sum + image.storedBytes, 0);
  data.status.store = { ...data.status.store, packs: 164, packBytes: stored, chunks: 498_211, rawBytes: 118 * gb, storedBytes: stored, unverifiedChunks: 2204 };
  data.status.problems = [{ code: 'image-damaged', message: '“Kiosk, entrance hall” version 1 is damaged: 3 chunks do not match what was captured. It is not deployed any more; capture it again.', link: `/image/${guidOf('Kiosk, entrance hall')}` }];
  return data;
}

type NewVersion = { usedBytes: number; newBytes: number; age: number; note: string; enabled?: boolean; verifying?: number; damaged?: number };

export function addImage(data: FakeData, image: { name: string; description: string; at: number; graph: DeviceGraph; versions: NewVersion[] }): ImageDetail {
  const guid = guidOf(image.name);
  const disk = image.graph.nodes.find((node) => node.type === 'disk');
  const versions = image.versions.map((version, index): VersionSummary => ({
    guid: guidOf(`${image.name} ${index + 1}`), imageGuid: guid, number: index + 1, state: version.damaged !== undefined ? 'damaged' : version.verifying !== undefined ? 'verifying' : 'ready',
    enabled: version.enabled ?? true, note: version.note, capturedAt: image.at - version.age, capturedBy: 'anna', computerName: 'LAB12-01', diskBytes: disk?.sizeBytes ?? 0,
    usedBytes: version.usedBytes, newBytes: version.newBytes, storedBytes: version.newBytes * 0.48, verifiedAt: version.verifying !== undefined ? null : image.at - version.age + 4 * minute,
    verifying: version.verifying === undefined ? null : { doneBytes: version.newBytes * version.verifying, totalBytes: version.newBytes, rateBytesPerSecond: 412e6, etaSeconds: 3 },
    damagedChunks: version.damaged ?? 0, trashedAt: null, deleteAfter: null, manifest: createHash('sha256').update(`${guid} ${index}`).digest('hex'), pending: false, originServerId: null,
  }));
  const newest = versions.at(-1) ?? null;
  const detail: ImageDetail = {
    guid, name: image.name, description: image.description, enabled: true, protected: false, createdAt: versions[0]?.capturedAt ?? image.at, trashedAt: null, deleteAfter: null,
    versionCount: versions.length, newest, current: versions.findLast((version) => version.enabled)?.number ?? null,
    owner: { serverId, serverName: data.status.name, managed: 'locally' }, storedBytes: versions.reduce((sum, version) => sum + version.storedBytes, 0), versions, kind: 'image', scope: 'default', priority: 0, channels: [],
    copies: versions.map((version) => ({ versionGuid: version.guid, serverId, serverName: data.status.name, state: version.state, provedAt: version.verifiedAt, problem: null })),
  };
  data.images.push(detail);
  data.graphs.set(guid, image.graph);
  data.history.set(guid, versions.map((version) => ({ id: version.number, at: version.capturedAt, actor: 'anna', kind: 'captured', message: `Version ${version.number} was captured from LAB12-01`, data: {} })));
  return detail;
}

function addComputers(data: FakeData, now: number): void {
  for (const [index, name] of ['LAB12-01', 'LAB12-02', 'LAB12-03', 'LAB12-07', 'LAB12-11', 'teacher-12'].entries()) {
    data.computers.push({
      id: guidOf(name), name, groupId: null, model: index === 5 ? 'Dell Inc. Precision 3660' : 'Dell Inc. Latitude 5420', serial: `7XK2M3${index}`, diskCount: 1, named: true, trashedAt: null, path: [], similar: [], merged: [],
      evidence: [{ kind: 'system-serial', value: `7xk2m3${index}`, weight: 40, shared: false }], firstSeenAt: now - 70 * day, lastSeenAt: index < 3 ? now : now - index * day, online: index < 3, address: `192.168.10.${21 + index}`,
      identity: { systemUuid: guidOf(`uuid ${name}`).toUpperCase(), systemSerial: `7XK2M3${index}`, boardSerial: `CN0${index}77XK`, assetTag: '', vendor: 'Dell Inc.', product: index === 5 ? 'Precision 3660' : 'Latitude 5420', hostname: name.toLowerCase(), macs: [{ address: `a4:bb:6d:10:22:0${index}`, onboard: true }] },
      disks: [{
        path: '/dev/nvme0n1', model: 'SAMSUNG PM9A1', serial: `S64ANX0R${index}`, bus: 'nvme', sizeBytes: 512_110_190_592, sectorSizeBytes: 512, removable: false, readOnly: false, busy: null, systemDisk: false, tableKind: 'gpt',
        partitions: [
          { number: 1, offsetBytes: mib, sizeBytes: 100 * mib, typeName: 'EFI System', fsType: 'fat32', label: '', usedBytes: 31 * mib },
          { number: 2, offsetBytes: 101 * mib, sizeBytes: 16 * mib, typeName: 'Microsoft reserved', fsType: 'raw', label: '', usedBytes: null },
          { number: 3, offsetBytes: 117 * mib, sizeBytes: 475 * gib, typeName: 'Microsoft basic data', fsType: 'ntfs', label: 'Windows', usedBytes: 143 * gb },
        ],
      }],
    });
  }
}

function addRuns(data: FakeData, now: number, win: ImageDetail, linux: ImageDetail): void {
  const where = { read: 91_000, hash: 38_000, compress: 64_000, network: 22_000, decompress: 0, write: 0 };
  const disk = { path: '/dev/nvme0n1', model: 'SAMSUNG PM9A1', serial: 'S64ANX0R1', sizeBytes: 512_110_190_592 };
  const base = { waitingFor: null, batchId: null, jobId: null, jobName: '', tasks: new Array<never>(), taskIndex: 0, computerName: 'LAB12-01', imageGuid: win.guid, imageName: win.name, versionNumber: 4, disk, result: null, error: null, actor: 'anna', endedAt: null } as const;
  const run = (name: string, given: Partial<RunView> & Pick<RunView, 'kind' | 'state' | 'startedAt'>): void => {
    const made = { ...base, id: guidOf(`run ${name}`), progress: null, computerId: guidOf(given.computerName ?? 'LAB12-01'), ...given };
    data.runs.push(made);
    data.logs.set(made.id, logOf(made));
  };
  const writing = { read: 2000, hash: 21_000, compress: 0, network: 88_000, decompress: 41_000, write: 132_000 };
  run('deploying', { kind: 'deploy', state: 'running', computerName: 'LAB12-02', startedAt: now - 4 * minute, progress: { stage: 'write', doneBytes: 19.3 * gb, totalBytes: 31.2 * gb, sentBytes: 9.4 * gb, rateBytesPerSecond: 87e6, etaSeconds: 137, where: writing, detail: 'NTFS on partition 3' } });
  run('capturing', { kind: 'capture', state: 'running', imageName: 'Win11 teacher', imageGuid: guidOf('Win11 teacher'), versionNumber: 2, computerName: 'teacher-12', startedAt: now - 2 * minute, progress: { stage: 'read', doneBytes: 12.2 * gb, totalBytes: 38.4 * gb, sentBytes: 1.1 * gb, rateBytesPerSecond: 103e6, etaSeconds: 254, where, detail: 'NTFS on partition 3' } });
  run('waiting', { kind: 'deploy', state: 'waiting', waitingFor: 'version', computerName: 'LAB12-03', imageName: linux.name, imageGuid: linux.guid, versionNumber: 2, startedAt: now - minute });
  run('failed', {
    kind: 'deploy', state: 'failed', computerName: 'LAB12-07', startedAt: now - 50 * minute, endedAt: now - 48 * minute,
    progress: { stage: 'write', doneBytes: 4.1 * gb, totalBytes: 31.2 * gb, sentBytes: 4.1 * gb, rateBytesPerSecond: 0, etaSeconds: null, where: writing, detail: 'NTFS on partition 3' },
    error: { code: 'io', message: 'Writing to /dev/nvme0n1 failed at byte 4,102,389,760: the disk answered with an input/output error.\nThe disk is probably failing. What was written so far is incomplete, so this computer will not start.\nCheck the disk with smartctl, replace it if it reports errors, then deploy again.', data: { errno: 'EIO', offsetBytes: 4_102_389_760 } },
  });
  run('done', { kind: 'capture', state: 'succeeded', startedAt: now - 3 * hour - 6 * minute, endedAt: now - 3 * hour, result: { readBytes: 31.2 * gb, newBytes: 1.4 * gb, storedBytes: 0.67 * gb, verifyMs: 3400 }, progress: { stage: 'commit', doneBytes: 31.2 * gb, totalBytes: 31.2 * gb, sentBytes: 0.67 * gb, rateBytesPerSecond: 0, etaSeconds: null, where } });
  run('deployed', { kind: 'deploy', state: 'succeeded', startedAt: now - 95 * minute, endedAt: now - 90 * minute, computerName: 'LAB12-03', result: { writtenBytes: 31.2 * gb, fetchedBytes: 9.9 * gb }, progress: { stage: 'prove', doneBytes: 31.2 * gb, totalBytes: 31.2 * gb, sentBytes: 9.9 * gb, rateBytesPerSecond: 0, etaSeconds: null, where: writing } });
  run('cancelled', { kind: 'deploy', state: 'cancelled', computerName: 'LAB12-11', startedAt: now - 26 * hour, endedAt: now - 25.9 * hour });
  data.status.running = 2;
  data.status.waiting = 1;
}

function logOf(run: RunView): { at: number; text: string }[] {
  return ['inspecting /dev/nvme0n1', 'GPT with 3 partitions, 512 GB', 'partition 1: fat32, 31 MB used', 'partition 3: ntfs, clean, 31.2 GB used', 'plan: 3 partitions, 4 streams, 119,021 chunks', 'target holds 70 % of the content already']
    .map((text, index) => ({ at: run.startedAt + index * 900, text }));
}

function gpt() {
  return { kind: 'gpt', diskGuid: guidOf('disk').toUpperCase(), revision: 65536, headerSize: 92, entryCount: 128, entrySize: 128, entriesLba: 2, firstUsableLba: 34, lastUsableLba: 500_118_158, entries: [], protectiveMbr: [0, 1, 2, 3].map(() => ({ status: 0, type: 0, chsFirst: '000000', chsLast: '000000', firstLba: 0, sectorCount: 0 })) } as const;
}
type Part = { name: string; typeName: string; sizeBytes: number; fsType?: 'ntfs' | 'fat32' | 'ext4' | 'swap'; label?: string; usedBytes?: number };
function graphOf(sizeBytes: number, parts: Part[]): DeviceGraph {
  let offsetBytes = mib;
  const { protectiveMbr, ...table } = gpt();
  const graph: DeviceGraph = { chunkSizeBytes: 262_144, streams: [], nodes: [{ type: 'disk', id: 'disk0', sizeBytes, sectorSizeBytes: 512, model: 'SAMSUNG PM9A1', serial: 'S64ANX0R1', bus: 'nvme', table: { ...table, entries: [], protectiveMbr: [...protectiveMbr] } }] };
  for (const [index, part] of parts.entries()) {
    graph.nodes.push({ type: 'partition', id: `part${index}`, disk: 'disk0', number: index + 1, offsetBytes, sizeBytes: part.sizeBytes, typeCode: '', typeName: part.typeName, name: part.name, role: 'primary' });
    if (part.fsType !== undefined) graph.nodes.push({ type: 'volume', id: `vol${index}`, on: `part${index}`, offsetBytes, sizeBytes: part.sizeBytes, fsType: part.fsType, label: part.label ?? '', uuid: '', blockSizeBytes: 4096, usedBytes: part.usedBytes ?? 0, stream: index });
    offsetBytes += part.sizeBytes;
  }
  return graph;
}
function windowsGraph(): DeviceGraph {
  return graphOf(256_060_514_304, [
    { name: 'EFI system partition', typeName: 'EFI System', sizeBytes: 100 * mib, fsType: 'fat32', usedBytes: 31 * mib, label: 'EFI' },
    { name: 'Microsoft reserved', typeName: 'Microsoft reserved', sizeBytes: 16 * mib },
    { name: 'Basic data partition', typeName: 'Microsoft basic data', sizeBytes: 237 * gib, fsType: 'ntfs', label: 'Windows', usedBytes: 30.6 * gb },
    { name: 'Recovery', typeName: 'Windows recovery', sizeBytes: 780 * mib, fsType: 'ntfs', label: 'Recovery', usedBytes: 590 * mib },
  ]);
}
function linuxGraph(): DeviceGraph {
  return graphOf(64 * gb, [
    { name: '', typeName: 'EFI System', sizeBytes: 512 * mib, fsType: 'fat32', usedBytes: 6 * mib, label: 'EFI' },
    { name: 'root', typeName: 'Linux filesystem', sizeBytes: 46 * gib, fsType: 'ext4', label: 'root', usedBytes: 9.5 * gb },
    { name: 'swap', typeName: 'Linux swap', sizeBytes: 4 * gib, fsType: 'swap', usedBytes: 4096, label: 'swap' },
  ]);
}
