// Secure Boot on firmware that boots over HTTP and knows no TFTP.
import { expect, test } from './lab.ts';
import { lastBoot, limits, seesPortal } from './steps.ts';

test.describe.configure({ timeout: 900_000 });

test('Secure Boot over UEFI HTTP boot: the firmware refuses the unsigned loader, and started over it reaches the portal by the signed one', async ({ lab }) => {
  await lab.open('lab');
  const message = 'Hello from the lab';
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  const vm = await lab.switchOn({ name: 'secure', firmware: 'uefi', secureBoot: true, httpBoot: true, port: 0, mac: '52:54:00:77:00:33', uuid: '10000000-0000-4000-8000-000000000033', serial: 'LABSECURE3', disk: null, memoryMiB: 1536 });
  await vm.says('Access Denied', limits.portalMs);
  lab.note('unsigned loader refused');
  await lab.keepScreen(vm, 'unsigned loader refused');
  // Somebody switches it on once more, as its trace says; firmware with other network entries goes on by itself.
  await vm.reset();
  await seesPortal(lab, vm, message);
  expect(await lastBoot(lab, vm)).toMatch(
    /loader: Fetched snponly\.efi over HTTP\n[^]*loader: The loader was fetched, but it never asked for its script: the firmware refused it, as Secure Boot does\.[^]*offered: Offered http:[^ ]*shimx64\.efi\n[^]*loader: Fetched shimx64\.efi over HTTP\nloader: Fetched grubx64\.efi over HTTP\n[^]*hello: /,
  );
});
