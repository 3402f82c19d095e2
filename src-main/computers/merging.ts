// Owns records that turn out to be one machine: merged, split again exactly as they were, and the technician's answer to a tie.
// A merged record stays, points to the one it became part of, and keeps its name, group, evidence and the ids of its runs.
import { AppError } from '#shared/errors.ts';
import { z } from 'zod';
import type { Finding } from './finding.ts';
import { requireFree } from './names.ts';
import { changedSince, findLiving, requireIdle, type Parts, type Undoable } from './parts.ts';
import type { Recognising } from './recognising.ts';
import type { StoredComputer } from './repo.ts';

/** record: the one of those merged into it that the machine is. */
type Identified = { id: string; record: string; name: string; named: boolean };
const pairSchema = z.object({ into: z.string(), from: z.string(), /** The one it was split off was in the trash then. */ inTrash: z.boolean().optional() });

type MergingParts = Parts & { recognising: Recognising; finding: Finding; putBack: (computer: StoredComputer, actor: string) => void };

export function openMerging({ repo, groups, presence, events, undo, runs, clock, recognising, finding, putBack }: MergingParts) {
  const record = (id: string, actor: string, kind: string, message: string, data: Record<string, unknown> = {}): void => events.record({ actor, entity: 'computer', id, kind, message, data });
  function tell(computers: readonly StoredComputer[]): void {
    presence.regather();
    for (const computer of computers) {
      events.changed('computer', computer.id);
      events.changed('group', computer.group_id ?? 'new');
    }
  }

  function join(into: StoredComputer, from: StoredComputer, actor: string): void {
    const moved = runs.idsOf(from.id);
    // Where that one is part of another by now, its runs are there.
    runs.give(moved, from.id, repo.root(into.id)?.id ?? into.id);
    repo.setMerged(from.id, { into: into.id, at: clock(), runs: moved });
    record(into.id, actor, 'merged', `"${from.name}" was merged into this computer`, { from: from.id });
    record(from.id, actor, 'merged', `Merged into "${into.name}"`, { into: into.id });
  }
  /** @param root the record it belongs to now, through however many merges */
  function part(merged: StoredComputer, root: StoredComputer, actor: string): void {
    requireFree(repo, merged.id, merged.name);
    requireIdle(runs, root, 'split');
    runs.give(repo.family(merged.id).flatMap((id) => repo.mergedRuns(id)), root.id, merged.id);
    repo.setMerged(merged.id, null);
    if (merged.group_id !== null && !groups.isThere(merged.group_id)) repo.setGroup(merged.id, null);
    record(root.id, actor, 'split', `"${merged.name}" is a computer of its own again`, { from: merged.id });
    record(merged.id, actor, 'split', `Split off "${root.name}": a computer of its own again`, { from: root.id });
  }

  undo.register('computer.merge', (payload, actor) => {
    const { into, from } = pairSchema.parse(payload);
    const [merged, root] = [repo.byId(from), repo.root(into)];
    if (merged === undefined || root === undefined || merged.merged_into !== into) throw changedSince(merged?.name ?? 'the computer');
    part(merged, root, actor);
    tell([root, merged]);
  });
  undo.register('computer.split', (payload, actor) => {
    const { into, from, inTrash = false } = pairSchema.parse(payload);
    const [split, target, root] = [repo.byId(from), repo.byId(into), repo.root(into)];
    if (split === undefined || target === undefined || root === undefined || split.merged_into !== null || root.id === split.id || (root.trashed_at !== null && !inTrash)) throw changedSince(split?.name ?? 'the computer');
    requireIdle(runs, split, 'merged');
    join(target, split, actor);
    if (root.trashed_at !== null) runs.cancelPending(root.id, { actor, reason: 'its computer is in the trash again' });
    tell([root, split]);
  });

  return {
    merge(change: { into: string; from: string }, actor: string): Undoable {
      const [into, from] = [findLiving(repo, change.into), findLiving(repo, change.from)];
      if (into.id === from.id) throw new AppError('invalid-input', `${into.name} can't be merged with itself. Choose the other record.`, { computerId: into.id });
      // One machine is not switched on twice: what runs on the one would reach the other.
      if (presence.isOnline(into.id) && presence.isOnline(from.id)) {
        throw new AppError('conflict', `${into.name} and ${from.name} are both connected at this moment, so they are two computers. If they are one after all, end the agent of one of them first.`, { into: into.id, from: from.id });
      }
      const kept = repo.transaction(() => {
        requireIdle(runs, from, 'merged');
        join(into, from, actor);
        return undo.keep('computer.merge', { actor, label: `Merged ${from.name} into ${into.name}`, payload: { into: into.id, from: from.id } });
      });
      tell([into, from]);
      return { undo: kept };
    },
    split(mergedId: string, actor: string): Undoable {
      const merged = repo.byId(mergedId);
      if (merged === undefined) throw new AppError('not-found', `There is no record ${mergedId}.`, { computerId: mergedId });
      const root = repo.root(mergedId);
      if (merged.merged_into === null || root === undefined) throw new AppError('conflict', `"${merged.name}" is a computer of its own: there is nothing to split.`, { computerId: mergedId });
      const into = merged.merged_into;
      const kept = repo.transaction(() => {
        part(merged, root, actor);
        return undo.keep('computer.split', { actor, label: `Split ${merged.name} off ${root.name}`, payload: { into, from: merged.id, inTrash: root.trashed_at !== null } });
      });
      tell([root, merged]);
      return { undo: kept };
    },

    /** The technician's answer to a tie: the provisional record becomes part of the one that was meant, or (null) is a computer of its own. */
    identify(provisionalId: string, meant: string | null, actor: string): Identified {
      const provisional = repo.root(provisionalId);
      if (provisional === undefined) throw new AppError('not-found', 'This computer is not known any more. Say hello again.', { computerId: provisionalId });
      const answer = (computer: StoredComputer, record = provisional.id): Identified => ({ id: computer.id, record, name: computer.name, named: computer.named === 1 });
      // Said twice, after a lost answer: the first time counted.
      if (provisional.asked_at === null && (meant === null || meant === provisional.id)) return answer(provisional);
      if (provisional.asked_at === null) throw new AppError('conflict', `It is settled already which computer this is: ${provisional.name}.`, { computerId: provisional.id });
      if (meant === null) {
        repo.transaction(() => {
          repo.setAsked(provisional.id, null);
          record(provisional.id, actor, 'identified', 'The person at the computer says that it is a new one');
        });
        tell([provisional]);
        return answer(provisional);
      }
      // A token is for one machine: only what could be this machine can be said.
      const into = repo.root(meant);
      if (into === undefined || !recognising.couldBe(provisional.id).includes(into.id)) throw new AppError('forbidden', 'That is none of the computers this one could be. Ask again which they are.', { computerId: meant });
      const known = knownAs(into, provisional);
      repo.transaction(() => {
        requireIdle(runs, provisional, 'merged');
        const facts = repo.hardware(provisional.id);
        record(into.id, actor, 'identified', 'The person at the computer says that it is this one', { provisional: provisional.id });
        if (known !== null) repo.remove(provisional.id);
        else join(into, provisional, actor);
        if (facts !== undefined) repo.setHardware(into.id, facts);
        repo.setFacts({ id: into.id, model: provisional.model, serial: provisional.serial, diskCount: provisional.disk_count });
        repo.setSeen({ id: into.id, now: clock(), address: provisional.address });
        if (into.trashed_at !== null) putBack(into, actor);
        finding.refresh(into.id);
      });
      tell([into, provisional]);
      return answer(repo.byId(into.id) ?? into, known ?? provisional.id);
    },
  };

  /**
   * One that was asked about before and has done nothing leaves nothing behind: the same answer at every start would pile up records.
   * @returns the record that says the same of it already, or null
   */
  function knownAs(into: StoredComputer, provisional: StoredComputer): string | null {
    if (runs.idsOf(provisional.id).length > 0 || repo.merged(provisional.id).length > 0) return null;
    const key = (id: string): string => repo.evidence([id]).map((each) => `${each.kind} ${each.value}`).toSorted().join('\n');
    const own = key(provisional.id);
    return repo.family(into.id).find((member) => key(member) === own) ?? null;
  }
}
