// Owns the SQL of jobs, their folders and revisions. No rules.
import type { Task } from '#shared/model/job.ts';
import type { Database } from '../db/database.ts';

export type Folder = { id: string; parentId: string | null; name: string; description: string; showInPortal: boolean; rev: number; createdAt: number; trashedAt: number | null };
/** What lists, menus and problems need of a task: no script is read for them. */
export type TaskOutline = { type: Task['type']; imageGuid: string | null; imageName: string | null; version: number | null; channel?: 'test' | 'live' | null };
export type JobHead = {
  id: string; folderId: string | null; name: string; description: string; showInPortal: boolean; rev: number; updatedAt: number; updatedBy: string; trashedAt: number | null; outline: TaskOutline[];
};
export type RevisionRow = { job_id: string; rev: number; at: number; actor: string; message: string; name: string; description: string; show_in_portal: 0 | 1; tasks: string };
export type JobsRepo = ReturnType<typeof openJobsRepo>;

const folders = `SELECT id, parent_id AS parentId, name, description, show_in_portal AS showInPortal, rev, created_at AS createdAt, trashed_at AS trashedAt FROM job_folder`;
const heads = `SELECT id, folder_id AS folderId, name, description, show_in_portal AS showInPortal, rev, updated_at AS updatedAt, updated_by AS updatedBy, trashed_at AS trashedAt,
  (SELECT json_group_array(json_object('type', value ->> '$.type', 'imageGuid', value ->> '$.imageGuid', 'imageName', value ->> '$.imageName', 'version', value -> '$.version', 'channel', value -> '$.channel')) FROM json_each(job.tasks)) AS outline
  FROM job`;
type FolderFound = Omit<Folder, 'showInPortal'> & { showInPortal: 0 | 1 };
type HeadFound = Omit<JobHead, 'showInPortal' | 'outline'> & { showInPortal: 0 | 1; outline: string };
const folderOf = (row: FolderFound): Folder => ({ ...row, showInPortal: row.showInPortal === 1 });
const headOf = (row: HeadFound): JobHead => ({ ...row, showInPortal: row.showInPortal === 1, outline: JSON.parse(row.outline) as TaskOutline[] });

export function openJobsRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),

    folders: (): Folder[] => db.all<FolderFound>(folders).map(folderOf),
    folder: (id: string): Folder | undefined => db.all<FolderFound>(`${folders} WHERE id = :id`, { id }).map(folderOf)[0],
    insertFolder: (folder: Pick<Folder, 'id' | 'parentId' | 'name' | 'description' | 'createdAt'>) =>
      db.run('INSERT INTO job_folder (id, parent_id, name, description, created_at) VALUES (:id, :parentId, :name, :description, :createdAt)', folder),
    updateFolder: (folder: Pick<Folder, 'id' | 'name' | 'description' | 'showInPortal'>) =>
      db.run('UPDATE job_folder SET name = :name, description = :description, show_in_portal = :shown, rev = rev + 1 WHERE id = :id',
        { id: folder.id, name: folder.name, description: folder.description, shown: folder.showInPortal ? 1 : 0 }),

    heads: (): JobHead[] => db.all<HeadFound>(heads).map(headOf),
    head: (id: string): JobHead | undefined => db.all<HeadFound>(`${heads} WHERE id = :id`, { id }).map(headOf)[0],
    /** JSON; '' for a job that is gone. */
    tasks: (id: string): string => db.get<{ tasks: string }>('SELECT tasks FROM job WHERE id = :id', { id })?.tasks ?? '',
    /** The job as its newest revision says, which is written with it. */
    insert(job: Omit<RevisionRow, 'job_id'> & { id: string; folder_id: string | null }): void {
      db.run(`INSERT INTO job (id, folder_id, name, description, show_in_portal, tasks, rev, created_at, updated_at, updated_by)
        VALUES (:id, :folder_id, :name, :description, :show_in_portal, :tasks, :rev, :at, :at, :actor)`,
      { id: job.id, folder_id: job.folder_id, name: job.name, description: job.description, show_in_portal: job.show_in_portal, tasks: job.tasks, rev: job.rev, at: job.at, actor: job.actor });
      this.insertRevision({ job_id: job.id, rev: job.rev, at: job.at, actor: job.actor, message: job.message, name: job.name, description: job.description, show_in_portal: job.show_in_portal, tasks: job.tasks });
    },
    insertRevision: (revision: RevisionRow) =>
      db.run('INSERT INTO job_revision (job_id, rev, at, actor, message, name, description, show_in_portal, tasks) VALUES (:job_id, :rev, :at, :actor, :message, :name, :description, :show_in_portal, :tasks)', revision),
    /** Compare-and-set: false where the job is no longer at the revision before. */
    revise(revision: RevisionRow): boolean {
      const { message: _message, ...now } = revision;
      const won = db.run(`UPDATE job SET name = :name, description = :description, show_in_portal = :show_in_portal, tasks = :tasks, rev = :rev, updated_at = :at, updated_by = :actor
        WHERE id = :job_id AND rev = :rev - 1`, now) === 1;
      if (won) this.insertRevision(revision);
      return won;
    },
    revision: (id: string, rev: number): RevisionRow | undefined => db.get('SELECT * FROM job_revision WHERE job_id = :id AND rev = :rev', { id, rev }),
    /** Newest first, as many as their tasks fit in so many characters; always the newest. */
    revisions: (id: string, mostChars: number): RevisionRow[] =>
      db.all(`SELECT job_id, rev, at, actor, message, name, description, show_in_portal, tasks FROM
        (SELECT *, sum(length(tasks)) OVER (ORDER BY rev DESC) - length(tasks) AS before FROM job_revision WHERE job_id = :id) WHERE before < :mostChars ORDER BY rev DESC`, { id, mostChars }),
    pruneRevisions: (id: string, keep: number) => db.run('DELETE FROM job_revision WHERE job_id = :id AND rev <= (SELECT rev FROM job WHERE id = :id) - :keep', { id, keep }),

    moveJob: (id: string, folderId: string | null) => db.run('UPDATE job SET folder_id = :folderId WHERE id = :id', { id, folderId }),
    moveFolder: (id: string, parentId: string | null) => db.run('UPDATE job_folder SET parent_id = :parentId WHERE id = :id', { id, parentId }),
    setJobTrash: (id: string, at: number | null) => db.run('UPDATE job SET trashed_at = :at WHERE id = :id', { id, at }),
    /** With its revisions. */
    deleteJob: (id: string) => db.run('DELETE FROM job WHERE id = :id', { id }),
    /** What is in it goes first. */
    deleteFolder: (id: string) => db.run('DELETE FROM job_folder WHERE id = :id', { id }),
    setFolderTrash: (id: string, at: number | null) => db.run('UPDATE job_folder SET trashed_at = :at WHERE id = :id', { id, at }),
  };
}
