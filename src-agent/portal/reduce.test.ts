import { describe, expect, test } from 'vitest';
import type { PortalEvent } from './contract.ts';
import { KeyDecoder } from './keys.ts';
import { reduce } from './reduce.ts';
import { initialState, nextTickAt } from './state.ts';
import type { Command, Open, Outcome, PortalState } from './state.ts';
import { disk, folders, open, play, scenes, secondDisk } from './testing/scenes.ts';

/** A portal without a terminal: what is told and pressed, where it stands, what it asked for. */
class Played {
  state: PortalState;
  commands: Command[] = [];
  now = 1_000_000;

  constructor(options: Partial<PortalState['options']> = {}) {
    this.state = initialState({ straightToMenu: true, ...options }, this.now);
    this.tell({ type: 'machine', machine: { model: 'M', serial: 'S', address: 'A' }, disks: [disk] });
  }
  private take(input: Parameters<typeof reduce>[1]): this {
    const step = reduce(this.state, input, this.now);
    this.state = step.state;
    this.commands = [...this.commands, ...step.commands];
    return this;
  }
  tell(event: PortalEvent): this {
    return this.take({ type: 'event', event });
  }
  press(keys: string): this {
    const decoder = new KeyDecoder();
    for (const key of [...decoder.push(new TextEncoder().encode(keys)), ...decoder.timeout()]) this.take({ type: 'key', key });
    return this;
  }
  outcome(outcome: Outcome): this {
    return this.take({ type: 'outcome', outcome });
  }
  wait(ms: number): this {
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, nextTickAt(this.state));
      this.take({ type: 'tick' });
    }
    return this;
  }
  gone(): this {
    return this.take({ type: 'gone' });
  }
  size(columns: number, rows: number): this {
    return this.take({ type: 'size', columns, rows });
  }
  get at(): string {
    return this.state.stage.kind;
  }
}
const opened = (what: Partial<Open> = {}, options: Partial<PortalState['options']> = {}): Played => new Played(options).tell({ type: 'open', open: { ...open, ...what } });
const down = '\x1b[B';
const scene = (name: string): PortalState => play(scenes.find((each) => each.name === name) ?? { name, happenings: [] });
const error = { code: 'io' as const, message: 'It broke.' };

describe('the countdown', () => {
  test('runs for a computer that merely starts, and leaves when it is over', () => {
    const played = opened({}, { straightToMenu: false });
    expect([played.at, played.wait(3900).at]).toEqual(['countdown', 'countdown']);
    expect([played.wait(1000).commands, played.wait(5000).commands]).toEqual([[{ type: 'leave', reason: 'countdown' }], [{ type: 'leave', reason: 'countdown' }]]);
  });
  test.each([
    ['after i in the loader', {}, { straightToMenu: true }], ['where the setting is 0', { settings: { ...open.settings, portalCountdownSeconds: 0 } }, { straightToMenu: false }],
    ['where the boot media say 0', {}, { straightToMenu: false, countdownSeconds: 0 }],
  ])('does not run %s', (_when, what, options) => {
    expect(opened(what, options).wait(60_000)).toMatchObject({ at: 'menu', commands: [] });
  });
  test('ends with i, and never begins again', () => {
    const played = opened({}, { straightToMenu: false, countdownSeconds: 30 }).press('xI');
    expect([played.at, played.tell({ type: 'open', open }).wait(60_000).at]).toEqual(['menu', 'menu']);
  });
});

describe('the menu', () => {
  test('keeps what is selected when items come and go', () => {
    const played = opened().press(down + down).tell({ type: 'open', open: { ...open, menu: open.menu.slice(1) } });
    expect(played.state.menu.selectedId).toBe('job/3');
  });
  test('an item that can’t be picked says why instead', () => {
    expect(opened().press(`${down.repeat(5)}\r`)).toMatchObject({ at: 'details', commands: [] });
  });
  test('a filter finds what lies in folders, without regard to case and accents; Esc takes one step back at a time', () => {
    const played = opened({ menu: folders }).press('HARDW\r');
    expect(played.state.menu).toMatchObject({ path: ['folder/b', 'folder/c'], filter: '' });
    expect([played.press('\x1b').state.menu.path, played.press('\x1b').state.menu.path, played.press('z\x1b').state.menu.filter, played.press('\x1b').at]).toEqual([['folder/b'], [], '', 'leave']);
  });
  test('nothing is started while the server is away', () => {
    const played = opened().tell({ type: 'server', state: 'away', name: 's', reason: 'r', since: 0, nextTryAt: null }).press('\r');
    expect([played.at, played.state.note?.text]).toEqual(['menu', expect.stringContaining('away')]);
  });
});

describe('the way to a run', () => {
  test('name, what is erased, pick: Enter three times keeps the name', () => {
    const played = opened();
    expect([played.press('\r').at, played.press('\r').at, played.wait(200).press('\r').at, played.commands]).toEqual(['name', 'erase', 'scheduling', [{ type: 'pick', item: 'job/1', name: null }]]);
  });
  test('Enter held down erases nothing, however long; pressed once more, it does', () => {
    const played = opened().press('\r').wait(400);
    for (let at = 0; at < 10_000; at += 33) played.press('\r').wait(33);
    expect([played.at, played.commands, played.state.note?.text]).toEqual(['erase', [], expect.stringContaining('held down')]);
    expect(played.wait(700).press('\r').commands).toEqual([{ type: 'pick', item: 'job/1', name: null }]);
    expect(played.state.note).toBe(null);
  });
  test('a terminal too small to show what would be erased starts nothing, until it is larger', () => {
    const played = opened().press('\r').press('\r').size(40, 12).wait(200).press('\r');
    expect([played.at, played.commands, played.state.note?.text]).toEqual(['erase', [], expect.stringContaining('too small')]);
    expect(played.size(80, 24).wait(2000).press('\r').at).toBe('scheduling');
  });
  test('where another disk would be erased than the screen has shown, it is to be chosen again', () => {
    const played = opened().press('\r\r');
    const machine = { model: 'M', serial: 'S', address: 'A' };
    expect(played.tell({ type: 'machine', machine, disks: [{ ...disk, busy: null }] }).at).toBe('erase');
    expect(played.tell({ type: 'machine', machine, disks: [{ ...disk, path: '/dev/sdb', serial: 'OTHER' }] })).toMatchObject({ at: 'menu', state: { note: { text: expect.stringContaining('would be erased') as string } } });
    const tasks = { ...open.tasks, 'job/1': open.tasks['job/2'] ?? [] };
    expect(opened().press('\r\r').tell({ type: 'open', open: { ...open, tasks } }).at).toBe('menu');
  });
  test('an item that erases nothing has no erase screen', () => {
    expect(opened().press(`${down.repeat(6)}\r\r`)).toMatchObject({ at: 'scheduling', commands: [{ type: 'pick', item: 'job/7', name: null }] });
  });
  test('a known name that may not be changed goes straight to what is erased', () => {
    const settings = { ...open.settings, portalRenameKnown: false };
    expect([opened({ settings }).press('\r').at, opened({ settings }).press('\rX').state.stage]).toMatchObject(['erase', { kind: 'erase', name: null }]);
  });
  test('a new name is asked about once it stands, and Enter waits for the answer', () => {
    const played = opened({ named: false, proposedName: '' }).press('\rLAB-1');
    expect([played.commands.length, played.press('\r').commands, played.at]).toEqual([0, [{ type: 'check-name', name: 'LAB-1' }], 'name']);
    expect(played.outcome({ type: 'name-checked', name: 'LAB-1', problem: null, error: null }).state.stage).toMatchObject({ kind: 'erase', name: 'LAB-1' });
    expect(played.press('\x1b').state.stage).toMatchObject({ kind: 'name', entry: { value: 'LAB-1', submitted: false } });
  });
  test('it is asked about after a pause without Enter; a late answer to another name counts for nothing', () => {
    const played = opened({ named: false, proposedName: 'PC-9' }).press('\r').wait(400);
    expect(played.commands).toEqual([{ type: 'check-name', name: 'PC-9' }]);
    played.press('0').outcome({ type: 'name-checked', name: 'PC-9', problem: 'Taken.', error: null }).wait(400);
    expect([played.commands.at(-1), played.at]).toEqual([{ type: 'check-name', name: 'PC-90' }, 'name']);
  });
  test.each(['LAB 1', '', '12345', 'A-NAME-TOO-LONG-FOR-WINDOWS', '-x'])('the name “%s” goes nowhere', (name) => {
    expect(opened({ named: false, proposedName: '' }).press(`\r${name}\r\r`).wait(2000)).toMatchObject({ at: 'name', commands: [] });
  });
  test('where the disk can’t be told, Enter does nothing', () => {
    const played = opened().tell({ type: 'machine', machine: { model: '', serial: '', address: '' }, disks: [disk, secondDisk] }).press('\r\r\r\r');
    expect(played).toMatchObject({ at: 'erase', commands: [] });
  });
  test('an item that goes while one looks at it leads back, and says so', () => {
    const played = opened().press('\r\r').tell({ type: 'open', open: { ...open, menu: [] } });
    expect([played.at, played.state.note?.text]).toEqual(['menu', expect.stringContaining('no longer offered')]);
  });
  test('a pick that is refused says why, and Enter leads back', () => {
    const played = opened().press('\r\r').wait(200).press('\r').outcome({ type: 'picked', error });
    expect([played.state.stage, played.press('\r').at]).toMatchObject([{ phase: 'refused', error }, 'menu']);
  });
});

describe('a run', () => {
  const from = (name: string): Played => Object.assign(new Played(), { state: scene(name), now: scene(name).now });
  test('is cancelled by c and y, by F10 and y, and not by anything else', () => {
    for (const key of ['c', '\x1b[21~', '\x03']) expect(from('progress').press(`${key}y`).commands).toMatchObject([{ type: 'cancel-run' }]);
    for (const keys of ['y', 'q', '\x1b', 'c\r', 'cn', 'c\x1b', 'ccc', '\x03\x03\x03']) expect(from('progress').press(keys).commands).toEqual([]);
  });
  test('takes the place of whatever was on screen', () => {
    const { stage } = scene('progress');
    const run = stage.kind === 'run' ? stage.model.run : null;
    for (const name of ['menu', 'name-new', 'erase', 'countdown', 'failure', 'leave']) expect(run === null ? '' : from(name).tell({ type: 'run', run, replaced: [] }).at).toBe('run');
  });
  test('an event of another run changes nothing', () => {
    const played = from('progress');
    const before = played.state.stage;
    expect(played.tell({ type: 'task', runId: 'another', index: 1, state: 'running', note: '' }).state.stage).toBe(before);
  });
  test('any key answers a message, and c is such a key there; F10 still cancels', () => {
    expect([from('message').press('c').commands, from('message').press('\x1b[21~').state.stage]).toMatchObject([[{ type: 'message-read' }], { model: { cancel: 'asking' } }]);
  });
  test('one that was cut off goes on by g and ends by e, never by Enter or Esc', () => {
    expect([from('ask').press('\r\x1b x').commands, from('ask').press('g').commands, from('ask').press('e').commands]).toMatchObject([[], [{ type: 'resume', go: true }], [{ type: 'resume', go: false }]]);
    expect(from('ask').press('g').outcome({ type: 'resumed', error }).state.stage).toMatchObject({ busy: false, problem: 'It broke.' });
  });
  test('a failure stays until a key is pressed; what follows a success comes by itself', () => {
    expect([from('failure').wait(86_400_000 / 100).at, from('failure').press('x').at]).toEqual(['ended', 'menu']);
    expect([from('done').wait(8000).at, from('done').wait(10_000)]).toMatchObject(['ended', { at: 'proceeding', commands: [{ type: 'proceed' }] }]);
  });
});

describe('leaving', () => {
  test('Ctrl+C asks first, everywhere before a run', () => {
    for (const name of ['connecting', 'fatal', 'candidates', 'countdown', 'menu', 'menu-filter', 'name-new', 'erase', 'ask', 'details']) {
      const played = Object.assign(new Played(), { state: scene(name) }).press('\x03');
      expect([played.at, played.commands, played.press('\r').commands], name).toEqual(['leave', [], [{ type: 'leave', reason: 'key' }]]);
    }
  });
  test('where the terminal is gone nobody can be asked: before a run it leaves, a run goes on to its end', () => {
    expect(opened().gone().commands).toEqual([{ type: 'leave', reason: 'key' }]);
    const played = Object.assign(new Played(), { state: scene('progress') }).gone();
    const { stage } = played.state;
    const runId = stage.kind === 'run' ? stage.model.run.id : '';
    expect([played.at, played.tell({ type: 'ended', runId, outcome: 'succeeded', title: 't', seconds: 1, error: null, done: [], next: null }).commands]).toEqual(['run', [{ type: 'leave', reason: 'key' }]]);
  });
});

test('a tie is told to the server: one of them, or none', () => {
  const candidates = [{ id: 'a', name: 'LAB-1', model: '', serial: '', lastSeenAt: 0 }, { id: 'b', name: 'LAB-2', model: '', serial: '', lastSeenAt: 0 }];
  const asked = (keys: string): Played => new Played().tell({ type: 'candidates', candidates }).press(keys);
  expect([asked(`${down}\r`).commands, asked(`${down.repeat(9)}\r`).commands]).toEqual([[{ type: 'identify', computerId: 'b' }], [{ type: 'identify', computerId: null }]]);
  expect(asked('\r').outcome({ type: 'identified', error }).state.stage).toMatchObject({ busy: false, problem: 'It broke.' });
});
