import { expect, test } from 'vitest';
import type { RunView, TaskRunView } from '#shared/model/run.ts';
import { activityAddress, fits, noFilters, readFilters } from './activityFilters.ts';
import { byInterest, runsAhead, runState, runTone, timelineBars, timelineRows } from './runWords.ts';

const run = (id: string, given: Partial<RunView> = {}): RunView => ({
  id, kind: 'job', state: 'running', waitingFor: null, batchId: null, jobId: null, jobName: 'Win11 lab', tasks: [], taskIndex: 0, computerId: 'c', computerName: 'LAB-1',
  imageGuid: null, imageName: 'Win11', versionNumber: null, disk: null, progress: null, result: null, error: null, actor: 'anna', startedAt: 0, endedAt: null, ...given,
});
const task = (index: number, state: TaskRunView['state'], startedAt: number | null, endedAt: number | null): TaskRunView => ({
  index, task: { type: 'power', id: `p${index}`, action: 'restart' }, summary: `task ${index}`, state, startedAt, endedAt, progress: null, result: null, error: null,
});

test('tasks lie on one scale from the first start to now; what has not begun has no bar', () => {
  const rows = timelineRows(run('1', { tasks: [task(0, 'done', 1000, 2000), task(1, 'running', 2000, null), task(2, 'pending', null, null)] }));
  expect(timelineBars(rows, 5000)).toEqual({ totalMs: 4000, bars: [{ left: 0, width: 0.25 }, { left: 0.25, width: 0.75 }, null] });
  expect(timelineBars(rows.slice(2), 5000)).toEqual({ totalMs: 0, bars: [null] });
});

test('a capture by hand is one task, and one that waits has not begun', () => {
  expect(timelineRows(run('1', { kind: 'capture', startedAt: 7 }))).toMatchObject([{ summary: 'Capture of Win11', state: 'running', startedAt: 7 }]);
  expect(timelineRows(run('1', { kind: 'deploy', state: 'waiting' }))).toMatchObject([{ state: 'pending', startedAt: null }]);
});

test('who waits for a person comes first and asks for attention', () => {
  const person = run('p', { state: 'waiting', waitingFor: 'person' });
  expect([run('r'), run('f', { state: 'failed' }), person].toSorted(byInterest).map((each) => each.id)).toEqual(['p', 'f', 'r']);
  expect([runTone(person), runState(person), runTone(run('x', { state: 'failed', error: { code: 'image-in-trash', message: '' } }))]).toEqual(['warn', 'Waiting for a person', 'fail']);
});

test('the queue of a computer: what runs, what is next, then in the order asked for', () => {
  const active = [run('d', { state: 'queued', startedAt: 4 }), run('c', { state: 'queued', startedAt: 3 }), run('b', { state: 'waiting', startedAt: 2 }), run('a', { startedAt: 1 }), run('other', { computerId: 'x', startedAt: 0 })];
  expect(active.map((each) => [each.id, runsAhead(each, active).map((before) => before.id).join('')])).toEqual([['d', 'abc'], ['c', 'ab'], ['b', 'a'], ['a', ''], ['other', '']]);
});

test('what Activity is narrowed to stands in its address, and is read back from it', () => {
  const filters = { ...noFilters, state: 'failed' as const, job: 'b0c1', text: 'disk = 50 % / full' };
  expect(activityAddress({})).toBe('/activity');
  expect(readFilters(activityAddress(filters).replace('/activity/show/', ''))).toEqual(filters);
  expect([readFilters(undefined), readFilters('%'), readFilters('state=loud&job=../x')]).toEqual([noFilters, noFilters, noFilters]);
});

test('a text fits a run by name, computer, state or error, every word of it', () => {
  const failed = run('1', { state: 'failed', error: { code: 'target-too-small', message: 'The disk is too small.' } });
  expect(['win11 LAB', 'refused', 'small disk', 'teacher'].map((text) => fits(failed, { ...noFilters, text }))).toEqual([true, true, true, false]);
});
