// Owns `platen computer` where it only looks: list, show, history.
import type { ComputerRow, ComputerView, DiskSummary, EvidenceView } from '#shared/model/computer.ts';
import { formatBytes } from '#shared/units.ts';
import type { Command } from './command.ts';
import { pairs, printable, table } from './table.ts';
import { formatTime } from './words.ts';

export const COMPUTER = { name: 'COMPUTER', required: true } as const;

export const computerList: Command = {
  path: ['computer', 'list'],
  summary: 'computers Platen knows: all, of a group, connected ones',
  description: 'Lists the computers that an agent has shown to this server, in the order of their names: whether they are connected now, what they are, when they were last seen. '
    + 'GROUP is a group with all below it, or "new" for those in none.',
  positionals: [],
  options: { group: { value: 'GROUP', help: 'only of this group and those below it' }, online: { help: 'only those connected now' }, find: { value: 'TEXT', help: 'only with this in name, model, a number or an address' }, trash: { help: 'those in the trash instead' } },
  examples: ['platen computer list', "platen computer list --group 'Room 12' --online", 'platen computer list --find 00:1b:21'],
  run: async ({ api, input }) => {
    const { group, find } = input.texts;
    const computers = await (await api()).computers.list.query({
      ...(group === undefined ? {} : { group, deep: true }), ...(find === undefined ? {} : { text: find }),
      ...(input.switches.has('online') ? { online: true } : {}), ...(input.switches.has('trash') ? { trash: true } : {}),
    });
    const text = table(computers, [
      { title: 'NAME', text: (computer) => printable(computer.name) },
      { title: 'STATE', text: stateWords },
      { title: 'MODEL', text: (computer) => printable(computer.model) },
      { title: 'SERIAL', text: (computer) => printable(computer.serial) },
      { title: 'DISKS', right: true, text: (computer) => String(computer.diskCount) },
      { title: 'ADDRESS', text: (computer) => printable(computer.address) },
      { title: 'LAST SEEN', text: lastSeen },
    ]);
    const all = group === undefined && find === undefined && input.switches.size === 0;
    const none = all ? 'No computer is known yet. One becomes known when the agent runs on it: platen agent portal' : 'There is no such computer.';
    return { json: computers, text: computers.length === 0 ? none : text };
  },
};

export const computerShow: Command = {
  path: ['computer', 'show'],
  summary: 'one computer: what it is recognised by, and its disks',
  description: 'Shows a computer: its group, what its firmware says of it, what it is recognised by and how much each counts, records that could be the same machine, records merged into it, '
    + 'and its disks as its agent last saw them. COMPUTER is its name or id.',
  positionals: [COMPUTER],
  options: {},
  examples: ['platen computer show lab-12'],
  run: async ({ api, input }) => {
    const computer = await (await api()).computers.get.query({ computer: input.positionals[0] ?? '' });
    return { json: computer, text: computerText(computer) };
  },
};

export const computerHistory: Command = {
  path: ['computer', 'history'],
  summary: 'what happened to a computer and in its runs, newest first',
  description: 'Lists what happened to a computer: first seen, named, moved, merged, and what became of its runs; also of the records that were merged into it.',
  positionals: [COMPUTER],
  options: {},
  examples: ['platen computer history lab-12'],
  run: async ({ api, input }) => {
    const events = await (await api()).computers.history.query({ computer: input.positionals[0] ?? '' });
    const text = table(events, [
      { title: 'WHEN', text: (event) => formatTime(event.at) },
      { title: 'WHO', text: (event) => printable(event.actor) },
      { title: 'WHAT', text: (event) => printable(event.message) },
    ]);
    return { json: events, text: events.length === 0 ? 'Nothing has happened to it yet.' : text };
  },
};

const kindWords: Record<EvidenceView['kind'], string> = { 'system-uuid': 'UUID', 'system-serial': 'serial number', 'board-serial': 'board serial', 'asset-tag': 'asset tag', mac: 'network address', host: 'name and addresses' };

/** The time of the last hello says nothing of a computer that is connected. */
const lastSeen = ({ online, lastSeenAt }: { online: boolean; lastSeenAt: number }): string => (online ? 'now' : formatTime(lastSeenAt));

function computerText(computer: ComputerView): string {
  const { identity, evidence, similar, merged } = computer;
  const head = pairs([
    ['Name', `${printable(computer.name)}${computer.named ? '' : ' (nobody has named it yet)'}`], ['Id', computer.id], ['State', stateWords(computer)],
    ['Group', computer.path.length === 0 ? 'New computers' : printable(computer.path.map((group) => group.name).join('/'))], ['Model', printable(computer.model)],
    ['Serial', printable(identity.systemSerial)], ['Board serial', printable(identity.boardSerial)], ['Asset tag', printable(identity.assetTag)], ['UUID', printable(identity.systemUuid)],
    ['Network', identity.macs.map((mac) => `${mac.address}${mac.onboard ? '' : ' (not onboard)'}`).join(', ')],
    ['Address', printable(computer.address)], ['First seen', formatTime(computer.firstSeenAt)], ['Last seen', lastSeen(computer)],
  ]);
  const recognised = table(evidence, [
    { title: 'RECOGNISED BY', text: ({ kind }) => kindWords[kind] },
    { title: 'VALUE', text: ({ value }) => printable(value) },
    { title: 'COUNTS', right: true, text: ({ weight }) => String(weight) },
    { title: '', text: ({ kind, shared }) => (!shared ? '' : kind === 'mac' ? 'not counted: other computers show it, too' : 'other records have it, too') },
  ]);
  const others = table(similar, [
    { title: 'COULD BE THE SAME AS', text: ({ name }) => printable(name) },
    { title: 'FITS', right: true, text: ({ score }) => String(score) },
    { title: 'LAST SEEN', text: ({ lastSeenAt }) => formatTime(lastSeenAt) },
    { title: 'ID', text: ({ id }) => id },
  ]);
  const parts = table(merged, [
    { title: 'MERGED INTO IT', text: ({ name }) => printable(name) },
    { title: 'WHEN', text: ({ at }) => formatTime(at) },
    { title: 'ID', text: ({ id }) => id },
  ]);
  return [head, evidence.length === 0 ? '' : recognised, similar.length === 0 ? '' : others, merged.length === 0 ? '' : parts, ...computer.disks.map(diskText)].filter((part) => part !== '').join('\n\n');
}

function stateWords(computer: ComputerRow): string {
  if (computer.trashedAt !== null) return `in the trash since ${formatTime(computer.trashedAt)}`;
  return computer.online ? 'connected' : 'not connected';
}

const tableWords: Record<DiskSummary['tableKind'], string> = { gpt: 'GPT', mbr: 'MBR', none: 'no table', unreadable: 'table not readable' };

function diskText(disk: DiskSummary): string {
  const remarks = [disk.systemDisk ? 'the system runs from it' : '', disk.removable ? 'removable' : '', disk.readOnly ? 'read-only' : '', printable(disk.busy ?? '')].filter((part) => part !== '');
  const title = [`${printable(disk.path)}: ${formatBytes(disk.sizeBytes)}`, printable(disk.model), disk.serial === '' ? '' : `serial ${printable(disk.serial)}`, disk.bus, tableWords[disk.tableKind], ...remarks];
  const rows = table(disk.partitions, [
    { title: '  PART', right: true, text: (partition) => String(partition.number) },
    { title: 'TYPE', text: (partition) => printable(partition.typeName) },
    { title: 'FILE SYSTEM', text: (partition) => printable(partition.fsType) },
    { title: 'LABEL', text: (partition) => printable(partition.label) },
    { title: 'SIZE', right: true, text: (partition) => formatBytes(partition.sizeBytes) },
    { title: 'USED', right: true, text: (partition) => (partition.usedBytes === null ? '–' : formatBytes(partition.usedBytes)) },
  ]);
  return [title.filter((part) => part !== '').join(', '), ...(disk.partitions.length === 0 ? [] : [rows])].join('\n');
}
