// Owns who is using a disk: mounts, swap, device mapper, RAID and loop devices on it or on its partitions, at any depth.
// Also which disks the running system itself needs. Reads /proc and /sys; changes nothing.
import { stat } from 'node:fs/promises';
import { AppError } from '#shared/errors.ts';
import { isBootMedium } from './boot-medium.ts';
import { allBlockDevices, deviceNumber, numberOfPath, readText } from './sysfs.ts';
import type { BlockDevice } from './sysfs.ts';

type Use = { kind: 'mounted' | 'swap' | 'held'; device: string; where: string; readOnly: boolean };
type Mount = { number: string; where: string; source: string; readOnly: boolean; superOptions: string };
type Facts = { devices: Map<string, BlockDevice>; mounts: Mount[]; swaps: string[]; identities: Map<string, string | null> };

/** Why the disk or file can't be written to now ("mounted on /home"), else null. */
export async function busyReason(path: string): Promise<string | null> {
  const uses = await usesOf(path);
  if (uses.length === 0) return null;
  const shown = uses.slice(0, 3).map((use) => describe(use, path));
  return shown.join('; ') + (uses.length > 3 ? `; and ${uses.length - 3} more` : '');
}

/** Throws volume-mounted where any part of the source can change while it is read. Mounted read-only is fine. */
export async function assertCapturable(path: string): Promise<void> {
  const writing = (await usesOf(path)).filter((use) => use.kind === 'swap' || (use.kind === 'mounted' && !use.readOnly));
  if (writing.length === 0) return;
  const commands = writing.map((use) => (use.kind === 'swap' ? `swapoff ${use.device}` : `umount ${use.where}`));
  throw new AppError('volume-mounted', `The disk ${path} is in use: ${writing.map((use) => describe(use, path)).join('; ')}. Its contents could change while they are read. Run ${commands.join(' and ')} (or mount read-only: mount -o remount,ro …), then try again.`,
    { uses: writing.map(({ kind, device, where }) => ({ kind, device, where })) });
}

/** Whether the running system needs this disk (or image file): it carries /, /boot, /usr or swap in use, or the system was started from it. */
export async function isSystemDisk(path: string): Promise<boolean> {
  if (await isBootMedium(path)) return true;
  const facts = await gather();
  const own = await identityOf(path, facts);
  if (own === null) return false;
  const mine = new Set([own, facts.devices.get(own)?.diskNumber ?? own]);
  const systemPlaces = new Set(['/', '/boot', '/boot/efi', '/efi', '/usr', '/nix', '/nix/store', '/var']);
  const starts: (string | null)[] = [];
  for (const mount of facts.mounts.filter((m) => systemPlaces.has(m.where))) {
    starts.push(mount.number, await identityOf(mount.source, facts));
    for (const layer of layersOf(mount)) starts.push(await fileSystemOf(layer));
  }
  for (const swap of facts.swaps) starts.push((await numberOfPath(swap)) ?? (await fileSystemOf(swap)));
  const needed = await below(starts.filter((one) => one !== null), facts);
  return [...mine].some((one) => needed.has(one));
}

function describe(use: Use, path: string): string {
  const device = use.device === path ? '' : `${use.device} is `;
  if (use.kind === 'swap') return `${device}in use as swap`;
  return use.kind === 'held' ? `${device}in use by ${use.where}` : `${device}mounted on ${use.where}${use.readOnly ? ' (read-only)' : ''}`;
}

async function usesOf(path: string): Promise<Use[]> {
  const facts = await gather();
  const start = await identityOf(path, facts);
  if (start === null) return [];
  const uses: Use[] = [];
  const seen = new Set<string>();
  const pending = [start];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    const name = facts.devices.get(one)?.path ?? path;
    uses.push(...(await directUses(one, name, facts)));
    for (const device of facts.devices.values()) {
      if (device.partition && device.diskNumber === one) pending.push(device.number);
      const backed = device.backingFile !== null && (await identityOf(device.backingFile, facts)) === one;
      if (backed || device.slaves.includes(one) || (facts.devices.get(one)?.holders.includes(device.number) ?? false)) {
        uses.push({ kind: 'held', device: name, where: device.path, readOnly: true });
        pending.push(device.number);
      }
    }
  }
  return uses;
}

async function directUses(identity: string, device: string, facts: Facts): Promise<Use[]> {
  const uses: Use[] = [];
  for (const mount of facts.mounts) {
    // Btrfs and FUSE mount under numbers of their own: their source says what they are on.
    if (mount.number === identity || (await identityOf(mount.source, facts)) === identity) uses.push({ kind: 'mounted', device, where: mount.where, readOnly: mount.readOnly });
  }
  for (const swap of facts.swaps) if ((await identityOf(swap, facts)) === identity) uses.push({ kind: 'swap', device, where: 'swap', readOnly: false });
  return uses;
}

/** Everything that the given devices lie on: disks of partitions, members of dm and md, file systems and files under loops. */
async function below(starts: string[], facts: Facts): Promise<Set<string>> {
  const seen = new Set<string>();
  const pending = [...starts];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    const device = facts.devices.get(one);
    if (device === undefined) continue;
    pending.push(device.diskNumber, ...device.slaves);
    if (device.backingFile === null) continue;
    for (const next of [await identityOf(device.backingFile, facts), await fileSystemOf(device.backingFile)]) if (next !== null) pending.push(next);
  }
  return seen;
}

/** A block device is known by its number, a file by its place: "file 8:1 1234". Null where there is nothing. */
async function identityOf(path: string, facts: Facts): Promise<string | null> {
  if (!path.startsWith('/')) return null;
  const known = facts.identities.get(path);
  if (known !== undefined) return known;
  const info = await stat(path).catch(() => null);
  let identity: string | null = null;
  if (info?.isBlockDevice() === true) identity = deviceNumber(info.rdev);
  else if (info?.isFile() === true) identity = `file ${info.dev} ${info.ino}`;
  facts.identities.set(path, identity);
  return identity;
}

async function fileSystemOf(path: string): Promise<string | null> {
  const info = await stat(path).catch(() => null);
  return info === null || info.isBlockDevice() ? null : deviceNumber(info.dev);
}

function layersOf(mount: Mount): string[] {
  return mount.superOptions.split(',').flatMap((option) => {
    const match = /^(?:lowerdir|upperdir|workdir)=(.*)$/.exec(option);
    return match?.[1]?.split(':') ?? [];
  });
}

async function gather(): Promise<Facts> {
  const mounts = (await readText('/proc/self/mountinfo')).split('\n').filter((line) => line !== '').map(parseMount);
  const swaps = (await readText('/proc/swaps')).split('\n').slice(1).map((line) => unescapePath(line.split(/\s+/)[0] ?? '')).filter((path) => path !== '');
  return { devices: await allBlockDevices(), mounts, swaps, identities: new Map() };
}

/** proc(5): id parent major:minor root mountPoint options [tags] - type source superOptions */
function parseMount(line: string): Mount {
  const [head = '', tail = ''] = line.split(' - ');
  const fields = head.split(' ');
  const [, source = '', superOptions = ''] = tail.split(' ');
  const where = unescapePath(fields[4] ?? '');
  return { number: fields[2] ?? '', where, source: unescapePath(source), readOnly: superOptions.split(',').includes('ro'), superOptions };
}

function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
