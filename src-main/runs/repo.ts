// Owns the SQL of runs, their tasks and their log lines. No rules: those are in moves.ts, queue.ts and tasks.ts.
import type { RunState, TaskState, WaitReason } from '#shared/model/run.ts';
import { watermarkSchema } from '#shared/agent/messages.ts';
import { z } from 'zod';
import type { Database } from '../db/database.ts';

export type Watermark = z.infer<typeof watermarkSchema>;
export type RunRow = {
  id: string; kind: 'capture' | 'deploy' | 'job'; state: RunState; waiting_for: WaitReason | null; job_id: string | null; job_name: string; batch_id: string | null;
  position: number; batch_size: number; task_index: number;
  /** Of a job: null until an agent took it; then the start of the agent that works on it; '' when a person let it go on, whoever takes it next. */
  agent_session: string | null;
  computer_id: string; computer_name: string; image_guid: string | null; image_name: string;
  version_guid: string | null; version_number: number | null; disk: string | null; resume_key: string; capture_id: string | null; request: string;
  progress: string | null; watermarks: string; result: string | null; error: string | null; actor: string; started_at: number; ended_at: number | null;
};
export type TaskRow = {
  run_id: string; idx: number; task: string; state: TaskState; started_at: number | null; ended_at: number | null; progress: string | null; result: string | null; error: string | null;
};
export type ListFilter = { active: boolean; limit: number; image: string | null; computer: string | null; job: string | null; batch: string | null; states: readonly RunState[] | null; before: number | null; /** The run that `before` is of: of those that began in the same moment, what comes after it in the list. */ beforeId: string | null };
/** The capture or deploy that a run is, or that a job's task is now. */
export type Imaging = {
  imageGuid: string | null; imageName: string; versionGuid: string | null; versionNumber: number | null; disk: string; resumeKey: string; captureId: string | null; request: string; watermarks: string;
};
export type RunRepo = ReturnType<typeof openRunRepo>;

const OPEN = "('queued', 'waiting', 'running', 'lost')";
/** A computer's runs are few; those that are open anywhere may be many. The plus keeps SQLite from reading them all. */
const OPEN_HERE = `computer_id = :computerId AND +state IN ${OPEN}`;

const nothing: Omit<RunRow, 'id' | 'kind' | 'state' | 'computer_id' | 'computer_name' | 'actor' | 'started_at'> = {
  waiting_for: null, job_id: null, job_name: '', batch_id: null, position: 1, batch_size: 1, task_index: 0, agent_session: null, image_guid: null, image_name: '',
  version_guid: null, version_number: null, disk: null, resume_key: '', capture_id: null, request: '{}', progress: null, watermarks: '[]', result: null, error: null, ended_at: null,
};
const columns = ['id', 'kind', 'state', 'computer_id', 'computer_name', 'actor', 'started_at', ...Object.keys(nothing)];

export function openRunRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    insert: (given: Partial<RunRow> & Pick<RunRow, 'id' | 'kind' | 'state' | 'computer_id' | 'computer_name' | 'actor' | 'started_at'>): RunRow => {
      const row = { ...nothing, ...given };
      db.run(`INSERT INTO run (${columns.join(', ')}) VALUES (${columns.map((name) => `:${name}`).join(', ')})`, row);
      return row;
    },
    get: (id: string): RunRow | undefined => db.get('SELECT * FROM run WHERE id = :id', { id }),
    many: (ids: readonly string[]): RunRow[] => db.all('SELECT * FROM run WHERE id IN (SELECT value FROM json_each(:ids)) ORDER BY started_at, rowid', { ids: JSON.stringify(ids) }),
    /** Compare-and-set: false when the run was no longer in `from`. */
    move: (id: string, from: RunState, to: RunState, facts: { endedAt: number | null; waitingFor: WaitReason | null }): boolean =>
      db.run('UPDATE run SET state = :to, ended_at = :endedAt, waiting_for = :waitingFor WHERE id = :id AND state = :from', { id, from, to, ...facts }) === 1,
    setResult: (id: string, result: Record<string, unknown>) => db.run('UPDATE run SET result = :result WHERE id = :id', { id, result: JSON.stringify(result) }),
    setError: (id: string, error: unknown) => db.run('UPDATE run SET error = :error WHERE id = :id', { id, error: error === null ? null : JSON.stringify(error) }),
    setProgress: (id: string, progress: unknown, watermarks: readonly Watermark[] | null) =>
      db.run('UPDATE run SET progress = coalesce(:progress, progress), watermarks = coalesce(:watermarks, watermarks) WHERE id = :id',
        { id, progress: progress === null ? null : JSON.stringify(progress), watermarks: watermarks === null ? null : JSON.stringify(watermarks) }),
    setImage: (id: string, image: { guid: string; name: string; versionGuid: string; number: number }) =>
      db.run('UPDATE run SET image_guid = :guid, image_name = :name, version_guid = :versionGuid, version_number = :number WHERE id = :id', { id, ...image }),
    /** All but where a capture's chunks are. */
    forgetRequest: (id: string) => db.run("UPDATE run SET request = CASE WHEN request ->> '$.at' IS NULL THEN '{}' ELSE json_object('at', json(request -> '$.at')) END WHERE id = :id", { id }),
    setCapture: (id: string, captureId: string, request: string) => db.run('UPDATE run SET capture_id = :captureId, request = :request WHERE id = :id', { id, captureId, request }),
    /** One field of the request, which is a JSON object. */
    markRequest: (id: string, field: 'wrote' | 'cancelledBy', value: string) => db.run("UPDATE run SET request = json_set(request, '$.' || :field, :value) WHERE id = :id", { id, field, value }),
    setSession: (id: string, session: string) => db.run('UPDATE run SET agent_session = :session WHERE id = :id', { id, session }),
    setImaging: (id: string, imaging: Imaging) =>
      db.run(`UPDATE run SET image_guid = :imageGuid, image_name = :imageName, version_guid = :versionGuid, version_number = :versionNumber, disk = :disk, resume_key = :resumeKey,
        capture_id = :captureId, request = :request, watermarks = :watermarks WHERE id = :id`, { id, ...imaging }),
    /** A job comes to its next task: nothing of the one before may be taken for its own. Image and disk stay as what ran last. */
    toTask: (id: string, index: number) =>
      db.run(`UPDATE run SET task_index = :index, progress = NULL, watermarks = '[]', resume_key = '', capture_id = NULL,
        request = CASE WHEN request ->> '$.cancelledBy' IS NULL THEN '{}' ELSE json_object('cancelledBy', request ->> '$.cancelledBy') END WHERE id = :id`, { id, index }),
    /** Captures and deploys by hand. */
    openCount: (computerId: string): number => db.get<{ open: number }>(`SELECT count(*) AS open FROM run WHERE ${OPEN_HERE} AND kind <> 'job'`, { computerId })?.open ?? 0,
    open: (): RunRow[] => db.all(`SELECT * FROM run WHERE state IN ${OPEN} ORDER BY started_at, rowid`),
    /** In the order they were asked for. */
    openOf: (computerId: string): RunRow[] => db.all(`SELECT * FROM run WHERE ${OPEN_HERE} ORDER BY started_at, rowid`, { computerId }),
    /** Of what was asked for together, what comes after this on the same computer and has not begun. */
    rest: (row: RunRow): RunRow[] => row.batch_id === null ? [] : db.all(
      `SELECT * FROM run WHERE computer_id = :computerId AND +batch_id = :batchId AND position > :position AND agent_session IS NULL AND +state IN ('queued', 'waiting') ORDER BY position`,
      { batchId: row.batch_id, computerId: row.computer_id, position: row.position }),
    list: (filter: ListFilter): RunRow[] => {
      const { limit, image, computer, job, batch, before, beforeId } = filter;
      const conditions = [
        filter.active ? `state IN ${OPEN}` : '', image === null ? '' : 'image_guid = :image', computer === null ? '' : 'computer_id = :computer', job === null ? '' : 'job_id = :job',
        batch === null ? '' : 'batch_id = :batch', filter.states === null ? '' : 'state IN (SELECT value FROM json_each(:states))', before === null ? '' : '(started_at < :before OR (started_at = :before AND rowid < (SELECT rowid FROM run WHERE id = :beforeId)))',
      ].filter((condition) => condition !== '');
      return db.all(`SELECT * FROM run ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} ORDER BY started_at DESC, rowid DESC LIMIT :limit`,
        { limit, image, computer, job, batch, before, beforeId, states: JSON.stringify(filter.states ?? []) });
    },
    /** Runs of this computer with this key, newest first; of jobs those whose last task of this kind had it. */
    byResumeKey: (computerId: string, kind: 'capture' | 'deploy', resumeKey: string): RunRow[] =>
      db.all(`SELECT * FROM run WHERE computer_id = :computerId AND resume_key = :resumeKey AND (kind = :kind OR (kind = 'job' AND (capture_id IS NOT NULL) = (:kind = 'capture')))
        ORDER BY started_at DESC, rowid DESC LIMIT 20`, { computerId, kind, resumeKey }),
    openForNewImage: (imageName: string): RunRow | undefined =>
      db.get(`SELECT * FROM run WHERE (kind = 'capture' OR (kind = 'job' AND capture_id IS NOT NULL)) AND image_name = :imageName AND state IN ${OPEN} ORDER BY started_at LIMIT 1`, { imageName }),
    /** A job uses an image while its task with it is under way. */
    using: (imageGuid: string, versionGuid: string | null): string[] =>
      db.all<{ id: string }>(`SELECT id FROM run WHERE image_guid = :imageGuid AND state IN ('queued', 'waiting', 'running') AND (kind <> 'job' OR resume_key <> '')
        AND (:versionGuid IS NULL OR ((kind = 'deploy' OR (kind = 'job' AND capture_id IS NULL)) AND version_guid = :versionGuid))`, { imageGuid, versionGuid }).map((row) => row.id),
    counts: (): { running: number; waiting: number } => {
      const row = db.get<{ running: number; waiting: number }>("SELECT count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state IN ('queued', 'waiting')) AS waiting FROM run WHERE state IN ('running', 'queued', 'waiting')");
      return row ?? { running: 0, waiting: 0 };
    },
    /** Computers with runs that have not ended. */
    openStates: (): { computer_id: string; state: RunState; waiting_for: WaitReason | null }[] => db.all(`SELECT computer_id, state, waiting_for FROM run WHERE state IN ${OPEN}`),
    /** All runs of one computer, or those of them that are named, become another's. */
    idsOf: (computerId: string): string[] => db.all<{ id: string }>('SELECT id FROM run WHERE computer_id = :computerId', { computerId }).map((row) => row.id),
    give: (ids: readonly string[], from: string, to: string): number =>
      db.run('UPDATE run SET computer_id = :to WHERE computer_id = :from AND id IN (SELECT value FROM json_each(:ids))', { ids: JSON.stringify(ids), from, to }),

    insertTask: (runId: string, idx: number, task: string): void => void db.run("INSERT INTO run_task (run_id, idx, task, state) VALUES (:runId, :idx, :task, 'pending')", { runId, idx, task }),
    task: (runId: string, idx: number): TaskRow | undefined => db.get('SELECT * FROM run_task WHERE run_id = :runId AND idx = :idx', { runId, idx }),
    tasks: (runIds: readonly string[]): TaskRow[] => db.all('SELECT * FROM run_task WHERE run_id IN (SELECT value FROM json_each(:ids)) ORDER BY run_id, idx', { ids: JSON.stringify(runIds) }),
    /** Compare-and-set, like `move`. */
    moveTask: (task: TaskRow, to: TaskState, facts: { startedAt: number | null; endedAt: number | null; result: string | null; error: string | null }): boolean =>
      db.run(`UPDATE run_task SET state = :to, started_at = coalesce(started_at, :startedAt), ended_at = :endedAt, result = coalesce(:result, result), error = :error,
        progress = CASE WHEN :endedAt IS NULL OR started_at IS NULL THEN progress ELSE (SELECT run.progress FROM run WHERE run.id = run_id) END
        WHERE run_id = :runId AND idx = :idx AND state = :from`, { runId: task.run_id, idx: task.idx, from: task.state, to, ...facts }) === 1,

    nextSeq: (runId: string): number => (db.get<{ last: number | null }>('SELECT max(seq) AS last FROM run_log WHERE run_id = :runId', { runId })?.last ?? 0) + 1,
    addLines: (lines: readonly { runId: string; seq: number; at: number; text: string }[]): void => {
      db.transaction(() => {
        for (const line of lines) db.run('INSERT INTO run_log (run_id, seq, at, text) VALUES (:runId, :seq, :at, :text)', line);
      });
    },
    lines: (runId: string, after: number, limit: number): { seq: number; at: number; text: string }[] =>
      db.all('SELECT seq, at, text FROM run_log WHERE run_id = :runId AND seq > :after ORDER BY seq LIMIT :limit', { runId, after, limit }),
    /** With what happened in them. */
    prune: (before: number): number => db.transaction(() => {
      db.run("DELETE FROM event WHERE entity = 'run' AND entity_id IN (SELECT id FROM run WHERE ended_at < :before AND state IN ('succeeded', 'failed', 'cancelled'))", { before });
      return db.run("DELETE FROM run WHERE ended_at < :before AND state IN ('succeeded', 'failed', 'cancelled')", { before });
    }),
  };
}

export function watermarksOf(row: RunRow): Watermark[] {
  return z.array(watermarkSchema).parse(JSON.parse(row.watermarks));
}
