// Owns how rows of runs and tasks are shown to clients. Pure.
import { z } from 'zod';
import { taskSchema, taskSummary } from '#shared/model/job.ts';
import { runDiskSchema, runProgressSchema, wireErrorSchema, type RunProgress, type RunView, type TaskRunView } from '#shared/model/run.ts';
import type { RunRow, TaskRow } from './repo.ts';

const resultSchema = z.record(z.string(), z.unknown());
const parsed = <T>(schema: z.ZodType<T>, text: string | null): T | null => text === null ? null : schema.parse(JSON.parse(text));

/** @param now what was last reported, where that is newer than the row, and since when the agent is silent */
export function viewRun(row: RunRow, tasks: readonly TaskRow[], { progress, silentSince }: { progress: RunProgress | null; silentSince: number | null }): RunView {
  const current = progress ?? parsed(runProgressSchema, row.progress);
  return {
    id: row.id, kind: row.kind, state: row.state, waitingFor: row.waiting_for, batchId: row.batch_id, jobId: row.job_id, jobName: row.job_name,
    tasks: tasks.map((task) => viewTask(task, current)), taskIndex: row.task_index, computerId: row.computer_id, computerName: row.computer_name,
    imageGuid: row.image_guid, imageName: row.image_name, versionNumber: row.version_number, disk: parsed(runDiskSchema, row.disk), progress: current, silentSince: row.state === 'running' ? silentSince : null,
    result: parsed(resultSchema, row.result), error: parsed(wireErrorSchema, row.error), actor: row.actor, startedAt: row.started_at, endedAt: row.ended_at,
  };
}

function viewTask(row: TaskRow, current: RunProgress | null): TaskRunView {
  const task = taskSchema.parse(JSON.parse(row.task));
  return {
    index: row.idx, task, summary: taskSummary(task), state: row.state, startedAt: row.started_at, endedAt: row.ended_at,
    progress: row.state === 'running' ? current : parsed(runProgressSchema, row.progress), result: parsed(resultSchema, row.result), error: parsed(wireErrorSchema, row.error),
  };
}
