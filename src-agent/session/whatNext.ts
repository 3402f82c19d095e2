// Owns what follows when a run has ended: the next run, the menu, a restart, the end of the program. Pure.
import type { AssignedRun } from '#shared/agent/messages.ts';
import type { PortalSettings } from '#shared/model/server.ts';
import type { WhatNext } from '../portal/contract.ts';

export type EndFacts = {
  outcome: 'succeeded' | 'failed' | 'cancelled';
  settings: Pick<PortalSettings, 'portalWhenDone' | 'portalFailureSeconds'>;
  /** More of what was asked for together is still to come. */
  more: boolean;
  /** Started for these runs alone (`--once`, `--job`). */
  once: boolean;
  powerAllowed: boolean;
  /** How long the last screen stays before the program ends; 0 without a screen. */
  exitSeconds: number;
};

const nextRunSeconds = 3;
const powerSeconds = 10;

export function whatNext(facts: EndFacts): WhatNext {
  const { outcome, settings, once, powerAllowed } = facts;
  if (facts.more && outcome === 'succeeded') return { action: 'next-run', inSeconds: Math.min(nextRunSeconds, once ? facts.exitSeconds : nextRunSeconds) };
  if (once) return { action: 'exit', inSeconds: facts.exitSeconds };
  const action = settings.portalWhenDone !== 'menu' && !powerAllowed ? 'menu' : settings.portalWhenDone;
  // What went wrong stays until somebody has seen it, unless a time was set.
  if (outcome === 'failed') return settings.portalFailureSeconds === 0 ? null : { action, inSeconds: settings.portalFailureSeconds };
  // Whoever comes back to the room sees on each screen that it is done.
  if (action === 'menu') return null;
  return outcome === 'succeeded' ? { action, inSeconds: powerSeconds } : null;
}

/** True for runs after which the disks are not what they were. */
export function changesDisks({ tasks }: Pick<AssignedRun, 'tasks'>): boolean {
  return tasks.some((task) => task.type === 'deploy' || task.type === 'script');
}
