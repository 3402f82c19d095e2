// Owns what a person does at a computer of the lab, and how long firmware may take for it on a busy machine.
import { expect, type Lab } from './lab.ts';
import type { Vm } from './vm.ts';

/** portalMs: from power on; deployMs and diskMs: of the lab's own system. */
export const limits = { portalMs: 480_000, screenMs: 40_000, deployMs: 180_000, diskMs: 150_000 };
export const image = 'Lab Linux';

export async function seesPortal(lab: Lab, vm: Vm, text: string = image, limitMs: number = limits.portalMs): Promise<void> {
  await vm.shows(['Choose what to do with this computer', text], limitMs);
  lab.note(`${vm.options.name}: portal on the screen`);
  await lab.keepScreen(vm, 'portal');
}

/** Picks the first item, and gives the new computer a name. */
export async function deploysByKeys(lab: Lab, vm: Vm, name: string): Promise<void> {
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

/** The last boot of a computer, as the server tells it, ended well; returns what it says, line by line. */
export async function lastBoot(lab: Lab, vm: Vm): Promise<string> {
  const trace = await lab.trace(vm.options.mac, ({ outcome }) => outcome !== 'running', limits.screenMs);
  const text = trace.events.map((event) => `${event.stage}: ${event.text}`).join('\n');
  expect(trace.outcome, text).toBe('done');
  return text;
}
