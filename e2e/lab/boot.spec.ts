// A computer with nothing on it is switched on, reaches the portal, is imaged and starts its own system: on real firmware, over a real
// network, driven by keys and judged by its screen, its serial line and its disk.
import type { RunView } from '../../src-shared/model/run.ts';
import type { LinuxDisk } from './linux-disk.ts';
import { contentsOf } from './linux-disk.ts';
import { expect, test, type Lab } from './lab.ts';
import type { Vm, VmOptions } from './vm.ts';

test.describe.configure({ timeout: 480_000 });

const limits = { portalMs: 180_000, screenMs: 30_000, deployMs: 180_000, diskMs: 150_000 };
const image = 'Lab Linux';

async function throughPortal(lab: Lab, vm: Vm, name: string): Promise<void> {
  await vm.shows(['Choose what to do with this computer', image], limits.portalMs);
  lab.note('portal on the screen');
  await lab.keepScreen(vm, 'portal');
  await vm.press('ret');
  await vm.shows(['This computer is new to Platen'], limits.screenMs);
  await vm.press('ctrl+u');
  await vm.type(name);
  await vm.shows(['This name is free.'], limits.screenMs);
  await vm.press('ret');
  await vm.shows(['Will be erased'], limits.screenMs);
  await lab.keepScreen(vm, 'what will be erased');
  await vm.press('ret');
}

async function proved(lab: Lab, disk: LinuxDisk, target: string, name: string): Promise<void> {
  const [run] = await lab.platen<{ runs: RunView[] }>('run', 'list').then(({ runs }) => runs.filter((each) => each.kind === 'job'));
  expect(run, 'the run, as the server knows it').toMatchObject({ computerName: name, state: 'succeeded' });
  expect(await contentsOf(target)).toBe(disk.contents);
}

/** Everything a blank computer goes through. */
async function fromBlankToOwnSystem(lab: Lab, computer: VmOptions, name: string): Promise<void> {
  await lab.open('lab');
  const disk = await lab.offer(computer.firmware, image);
  lab.note('image captured, job offered');
  const target = lab.blankDisk(computer.name);
  let vm = await lab.switchOn({ ...computer, disk: target });
  await throughPortal(lab, vm, name);
  await lab.trace(computer.mac, (trace) => trace.outcome === 'done', limits.screenMs);
  // Deployed, restarted, not touched: the loader waits for i, then the disk starts.
  await vm.says(disk.marker, limits.deployMs + limits.diskMs);
  lab.note('its own system runs, through the loader');
  const again = await lab.trace(computer.mac, (trace) => trace.outcome === 'done', limits.screenMs);
  expect(again.events.map((event) => event.text).join('\n')).toContain('Told: wait for i, then start the disk');
  await vm.off(limits.screenMs);
  await proved(lab, disk, target, name);
  // From its own disk, without the network.
  vm = await lab.switchOn({ ...computer, disk: target, first: 'disk' });
  await vm.says(disk.marker, limits.diskMs);
  await vm.off(limits.screenMs);
  lab.note('its own system runs, from the disk');
}

test('UEFI: a blank computer gets an address, shows the portal, is deployed by keys and starts its own system', async ({ lab }) => {
  await fromBlankToOwnSystem(lab, { name: 'uefi', firmware: 'uefi', port: 0, mac: '52:54:00:77:00:01', uuid: '10000000-0000-4000-8000-000000000001', serial: 'LABUEFI1', disk: null }, 'lab-01');
});

test('BIOS: a blank computer gets an address, shows the portal, is deployed by keys and starts its own system', async ({ lab }) => {
  await fromBlankToOwnSystem(lab, { name: 'bios', firmware: 'bios', port: 1, mac: '52:54:00:77:00:02', uuid: '10000000-0000-4000-8000-000000000002', serial: 'LABBIOS1', disk: null }, 'lab-02');
});
