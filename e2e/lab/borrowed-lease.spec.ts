// Secure Boot beside a DHCP server that names a boot file of its own: the signed chain would follow that server. With the lease borrowed the
// computer gets that server's address and our boot, over TFTP, as far as the portal.
import { expect, test } from './lab.ts';
import { lastBoot, seesPortal } from './steps.ts';

test.describe.configure({ timeout: 600_000 });

test('a borrowed lease leads the signed chain past another server\'s boot file', async ({ lab }) => {
  await lab.open('proxy', { foreign: 'isc-with-file' });
  const message = 'Hello from the lab';
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  await lab.platen('boot', 'settings', 'borrowLease=on', 'loader=secure-boot');
  const vm = await lab.switchOn({ name: 'borrower', firmware: 'uefi', secureBoot: true, port: 0, mac: '52:54:00:77:00:36', uuid: '10000000-0000-4000-8000-000000000036', serial: 'LABBORROWS1', disk: null, memoryMiB: 1536 });
  await seesPortal(lab, vm, message);
  const said = await lastBoot(lab, vm);
  expect(said).toMatch(/Borrows the address (10\.77\.0\.1[012]\d) of 10\.77\.0\.2\n[^]*Asks 10\.77\.0\.2 for the address in its name\n[^]*Borrowed the address \1 of 10\.77\.0\.2\n[^]*Fetched shimx64\.efi over TFTP[^]*Fetched grubx64\.efi over TFTP[^]*hello: /);
  expect(said).not.toContain('HTTP boot');
});
