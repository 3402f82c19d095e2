// Several computers at once at one server: a small room.
import type { RunView } from '../../src-shared/model/run.ts';
import { expect, test } from './lab.ts';
import { contentsOf } from './linux-disk.ts';
import { image, limits, seesPortal } from './steps.ts';

test.describe.configure({ timeout: 1_500_000 });

/** Three share two processors, which run other things besides. */
const slower = 3;

test('three computers that are switched on together reach the portal, are deployed by one order and start their own systems', async ({ lab }) => {
  await lab.open('lab');
  const disk = await lab.offer('uefi', image);
  const vms = await Promise.all(([0, 1, 2] as const).map((port) => {
    const name = `several${port + 1}`;
    return lab.switchOn({ name, firmware: 'uefi', port, mac: `52:54:00:77:00:8${port + 1}`, uuid: `10000000-0000-4000-8000-00000000008${port + 1}`, serial: `LABSEVERAL${port + 1}`, disk: lab.blankDisk(name) });
  }));
  for (const vm of vms) await seesPortal(lab, vm, image, limits.portalMs * slower);
  // The one that the image was captured on is known too.
  const names = (await lab.platen<{ name: string }[]>('computer', 'list')).map(({ name }) => name).filter((name) => name.includes('LABSEVERAL'));
  expect(names).toHaveLength(vms.length);
  // Each stands at the portal: the run begins there, with nobody at the keys.
  await lab.platen('job', 'run', `${image} (MI)`, ...names.flatMap((name) => ['--on', name]), '--yes');
  for (const vm of vms) await vm.says(disk.marker, (limits.deployMs + limits.diskMs) * slower);
  lab.note('their own systems run');
  for (const vm of vms) await vm.off(limits.screenMs * slower);
  const runs = (await lab.platen<RunView[]>('run', 'list')).filter(({ kind }) => kind === 'job');
  expect(runs.map(({ computerName, state }) => `${computerName} ${state}`).toSorted()).toEqual(names.map((name) => `${name} succeeded`).toSorted());
  for (const vm of vms) expect(await contentsOf(vm.options.disk ?? '')).toBe(disk.contents);
  const leases = (await lab.platen<{ leases: { address: string }[] }>('boot', 'status')).leases.map(({ address }) => address);
  expect(new Set(leases).size).toBe(vms.length);
});
