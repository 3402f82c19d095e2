// The boot medium, with no network boot anywhere: somebody else's server gives the addresses, and the image that the server wrote starts as a
// USB disk and as a disc, on BIOS, UEFI and UEFI with Secure Boot enforced, up to the portal. It is never taken for a disk to deploy to.
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ComputerView } from '../../src-shared/model/computer.ts';
import type { RunView } from '../../src-shared/model/run.ts';
import { expect, sharedLab, test } from './lab.ts';
import { contentsOf, type LinuxDisk } from './linux-disk.ts';
import { deploysByKeys, image, limits, seesPortal } from './steps.ts';
import type { VmOptions } from './vm.ts';

test.describe.configure({ timeout: 600_000 });
const lab = sharedLab();
let medium = '';
let disk: LinuxDisk;
let written = { sha256: '', server: '' };

type Kind = { name: string; firmware: 'bios' | 'uefi'; secureBoot?: boolean; as: 'usb' | 'cd'; number: number };
const computer = ({ name, firmware, secureBoot, number }: Kind): Omit<VmOptions, 'disk' | 'medium'> => ({
  name, firmware, port: 0, mac: `52:54:00:77:00:${60 + number}`, uuid: `10000000-0000-4000-8000-0000000000${60 + number}`, serial: `LABMEDIUM${number}`, memoryMiB: 1536, ...(secureBoot === true ? { secureBoot } : {}),
});
async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Once for all that follow each other in one lab. */
async function ready(): Promise<void> {
  if (written.sha256 !== '') return;
  await lab().open('proxy');
  medium = lab().host.path('medium.iso');
  written = await lab().platen<{ sha256: string; server: string }>('boot', 'image', medium);
  expect(await hashOf(medium)).toBe(written.sha256);
  lab().note(`image written, for ${written.server}`);
  disk = await lab().offer('uefi', image);
  await lab().platen('boot', 'use', 'off');
}

test('UEFI starts from the USB disk, and deploys to its own disk alone', async () => {
  await ready();
  const target = lab().blankDisk('usb-uefi');
  const vm = await lab().switchOn({ ...computer({ name: 'usb-uefi', firmware: 'uefi', as: 'usb', number: 1 }), disk: target, medium: { path: medium, as: 'usb' } });
  await vm.says('Platen: image this computer', limits.portalMs);
  await lab().keepScreen(vm, 'menu of the medium');
  await seesPortal(lab(), vm);
  const [known] = await lab().platen<ComputerView[]>('computer', 'list');
  const shown = await lab().platen<ComputerView>('computer', 'show', known?.name ?? '');
  expect(shown.disks.map(({ bus, removable, systemDisk }) => ({ bus, removable, systemDisk }))).toEqual([{ bus: 'nvme', removable: false, systemDisk: false }, { bus: 'usb', removable: true, systemDisk: true }]);
  await deploysByKeys(lab(), vm, 'usb-01');
  await expect.poll(async () => (await lab().platen<RunView[]>('run', 'list')).filter((run) => run.kind === 'job').map((run) => run.state), { timeout: limits.deployMs, intervals: [1000] }).toEqual(['succeeded']);
  lab().note('deployed');
  await vm.kill();
  expect([await contentsOf(target), await hashOf(medium)]).toEqual([disk.contents, written.sha256]);
  const own = await lab().switchOn({ ...computer({ name: 'usb-uefi', firmware: 'uefi', as: 'usb', number: 1 }), disk: target, first: 'disk' });
  await own.says(disk.marker, limits.diskMs);
  await own.off(limits.screenMs);
});

const others: Kind[] = [
  { name: 'usb-bios', firmware: 'bios', as: 'usb', number: 2 },
  { name: 'usb-secure', firmware: 'uefi', secureBoot: true, as: 'usb', number: 3 },
  { name: 'disc-uefi', firmware: 'uefi', as: 'cd', number: 4 },
  { name: 'disc-secure', firmware: 'uefi', secureBoot: true, as: 'cd', number: 5 },
  { name: 'disc-bios', firmware: 'bios', as: 'cd', number: 6 },
];
for (const kind of others) {
  const words = `${kind.firmware === 'bios' ? 'BIOS' : kind.secureBoot === true ? 'UEFI with Secure Boot' : 'UEFI'} starts from ${kind.as === 'usb' ? 'the USB disk' : 'the disc'} and shows the portal`;
  test(words, async () => {
    await ready();
    const path = lab().host.path(`${kind.name}.iso`);
    copyFileSync(medium, path);
    const vm = await lab().switchOn({ ...computer(kind), disk: lab().blankDisk(kind.name), medium: { path, as: kind.as } });
    await seesPortal(lab(), vm);
    await vm.kill();
  });
}

test('a medium whose secret was ended says so on the screen', async () => {
  await ready();
  await lab().platen('boot', 'media', '--revoke', '--yes');
  const vm = await lab().switchOn({ ...computer({ name: 'usb-ended', firmware: 'bios', as: 'usb', number: 7 }), disk: null, medium: { path: medium, as: 'usb' } });
  await vm.shows(['A boot medium has to be'], limits.portalMs);
  await lab().keepScreen(vm, 'ended medium');
  await vm.kill();
});
