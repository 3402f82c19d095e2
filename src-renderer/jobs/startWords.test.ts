import { describe, expect, it } from 'vitest';
import type { StartComputer, StartPreview } from '#shared/model/run.ts';
import { startRows, startSummary, startVerb } from './startWords.ts';

const computer = (name: string, given: Partial<StartComputer> = {}): StartComputer => ({ computerId: name, computerName: name, online: true, busyWith: null, pending: 0, erases: ['SAMSUNG 512 GB'], problem: null, ...given });
const preview = (erases: boolean, ...computers: StartComputer[]): StartPreview => ({ title: 'Win11 lab', jobs: [], erases, problem: null, computers });
const room = preview(true, computer('a'), computer('b', { online: false }), computer('c', { busyWith: 'Capture of X' }), computer('d', { problem: 'No internal disk.', erases: [] }), computer('e', { pending: 2 }));

describe('the sheet that starts jobs', () => {
  it('says of each computer when it starts, or why not, trouble first', () => {
    expect(startRows(room, 'queue').map((row) => `${row.computerName}: ${row.when}`)).toEqual([
      'd: Left out: No internal disk.', 'b: When it next boots into Platen', 'c: After Capture of X', 'e: After 2 runs that wait', 'a: Now',
    ]);
    expect(startRows(room, 'skip').find((row) => row.computerName === 'c')).toMatchObject({ runs: false, when: 'Skipped: busy with Capture of X' });
  });
  it('adds up what happens when', () => {
    expect([startSummary(startRows(room, 'queue')), startSummary(startRows(room, 'skip'))]).toEqual([
      '1 starts now, 2 after other runs, 1 when it next boots into Platen, 1 left out', '1 starts now, 1 after other runs, 1 when it next boots into Platen, 2 left out',
    ]);
  });
  it('names on its button exactly the disks that would be erased', () => {
    const single = preview(true, computer('a'));
    const unknown = preview(true, computer('a', { erases: [] }), computer('b', { erases: [] }));
    const harmless = preview(false, computer('a', { erases: [] }));
    expect([room, single, unknown, harmless].map((each) => startVerb(each, startRows(each, 'queue')))).toEqual(['Erase 4 disks and deploy', 'Erase 1 disk and deploy', 'Erase and deploy on 2 computers', 'Run on 1 computer']);
  });
});
