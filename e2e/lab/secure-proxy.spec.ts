// Secure Boot beside somebody else's DHCP server: what most rooms are. To the portal alone, so that it is short enough for every run of the tests.
import { expect, test } from './lab.ts';
import { lastBoot, limits, seesPortal } from './steps.ts';

test.describe.configure({ timeout: 900_000 });

test('Secure Boot in proxy mode beside ISC\'s server: the unsigned loader is refused and named, the signed one leads to the portal', async ({ lab }) => {
  await lab.open('proxy', { foreign: 'isc' });
  const message = 'Hello from the lab';
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  const vm = await lab.switchOn({ name: 'secure', firmware: 'uefi', secureBoot: true, port: 0, mac: '52:54:00:77:00:32', uuid: '10000000-0000-4000-8000-000000000032', serial: 'LABSECURE2', disk: null, memoryMiB: 1536 });
  await seesPortal(lab, vm, message);
  expect(await vm.text()).toMatch(/10\.77\.0\.1[012]\d/);
  expect(await lastBoot(lab, vm)).toMatch(/loader: Fetched snponly\.efi [^]*loader: The loader was fetched, but it never asked for its script: the firmware refused it, as Secure Boot does\.[^]*shimx64\.efi[^]*grubx64\.efi[^]*hello: /);
  // Started over it is known: the signed chain at once, over TFTP, as far as GRUB's script.
  await vm.reset();
  const again = await lab.trace(vm.options.mac, ({ events, outcome }) => outcome !== 'stopped' && !events.some(({ stage }) => stage === 'hello') && events.some(({ stage }) => stage === 'script'), limits.portalMs);
  await lab.keepScreen(vm, 'menu of the loader');
  const said = again.events.map(({ text }) => text).join('\n');
  expect(said).toMatch(/Offered shimx64\.efi[^]*Fetched shimx64\.efi over TFTP[^]*Fetched grubx64\.efi over TFTP[^]*grub\/grub\.cfg[^]*Told: wait for i, then start the disk/);
  expect(said).not.toContain('snponly.efi');
});
