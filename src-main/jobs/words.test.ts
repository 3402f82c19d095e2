import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task } from '#shared/model/job.ts';
import { isPublished } from '#shared/model/menu.ts';
import { changeWords, copyName, listWords, nameInCopy } from './words.ts';

const message = (id: string, text = id): Task => ({ type: 'message', id, text, seconds: null });
const job = { name: 'Win11', description: '', showInPortal: false, tasks: [message('a'), message('b')] };

describe('a revision says what it changed', () => {
  const rows: [what: string, after: Partial<typeof job>, words: string][] = [
    ['nothing', {}, ''],
    ['the order of fields is nothing', { tasks: [{ text: 'a', seconds: null, id: 'a', type: 'message' }, message('b')] }, ''],
    ['the name', { name: 'Win12' }, 'Renamed from “Win11” to “Win12”'],
    ['the tag', { name: 'Win11 (MI)' }, 'Renamed from “Win11” to “Win11 (MI)”; published'],
    ['the switch', { showInPortal: true }, 'Published'],
    ['the portal text', { description: 'Hello' }, 'Portal text set'],
    ['a task more', { tasks: [...job.tasks, message('c')] }, 'Tasks changed: 2 → 3'],
    ['the order', { tasks: [message('b'), message('a')] }, 'Tasks reordered'],
    ['one task', { tasks: [message('a'), message('b', 'Go home')] }, 'Task 2 changed: Show “Go home” until a key is pressed'],
    ['all tasks', { tasks: [message('c'), message('d')] }, 'Tasks changed: 1, 2'],
  ];
  it.each(rows)('%s', (_what, after, words) => expect(changeWords(job, { ...job, ...after })).toBe(words));
  it('the switch of a job that its tag publishes anyway', () => {
    expect(changeWords({ ...job, name: 'A (MI)' }, { ...job, name: 'A (MI)', showInPortal: true })).toBe('Switch “Show in portal” on');
    expect(changeWords({ ...job, showInPortal: true, description: 'x' }, job)).toBe('Portal text removed; not published any more');
  });
});

describe('a copy', () => {
  it('is called after what it is a copy of, without the tag', () => {
    expect([copyName('Win11 (MI)', new Set()), copyName('Win11', new Set(['win11 (copy)'])), copyName('Win11 (copy)', new Set(['win11 (copy)', 'win11 (copy 2)'])), copyName('(MI)', new Set())]).toEqual(['Win11 (copy)', 'Win11 (copy 2)', 'Win11 (copy 3)', 'Job (copy)']);
    expect([nameInCopy('A (MI)', 'job'), nameInCopy('(MI)', 'job'), nameInCopy('(MI)', 'folder')]).toEqual(['A', '(MI)', 'Folder']);
  });
  it('is never published and never too long', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('(MI)', '(', 'MI)', '(copy)', ' ', 'x'.repeat(60), '😀'), { minLength: 1, maxLength: 6 }), (parts) => {
      const copy = copyName(parts.join('').slice(0, 200), new Set());
      return !isPublished(copy, false) && copy.length <= 200 && copy.length > 0;
    }));
  });
});

it('lists names in few words', () => expect([listWords(['A']), listWords(['A', 'B']), listWords(['A', 'B', 'C'])]).toEqual(['“A”', '“A” and “B”', '“A” and 2 more']));
