import { expect, test } from 'vitest';
import { bootStages } from '#shared/model/boot.ts';
import type { BootStage, BootTrace } from '#shared/model/boot.ts';
import { afterWords, stageCells } from './stageCells.ts';

const trace = (upTo: BootStage, given: Partial<BootTrace>): BootTrace => ({
  id: 1, mac: 'aa', uuid: '', firmware: 'BIOS', address: '', computerId: null, computerName: '', startedAt: 1000, endedAt: null, outcome: 'running', stoppedAt: null, advice: null,
  events: bootStages.slice(0, bootStages.indexOf(upTo) + 1).map((stage, index) => ({ at: 1000 + index * 500, stage, text: stage, problem: false })), ...given,
});
const states = (of: BootTrace): string => stageCells(of).map((cell) => cell.state).join(' ');

test('a boot under way waits for the stage after the last one seen', () => {
  expect(states(trace('script', {}))).toBe('done done done done now waiting waiting');
});

test('a stopped boot shows where, and what it did not reach', () => {
  expect(states(trace('loader', { outcome: 'stopped', stoppedAt: 'loader' }))).toBe('done done failed unreached unreached unreached unreached');
  expect(states(trace('script', { outcome: 'stopped' }))).toBe('done done done broken-off unreached unreached unreached');
});

test('a boot that was sent to its disk needed no more', () => {
  expect(states(trace('script', { outcome: 'done' }))).toBe('done done done done needless needless needless');
});

test('a stage that was not seen itself is proved by a later one, and has no time', () => {
  const seen = trace('kernel', {});
  expect(stageCells({ ...seen, events: seen.events.filter((event) => event.stage !== 'offered') }).slice(0, 3)).toEqual([{ stage: 'asked', state: 'done', afterMs: 0 }, { stage: 'offered', state: 'done', afterMs: null }, { stage: 'loader', state: 'done', afterMs: 1000 }]);
});

test('times are short', () => {
  expect([0, 340, 59_900, 124_000].map(afterWords)).toEqual(['0.0 s', '0.3 s', '59.9 s', '2 min 4 s']);
});
