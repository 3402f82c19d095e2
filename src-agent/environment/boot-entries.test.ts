import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBootEntries, type Run } from './boot-entries.ts';

const guid = '5F2A0B1C-0D3E-4C5F-8A7B-112233445566';
const table = JSON.stringify({ partitiontable: { label: 'gpt', partitions: [{ node: '/dev/nvme0n1p1', type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', uuid: guid }, { node: '/dev/nvme0n1p2', type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', uuid: '00000000-0000-4000-8000-000000000002' }] } });

/** A firmware that keeps what efibootmgr tells it, and a disk with one loader on it. */
function firmware(options: { files?: string[]; fails?: (args: readonly string[]) => string | null } = {}) {
  const said: string[] = [];
  let created = false;
  let order = '0001,0002';
  let next: string | null = null;
  const run: Run = async (command, args) => {
    if (command === 'sfdisk') return table;
    if (command === 'mount') {
      for (const file of options.files ?? ['EFI/debian/shimx64.efi']) {
        mkdirSync(join(args.at(-1) ?? '', file, '..'), { recursive: true });
        writeFileSync(join(args.at(-1) ?? '', file), '');
      }
    }
    if (command !== 'efibootmgr') return '';
    const failure = options.fails?.(args) ?? null;
    if (failure !== null) throw Object.assign(new Error('Command failed'), { stderr: `${failure}\n` });
    if (args[0] === '-v') return [`BootCurrent: 0001`, ...(next === null ? [] : [`BootNext: ${next}`]), `BootOrder: ${order}`, 'Boot0001* UEFI PXEv4\tPciRoot(0x0)/MAC(525400770001,1)', 'Boot0002* Disk\tPciRoot(0x0)/NVMe(0x1)', ...(created ? [`Boot0003* debian (Platen)\tHD(1,GPT,${guid.toLowerCase()},0x800,0x14000)/File(\\EFI\\debian\\shimx64.efi)`] : []), ''].join('\n');
    said.push(args.join(' '));
    if (args.includes('--create-only')) created = true;
    if (args[1] === '-o') order = args[2] ?? '';
    if (args[1] === '-n') next = args[2] ?? '';
    return '';
  };
  return { entries: openBootEntries(async () => ['/dev/nvme0n1'], run), said };
}

describe('the firmware\'s boot entries', () => {
  it('get one for a disk that needs it, behind the network, and the restart goes there once', async () => {
    const { entries, said } = firmware();
    expect(await entries.afterDeploy('/dev/nvme0n1')).toEqual(['A boot entry “debian (Platen)” was made, because nothing else starts the disk; the network stays first.']);
    expect(await entries.beforeRestart()).toEqual(['The restart goes to the disk at once.']);
    expect(said).toEqual(['-q --create-only --disk /dev/nvme0n1 --part 1 --label debian (Platen) --loader \\EFI\\debian\\shimx64.efi', '-q -o 0001,0003,0002', '-q -n 0003']);
    // A second deploy finds it there, and a firmware that did not listen.
    expect([await entries.afterDeploy('/dev/nvme0n1'), await entries.beforeRestart(), said.length]).toEqual([
      ['The firmware\'s boot entry “debian (Platen)” leads to the disk already.'], ['This firmware does not take “boot next” (an older one still stands there), so the restart goes as the order says.'], 3,
    ]);
  });
  it('stay as they are for a disk that starts by itself', async () => {
    const { entries, said } = firmware({ files: ['EFI/BOOT/BOOTX64.EFI'] });
    expect([await entries.afterDeploy('/dev/nvme0n1'), await entries.beforeRestart(), said]).toEqual([['The disk starts by itself, so it got no boot entry.'], [], []]);
  });
  it.each([
    ['Could not prepare Boot variable: No space left on device', 'its memory for settings is full'], ['Could not set BootOrder: Operation not permitted', 'its settings are locked'], ['Could not prepare Boot variable: Read-only file system', 'its settings are locked'],
  ])('that can\'t be written are said, and fail nothing: %s', async (failure, reason) => {
    const { entries } = firmware({ fails: (args) => (args[0] === '-v' ? null : failure) });
    expect(await entries.afterDeploy('/dev/nvme0n1')).toEqual([`The firmware's boot entries could not be set (${reason}). The disk is complete; if the computer does not start from it, make a boot entry in the firmware's setup.`]);
    expect(await entries.beforeRestart()).toEqual([]);
  });
});
