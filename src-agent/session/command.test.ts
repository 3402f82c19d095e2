import { describe, expect, it } from 'vitest';
import type { AssignedRun } from '#shared/agent/messages.ts';
import { AppError, CancelledError, type WireError } from '#shared/errors.ts';
import { exitCodeOf } from '../report.ts';
import { outcome } from './command.ts';
import type { WorkEnd } from './work.ts';

const run: AssignedRun = { id: '00000000-0000-4000-8000-000000000001', title: 'Win11 lab', by: 'anna', askedAt: 0, tasks: [], taskIndex: 0, how: 'fresh', position: 1, of: 1 };
const end = (how: WorkEnd['outcome'], error: WireError | null = null, touched = false): WorkEnd => ({ run, outcome: how, error, done: ['Deployed it.'], seconds: 3, touched, isTold: () => true, leave: null });
const tooSmall: WireError = { code: 'target-too-small', message: 'This needs a disk of 38 GB or more.' };
const codeOf = (ends: WorkEnd[], job = 'Win11 lab', once = true): number => {
  try {
    outcome(ends, { job, json: false, once });
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
};

describe('what became of the runs', () => {
  it('is the exit code: 0 done, 1 failed or stopped, 3 refused before anything was written', () => {
    expect([codeOf([end('succeeded')]), codeOf([end('failed', { code: 'io', message: 'x' })]), codeOf([end('cancelled')]), codeOf([end('failed', tooSmall)])]).toEqual([0, 1, 1, 3]);
  });
  it('is no refusal where another task had written something', () => {
    expect([codeOf([end('failed', tooSmall, true)]), codeOf([end('succeeded', null, true), end('failed', tooSmall)])]).toEqual([1, 1]);
  });
  it('is a stop where somebody took the job back before it began', () => {
    expect(() => outcome([], { job: 'Win11 lab', json: false, once: true })).toThrow(new CancelledError('“Win11 lab” was taken back before it began. Nothing was done on this computer.'));
  });
  it('does not fail a menu that somebody left', () => {
    expect([codeOf([end('failed', tooSmall), end('succeeded')], '', false), outcome([], { job: '', json: false, once: false })]).toEqual([0, '']);
  });
  it('is one document where it was asked for, and keeps the code of what failed', () => {
    expect(JSON.parse(outcome([end('succeeded')], { job: 'x', json: true, once: true }))).toEqual({ runs: [{ id: run.id, title: 'Win11 lab', outcome: 'succeeded', seconds: 3, done: ['Deployed it.'] }] });
    expect(() => outcome([end('failed', tooSmall)], { job: 'x', json: true, once: true })).toThrow(new AppError('target-too-small', 'Win11 lab: This needs a disk of 38 GB or more.'));
  });
});
