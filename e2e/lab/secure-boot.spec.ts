// Secure Boot with Microsoft's keys, enforced: the unsigned loader is refused, which the trace names, and the signed one of the next try leads
// to the portal, an image and the computer's own system.
import { expect, sharedLab, test } from './lab.ts';
import { contentsOf, type LinuxDisk } from './linux-disk.ts';
import { deploysByKeys, image, lastBoot, limits, seesPortal } from './steps.ts';
import type { VmOptions } from './vm.ts';

test.describe.configure({ mode: 'serial', timeout: 900_000 });
const lab = sharedLab();
const computer: Omit<VmOptions, 'disk'> = { name: 'secure', firmware: 'uefi', secureBoot: true, port: 0, mac: '52:54:00:77:00:31', uuid: '10000000-0000-4000-8000-000000000031', serial: 'LABSECURE1', memoryMiB: 1536 };
let disk: LinuxDisk;
let target = '';

test('the unsigned loader is refused, the trace says so, and the next try gets the signed one, up to the portal and a deploy', async () => {
  await lab().open('lab');
  disk = await lab().offer('uefi', image);
  target = lab().blankDisk(computer.name);
  const vm = await lab().switchOn({ ...computer, disk: target });
  await seesPortal(lab(), vm);
  const said = await lastBoot(lab(), vm);
  expect(said).toMatch(/loader: Fetched snponly\.efi [^]*loader: The loader was fetched, but it never asked for its script: the firmware refused it, as Secure Boot does\.[^]*shimx64\.efi[^]*grubx64\.efi[^]*hello: /);
  await deploysByKeys(lab(), vm, 'secure-01');
  // Restarted, it is given the signed loader at once, whose menu starts the disk when nobody presses i.
  await vm.says(disk.marker, limits.deployMs + limits.diskMs);
  lab().note('its own system runs, through GRUB');
  await vm.off(limits.screenMs);
  expect(await contentsOf(target)).toBe(disk.contents);
  const again = await lastBoot(lab(), vm);
  expect(again).toMatch(/offered: Offered shimx64\.efi[^]*Told: wait for i, then start the disk[^]*It starts its disk$/);
  expect(again).not.toContain('snponly.efi');
});

test('the known computer gets the signed loader at once, and i opens the portal', async () => {
  const vm = await lab().switchOn({ ...computer, disk: target });
  await vm.says('Image this computer (press i)', limits.portalMs);
  await vm.press('i');
  await seesPortal(lab(), vm);
  await vm.kill();
});
