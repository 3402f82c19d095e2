// What is interrupted: a server that is killed in mid-deploy and comes back, a cable that is pulled while a computer boots.
import type { RunView } from '../../src-shared/model/run.ts';
import { expect, sharedLab, test } from './lab.ts';
import { contentsOf, type LinuxDisk } from './linux-disk.ts';
import { deploysByKeys, image, limits, seesPortal } from './steps.ts';
import type { VmOptions } from './vm.ts';

test.describe.configure({ mode: 'serial', timeout: 900_000 });
const lab = sharedLab();
const computer: Omit<VmOptions, 'disk'> = { name: 'cut', firmware: 'uefi', port: 0, mac: '52:54:00:77:00:41', uuid: '10000000-0000-4000-8000-000000000041', serial: 'LABCUT1' };
/** So slow that the deploy takes a while, and no slower. */
const slowMegabits = 8;
/** A stalled fetch is noticed within a minute, one that does not come within two. */
const computerGoneMs = 200_000;
let disk: LinuxDisk;
let target = '';

async function theRun(): Promise<RunView | undefined> {
  return (await lab().platen<RunView[]>('run', 'list')).find((each) => each.kind === 'job');
}

test('a server that is killed in mid-deploy and started again finishes it, with nobody at the computer', async () => {
  await lab().open('lab');
  disk = await lab().offer('uefi', image);
  target = lab().blankDisk(computer.name);
  const vm = await lab().switchOn({ ...computer, disk: target });
  await seesPortal(lab(), vm);
  await lab().host.slowServerTo(slowMegabits);
  await deploysByKeys(lab(), vm, 'cut-01');
  await expect.poll(async () => (await theRun())?.progress?.doneBytes ?? 0, { timeout: limits.screenMs }).toBeGreaterThan(0);
  expect((await theRun())?.state).toBe('running');
  const { port } = new URL(lab().server.url);
  await lab().server.kill();
  lab().note('server killed');
  await vm.shows(['Server away since'], limits.screenMs);
  await lab().keepScreen(vm, 'server away');
  await lab().host.slowServerTo(0);
  await lab().startServer(undefined, { httpPort: Number(port) });
  lab().note('server back');
  await vm.says(disk.marker, limits.deployMs + limits.diskMs);
  await vm.off(limits.screenMs);
  lab().note('deployed, its own system runs');
  expect(await theRun()).toMatchObject({ computerName: 'cut-01', state: 'succeeded' });
  expect(await contentsOf(target)).toBe(disk.contents);
});

test('a cable pulled while the environment is fetched is named by the trace', async () => {
  await lab().platen('job', 'run', `${image} (MI)`, '--on', 'cut-01', '--yes');
  await lab().host.slowServerTo(slowMegabits);
  const vm = await lab().switchOn({ ...computer, disk: target });
  await lab().trace(computer.mac, ({ outcome, events }) => outcome === 'running' && events.some((event) => event.text === 'Fetched vmlinuz over HTTP'), limits.portalMs);
  await vm.cable(false);
  lab().note('cable pulled');
  const trace = await lab().trace(computer.mac, ({ outcome }) => outcome === 'stopped', computerGoneMs);
  lab().note('trace says so');
  // Which of them depends on how much of the kernel the system still held back.
  expect([trace.stoppedAt, trace.advice]).toEqual(['kernel', expect.stringMatching(/^(Broke off fetching base\.cpio\.zst over HTTP\.|After “(Fetched vmlinuz over HTTP|Fetching base\.cpio\.zst over HTTP: \d+ %)” nothing more was fetched\.) .*a cable pulled/)]);
  await vm.kill();
});
