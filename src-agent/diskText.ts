// Owns a disk as lines of text: what it is, and what is on it, for people who are asked or who look.
import type { DiskSummary } from '#shared/model/computer.ts';
import { formatBytes } from '#shared/units.ts';

export function diskText(disk: DiskSummary): string {
  const facts = [formatBytes(disk.sizeBytes), disk.bus, disk.model, disk.serial === '' ? '' : `serial ${disk.serial}`, disk.systemDisk ? 'the system runs from it' : '', disk.busy ?? ''];
  const rows = disk.partitions.map((part) => {
    const content = [part.fsType, part.label === '' ? '' : `"${part.label}"`, part.usedBytes === null ? '' : `${formatBytes(part.usedBytes)} used`].filter((text) => text !== '').join(' ');
    return `    ${part.number === 0 ? '-' : part.number}  ${formatBytes(part.sizeBytes)}  ${part.typeName}${content === '' ? '' : `: ${content}`}\n`;
  });
  const none = disk.tableKind === 'unreadable' ? '    its partition table can\'t be read\n' : '    nothing recognised on it\n';
  return `  ${disk.path}  ${facts.filter((text) => text !== '').join(' · ')}\n${rows.length === 0 ? none : rows.join('')}`;
}
