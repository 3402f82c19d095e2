// Owns network adapters that the boot environment can't use yet: one without a driver, one whose driver misses its firmware. Where another
// adapter works, an add-on of the server may bring what is missing. What carries an address is never touched.
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { AddOn } from '#shared/agent/messages.ts';

const execute = promisify(execFile);
const devicesFolder = '/sys/bus/pci/devices';
/** PCI class code of Ethernet; wireless adapters have another, and nothing here would help them. */
const ETHERNET = /^0x0200/;

export type MissingFirmware = { driver: string; device: string; file: string };
export type Lacking = { firmware: MissingFirmware[]; /** "0000:00:04.0 14e4:168e" */ withoutDriver: { device: string; ids: string; modalias: string }[] };

/** From the kernel's messages, as Debian's kernel says it and as others do. Pure. */
export function missingFirmware(messages: string): MissingFirmware[] {
  const found = new Map<string, MissingFirmware>();
  for (const line of messages.split('\n')) {
    const match = /(\S+) ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])(?: \S+)?: (?:firmware: failed to load (\S+)|Direct firmware load for (\S+) failed)/.exec(line);
    const [, driver, device, first, second] = match ?? [];
    const file = first ?? second;
    if (driver !== undefined && device !== undefined && file !== undefined) found.set(`${device} ${file}`, { driver, device, file });
  }
  return [...found.values()];
}

/** Which add-ons bring what lacks. Pure. */
export function addOnsFor(lacking: Lacking, addOns: readonly AddOn[]): AddOn[] {
  return addOns.filter((addOn) => lacking.firmware.some(({ file }) => addOn.firmware.includes(file)) || (addOn.drivers && lacking.withoutDriver.length > 0));
}

export async function lackingAdapters(): Promise<Lacking> {
  const { stdout } = await execute('dmesg', []);
  const withoutDriver: Lacking['withoutDriver'] = [];
  for (const device of await readdir(devicesFolder).catch(() => [])) {
    const of = (name: string): Promise<string> => readFile(join(devicesFolder, device, name), 'utf8').then((text) => text.trim(), () => '');
    if (!ETHERNET.test(await of('class')) || (await driverOf(device)) !== null) continue;
    withoutDriver.push({ device, ids: `${(await of('vendor')).slice(2)}:${(await of('device')).slice(2)}`, modalias: await of('modalias') });
  }
  return { firmware: missingFirmware(stdout), withoutDriver };
}

/** Once the add-ons are there: drivers are looked for again, and adapters that missed their firmware begin anew. @returns lines of what became of them */
export async function startWithAddOns({ firmware, withoutDriver }: Lacking): Promise<string[]> {
  const said: string[] = [];
  for (const { device, ids, modalias } of withoutDriver) {
    await execute('modprobe', ['-qb', modalias]).catch(() => undefined);
    const driver = await driverOf(device);
    said.push(driver === null ? `The network adapter ${ids} (${device}) has no driver here.` : `The network adapter ${ids} (${device}) is driven by ${driver} now.`);
  }
  for (const [device, files] of Map.groupBy(firmware, (each) => each.device)) {
    if (await carriesAddress(device)) continue;
    const driver = await driverOf(device);
    if (driver === null) continue;
    const at = join('/sys/bus/pci/drivers', driver);
    const done = await writeFile(join(at, 'unbind'), device).then(() => writeFile(join(at, 'bind'), device)).then(() => true, () => false);
    said.push(`The network adapter ${device} (${driver}) ${done ? 'was started again with' : 'could not be started again with'} ${files.map(({ file }) => file).join(', ')}.`);
  }
  return said;
}

async function driverOf(device: string): Promise<string | null> {
  return readlink(join(devicesFolder, device, 'driver')).then(basename, () => null);
}

async function carriesAddress(device: string): Promise<boolean> {
  const names = await readdir(join(devicesFolder, device, 'net')).catch(() => []);
  const own = networkInterfaces();
  return names.some((name) => (own[name] ?? []).some(({ family }) => family === 'IPv4'));
}
