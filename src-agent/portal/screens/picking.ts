// Owns how the way to a run looks: the computer's name, what will be erased, that it is scheduled.
import { MAX_COMPUTER_NAME } from '#shared/model/computer-name.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import { diskWords } from '#shared/model/disk-policy.ts';
import { fromWire } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import type { Canvas } from '../cells.ts';
import { fold } from '../charset.ts';
import { erasePlan } from '../erasing.ts';
import type { ErasedDisk } from '../erasing.ts';
import { isNameChecked, keepsName, nameProblem } from '../picking.ts';
import { findItem } from '../state.ts';
import type { NameEntry, Open, PortalState, Stage } from '../state.ts';
import type { KeyHint, Screen } from './frame.ts';

type Of<K extends Stage['kind']> = Extract<Stage, { kind: K }>;

export function nameScreen(stage: Of<'name'>, open: Open): Screen {
  const { entry } = stage;
  const label = findItem(open, stage.item)?.label ?? '';
  const keys: KeyHint[] = [['Enter', entry.editable ? (keepsName(open, entry.value) ? 'keep this name' : 'use this name') : 'start'], ['Esc', 'back']];
  if (entry.editable) keys.push(['Ctrl+U', 'clear']);
  return {
    keys,
    body: (canvas) => {
      canvas.text(0, 0, label, { role: 'heading' });
      if (open.named) canvas.text(2, 0, entry.editable ? `This computer is called ${open.computerName}. Keep the name, or type another.` : `This computer is called ${open.computerName}.`);
      else {
        canvas.text(2, 0, ' This computer is new to Platen ', { role: 'banner' });
        canvas.text(3, 0, open.proposedName === '' ? 'Give it a name.' : 'Give it a name, or take the one proposed.');
      }
      if (!entry.editable) canvas.paragraph(4, 0, 'Names of known computers are changed in the console only.', { role: 'quiet' });
      else drawEntry(canvas, 5, entry, open);
    },
  };
}

function drawEntry(canvas: Canvas, row: number, entry: NameEntry, open: Open): void {
  const field = Math.min(canvas.columns - 9, Math.max(MAX_COMPUTER_NAME + 2, [...entry.value].length + 2));
  canvas.text(row, 0, 'Name');
  canvas.text(row, 6, '[', { role: 'strong' });
  canvas.blank(row, 7, field, 'field');
  // One cell a character, so that the place of the cursor is the character's.
  [...entry.value].forEach((char, at) => canvas.text(row, 7 + at, onecell(char, canvas), { role: at === entry.cursor ? 'cursor' : 'field', width: 1 }));
  if (entry.cursor >= [...entry.value].length) canvas.text(row, 7 + entry.cursor, canvas.charset === 'ascii' ? '_' : ' ', { role: 'cursor' });
  canvas.text(row, 7 + field, ']', { role: 'strong' });
  const problem = nameProblem(open, entry);
  const count = `${[...entry.value].length} of ${MAX_COMPUTER_NAME}`;
  canvas.text(row, 10 + field, count, { role: [...entry.value].length > MAX_COMPUTER_NAME ? 'bad' : 'quiet' });
  let after = row + 3;
  if (problem !== null) after = canvas.paragraph(row + 2, 6, problem, { role: 'bad', rows: 4 });
  else if (keepsName(open, entry.value)) canvas.text(row + 2, 6, 'Its name now.', { role: 'quiet' });
  else if (isNameChecked(open, entry)) canvas.text(row + 2, 6, '√ This name is free.', { role: 'good' });
  else canvas.text(row + 2, 6, 'Asking the server whether it is free…', { role: 'quiet' });
  canvas.text(after + 1, 6, `Letters, digits and hyphens; at most ${MAX_COMPUTER_NAME} characters.`, { role: 'quiet' });
}

function onecell(char: string, canvas: Canvas): string {
  const shown = fold(char, canvas.charset);
  return canvas.measure(char) === 1 ? shown : '?';
}

export function eraseScreen(state: PortalState, stage: Of<'erase'>, open: Open): Screen {
  const item = findItem(open, stage.item);
  if (item === null) return { keys: [['Esc', 'back']], body: (canvas) => void canvas.text(0, 0, 'This item is no longer offered.', { role: 'warn' }) };
  const plan = erasePlan(item, open, state.disks);
  const name = stage.name ?? open.computerName;
  if (plan.kind === 'cannot') {
    return {
      keys: [['Esc', 'back']],
      body: (canvas) => {
        canvas.text(0, 0, `${item.label} can’t be done here`, { role: 'bad' });
        let row = 2;
        for (const reason of plan.reasons) row = canvas.paragraph(row, 0, reason, { rows: 6 }) + 1;
        canvas.text(row, 0, 'Nothing was changed on this computer.', { role: 'quiet' });
      },
    };
  }
  return {
    keys: [['Enter', 'erase and deploy'], ['Esc', 'back']],
    body: (canvas) => {
      canvas.text(0, 0, item.label, { role: 'heading' });
      canvas.text(1, 0, `on ${name}${stage.name !== null && open.named ? `, until now ${open.computerName}` : ''}`, { role: 'quiet' });
      const disks = plan.kind === 'erases' ? plan.disks : [];
      canvas.text(3, 0, disks.length === 1 ? ' Will be erased: ' : ` ${disks.length} disks will be erased: `, { role: 'badBanner' });
      let row = 5;
      for (const each of disks) row = drawDisk(canvas, row, each, Math.max(3, Math.floor((canvas.rows - 6) / disks.length)));
    },
  };
}

/** @returns the row after it */
function drawDisk(canvas: Canvas, row: number, erased: ErasedDisk, rows: number): number {
  const { disk, images } = erased;
  canvas.text(row, 0, disk.path, { width: 16, elide: 'middle' });
  canvas.text(row, 18, diskWords({ ...disk, serial: '' }), { role: 'strong' });
  canvas.text(row + 1, 18, [disk.serial === '' ? 'no serial number' : `S/N ${disk.serial}`, busWords(disk)].filter((part) => part !== '').join(' · '));
  canvas.text(row + 2, 0, 'On it now', { role: 'quiet' });
  const contents = contentWords(disk);
  const room = Math.max(1, rows - 4);
  const shown = contents.length > room ? [...contents.slice(0, room - 1), `and ${contents.length - room + 1} more`] : contents;
  shown.forEach((line, at) => canvas.text(row + 2 + at, 18, line, { role: 'warn' }));
  const after = row + 2 + shown.length;
  canvas.text(after, 0, 'Will hold', { role: 'quiet' });
  canvas.text(after, 18, images.join(', then '));
  return after + 2;
}

function busWords(disk: DiskSummary): string {
  return { nvme: 'NVMe', sata: 'SATA', ata: 'SATA', usb: 'USB', scsi: 'SCSI', sas: 'SAS', mmc: 'MMC', virtio: 'virtual', file: 'image file' }[disk.bus] ?? disk.bus;
}

/** What the disk holds, a line for each volume that holds something, the fullest first: what hurts most is never cut off. */
export function contentWords(disk: DiskSummary): string[] {
  const volumes = disk.partitions.filter((each) => each.fsType !== '' || each.label !== '' || each.usedBytes !== null).toSorted((left, right) => (right.usedBytes ?? right.sizeBytes) - (left.usedBytes ?? left.sizeBytes));
  if (disk.partitions.length === 0) return [disk.tableKind === 'none' ? 'nothing that is recognised' : disk.tableKind === 'unreadable' ? 'a partition table that can’t be read' : 'an empty partition table'];
  const used = volumes.reduce((sum, each) => sum + (each.usedBytes ?? 0), 0);
  const isWhole = disk.partitions.length === 1 && disk.partitions[0]?.number === 0;
  const count = isWhole ? 'no partitions' : `${disk.partitions.length} ${disk.partitions.length === 1 ? 'partition' : 'partitions'}`;
  return [
    used > 0 ? `${count}, ${formatBytes(used)} used` : count,
    ...volumes.map((each) => [each.fsType === '' ? each.typeName : fileSystemWords(each.fsType), each.label === '' ? '' : `“${each.label}”`, each.usedBytes === null ? formatBytes(each.sizeBytes) : `${formatBytes(each.usedBytes)} used of ${formatBytes(each.sizeBytes)}`].filter((part) => part !== '').join(' · ')),
  ];
}

/** As the console writes them. */
function fileSystemWords(fsType: string): string {
  return /^(ntfs|fat\d*|vfat|exfat)$/i.test(fsType) ? fsType.toUpperCase().replace('EXFAT', 'exFAT') : fsType;
}

export function schedulingScreen(stage: Of<'scheduling'>): Screen {
  if (stage.phase === 'asking') return { keys: [], body: (canvas) => {
    canvas.text(0, 0, stage.title, { role: 'heading' });
    canvas.text(2, 0, 'Scheduling it for this computer…');
  } };
  if (stage.phase === 'scheduled') return { keys: [['Esc', 'back to the menu']], body: (canvas) => {
    canvas.text(0, 0, `√ Scheduled: ${stage.title}`, { role: 'good' });
    canvas.text(2, 0, 'This computer takes it up in a moment.');
  } };
  const error = stage.error === null ? null : fromWire(stage.error);
  return { keys: [['Enter', 'back to the menu']], body: (canvas) => {
    canvas.text(0, 0, `Not scheduled: ${stage.title}`, { role: 'bad' });
    const row = canvas.paragraph(2, 0, error?.message ?? '', { rows: 10 });
    canvas.text(row + 1, 0, `Code  ${error?.shortCode ?? ''}`, { role: 'quiet' });
    canvas.text(row + 3, 0, 'Nothing was changed on this computer.', { role: 'quiet' });
  } };
}
