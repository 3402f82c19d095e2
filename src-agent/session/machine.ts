// Owns what this computer is and has, for a session: quick facts for the first screen, and its disks as they are at the moment of asking.
// Disks named on the command line are all it has then: a safety on ordinary machines, and how image files stand in for disks.
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { AppError } from '#shared/errors.ts';
import type { DiskSummary, FirmwareIdentity, Inventory } from '#shared/model/computer.ts';
import { diskFacts } from '../disks/disk.ts';
import { firmwareIdentity } from '../disks/firmware.ts';
import { inventory, summariseDisk } from '../disks/inventory.ts';
import type { PortalMachine } from '../portal/contract.ts';

export type MachineSource = {
  /** Milliseconds, no disk is touched. */
  identity(): Promise<FirmwareIdentity>;
  /** Fresh: every disk is looked at. */
  inventory(): Promise<Inventory>;
};

/** @param paths  of `--disk`; empty: all there are. Throws `disk-not-recognised` where one is not there. */
export async function machineOf(paths: readonly string[]): Promise<MachineSource> {
  if (paths.length === 0) return { identity: firmwareIdentity, inventory };
  const named = [...new Set(paths.map((path) => resolve(path)))];
  for (const path of named) await diskFacts(path);
  const disks = async (): Promise<DiskSummary[]> => {
    const found = await Promise.all(named.map((path) => diskFacts(path).then(summariseDisk, ignoreMissing)));
    return found.filter((disk) => disk !== null).map(asInternal);
  };
  return { identity: firmwareIdentity, inventory: async () => ({ identity: await firmwareIdentity(), disks: await disks() }) };
}

export function portalMachine(identity: FirmwareIdentity): PortalMachine {
  const model = [identity.vendor, identity.product].filter((part) => part !== '').join(' ');
  return { model: model === '' ? identity.hostname : model, serial: identity.systemSerial, address: ownAddress() };
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []).filter((one) => !one.internal);
  return all.find((one) => one.family === 'IPv4')?.address ?? all[0]?.address ?? '';
}

/** A disk that was named and is gone is no disk: the choice refuses and says what it found. */
function ignoreMissing(error: unknown): null {
  if (error instanceof AppError && error.code === 'disk-not-recognised') return null;
  throw error;
}

/** Whoever names a USB disk means it as this computer's disk. */
function asInternal(disk: DiskSummary): DiskSummary {
  const bus = disk.bus === 'usb' || disk.bus === 'mmc-removable' ? `${disk.bus}, named` : disk.bus;
  return { ...disk, removable: false, bus };
}
