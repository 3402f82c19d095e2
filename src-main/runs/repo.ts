// Owns the SQL of runs and their log lines. No rules: those are in service.ts.
import { runDiskSchema, runProgressSchema, wireErrorSchema, type RunState, type RunView, type WaitReason } from '#shared/model/run.ts';
import { watermarkSchema } from '#shared/agent/messages.ts';
import { z } from 'zod';
import type { Database } from '../db/database.ts';

export type Watermark = z.infer<typeof watermarkSchema>;
export type RunRow = {
  id: string; kind: 'capture' | 'deploy' | 'job'; state: RunState; waiting_for: WaitReason | null; job_id: string | null; job_name: string; batch_id: string | null;
  position: number; batch_size: number; task_index: number; agent_session: string | null; computer_id: string; computer_name: string; image_guid: string | null; image_name: string;
  version_guid: string | null; version_number: number | null; disk: string | null; resume_key: string; capture_id: string | null; request: string;
  progress: string | null; watermarks: string; result: string | null; error: string | null; actor: string; started_at: number; ended_at: number | null;
};
export type RunRepo = ReturnType<typeof openRunRepo>;

const resultSchema = z.record(z.string(), z.unknown());

export function openRunRepo(db: Database) {
  return {
    transaction: <T>(work: () => T): T => db.transaction(work),
    insert: (row: Omit<RunRow, 'waiting_for' | 'job_id' | 'job_name' | 'batch_id' | 'position' | 'batch_size' | 'task_index' | 'agent_session' | 'progress' | 'watermarks' | 'result' | 'error' | 'ended_at'> & { watermarks: string }): void => {
      db.run(`INSERT INTO run (id, kind, state, computer_id, computer_name, image_guid, image_name, version_guid, version_number, disk, resume_key, capture_id, request, watermarks, actor, started_at)
        VALUES (:id, :kind, :state, :computer_id, :computer_name, :image_guid, :image_name, :version_guid, :version_number, :disk, :resume_key, :capture_id, :request, :watermarks, :actor, :started_at)`, row);
    },
    get: (id: string): RunRow | undefined => db.get('SELECT * FROM run WHERE id = :id', { id }),
    /** Compare-and-set: false when the run was no longer in `from`. */
    move: (id: string, from: RunState, to: RunState, endedAt: number | null): boolean =>
      db.run('UPDATE run SET state = :to, ended_at = :endedAt WHERE id = :id AND state = :from', { id, from, to, endedAt }) === 1,
    setResult: (id: string, result: Record<string, unknown>) => db.run('UPDATE run SET result = :result WHERE id = :id', { id, result: JSON.stringify(result) }),
    setError: (id: string, error: unknown) => db.run('UPDATE run SET error = :error WHERE id = :id', { id, error: error === null ? null : JSON.stringify(error) }),
    setProgress: (id: string, progress: unknown, watermarks: readonly Watermark[] | null) =>
      db.run('UPDATE run SET progress = :progress, watermarks = coalesce(:watermarks, watermarks) WHERE id = :id', { id, progress: JSON.stringify(progress), watermarks: watermarks === null ? null : JSON.stringify(watermarks) }),
    setImage: (id: string, image: { guid: string; name: string; versionGuid: string; number: number }) =>
      db.run('UPDATE run SET image_guid = :guid, image_name = :name, version_guid = :versionGuid, version_number = :number WHERE id = :id', { id, ...image }),
    setRequest: (id: string, request: string) => db.run('UPDATE run SET request = :request WHERE id = :id', { id, request }),
    openCount: (computerId: string): number =>
      db.get<{ open: number }>("SELECT count(*) AS open FROM run WHERE computer_id = :computerId AND state IN ('queued', 'waiting', 'running', 'lost')", { computerId })?.open ?? 0,
    /** Computers with runs that have not ended. */
    openStates: (): { computer_id: string; state: RunState; waiting_for: WaitReason | null }[] =>
      db.all("SELECT computer_id, state, waiting_for FROM run WHERE state IN ('queued', 'waiting', 'running', 'lost')"),
    /** All runs of one computer, or those of them that are named, become another's. */
    idsOf: (computerId: string): string[] => db.all<{ id: string }>('SELECT id FROM run WHERE computer_id = :computerId', { computerId }).map((row) => row.id),
    give: (ids: readonly string[], from: string, to: string): number =>
      db.run('UPDATE run SET computer_id = :to WHERE computer_id = :from AND id IN (SELECT value FROM json_each(:ids))', { ids: JSON.stringify(ids), from, to }),
    open: (): RunRow[] => db.all("SELECT * FROM run WHERE state IN ('queued', 'waiting', 'running', 'lost') ORDER BY started_at"),
    list: (filter: { active: boolean; limit: number; image: string | null; computer: string | null }): RunRow[] =>
      db.all(`SELECT * FROM run WHERE (:active = 0 OR state IN ('queued', 'waiting', 'running', 'lost')) AND (:image IS NULL OR image_guid = :image) AND (:computer IS NULL OR computer_id = :computer)
        ORDER BY started_at DESC, id LIMIT :limit`, { ...filter, active: filter.active ? 1 : 0 }),
    /** Runs of this computer with this key, newest first. */
    byResumeKey: (computerId: string, kind: string, resumeKey: string): RunRow[] =>
      db.all('SELECT * FROM run WHERE computer_id = :computerId AND kind = :kind AND resume_key = :resumeKey ORDER BY started_at DESC LIMIT 20', { computerId, kind, resumeKey }),
    openForNewImage: (imageName: string): RunRow | undefined =>
      db.get("SELECT * FROM run WHERE kind = 'capture' AND image_name = :imageName AND state IN ('queued', 'waiting', 'running', 'lost') ORDER BY started_at LIMIT 1", { imageName }),
    using: (imageGuid: string, versionGuid: string | null): string[] =>
      db.all<{ id: string }>(`SELECT id FROM run WHERE image_guid = :imageGuid AND state IN ('queued', 'waiting', 'running')
        AND (:versionGuid IS NULL OR (kind = 'deploy' AND version_guid = :versionGuid))`, { imageGuid, versionGuid }).map((row) => row.id),
    counts: (): { running: number; waiting: number } => {
      const row = db.get<{ running: number; waiting: number }>("SELECT count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state IN ('queued', 'waiting')) AS waiting FROM run");
      return row ?? { running: 0, waiting: 0 };
    },
    nextSeq: (runId: string): number => (db.get<{ last: number | null }>('SELECT max(seq) AS last FROM run_log WHERE run_id = :runId', { runId })?.last ?? 0) + 1,
    addLines: (lines: readonly { runId: string; seq: number; at: number; text: string }[]): void => {
      db.transaction(() => {
        for (const line of lines) db.run('INSERT INTO run_log (run_id, seq, at, text) VALUES (:runId, :seq, :at, :text)', line);
      });
    },
    lines: (runId: string, after: number, limit: number): { seq: number; at: number; text: string }[] =>
      db.all('SELECT seq, at, text FROM run_log WHERE run_id = :runId AND seq > :after ORDER BY seq LIMIT :limit', { runId, after, limit }),
    prune: (before: number): number => db.run("DELETE FROM run WHERE ended_at < :before AND state IN ('succeeded', 'failed', 'cancelled')", { before }),
  };
}

export function viewRun(row: RunRow): RunView {
  return {
    id: row.id, kind: row.kind, state: row.state, computerId: row.computer_id, computerName: row.computer_name, imageGuid: row.image_guid, imageName: row.image_name,
    waitingFor: row.waiting_for, batchId: row.batch_id, jobId: row.job_id, jobName: row.job_name, tasks: [], taskIndex: row.task_index,
    versionNumber: row.version_number, disk: row.disk === null ? null : runDiskSchema.parse(JSON.parse(row.disk)),
    progress: row.progress === null ? null : runProgressSchema.parse(JSON.parse(row.progress)),
    result: row.result === null ? null : resultSchema.parse(JSON.parse(row.result)),
    error: row.error === null ? null : wireErrorSchema.parse(JSON.parse(row.error)),
    actor: row.actor, startedAt: row.started_at, endedAt: row.ended_at,
  };
}

export function watermarksOf(row: RunRow): Watermark[] {
  return z.array(watermarkSchema).parse(JSON.parse(row.watermarks));
}
