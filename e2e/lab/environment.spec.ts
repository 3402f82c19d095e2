// What the boot environment does for the person in front of it and for the firmware below it: keyboard, screen and serial line at once, boot
// entries, add-ons, little memory, no serial port.
import { readFileSync, writeFileSync } from 'node:fs';
import type { RunView } from '../../src-shared/model/run.ts';
import { startAgent, succeeded } from '../agent.ts';
import { run } from '../disks/host.ts';
import { expect, sharedLab, test } from './lab.ts';
import { contentsOf, makeLinuxDisk } from './linux-disk.ts';
import { lastBoot, limits, seesPortal } from './steps.ts';
import type { VmOptions } from './vm.ts';

test.describe.configure({ mode: 'serial', timeout: 1_200_000 });
const lab = sharedLab();
const computer: Omit<VmOptions, 'disk'> = { name: 'env', firmware: 'uefi', port: 0, mac: '52:54:00:77:00:51', uuid: '10000000-0000-4000-8000-000000000051', serial: 'LABENV1' };
const bootVolumeAt = 1024 * 1024;
const job = 'Only Debian (MI)';
let target = '';
let marker = '';
let contents = '';

/** A disk that firmware does not start by itself: its loaders lie where an installer puts them, and nowhere else. */
async function imageWithoutFallback(): Promise<void> {
  const disk = await makeLinuxDisk(lab().host.folder, 'uefi');
  const volume = ['-i', `${disk.path}@@${bootVolumeAt}`];
  for (const file of ['grubx64.efi', 'BOOTX64.EFI']) {
    const kept = lab().host.path(file);
    await run('mcopy', [...volume, `::/EFI/BOOT/${file}`, kept]);
    await run('mdel', [...volume, `::/EFI/BOOT/${file}`]);
    await run('mcopy', [...volume, kept, `::/EFI/debian/${file === 'BOOTX64.EFI' ? 'shimx64.efi' : file}`]);
  }
  await run('mrd', [...volume, '::/EFI/BOOT']);
  marker = disk.marker;
  contents = await contentsOf(disk.path);
  await succeeded(startAgent(lab().server, ['capture', '--disk', disk.path, '--image', 'Only Debian']).ended);
}

test('a German keyboard types z where it stands, screen and serial line show the same, either types, and a disk without fallback starts by a boot entry', async () => {
  await lab().open('lab');
  await imageWithoutFallback();
  await lab().platen('boot', 'settings', 'keyboard=de', 'kernelWords=platen.size=100x30');
  writeFileSync(lab().host.path('wim.sh'), 'wimlib-imagex --version\n');
  await lab().platen('job', 'create', job, '--deploy', 'Only Debian', '--script', lab().host.path('wim.sh'), '--power', 'restart');
  target = lab().blankDisk(computer.name);
  const vm = await lab().switchOn({ ...computer, disk: target });
  await seesPortal(lab(), vm, 'Only Debian');
  // Only what changes is drawn, so not every word is whole.
  await vm.says('type to filter', limits.screenMs);
  lab().note('portal on the screen and on the serial line');
  await vm.typeOnLine('\r');
  await vm.shows(['This computer is new to Platen'], limits.screenMs);
  lab().note('Enter on the serial line is seen on the screen');
  await vm.press('ctrl+u');
  // By their places: the German key between t and u, and the one right of the left Shift.
  await vm.press('y', 'z', '1');
  await vm.shows(['This name is free.', 'zy1'], limits.screenMs);
  await lab().keepScreen(vm, 'a name typed on a German keyboard');
  await vm.press('ret');
  await vm.shows(['Will be erased'], limits.screenMs);
  await vm.typeOnLine('\r');
  await vm.says(marker, limits.deployMs + limits.diskMs);
  lab().note('deployed; its own system runs');
  await vm.off(limits.screenMs);
  const [done] = (await lab().platen<RunView[]>('run', 'list')).filter((each) => each.kind === 'job');
  expect(done).toMatchObject({ state: 'succeeded', computerName: 'zy1' });
  expect(await contentsOf(target)).toBe(contents);
  const text = JSON.stringify(await lab().platen('run', 'log', done?.id ?? ''));
  for (const words of ['keyboard layout de', 'From the start of this computer', 'A boot entry “debian (Platen)” was made, because nothing else starts the disk; the network stays first.', 'The restart goes to the disk at once.', 'wimlib-imagex: loaded with the add-on wimlib', 'wimlib-imagex 1.']) expect(text).toContain(words);
  // The firmware went to the disk by itself: the network was asked once, for the environment.
  expect((await lab().traces()).filter((trace) => trace.mac === computer.mac)).toHaveLength(1);
});

test('the network stays first, and the entry behind it starts the disk', async () => {
  const vm = await lab().switchOn({ ...computer, disk: target });
  // The loader finds no fallback on the disk and gives back; the firmware goes on in its order.
  await vm.says('"debian (Platen)" from HD(', limits.portalMs);
  expect(vm.serial()).toMatch(/It starts from its disk in 4 s[^]*BdsDxe: starting Boot\d+ "debian \(Platen\)" from HD\(/);
  await vm.kill();
  const texts = (await lab().traces()).filter((each) => each.mac === computer.mac).flatMap((trace) => trace.events.map((event) => event.text));
  expect(texts).toContain('Told: wait for i, then start the disk, because nothing waits for it');
  const vars = readFileSync(lab().host.path('env.vars'));
  expect(vars.includes(Buffer.from('debian (Platen)', 'utf16le'))).toBe(true);
});

test('with too little memory, an unknown keyboard, no serial port and an adapter without its firmware it says so and works', async () => {
  await lab().platen('boot', 'settings', 'keyboard=xx', 'kernelWords=');
  const vm = await lab().switchOn({ ...computer, name: 'small', port: 1, mac: '52:54:00:77:00:52', uuid: '10000000-0000-4000-8000-000000000052', serial: 'LABENV2', disk: null, memoryMiB: 768, noSerial: true, secondAdapter: 'i82551' });
  await seesPortal(lab(), vm, 'Only Debian');
  await vm.shows(['MB of memory; imaging needs 1 GB and may fail.'], limits.screenMs);
  await lab().keepScreen(vm, 'little memory');
  const said = await lastBoot(lab(), vm);
  expect(said).toMatch(/Environment: \d+ ! this computer has 7\d\d MB of memory[^]*Environment: \d+ ! there is no keyboard layout xx; us is used/);
  const helped = await lab().trace(vm.options.mac, ({ events }) => events.some((event) => event.text.includes('was started again with')), limits.screenMs);
  expect(helped.events.map((event) => event.text).join('\n')).toMatch(/The add-on adapters was loaded for a network adapter\.\nEnvironment: The network adapter \S+ \(e100\) was started again with e100\/\S+\.bin\./);
  await vm.kill();
});

test('with its cable out it says what it waits for, and goes on by itself when the cable is in again', async () => {
  const vm = await lab().switchOn({ ...computer, name: 'cable', port: 2, mac: '52:54:00:77:00:53', uuid: '10000000-0000-4000-8000-000000000053', serial: 'LABENV3', disk: null });
  await lab().trace(vm.options.mac, ({ events }) => events.some((event) => event.text === 'Fetched small.cpio over HTTP'), limits.portalMs);
  await vm.cable(false);
  await vm.says('waiting for the network link', limits.portalMs);
  await vm.shows(['platen: waiting for the network link', 'check the cable'], limits.screenMs);
  await lab().keepScreen(vm, 'waiting for the link');
  await vm.cable(true);
  await seesPortal(lab(), vm, 'Only Debian');
  await vm.kill();
});
