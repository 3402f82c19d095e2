// The fake server's runs: the real API's procedures over runs in memory, and made-up runs of jobs in every state.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Task } from '#shared/model/job.ts';
import { taskSummary } from '#shared/model/job.ts';
import { isFinal, runStates } from '#shared/model/run.ts';
import type { RunProgress, RunView, TaskRunView } from '#shared/model/run.ts';
import type { Change } from '#shared/model/server.ts';
import { guidOf } from './fakeData.ts';
import type { FakeData } from './fakeData.ts';
import { fail, t } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';

type Parts = { data: FakeData; made: Procedures; report: (run: RunView) => void; watch: (signal: AbortSignal | undefined) => AsyncGenerator<RunView>; changed: (entity: Change['entity'], id: string) => void };

const minute = 60_000;
const gb = 1e9;

export function fakeRunsRouter({ data, made: { open, guarded }, report, watch, changed }: Parts) {
  const one = z.object({ id: z.string() });
  const find = (id: string): RunView => data.runs.find((run) => run.id === id) ?? fail(new AppError('not-found', 'There is no such run.'));
  const end = (run: RunView, state: 'cancelled' | 'failed', error: RunView['error'] = null): void => {
    Object.assign(run, { state, waitingFor: null, endedAt: Date.now(), error });
    for (const task of run.tasks) if (task.state === 'pending' || task.state === 'running') task.state = 'cancelled';
    report(run);
    changed('run', run.id);
  };
  return t.router({
    list: guarded.input(z.object({
      active: z.boolean().optional(), limit: z.number().optional(), image: z.string().optional(), computer: z.string().optional(), job: z.string().optional(), batch: z.string().optional(),
      states: z.array(z.enum(runStates)).optional(), before: z.number().optional(), beforeId: z.string().optional(),
    })).query(({ input }) => data.runs
      .filter((run) => (input.active !== true || !isFinal(run.state)) && (input.image === undefined || run.imageGuid === input.image) && (input.computer === undefined || run.computerId === input.computer))
      .filter((run) => (input.job === undefined || run.jobId === input.job) && (input.batch === undefined || run.batchId === input.batch) && (input.states === undefined || input.states.includes(run.state)))
      .filter((run) => input.before === undefined || run.startedAt < input.before)
      .toSorted((left, right) => right.startedAt - left.startedAt).slice(0, input.limit ?? 100)),
    get: guarded.input(one).query(({ input }) => find(input.id)),
    watch: open.subscription(({ signal }) => watch(signal)),
    cancel: guarded.input(one).mutation(({ input }) => end(find(input.id), 'cancelled')),
    cancelMany: guarded.input(z.object({ ids: z.array(z.string()) })).mutation(({ input }) => {
      const open = input.ids.map(find).filter((run) => !isFinal(run.state));
      for (const run of open) end(run, 'cancelled');
      return { cancelled: open.length };
    }),
    again: guarded.input(one).mutation(({ input }) => {
      const run = find(input.id);
      const again: RunView = {
        ...run, id: guidOf(`again ${run.id}`), state: 'waiting', waitingFor: 'computer', startedAt: Date.now(), endedAt: null, error: null, result: null, progress: null, taskIndex: 0,
        tasks: run.tasks.map((task) => ({ ...task, state: 'pending', startedAt: null, endedAt: null, progress: null, result: null, error: null })),
      };
      data.runs.push(again);
      changed('run', again.id);
      return { id: again.id };
    }),
    resume: guarded.input(one.extend({ go: z.boolean() })).mutation(({ input }) => {
      const run = find(input.id);
      if (!input.go) end(run, 'failed', { code: 'cut-off', message: 'anna ended this run: a task of it was cut off, and was not to be done again.' });
      else {
        Object.assign(run, { state: 'running', waitingFor: null });
        report(run);
        changed('run', run.id);
      }
    }),
    bundle: guarded.input(one).query(({ input }) => ({ fileName: `platen-run-${input.id.slice(0, 8)}.txt`, text: `Platen run ${input.id}\nstate ${find(input.id).state}\n` })),
    log: guarded.input(z.object({ id: z.string(), after: z.number().optional() })).query(({ input }) => {
      const lines = data.logs.get(input.id) ?? [];
      return { lines: lines.slice(input.after ?? 0), next: lines.length };
    }),
  });
}

export const labTasks: Task[] = [
  { type: 'message', id: 'hello', text: 'This takes about five minutes', seconds: 5 },
  { type: 'deploy', id: 'deploy', disk: { kind: 'only-internal' }, imageGuid: guidOf('Win11 lab'), imageName: 'Win11 lab', version: null },
  { type: 'script', id: 'asset', title: 'Set the asset tag', text: '#!/bin/sh\nset -eu\ntrue\n', timeoutSeconds: 600, continueOnError: true },
  { type: 'power', id: 'restart', action: 'restart' },
];
const writing = { read: 2000, hash: 21_000, compress: 0, network: 88_000, decompress: 41_000, write: 132_000 };
export const deploying: RunProgress = { stage: 'write', doneBytes: 19.3 * gb, totalBytes: 31.2 * gb, sentBytes: 9.4 * gb, rateBytesPerSecond: 87e6, etaSeconds: 137, where: writing, detail: 'NTFS on partition 3' };
const deployed: RunProgress = { ...deploying, stage: 'prove', doneBytes: 31.2 * gb, sentBytes: 14 * gb, rateBytesPerSecond: 0, etaSeconds: null };

type Done = { state: TaskRunView['state']; from?: number; to?: number; progress?: RunProgress; error?: TaskRunView['error'] };
/** from and to: minutes after the run's start. */
export function tasksOf(startedAt: number, given: Done[]): TaskRunView[] {
  return labTasks.map((task, index) => {
    const { state, from, to, progress, error } = given[index] ?? { state: 'pending' };
    return {
      index, task, summary: taskSummary(task), state, startedAt: from === undefined ? null : startedAt + from * minute, endedAt: to === undefined ? null : startedAt + to * minute,
      progress: progress ?? null, result: null, error: error ?? null,
    };
  });
}

/** Runs of the job "Win11 lab" in every state, as one batch and alone; further ones of the past when asked for. */
export function addJobRuns(data: FakeData, past = 0, now = Date.now()): void {
  const disk = { path: '/dev/nvme0n1', model: 'SAMSUNG PM9A1', serial: 'S64ANX0R1', sizeBytes: 512_110_190_592 };
  const batchId = guidOf('batch');
  const jobId = guidOf('job Win11 lab (MI)');
  const add = (name: string, given: Partial<RunView> & Pick<RunView, 'state' | 'startedAt' | 'computerName'>): void => {
    data.runs.push({
      id: guidOf(`run ${name}`), kind: 'job', waitingFor: null, batchId: null, jobId, jobName: 'Win11 lab', tasks: tasksOf(given.startedAt, []), taskIndex: 0, computerId: guidOf(given.computerName),
      imageGuid: guidOf('Win11 lab'), imageName: 'Win11 lab', versionNumber: 4, disk, progress: null, result: null, error: null, actor: 'anna', endedAt: null, ...given,
    });
    data.logs.set(guidOf(`run ${name}`), Array.from({ length: 40 }, (_, line) => ({ at: given.startedAt + line * 1500, text: `partition 3: ${line * 25} of 1000 chunks written` })));
  };
  const at = (minutes: number): number => now - minutes * minute;
  add('job running', { state: 'running', computerName: 'LAB12-11', startedAt: at(5), batchId, taskIndex: 1, progress: deploying, tasks: tasksOf(at(5), [{ state: 'done', from: 0, to: 0.1 }, { state: 'running', from: 0.1, progress: deploying }]) });
  add('job queued', { state: 'queued', computerName: 'LAB12-11', startedAt: at(4), batchId, disk: null, imageGuid: null, imageName: '', versionNumber: null });
  add('job person', { state: 'waiting', waitingFor: 'person', computerName: 'LAB12-07', startedAt: at(30), batchId, taskIndex: 1, progress: { ...deploying, rateBytesPerSecond: 0 }, tasks: tasksOf(at(30), [{ state: 'done', from: 0, to: 0.1 }, { state: 'running', from: 0.1, progress: { ...deploying, rateBytesPerSecond: 0 } }]) });
  add('job computer', { state: 'waiting', waitingFor: 'computer', computerName: 'teacher-12', startedAt: at(12), batchId, disk: null });
  const refusal = { code: 'target-too-small', message: 'The disk /dev/nvme0n1 (SAMSUNG PM9A1, 128 GB) is too small: version 4 of Win11 lab needs 238 GB.\nNothing was written. Choose a larger disk, or capture a smaller image.' };
  add('job refused', { state: 'failed', computerName: 'LAB12-03', startedAt: at(22), endedAt: at(21), batchId, taskIndex: 1, error: refusal, tasks: tasksOf(at(22), [{ state: 'done', from: 0, to: 0.1 }, { state: 'failed', from: 0.1, to: 1, error: refusal }, { state: 'cancelled' }, { state: 'cancelled' }]) });
  add('job done', { state: 'succeeded', computerName: 'LAB12-01', startedAt: at(60), endedAt: at(52), batchId, taskIndex: 4, progress: deployed, result: { writtenBytes: 31.2 * gb, fetchedBytes: 14 * gb }, tasks: tasksOf(at(60), [{ state: 'done', from: 0, to: 0.1 }, { state: 'done', from: 0.1, to: 6.4, progress: deployed }, { state: 'failed', from: 6.4, to: 7.2, error: { code: 'io', message: 'The script ended with exit code 3; the job goes on after a failure of this task.' } }, { state: 'done', from: 7.2, to: 8 }]) });
  add('job lost', { state: 'lost', computerName: 'LAB12-02', startedAt: at(90), endedAt: at(70), taskIndex: 1, progress: deploying, tasks: tasksOf(at(90), [{ state: 'done', from: 0, to: 0.1 }, { state: 'running', from: 0.1, progress: deploying }]) });
  for (let index = 0; index < past; index++) add(`past ${index}`, { state: 'succeeded', computerName: `LAB12-${String(index % 30).padStart(2, '0')}`, startedAt: at(3000 + index), endedAt: at(2994 + index), taskIndex: 4, tasks: tasksOf(at(3000 + index), labTasks.map((_, task) => ({ state: 'done', from: task, to: task + 1 }))) });
}
