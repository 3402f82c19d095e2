// Owns the guard on the last proved copy of a version: what is given up anywhere must be proved somewhere else. Pure.
import { AppError } from '#shared/errors.ts';
import type { CopyState } from '#shared/model/replication.ts';

export type GuardedCopy = { serverId: string; state: CopyState };

/** What would be lost with the copies on these servers; null where nothing would. A copy that never arrived holds nothing. */
export function lastCopyProblem(copies: readonly GuardedCopy[], givenUp: ReadonlySet<string>): 'last-ready' | 'never-proved' | null {
  const holds = (copy: GuardedCopy): boolean => copy.state === 'verifying' || copy.state === 'ready' || copy.state === 'damaged';
  const going = copies.filter((copy) => givenUp.has(copy.serverId) && holds(copy));
  if (going.length === 0 || copies.some((copy) => !givenUp.has(copy.serverId) && copy.state === 'ready')) return null;
  return going.some((copy) => copy.state === 'ready') ? 'last-ready' : 'never-proved';
}

/** Throws last-copy. A person who deletes the version itself is not asked: that is what a trash with its hold time is for. */
export function refuseLastCopy(version: { imageGuid: string; imageName: string; number: number; copies: readonly GuardedCopy[] }, givenUp: ReadonlySet<string>): void {
  const problem = lastCopyProblem(version.copies, givenUp);
  if (problem === null) return;
  const what = problem === 'last-ready' ? 'is the last copy that was proved' : 'is not proved anywhere else';
  throw new AppError('last-copy', `The copy of version ${version.number} of "${version.imageName}" there ${what}, so it is not given up. Let another server copy it first and wait until that copy is ready, or delete the version itself.`,
    { imageGuid: version.imageGuid, version: version.number });
}
