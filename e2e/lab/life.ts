// Owns what a computer of the lab goes through from the day it is switched on for the first time, the same for every firmware: one lab, three
// tests that follow each other.
import type { RunView } from '../../src-shared/model/run.ts';
import { expect, sharedLab, test, type Lab } from './lab.ts';
import { contentsOf, type LinuxDisk } from './linux-disk.ts';
import { deploysByKeys, image, lastBoot, limits, seesPortal } from './steps.ts';
import type { VmOptions } from './vm.ts';

const jobName = `${image} (MI)`;

async function deployedTo(lab: Lab, disk: LinuxDisk, { target, name, times }: { target: string; name: string; times: number }): Promise<void> {
  const runs = (await lab.platen<RunView[]>('run', 'list')).filter((each) => each.kind === 'job');
  expect(runs.map(({ computerName, state }) => `${computerName} ${state}`)).toEqual(Array.from({ length: times }, () => `${name} succeeded`));
  expect(await contentsOf(target)).toBe(disk.contents);
}

export function lifeOf(computer: Omit<VmOptions, 'disk' | 'first'>, name: string): void {
  test.describe.configure({ mode: 'serial', timeout: 900_000 });
  const lab = sharedLab();
  let disk: LinuxDisk;
  let target = '';

  test('a blank computer gets an address, shows the portal, is deployed by keys and starts its own system', async () => {
    await lab().open('lab');
    disk = await lab().offer(computer.firmware, image);
    lab().note('image captured, job offered');
    target = lab().blankDisk(computer.name);
    const vm = await lab().switchOn({ ...computer, disk: target });
    await seesPortal(lab(), vm);
    await deploysByKeys(lab(), vm, name);
    await vm.shows([`Deploy ${image}`, ' MB'], limits.deployMs);
    await lab().keepScreen(vm, 'deploying');
    expect(await lastBoot(lab(), vm)).toMatch(/asked: [^]*offered: [^]*script: Told: load the boot environment, because it is new here\n[^]*hello: The agent said hello/);
    // Deployed and restarted, the loader waits for i, and nobody presses it.
    await vm.says(disk.marker, limits.deployMs + limits.diskMs);
    lab().note('its own system runs, through the loader');
    await vm.off(limits.screenMs);
    await deployedTo(lab(), disk, { target, name, times: 1 });
  });

  test('then it starts from its own disk; from the network it waits for i and starts its disk all the same', async () => {
    const alone = await lab().switchOn({ ...computer, disk: target, first: 'disk' });
    await alone.says(disk.marker, limits.diskMs);
    await alone.off(limits.screenMs);
    lab().note('its own system runs, from the disk');
    const vm = await lab().switchOn({ ...computer, disk: target });
    await vm.says(disk.marker, limits.diskMs);
    await vm.off(limits.screenMs);
    lab().note('its own system runs, from the network');
    expect(await lastBoot(lab(), vm)).toMatch(/script: Told: wait for i, then start the disk, because nothing waits for it\nscript: It starts its disk$/);
  });

  test('a run that waits for it opens the environment at once and is done with nobody there', async () => {
    await lab().platen('job', 'run', jobName, '--on', name, '--yes');
    const vm = await lab().switchOn({ ...computer, disk: target });
    await vm.says(disk.marker, limits.portalMs + limits.deployMs);
    await vm.off(limits.screenMs);
    lab().note('deployed again, unattended');
    const traces = await lab().traces();
    expect(traces[1]?.events.map((event) => event.text).join('\n')).toMatch(/Told: load the boot environment, because Lab Linux \(MI\) waits for it[^]*The agent said hello/);
    await deployedTo(lab(), disk, { target, name, times: 2 });
  });
}
