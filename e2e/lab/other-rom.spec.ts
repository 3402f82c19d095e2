// Adapters' ROMs that are not iPXE. QEMU's for BIOS is, and Debian has no other: what it says of itself is taken out of its messages on the way,
// so that the server sends its own loader first, over TFTP.
import { expect, test, type Lab } from './lab.ts';
import { lastBoot, limits, seesPortal } from './steps.ts';
import type { VmOptions } from './vm.ts';

test.describe.configure({ timeout: 900_000 });

const message = 'Hello from the lab';
const computer: Omit<VmOptions, 'disk' | 'mac'> = { name: 'rom', firmware: 'bios', port: 0, uuid: '10000000-0000-4000-8000-000000000061', serial: 'LABROM1' };

async function bootsThroughOwnLoader(lab: Lab, wire: Awaited<ReturnType<Lab['wire']>>, mac: string, portalMs: number): Promise<void> {
  await lab.platen('job', 'create', `${message} (MI)`, '--message', message);
  wire.hidesIpxe = true;
  const vm = await lab.switchOn({ ...computer, mac, disk: null, wire: wire.computerSocket });
  await seesPortal(lab, vm, message, portalMs);
  expect(wire.rewritten).toBeGreaterThan(0);
  // The loader asks again, as itself, and is told where its script is.
  expect(await lastBoot(lab, vm)).toMatch(/asked: BIOS asks for a boot\n[^]*offered: Offered ipxe\.pxe\n[^]*loader: Fetched ipxe\.pxe over TFTP [^]*script: Told: load the boot environment[^]*hello: The agent said hello/);
}

test('a BIOS computer whose ROM is not iPXE fetches the loader over TFTP and reaches the portal', async ({ lab }) => {
  await lab.open('lab');
  await bootsThroughOwnLoader(lab, await lab.wire(0), '52:54:00:77:00:61', limits.portalMs);
});

test('on a cable that loses every twentieth frame and holds the others back it reaches the portal all the same', async ({ lab }) => {
  await lab.open('proxy');
  const wire = await lab.wire(0);
  wire.lossPercent = 5;
  wire.delayMs = 4;
  await bootsThroughOwnLoader(lab, wire, '52:54:00:77:00:62', limits.portalMs * 2);
  lab.note(`${wire.lost} frames were lost`);
  expect(wire.lost).toBeGreaterThan(100);
});
