// Owns `platen computer`: list and show.
import type { ComputerRow, DiskSummary } from '#shared/model/computer.ts';
import { formatBytes } from '#shared/units.ts';
import type { Command } from './command.ts';
import { pairs, printable, table } from './table.ts';
import { formatTime } from './words.ts';

export const computerList: Command = {
  path: ['computer', 'list'],
  summary: 'all computers Platen knows',
  description: 'Lists all computers that an agent has shown to this server: whether they are connected now, what they are, when they were last seen.',
  positionals: [],
  options: {},
  examples: ['platen computer list'],
  run: async ({ api }) => {
    const computers = await (await api()).computers.list.query();
    const text = table(computers, [
      { title: 'NAME', text: (computer) => printable(computer.name) },
      { title: 'STATE', text: stateWords },
      { title: 'MODEL', text: modelOf },
      { title: 'SERIAL', text: (computer) => printable(computer.serial) },
      { title: 'DISKS', right: true, text: (computer) => String(computer.diskCount) },
      { title: 'ADDRESS', text: (computer) => computer.address },
      { title: 'LAST SEEN', text: (computer) => formatTime(computer.lastSeenAt) },
    ]);
    return { json: computers, text: computers.length === 0 ? 'No computer is known yet. One becomes known when the agent runs on it: platen agent inventory' : text };
  },
};

export const computerShow: Command = {
  path: ['computer', 'show'],
  summary: 'one computer: its identity and its disks',
  description: 'Shows what the firmware of a computer says of it, and its disks as its agent last saw them. COMPUTER is its name or id.',
  positionals: [{ name: 'COMPUTER', required: true }],
  options: {},
  examples: ['platen computer show lab-12'],
  run: async ({ api, input }) => {
    const computer = await (await api()).computers.get.query({ computer: input.positionals[0] ?? '' });
    const { identity } = computer;
    const head = pairs([
      ['Name', printable(computer.name)], ['Id', computer.id], ['State', stateWords(computer)], ['Model', modelOf(computer)],
      ['Serial', printable(identity.systemSerial)], ['Board serial', printable(identity.boardSerial)], ['Asset tag', printable(identity.assetTag)], ['UUID', identity.systemUuid],
      ['Network', identity.macs.map((mac) => `${mac.address}${mac.onboard ? '' : ' (not onboard)'}`).join(', ')],
      ['Address', computer.address], ['First seen', formatTime(computer.firstSeenAt)], ['Last seen', formatTime(computer.lastSeenAt)],
    ]);
    return { json: computer, text: [head, ...computer.disks.map(diskText)].join('\n\n') };
  },
};

function stateWords(computer: ComputerRow): string {
  return computer.online ? 'connected' : 'not connected';
}
function modelOf({ model }: ComputerRow): string {
  return printable(model);
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
