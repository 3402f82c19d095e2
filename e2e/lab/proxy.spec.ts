// Beside somebody else's DHCP server, which knows nothing of booting, computers reach the portal all the same.
import { expect, test } from './lab.ts';
import { lastBoot, seesPortal } from './steps.ts';

test.describe.configure({ timeout: 900_000 });

test('proxy mode: UEFI and BIOS get their address from the other server and the portal from this one', async ({ lab }) => {
  await lab.open('proxy');
  const message = 'Hello from the lab';
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  const computers = [
    await lab.switchOn({ name: 'uefi', firmware: 'uefi', port: 0, mac: '52:54:00:77:00:11', uuid: '10000000-0000-4000-8000-000000000011', serial: 'LABPROXY1', disk: null }),
    await lab.switchOn({ name: 'bios', firmware: 'bios', port: 1, mac: '52:54:00:77:00:12', uuid: '10000000-0000-4000-8000-000000000012', serial: 'LABPROXY2', disk: null }),
  ];
  for (const vm of computers) {
    await seesPortal(lab, vm, message);
    expect(await vm.text()).toMatch(/10\.77\.0\.1[012]\d/);
    expect(await lastBoot(lab, vm)).toMatch(/offered: Offered [^]*hello: The agent said hello/);
  }
  expect((await lab.platen<{ leases: unknown[] }>('boot', 'status')).leases).toEqual([]);
});
