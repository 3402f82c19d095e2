// Owns made-up data that leads to every screen: for tests, for pictures, and for looking (demo.ts). Events and keys as a session and a
// person would give them; no screen is set by hand.
import type { AssignedRun } from '#shared/agent/messages.ts';
import type { Task } from '#shared/model/job.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import type { MenuItem, MenuNode } from '#shared/model/menu.ts';
import type { RunProgress } from '#shared/model/run.ts';
import { defaultPortalSettings } from '#shared/model/server.ts';
import type { PortalEvent, PortalOptions } from '../contract.ts';
import { KeyDecoder } from '../keys.ts';
import { reduce } from '../reduce.ts';
import { initialState } from '../state.ts';
import type { Open, Outcome, PortalState } from '../state.ts';

/** 21 November 2026, 12:04:31 in UTC; every scene happens then. */
export const NOW = Date.UTC(2026, 10, 21, 12, 4, 31);
export const utcClock = (at: number): string => new Date(at).toISOString().slice(11, 19);

const guid = (digit: string): string => `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`;
const runId = guid('a');

export const disk: DiskSummary = {
  path: '/dev/nvme0n1', model: 'SAMSUNG PM9A1', serial: 'S64ANX0R123456', bus: 'nvme', sizeBytes: 512_110_190_592, sectorSizeBytes: 512, removable: false, readOnly: false, busy: null, systemDisk: false, tableKind: 'gpt',
  partitions: [
    { number: 1, offsetBytes: 1_048_576, sizeBytes: 104_857_600, typeName: 'EFI system', fsType: 'fat32', label: '', usedBytes: 33_000_000 },
    { number: 2, offsetBytes: 105_906_176, sizeBytes: 16_777_216, typeName: 'Microsoft reserved', fsType: '', label: '', usedBytes: null },
    { number: 3, offsetBytes: 122_683_392, sizeBytes: 511_000_000_000, typeName: 'Basic data', fsType: 'ntfs', label: 'Windows', usedBytes: 142_600_000_000 },
    { number: 4, offsetBytes: 511_200_000_000, sizeBytes: 629_145_600, typeName: 'Windows recovery', fsType: 'ntfs', label: 'Recovery', usedBytes: 410_000_000 },
  ],
};
export const secondDisk: DiskSummary = { ...disk, path: '/dev/sda', model: 'WDC WD10EZEX', serial: 'WD-WCC6Y1', bus: 'sata', sizeBytes: 1_000_204_886_016, tableKind: 'mbr', partitions: [{ number: 1, offsetBytes: 1_048_576, sizeBytes: 1_000_203_000_000, typeName: 'NTFS', fsType: 'ntfs', label: 'Data', usedBytes: 612_000_000_000 }] };

const deploy = (imageName: string, image: string): Task => ({ type: 'deploy', id: `deploy-${image}`, disk: { kind: 'only-internal' }, imageGuid: guid(image), imageName, version: null });
const script = (title: string): Task => ({ type: 'script', id: title.toLowerCase().replaceAll(' ', '-'), title, text: 'set -e\nntfsresize "$1"\nsync\n', timeoutSeconds: 600, continueOnError: false });
const restart: Task = { type: 'power', id: 'restart', action: 'restart' };
const windowsTasks: Task[] = [deploy('Windows 11 lab', '1'), script('Grow the last partition'), script('Write the boot entry'), restart];
const captureTask: Task = { type: 'capture', id: 'capture', disk: { kind: 'only-internal' }, imageGuid: null, imageName: 'Room 12 master', note: '' };

const item = (id: string, label: string, effect: string, needsBytes: number | null, more: Partial<MenuItem> = {}): MenuItem => ({ kind: 'item', id, label, jobs: 1, effect, erases: effect.includes('erases'), needsBytes, problem: null, ...more });
export const items: MenuItem[] = [
  item('job/1', 'Windows 11 lab', 'deploys, erases 1 disk', 38e9),
  item('job/2', 'Windows 11 teacher', 'deploys, erases 1 disk', 45e9),
  item('job/3', 'Linux workshop', 'deploys, erases 1 disk', 12e9),
  item('folder/4', 'Public access computer', 'deploys, runs scripts, erases 1 disk', 38e9, { jobs: 3 }),
  item('job/5', 'Capture Room 12 master', 'captures', null),
  item('job/6', 'Windows 10 (old)', 'deploys, erases 1 disk', 32e9, { problem: 'The image Windows 10 is in the trash.' }),
  item('job/7', 'Collect hardware facts', 'runs a script', null),
];
export const folders: MenuNode[] = [
  items[0] as MenuItem,
  { kind: 'folder', id: 'folder/a', label: 'Room 12', children: [items[1] as MenuItem, items[2] as MenuItem] },
  { kind: 'folder', id: 'folder/b', label: 'Tools', children: [{ kind: 'folder', id: 'folder/c', label: 'Hardware', children: [items[6] as MenuItem] }, items[4] as MenuItem] },
];
export const open: Open = {
  settings: { ...defaultPortalSettings, portalTitle: 'Platen · Anna’s lab', portalCountdownSeconds: 4 },
  menu: items, computerName: 'LAB12-07', named: true, proposedName: '',
  tasks: { 'job/1': windowsTasks, 'job/2': [deploy('Windows 11 teacher', '2'), restart], 'job/3': [deploy('Linux workshop', '3')], 'folder/4': [...windowsTasks, script('Join the domain')], 'job/5': [captureTask], 'job/6': [deploy('Windows 10', '6')], 'job/7': [script('Collect hardware facts')] },
  needs: [
    { imageGuid: guid('1'), version: null, imageName: 'Windows 11 lab', usedBytes: 31.2e9, needsBytes: 38e9, problem: null }, { imageGuid: guid('2'), version: null, imageName: 'Windows 11 teacher', usedBytes: 36e9, needsBytes: 45e9, problem: null },
    { imageGuid: guid('3'), version: null, imageName: 'Linux workshop', usedBytes: 9e9, needsBytes: 12e9, problem: null }, { imageGuid: guid('6'), version: null, imageName: 'Windows 10', usedBytes: 26e9, needsBytes: 32e9, problem: 'The image Windows 10 is in the trash. Restore it in the console, or choose another item.' },
  ],
  pending: [],
};
const newComputer: Open = { ...open, computerName: 'PF2K81QX', named: false, proposedName: 'PF2K81QX' };

const run: AssignedRun = { id: runId, title: 'Windows 11 lab', by: 'anna', askedAt: NOW - 3000, tasks: windowsTasks, taskIndex: 0, how: 'fresh', position: 1, of: 1 };
export const progress: RunProgress = {
  stage: 'write', doneBytes: 19.3e9, totalBytes: 31.2e9, sentBytes: 7e9, rateBytesPerSecond: 87e6, etaSeconds: 140, where: { read: 10, hash: 2000, compress: 0, network: 30_000, decompress: 21_000, write: 55_000 }, detail: 'NTFS “Windows” on partition 3',
};

type Happening = PortalEvent | { keys: string } | { outcome: Outcome } | { after: number };
export type Scene = { name: string; options?: Partial<PortalOptions>; happenings: readonly Happening[] };

const machine: PortalEvent = { type: 'machine', machine: { model: 'Latitude 5420', serial: '7XK2M33', address: '192.168.10.57' }, disks: [disk] };
const server = (state: 'connecting' | 'open' | 'away', reason = ''): PortalEvent => ({ type: 'server', state, name: 'anna-laptop', reason, since: NOW - 42_000, nextTryAt: state === 'open' ? null : NOW + 4000 });
const connected: PortalEvent[] = [machine, server('open')];
const opened = (what: Open = open): PortalEvent[] => [...connected, { type: 'open', open: what }];
const began = (given: AssignedRun = run, replaced: string[] = []): PortalEvent[] => [...opened(), { type: 'run', run: given, replaced }];
const at = (index: number): PortalEvent => ({ type: 'task', runId, index, state: 'running', note: '' });
/** A finger's pace: what comes faster is a key that is held. */
const pick: Happening[] = [{ keys: '\r\r' }, { after: 200 }, { keys: '\r' }];
const inDeploy: Happening[] = [...began(), at(0), { after: 222_000 }, { type: 'progress', runId, index: 0, progress }];
const ended = (given: Partial<Extract<PortalEvent, { type: 'ended' }>>): PortalEvent => ({ type: 'ended', runId, outcome: 'succeeded', title: 'Windows 11 lab', seconds: 372, error: null, done: [], next: null, ...given });
const down = '\x1b[B';

export const scenes: readonly Scene[] = [
  { name: 'starting', happenings: [machine] },
  { name: 'connecting', happenings: [machine, server('connecting', 'No answer from https://192.168.10.5:8420: the connection was refused.')] },
  { name: 'fatal', happenings: [machine, server('connecting'), { type: 'fatal', error: { code: 'protocol-version', message: 'The server speaks an older protocol (1) than this agent (2). Start this computer from the server’s own boot environment, or update the server.' } }] },
  { name: 'candidates', happenings: [...connected, { type: 'candidates', candidates: [
    { id: guid('1'), name: 'LAB12-07', model: 'Latitude 5420', serial: '7XK2M33', lastSeenAt: NOW - 3 * 86_400_000 }, { id: guid('2'), name: 'LAB12-19', model: 'Latitude 5420', serial: '7XK2M33', lastSeenAt: NOW - 7_200_000 }] }, { keys: down }] },
  { name: 'countdown', options: { straightToMenu: false }, happenings: opened() },
  { name: 'menu', happenings: [...opened(), { keys: down }] },
  { name: 'menu-pending', happenings: opened({ ...open, pending: [{ id: runId, title: 'Linux workshop', by: 'anna', askedAt: NOW - 60_000 }] }) },
  { name: 'menu-filter', happenings: [...opened(), { keys: 'win' }] },
  { name: 'menu-nothing-found', happenings: [...opened(), { keys: 'vista' }] },
  { name: 'menu-folders', happenings: [...opened({ ...open, menu: folders }), { keys: down }] },
  { name: 'menu-in-folder', happenings: [...opened({ ...open, menu: folders }), { keys: `${down}${down}\r` }] },
  { name: 'menu-long', happenings: [...opened({ ...open, menu: Array.from({ length: 60 }, (_, at) => item(`job/${at}`, `Room ${at + 1}`, 'deploys, erases 1 disk', 38e9)) }), { keys: down.repeat(30) }] },
  { name: 'menu-empty', happenings: opened({ ...open, menu: [] }) },
  { name: 'menu-away', happenings: [...opened(), server('away', 'The connection broke.')] },
  { name: 'details', happenings: [...opened(), { keys: '\x1b[[A' }] },
  { name: 'details-problem', happenings: [...opened(), { keys: `${down.repeat(5)}\r` }] },
  { name: 'name-known', happenings: [...opened(), { keys: '\r' }] },
  { name: 'name-new', happenings: [...opened(newComputer), { keys: '\r' }, { after: 400 }, { outcome: { type: 'name-checked', name: 'PF2K81QX', problem: null, error: null } }] },
  { name: 'name-wrong', happenings: [...opened(newComputer), { keys: '\r\x15LAB 12' }] },
  { name: 'name-taken', happenings: [...opened(newComputer), { keys: '\r\x15LAB12-07' }, { after: 400 }, { outcome: { type: 'name-checked', name: 'LAB12-07', problem: 'Another computer is called LAB12-07 (Latitude 5420, S/N 7XK2M33). Choose another name.', error: null } }] },
  { name: 'name-fixed', happenings: [...opened({ ...open, settings: { ...open.settings, portalRenameKnown: false } }), { keys: `${down.repeat(4)}\r` }] },
  { name: 'erase', happenings: [...opened(), { keys: '\r\r' }] },
  { name: 'erase-two', happenings: [machine, { ...machine, disks: [disk, secondDisk] }, server('open'), { type: 'open', open: { ...open, tasks: { 'job/1': [{ ...deploy('Windows 11 lab', '1'), disk: { kind: 'serial', serial: disk.serial } }, { ...deploy('Data 2026', '9'), disk: { kind: 'serial', serial: secondDisk.serial } }] as Task[] } } }, { keys: '\r\r' }] },
  { name: 'erase-cannot', happenings: [{ ...machine, disks: [disk, secondDisk] }, server('open'), { type: 'open', open }, { keys: '\r' }] },
  { name: 'scheduling', happenings: [...opened(), ...pick] },
  { name: 'scheduled', happenings: [...opened(), ...pick, { outcome: { type: 'picked', error: null } }] },
  { name: 'refused', happenings: [...opened(), ...pick, { outcome: { type: 'picked', error: { code: 'conflict', message: 'LAB12-07 is busy: Linux workshop runs on it, by bert. Wait until it has ended, or cancel it in the console.' } } }] },
  { name: 'leave', happenings: [...opened(), { keys: '\x03' }] },
  { name: 'progress', happenings: inDeploy },
  { name: 'progress-folder', happenings: [...began({ ...run, position: 2, of: 3 }, ['Linux workshop', 'Wipe']), at(0), { after: 222_000 }, { type: 'progress', runId, index: 0, progress }] },
  { name: 'progress-script', happenings: [...began(), at(0), { after: 372_000 }, { type: 'task', runId, index: 0, state: 'done', note: '' }, at(1), { after: 4000 }] },
  { name: 'progress-away', happenings: [...inDeploy, server('away', 'The connection broke.')] },
  { name: 'waiting', happenings: [...began(), at(0), { type: 'waiting', runId, what: 'The server is still verifying Windows 11 lab, version 4. Number 2 of 5 computers that wait for it.', since: NOW, progress: { done: 41, total: 100 } }, { after: 65_000 }] },
  { name: 'message', happenings: [...began(), { type: 'message', runId, index: 0, text: 'Put the label with the number LAB12-07 on the case, then press a key.', seconds: null }] },
  { name: 'cancel', happenings: [...inDeploy, { keys: '\x1b[21~' }] },
  { name: 'cancelling', happenings: [...inDeploy, { keys: 'cy' }] },
  { name: 'ask', happenings: [...opened(), { type: 'ask', run: { ...run, how: 'ask' } }] },
  { name: 'done', happenings: [...inDeploy, ended({ done: ['Deployed Windows 11 lab, version 4: 31.2 GB to SAMSUNG PM9A1 in 6 min 2 s', 'Grow the last partition', 'Write the boot entry'], next: { action: 'restart', inSeconds: 10 } }), { after: 1000 }] },
  { name: 'failure', happenings: [...inDeploy, ended({ outcome: 'failed', seconds: 224, error: { code: 'io', message: 'Writing block 88 of /dev/nvme0n1 failed: the disk answered with an input/output error (EIO). The disk may be worn out. Test it or put in another one, then deploy again: what is on it now does not start.' }, done: [] })] },
  { name: 'refusal', happenings: [...began(), at(0), ended({ outcome: 'failed', seconds: 2, error: { code: 'target-too-small', message: 'This needs a disk of 38.0 GB or more. Found: KINGSTON SA400 32.0 GB, S/N 50026B. Put in a larger disk, or choose an image that fits.' }, next: { action: 'menu', inSeconds: 60 } })] },
  { name: 'cancelled', happenings: [...inDeploy, ended({ outcome: 'cancelled', seconds: 224, error: { code: 'internal', message: 'Cancelled by anna in the console. The disk is only partly written and does not start: it has to be deployed again.' }, next: { action: 'menu', inSeconds: 10 } })] },
];

/** The state a scene leads to, and the time it is there. */
export function play(scene: Scene): PortalState {
  let now = NOW - scene.happenings.reduce((sum, each) => sum + ('after' in each ? each.after : 0), 0);
  const offset = now - NOW;
  let state = initialState({ straightToMenu: true, ...scene.options }, now);
  const take = (input: Parameters<typeof reduce>[1]): void => void ({ state } = reduce(state, input, now));
  const decoder = new KeyDecoder();
  for (const each of scene.happenings) {
    if ('keys' in each) for (const key of [...decoder.push(Buffer.from(each.keys)), ...decoder.timeout()]) take({ type: 'key', key });
    else if ('type' in each) take({ type: 'event', event: each.type === 'waiting' ? { ...each, since: each.since + offset } : each });
    else if ('outcome' in each) take({ type: 'outcome', outcome: each.outcome });
    else {
      now += each.after;
      take({ type: 'tick' });
    }
  }
  return state;
}
