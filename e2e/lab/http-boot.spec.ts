// UEFI firmware that boots over HTTP and knows no TFTP.
import { expect, test } from './lab.ts';
import { lastBoot, seesPortal } from './steps.ts';

test.describe.configure({ timeout: 900_000 });

test('UEFI HTTP boot reaches the portal', async ({ lab }) => {
  await lab.open('lab');
  const message = 'Hello from the lab';
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  const vm = await lab.switchOn({ name: 'http', firmware: 'uefi', httpBoot: true, port: 0, mac: '52:54:00:77:00:21', uuid: '10000000-0000-4000-8000-000000000021', serial: 'LABHTTP1', disk: null });
  await seesPortal(lab, vm, message);
  expect(await lastBoot(lab, vm)).toMatch(/asked: UEFI HTTP boot asks for a boot\n[^]*loader: Fetched snponly\.efi over HTTP\n[^]*hello: The agent said hello/);
});
