// Owns the decision what to do about a firmware's boot entries after a deploy. Pure. Never more than needed: a disk that starts by itself gets
// no entry, the order is kept with the network first where it was first, and only entries of our own that lead nowhere are removed.
import { isNetworkEntry, targetOf, type BootEntry, type BootState } from './efibootmgr.ts';

export type DeployedDisk = {
  /** Its EFI system partition: number and GUID (small); null where it has none. */
  system: { number: number; guid: string } | null;
  /** Files on it that end in .efi, as paths with backslashes: "\EFI\debian\shimx64.efi". */
  files: readonly string[];
};
export type BootPlan = {
  create: { label: string; loader: string } | null;
  /** An entry of the disk that somebody switched off. */
  activate: string | null;
  /** 'new': the one that is created. null: stays. */
  order: readonly string[] | null;
  remove: readonly string[];
  /** What starts the deployed disk: for the restart. null: its own fallback does, or nothing is known of it. */
  entry: string | null;
  /** For the person and the log. */
  why: string;
};

/** Ends the label of what is made here, so that it is known again. */
const MARK = ' (Platen)';
/** In this order where a disk has several: a menu that offers the others comes first. */
const known: readonly { folder: string; loaders: readonly string[]; label: string }[] = [
  ...['debian', 'ubuntu', 'linuxmint', 'fedora', 'redhat', 'centos', 'rocky', 'almalinux', 'opensuse', 'sles', 'arch'].map((name) => ({ folder: name, loaders: ['shimx64.efi', 'shim.efi', 'grubx64.efi', 'grub.efi'], label: name })),
  { folder: 'systemd', loaders: ['systemd-bootx64.efi'], label: 'Linux' }, { folder: 'Microsoft\\Boot', loaders: ['bootmgfw.efi'], label: 'Windows Boot Manager' },
];
const fallback = '\\EFI\\BOOT\\BOOTX64.EFI';

const nothing = (why: string, entry: string | null = null): BootPlan => ({ create: null, activate: null, order: null, remove: [], entry, why });

/** @param present GUIDs (small) of all partitions this computer has now */
export function planBootEntries(state: BootState, disk: DeployedDisk, present: ReadonlySet<string>): BootPlan {
  const { system } = disk;
  if (system === null) return nothing('The disk has no EFI system partition, so the firmware needs no boot entry for it.');
  const files = new Set(disk.files.map((file) => file.toLowerCase()));
  const own = state.entries.filter((entry) => leadsTo(entry, system.guid, files));
  const [found] = own.filter((entry) => entry.active && state.order.includes(entry.number)).concat(own);
  if (found !== undefined) return entryThere(state, found);
  if (files.has(fallback.toLowerCase())) return nothing('The disk starts by itself, so it got no boot entry.');
  const loader = loaderOf(disk.files);
  if (loader === null) return nothing('No boot loader that is known here lies on the disk\'s EFI system partition, so no boot entry was made. If the computer does not start, make one in the firmware\'s setup.');
  const dead = state.entries.filter((entry) => entry.label.endsWith(MARK) && !present.has(targetOf(entry)?.partition ?? system.guid));
  const remove = dead.map(({ number }) => number);
  return {
    create: { label: `${loader.label}${MARK}`, loader: loader.path }, activate: null, order: inserted(state, 'new', remove), remove, entry: 'new',
    why: `A boot entry “${loader.label}${MARK}” was made, because nothing else starts the disk${startsWithNetwork(state) ? '; the network stays first' : ''}.`,
  };
}

/** Which entry the restart after the deploy takes, once. null: as the order says. */
export function planRestart(state: BootState, entry: string | null): { next: string | null; why: string } {
  if (entry === null || !state.entries.some(({ number, active }) => number === entry && active)) return { next: null, why: 'The disk has no boot entry of its own, so the restart goes as the order says.' };
  // Firmware takes the word away before it starts anything (UEFI 2.10, 3.1): one that is still there was not listened to.
  if (state.next !== null) return { next: null, why: 'This firmware does not take “boot next” (an older one still stands there), so the restart goes as the order says.' };
  if (state.order[0] === entry) return { next: null, why: 'The disk is first in the order already.' };
  return { next: entry, why: 'The restart goes to the disk at once.' };
}

function leadsTo(entry: BootEntry, guid: string, files: ReadonlySet<string>): boolean {
  const target = targetOf(entry);
  if (target?.partition !== guid) return false;
  return files.has(target.file === '' ? fallback.toLowerCase() : target.file.toLowerCase());
}

function entryThere(state: BootState, { number, label, active }: BootEntry): BootPlan {
  const isOrdered = state.order.includes(number);
  if (active && isOrdered) return nothing(`The firmware's boot entry “${label}” leads to the disk already.`, number);
  return { ...nothing(`The firmware's boot entry “${label}” leads to the disk and is used again.`, number), activate: active ? null : number, order: isOrdered ? null : inserted(state, number, []) };
}

/** What the order names and does not exist, or names twice, goes: efibootmgr refuses to write it. */
function cleanOrder({ order, entries, current }: BootState): string[] {
  const exists = (number: string): boolean => entries.some((entry) => entry.number === number);
  const kept = [...new Set(order)].filter(exists);
  if (kept.length > 0) return kept;
  // Without an order the firmware tries what it likes: Platen stays reachable if what led here is named.
  return current !== null && exists(current) ? [current] : [];
}

function inserted(state: BootState, number: string, without: readonly string[]): string[] {
  const order = cleanOrder(state).filter((each) => !without.includes(each));
  const first = order.findIndex((each) => !isNetwork(state, each));
  return order.toSpliced(first === -1 ? order.length : first, 0, number);
}

function startsWithNetwork(state: BootState): boolean {
  const [first] = cleanOrder(state);
  return first !== undefined && isNetwork(state, first);
}
function isNetwork({ entries }: BootState, number: string): boolean {
  const entry = entries.find((each) => each.number === number);
  return entry !== undefined && isNetworkEntry(entry);
}

function loaderOf(files: readonly string[]): { path: string; label: string } | null {
  for (const { folder, loaders, label } of known) {
    for (const loader of loaders) {
      const path = files.find((file) => file.toLowerCase() === `\\efi\\${folder}\\${loader}`.toLowerCase());
      if (path !== undefined) return { path, label };
    }
  }
  return null;
}
