// Owns the SQL of groups of computers. No rules: those are in groups.ts.
import type { Database } from '../db/database.ts';

export type StoredGroup = { id: string; parent_id: string | null; name: string; description: string; created_at: number; trashed_at: number | null };
export type GroupRepo = ReturnType<typeof openGroupRepo>;

export function openGroupRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    all: (): StoredGroup[] => db.all('SELECT * FROM computer_group WHERE trashed_at IS NULL'),
    byId: (id: string): StoredGroup | undefined => db.get('SELECT * FROM computer_group WHERE id = :id', { id }),
    insert: (row: { id: string; parentId: string | null; name: string; now: number }): void => void db.run('INSERT INTO computer_group (id, parent_id, name, created_at) VALUES (:id, :parentId, :name, :now)', row),
    remove: (id: string): void => void db.run('DELETE FROM computer_group WHERE id = :id', { id }),
    set: (row: { id: string; name: string; description: string }): void => void db.run('UPDATE computer_group SET name = :name, description = :description WHERE id = :id', row),
    setParent: (id: string, parentId: string | null): void => void db.run('UPDATE computer_group SET parent_id = :parentId WHERE id = :id', { id, parentId }),
    setTrashed: (id: string, at: number | null): void => void db.run('UPDATE computer_group SET trashed_at = :at WHERE id = :id', { id, at }),
  };
}
