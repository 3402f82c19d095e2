// Computers on another network, beyond a router that relays their DHCP.
import { labAddress } from './host.ts';
import { expect, test } from './lab.ts';
import { lastBoot, limits, seesPortal } from './steps.ts';

test.describe.configure({ timeout: 900_000 });

test('proxy mode: a computer beyond a router gets its address from the other server and the portal from this one, through the relay', async ({ lab }) => {
  await lab.open('proxy', { foreign: 'isc', relay: true });
  const message = 'Hello from the lab';
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  const vm = await lab.switchOn({ name: 'beyond', firmware: 'uefi', port: 4, mac: '52:54:00:77:00:71', uuid: '10000000-0000-4000-8000-000000000071', serial: 'LABRELAY1', disk: null });
  await seesPortal(lab, vm, message);
  expect(await vm.text()).toMatch(/10\.80\.0\.1[012]\d/);
  expect(await lastBoot(lab, vm)).toMatch(/offered: Offered snponly\.efi\n[^]*loader: Fetched snponly\.efi over TFTP [^]*hello: The agent said hello/);
});

test('lab mode gives a computer beyond a router no address of another network, and its trace says why', async ({ lab }) => {
  await lab.open('lab', { relay: true });
  const vm = await lab.switchOn({ name: 'beyond', firmware: 'uefi', port: 4, mac: '52:54:00:77:00:72', uuid: '10000000-0000-4000-8000-000000000072', serial: 'LABRELAY2', disk: null });
  const trace = await lab.trace(vm.options.mac, ({ outcome }) => outcome === 'stopped', limits.portalMs);
  expect([trace.stoppedAt, trace.advice]).toEqual(['asked', expect.stringContaining(`relay ${labAddress.beyond}`)]);
  await vm.kill();
  expect((await lab.platen<{ leases: unknown[] }>('boot', 'status')).leases).toEqual([]);
});
