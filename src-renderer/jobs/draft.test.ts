import { describe, expect, it } from 'vitest';
import type { Task } from '#shared/model/job.ts';
import { awaitsConnection, edited, isDirty, keepMine, maySave, moved, openDraft, putBack, saveDone, saveFailed, sending, serverHas, takeTheirs } from './draft.ts';
import type { ServerTasks } from './draft.ts';

const say = (text: string): Task => ({ type: 'message', id: `m-${text}`, text, seconds: null });
const job = (rev: number, ...texts: string[]): ServerTasks => ({ rev, tasks: texts.map(say), updatedAt: 1, updatedBy: 'bert' });
const conflict = { code: 'conflict', short: 'PL-1007', message: 'changed meanwhile', data: { rev: 4 } } as const;

describe('tasks under edit', () => {
  it('are saved when they are complete, and count as saved with the revision the server made', () => {
    const draft = edited(openDraft(job(3, 'one')), [say('one'), say('two')]);
    expect(maySave(draft)).toBe(true);
    expect(saveDone(sending(draft), { rev: 4, undo: 9 })).toMatchObject({ base: { rev: 4 }, sending: null, saved: { rev: 4, undo: 9 } });
  });
  it('are kept, but not saved, while one lacks something', () => {
    const draft = edited(openDraft(job(3, 'one')), [{ type: 'message', id: 'm', text: '  ', seconds: null }]);
    expect([isDirty(draft), maySave(draft)]).toEqual([true, false]);
  });
  it('go on being unsaved where they changed again while the server was saving', () => {
    const draft = saveDone(edited(sending(edited(openDraft(job(3)), [say('a')])), [say('ab')]), { rev: 4, undo: 1 });
    expect([isDirty(draft), maySave(draft)]).toEqual([true, true]);
  });
  it('follow the server where nothing here is unsaved', () => {
    expect(serverHas(openDraft(job(3, 'one')), job(4, 'two')).tasks).toEqual([say('two')]);
  });
  it('stand beside what somebody else saved meanwhile, until one of the two is chosen', () => {
    const both = serverHas(edited(openDraft(job(3, 'one')), [say('mine')]), job(4, 'theirs'));
    expect([both.tasks, both.theirs?.tasks, maySave(both)]).toEqual([[say('mine')], [say('theirs')], false]);
    expect([maySave(keepMine(both)), keepMine(both).base.rev, keepMine(both).tasks]).toEqual([true, 4, [say('mine')]]);
    expect([isDirty(takeTheirs(both)), takeTheirs(both).tasks]).toEqual([false, [say('theirs')]]);
  });
  it('are no conflict where only the name of the job changed', () => {
    const draft = serverHas(edited(openDraft(job(3, 'one')), [say('mine')]), job(4, 'one'));
    expect([draft.theirs, draft.base.rev, maySave(draft)]).toEqual([null, 4, true]);
  });
  it('wait after a refusal until the server has said what it holds', () => {
    const refused = saveFailed(sending(edited(openDraft(job(3, 'one')), [say('mine')])), conflict);
    expect([maySave(refused), refused.failure]).toEqual([false, null]);
    expect([serverHas(refused, job(3, 'one')).stale, serverHas(refused, job(4, 'theirs')).theirs?.rev]).toEqual([true, 4]);
  });
  it('show a refusal that no newer revision explains, instead of trying for ever', () => {
    const refused = saveFailed(sending(edited(openDraft(job(3, 'one')), [say('mine')])), { ...conflict, data: {} });
    expect([refused.stale, refused.failure?.code, maySave(refused)]).toEqual([false, 'conflict', false]);
  });
  it('are sent again where the connection was lost with a save; that it had arrived is found out, not a conflict', () => {
    const lost = saveFailed(sending(edited(openDraft(job(3, 'one')), [say('mine')])), { ...conflict, code: 'connection-lost', data: {} });
    expect([awaitsConnection(lost), maySave({ ...lost, failure: null })]).toEqual([true, true]);
    const arrived = serverHas(saveFailed(sending({ ...lost, failure: null }), conflict), job(4, 'mine'));
    expect([arrived.theirs, arrived.failure, isDirty(arrived), arrived.base.rev]).toEqual([null, null, false, 4]);
  });
  it('are not sent again by themselves after a failure', () => {
    const failed = saveFailed(sending(edited(openDraft(job(3)), [say('mine')])), { ...conflict, code: 'io' });
    expect([maySave(failed), failed.tasks, maySave(edited(failed, [say('again')]))]).toEqual([false, [say('mine')], true]);
  });
});

it('moves tasks within the list and puts a removed one back where it was, once', () => {
  const tasks = ['a', 'b', 'c'].map(say);
  const names = (list: Task[]): string => list.map((task) => task.id.slice(2)).join('');
  expect([names(moved(tasks, 0, 1)), names(moved(tasks, 2, 0)), names(moved(tasks, 1, 9)), names(moved(tasks, 7, 0))]).toEqual(['bac', 'cab', 'acb', 'abc']);
  expect([names(putBack([say('a'), say('c')], say('b'), 1)), names(putBack(tasks, say('b'), 0)), names(putBack([], say('b'), 5))]).toEqual(['abc', 'abc', 'b']);
});
