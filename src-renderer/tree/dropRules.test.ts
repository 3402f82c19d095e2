import { describe, expect, it } from 'vitest';
import { judgeDrop, nameOf } from './dropRules.ts';
import type { DragItem, DropTarget } from './dropRules.ts';

const item = (id: string, parent: string | null = null): DragItem => ({ id, name: `the ${id}`, parent });
const target = (id: string, ...path: string[]): DropTarget => ({ id, name: `place ${id}`, path });

describe('what a drop does', () => {
  it.each([
    ['a job on a computer asks to run it there', [item('job/1')], target('computer/a', 'computers'), { act: 'run', what: 'job/1', computers: ['a'], groups: [] }],
    ['a folder on a group asks to run it there', [item('folder/1')], target('group/g', 'computers'), { act: 'run', what: 'folder/1', computers: [], groups: ['g'] }],
    ['computers and groups on a job ask to run it on them', [item('computer/a'), item('group/g')], target('job/1', 'jobs'), { act: 'run', what: 'job/1', computers: ['a'], groups: ['g'] }],
    ['computers on a group move there', [item('computer/a'), item('computer/b')], target('group/g', 'computers'), { act: 'move-computers', to: { id: 'g', name: 'place group/g' } }],
    ['computers on New computers leave their group', [item('computer/a', 'group/g')], target('group/new', 'computers'), { act: 'move-computers', to: { id: null, name: 'place group/new' } }],
    ['a group on Computers goes to the top', [item('group/g', 'group/h')], target('computers'), { act: 'move-computers', to: { id: null, name: 'place computers' } }],
    ['jobs and folders on a folder move there', [item('job/1'), item('folder/2')], target('folder/3', 'jobs'), { act: 'move-jobs', to: { id: '3', name: 'place folder/3' } }],
    ['jobs on Jobs go to the top', [item('job/1', 'folder/2')], target('jobs'), { act: 'move-jobs', to: { id: null, name: 'place jobs' } }],
  ] as const)('%s', (_title, items, on, drop) => {
    expect(judgeDrop(items, on).drop).toEqual(drop);
  });
  it.each([
    ['on itself', [item('group/g')], target('group/g'), /^$/],
    ['a group into what lies in it', [item('group/g')], target('group/h', 'computers', 'group/g'), /can’t go into itself/],
    ['a folder into what lies in it', [item('folder/1')], target('folder/2', 'jobs', 'folder/1'), /can’t go into itself/],
    ['where it is already', [item('computer/a', 'group/g')], target('group/g', 'computers'), /in place group\/g already/],
    ['several jobs on a computer', [item('job/1'), item('job/2')], target('computer/a'), /one job at a time/],
    ['a job on New computers', [item('job/1')], target('group/new'), /go into folders/],
    ['a job on all computers', [item('job/1')], target('computers'), /go into folders/],
    ['a job on a job', [item('job/1')], target('job/2'), /holds no other jobs/],
    ['a computer on a computer', [item('computer/a')], target('computer/b'), /Merge…/],
    ['a computer on all computers', [item('computer/a')], target('computers'), /Drop computers on a group/],
    ['a group on New computers', [item('group/g')], target('group/new'), /computers only/],
    ['a computer on an image', [item('computer/a')], target('image/1'), /go into groups/],
    ['computers and jobs together', [item('computer/a'), item('job/1')], target('group/g'), /apart/],
  ] as const)('is refused, and says why: %s', (_title, items, on, words) => {
    const verdict = judgeDrop(items, on);
    expect(verdict.drop).toBeNull();
    expect(verdict.words).toMatch(words);
  });
  it('counts what is dragged in its own word', () => {
    expect([nameOf([item('job/1')]), nameOf([item('job/1'), item('job/2')]), nameOf([item('job/1'), item('folder/2')])]).toEqual(['the job/1', '2 jobs', '2 objects']);
  });
});
