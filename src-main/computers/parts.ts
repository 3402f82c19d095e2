// Owns what the files of this slice hand each other, and the few phrases all of them use.
import type { Events } from '../events/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Undo } from '../undo/service.ts';
import { AppError } from '#shared/errors.ts';
import { nameOrderKey } from '#shared/model/computer-name.ts';
import type { Groups } from './groups.ts';
import type { Presence } from './presence.ts';
import type { ComputerRepo, StoredComputer } from './repo.ts';

export type Parts = { repo: ComputerRepo; groups: Groups; presence: Presence; events: Events; undo: Undo; runs: Runs; clock: () => number };
export type Undoable = { undo: number | null };
/** Stands for those in no group wherever a group is named. */
export const NEW_COMPUTERS = 'new';

/** By id (of a merged record: the one it belongs to now) or by name, living ones first. */
export function findComputer(repo: ComputerRepo, ref: string): StoredComputer {
  const byId = repo.root(ref);
  if (byId !== undefined) return byId;
  const key = nameOrderKey(ref);
  const trashed = repo.trashedByKey(key);
  const found = repo.byKey(key, '') ?? trashed[0];
  if (found === undefined) throw new AppError('not-found', `There is no computer "${ref}". "platen computer list" shows those that are known.`, { computer: ref });
  if (found.trashed_at !== null && trashed.length > 1) {
    throw new AppError('ambiguous-name', `${trashed.length} computers in the trash are called "${ref}": ${trashed.map((each) => each.id).join(', ')}. Use the id.`, { computer: ref, ids: trashed.map((each) => each.id) });
  }
  return found;
}

/** The same for one that must not be in the trash. */
export function findLiving(repo: ComputerRepo, ref: string): StoredComputer {
  const computer = findComputer(repo, ref);
  if (computer.trashed_at !== null) throw new AppError('conflict', `${computer.name} is in the trash. Take it back first: platen computer undelete`, { computerId: computer.id });
  return computer;
}

export function allDifferent(computers: readonly StoredComputer[]): StoredComputer[] {
  return [...new Map(computers.map((computer) => [computer.id, computer])).values()];
}

/** Refuses what would pull the record away under an agent at work. */
export function requireIdle(runs: Runs, computer: StoredComputer, what: string): void {
  const state = runs.statesByComputer().get(computer.id);
  if (state === undefined || state === 'queued') return;
  throw new AppError('conflict', `A run is under way on ${computer.name}, so it can't be ${what} now. Wait until it has ended, or cancel it.`, { computerId: computer.id });
}

/** "LAB-12", "LAB-12 and LAB-13", "24 computers" */
export function computersInWords(computers: readonly { name: string }[]): string {
  return computers.length > 2 ? `${computers.length} computers` : computers.map((computer) => computer.name).join(' and ');
}

/** What an inverse says where somebody was faster. */
export function changedSince(what: string): AppError {
  return new AppError('conflict', `This can't be undone any more: ${what} has changed since. Change it by hand where that is still wanted.`);
}
