import { expect, test } from 'vitest';
import type { Task } from './job.ts';
import type { RunView, TaskRunView } from './run.ts';
import { activityWords, isRefused, lossByCancel, runStateWords, runWord, silenceWords } from './run-words.ts';

const disk = { path: '/dev/nvme0n1', model: 'PM9A1', serial: 'S1', sizeBytes: 1e9 };
const run: RunView = {
  id: '', kind: 'job', state: 'running', waitingFor: null, batchId: null, jobId: null, jobName: 'Win11 lab', tasks: [], taskIndex: 0, computerId: '', computerName: 'LAB-1',
  imageGuid: null, imageName: '', versionNumber: null, disk: null, progress: null, result: null, error: null, actor: '', startedAt: 0, endedAt: null,
};
const deploy: Task = { type: 'deploy', id: 'd', disk: { kind: 'only-internal' }, imageGuid: '', imageName: 'Win11', version: null };
const script: Task = { type: 'script', id: 's', title: 'join', text: 'true', timeoutSeconds: 60, continueOnError: false };
const task = (given: Task, state: TaskRunView['state'], index = 0): TaskRunView => ({ index, task: given, summary: '', state, startedAt: null, endedAt: null, progress: null, result: null, error: null });
const progress = (stage: string) => ({ stage, doneBytes: 62, totalBytes: 100, sentBytes: 0, rateBytesPerSecond: 0, etaSeconds: null, where: { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 } });

test('an agent at work that has fallen silent is said to be, and for how long', () => {
  expect([silenceWords({ ...run, silentSince: 1000 }, 21_400), silenceWords({ ...run, silentSince: null }, 21_400), silenceWords(run, 21_400), silenceWords({ ...run, state: 'waiting', silentSince: 1000 }, 21_400)]).toEqual(['not heard of for 20 s', null, null, null]);
});

test('a run is refused only where no disk was touched, by no task before either', () => {
  const failed = (code: string, tasks: TaskRunView[] = []) => runWord({ state: 'failed', error: { code, message: '' }, tasks });
  expect([failed('image-in-trash'), failed('io'), failed('unheard-of')]).toEqual(['refused', 'failed', 'failed']);
  expect(failed('target-too-small', [task(deploy, 'failed')])).toBe('refused');
  expect(failed('target-too-small', [task(script, 'done'), task(deploy, 'failed', 1)])).toBe('failed');
  expect(isRefused({ state: 'running', error: { code: 'image-in-trash', message: '' }, tasks: [] })).toBe(false);
});

test('says what a run does and how far it is, by its task under way', () => {
  expect(runStateWords({ ...run, kind: 'capture', progress: progress('read') })).toBe('capturing 62 %');
  expect(runStateWords({ ...run, tasks: [task(deploy, 'done'), task(script, 'running', 1)], taskIndex: 1 })).toBe('running a script');
  expect(activityWords({ ...run, tasks: [task({ type: 'power', id: 'p', action: 'shut-down' }, 'running')] })).toBe('switching off');
  expect(activityWords({ ...run, tasks: [task(script, 'done')], taskIndex: 1 })).toBe('running');
});

test('says what a run waits for', () => {
  expect((['computer', 'version', 'person'] as const).map((waitingFor) => runStateWords({ ...run, state: 'waiting', waitingFor })))
    .toEqual(['waiting for the computer', 'waiting until verified', 'waiting for a person']);
});

test('names what cancelling would lose, and nothing where nothing would be', () => {
  const deploying = { ...run, tasks: [task(deploy, 'running')], disk };
  expect(lossByCancel({ ...deploying, progress: progress('write') })).toBe('The deploy has begun to write /dev/nvme0n1 (PM9A1) of LAB-1. What was on it is gone, and what is written so far does not start: it has to be deployed again.');
  expect([lossByCancel({ ...deploying, progress: progress('plan') }), lossByCancel({ ...run, kind: 'capture', progress: progress('read') }), lossByCancel({ ...deploying, state: 'waiting' })]).toEqual([null, null, null]);
  expect(lossByCancel({ ...run, tasks: [task(script, 'running')] })).toMatch(/^The script is ended in the middle/);
});
