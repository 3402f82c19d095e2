// Owns taking changes back: who changes something keeps, in the same transaction, what its inverse needs; `run` performs it once.
// What the inverse does belongs to the feature, which registers it by kind.
import { AppError } from '#shared/errors.ts';
import type { Database } from '../db/database.ts';

export type Undo = ReturnType<typeof openUndo>;
/** Puts things back; throws `conflict` where somebody has changed them since. */
export type Inverse = (payload: unknown, actor: string) => void;

const KEPT_MS = 7 * 86_400_000;

export function openUndo({ db, clock }: { db: Database; clock: () => number }) {
  const inverses = new Map<string, Inverse>();
  return {
    /** At start, once per kind. */
    register(kind: string, inverse: Inverse): void {
      inverses.set(kind, inverse);
    },
    /** Inside the transaction of the change. @param label what was done, as the console offers it: "Moved LAB-12 to Room 12" */
    keep(kind: string, change: { actor: string; label: string; payload: unknown }): number {
      const row = db.get<{ id: number }>('INSERT INTO undo (at, actor, kind, label, payload) VALUES (:at, :actor, :kind, :label, :payload) RETURNING id',
        { at: clock(), actor: change.actor, kind, label: change.label, payload: JSON.stringify(change.payload) });
      if (row === undefined) throw new AppError('internal', 'The change could not be kept for undo.');
      return row.id;
    },
    /** Takes one change back; what the console says of it. A second time, or after a week, it is refused. */
    run(id: number, actor: string): { label: string } {
      return db.transaction(() => {
        const row = db.get<{ kind: string; label: string; payload: string; done_at: number | null }>('SELECT kind, label, payload, done_at FROM undo WHERE id = :id', { id });
        const inverse = row === undefined ? undefined : inverses.get(row.kind);
        if (row === undefined || inverse === undefined) throw new AppError('not-found', 'This can\'t be undone any more: it is too long ago.');
        if (row.done_at !== null) throw new AppError('conflict', `“${row.label}” was undone already.`);
        inverse(JSON.parse(row.payload), actor);
        db.run('UPDATE undo SET done_at = :now WHERE id = :id', { id, now: clock() });
        return { label: row.label };
      });
    },
    upkeep(): void {
      db.run('DELETE FROM undo WHERE at < :before', { before: clock() - KEPT_MS });
    },
  };
}
