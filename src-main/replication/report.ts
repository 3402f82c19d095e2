// Owns what a package server's report means: its digest, what of it changed, and which moves of a copy's row it stands for. Pure.
import { createHash } from 'node:crypto';
import { nextCopyState, type CopyEvent, type CopyState } from '#shared/model/replication.ts';
import type { CopyReport } from '#shared/replication/messages.ts';

/** The same for the same copies in any order. A copy that is absent is no copy. */
export function reportDigest(copies: Iterable<CopyReport>): string {
  const lines = [...copies].filter((copy) => copy.state !== 'absent').map(lineOf).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** What must be said so that `before` becomes `after`: changed ones, and absent for those that are gone. */
export function reportChanges(before: ReadonlyMap<string, CopyReport>, after: ReadonlyMap<string, CopyReport>): CopyReport[] {
  const changed = [...after.values()].filter((copy) => {
    const old = before.get(copy.versionGuid);
    return old === undefined ? copy.state !== 'absent' : lineOf(old) !== lineOf(copy);
  });
  const gone = [...before.values()].filter((copy) => !after.has(copy.versionGuid)).map((copy): CopyReport => ({ ...copy, state: 'absent', provedAt: null, damagedChunks: 0, problem: null }));
  return [...changed, ...gone];
}

function lineOf(copy: CopyReport): string {
  return JSON.stringify([copy.versionGuid, copy.manifest, copy.state, copy.provedAt, copy.damagedChunks, copy.problem]);
}

/** What leads to a state where one step does; said again of a copy that is in it, it stays, with new figures. */
export const sameEvent: Record<CopyState, CopyEvent> = { absent: 'lost', copying: 'assigned', verifying: 'arrived', ready: 'verified', damaged: 'damage-found', removing: 'released' };
/** What must have happened before, where the one event is not possible: messages in between were not seen. */
const before: Partial<Record<CopyState, CopyEvent[]>> = { ready: ['arrived'], damaged: ['arrived'], copying: ['lost'] };

/**
 * How a row gets from what the console believes to what the server says of its own copy.
 * null: it can't (a copy that was released does not come back by being reported); the row stays.
 */
export function eventsBetween(believed: CopyState, said: CopyState): CopyEvent[] | null {
  if (believed === said && said !== 'ready') return [];
  // It lets go of it; until it has, a report changes nothing.
  if (believed === 'removing') return said === 'absent' ? ['gone'] : null;
  for (const path of [[sameEvent[said]], [...(before[said] ?? []), sameEvent[said]]]) {
    let state: CopyState | null = believed;
    for (const event of path) state = state === null ? null : nextCopyState(state, event);
    if (state === said) return path;
  }
  return null;
}

/** Whether less is there than was proved before, without anybody having released it: what a person must look at. */
export function isLoss(believed: CopyState, said: CopyState): boolean {
  return (believed === 'ready' && (said === 'absent' || said === 'copying')) || (believed === 'damaged' && said === 'absent');
}
