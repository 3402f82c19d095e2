// Owns what an agent does besides where it runs in Platen's own boot environment, and nowhere else: it tells what was said before it started,
// loads add-ons, looks after network adapters and the firmware's boot entries. On a system that people use it does nothing of that.
import { readdirSync } from 'node:fs';
import { toAppError } from '#shared/errors.ts';
import type { Control } from '../connection.ts';
import { listDisks } from '../disks/inventory.ts';
import { addOnsFor, lackingAdapters, startWithAddOns } from './adapters.ts';
import { AddOns, toldBy, type AddOnParts } from './add-ons.ts';
import { openBootEntries, type BootEntries } from './boot-entries.ts';
import { readBootLog, warningsIn } from './boot-log.ts';

export type BootEnvironment = {
  /** What was said before the agent, oldest first. */
  bootLog: readonly string[];
  /** Of that, what a person should know. */
  warnings: readonly string[];
  addOns: AddOns;
  /** Null where the firmware is a BIOS. */
  bootEntries: BootEntries | null;
  /** Loads what network adapters lack, if the server has it. Lines of what was done; never rejects. */
  helpAdapters(control: Pick<Control, 'hello'>): Promise<string[]>;
};

/** Null on any other system: the boot environment's first program says by PLATEN_BOOT_LOG that this is it. */
export function bootEnvironmentOf(env: NodeJS.ProcessEnv, parts: Pick<AddOnParts, 'server' | 'signal' | 'patienceMs'>): BootEnvironment | null {
  const path = env['PLATEN_BOOT_LOG'];
  if (path === undefined || path === '') return null;
  const bootLog = readBootLog(path);
  const addOns = new AddOns({ ...parts, root: '/', path: env['PATH'] ?? '' });
  return {
    bootLog, warnings: warningsIn(bootLog), addOns, bootEntries: isUefi() ? openBootEntries(async () => (await listDisks()).map((disk) => disk.path)) : null,
    async helpAdapters(control) {
      const told = toldBy(control);
      try {
        const lacking = await lackingAdapters();
        const wanted = addOnsFor(lacking, told.addOns);
        for (const addOn of wanted) await addOns.load(addOn, told);
        return wanted.length === 0 ? [] : [`The add-on ${wanted.map(({ name }) => name).join(', ')} was loaded for a network adapter.`, ...(await startWithAddOns(lacking))];
      } catch (error) {
        return [`What a network adapter lacks could not be loaded: ${toAppError(error).message}`];
      }
    },
  };
}

function isUefi(): boolean {
  try {
    return readdirSync('/sys/firmware/efi/efivars').length > 0;
  } catch {
    return false;
  }
}
