import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keys, Pty } from '../../e2e/portal/pty.ts';
import type { PortalCommands, PortalFace } from './contract.ts';
import { openDevice } from './device.ts';
import type { DisplaySetup } from './display.ts';
import { openPortal } from './portal.ts';
import { disk, NOW, open, utcClock } from './testing/scenes.ts';
import { emulated } from './testing/emulator.ts';

type Done = { picked: string[]; left: string[] };

function started(displays: readonly [DisplaySetup, ...DisplaySetup[]]): { face: PortalFace; done: Done } {
  const done: Done = { picked: [], left: [] };
  const commands: PortalCommands = {
    identify: async () => undefined, checkName: async () => null, resume: async () => undefined, cancelRun: async () => undefined, messageRead: () => undefined, proceed: () => undefined,
    pick: async (item) => void done.picked.push(item), leave: (reason) => void done.left.push(reason),
  };
  const [first, ...others] = displays;
  const face = openPortal({ ...first, others, commands, options: { straightToMenu: true }, now: () => NOW, clock: utcClock });
  onTestFinished(() => face.close());
  face.tell({ type: 'machine', machine: { model: 'M', serial: 'S', address: 'A' }, disks: [disk] });
  face.tell({ type: 'open', open });
  return { face, done };
}

describe('a portal on a screen and on a serial line', () => {
  test('draws each in its own size and with its own characters', async () => {
    const [screen, line] = [emulated({ columns: 128, rows: 48 }), emulated({ columns: 80, rows: 24 })];
    started([{ ...screen, term: 'linux' }, { ...line, term: 'vt100', bytesPerSecond: null }]);
    await screen.settled();
    await line.settled();
    expect([screen.emulator.lines()[47]?.includes('12:04:31'), line.emulator.lines()[23]?.includes('12:04:31'), screen.emulator.text().includes('Windows 11 lab'), line.emulator.text().includes('Windows 11 lab')]).toEqual([true, true, true, true]);
    expect([screen.emulator.scrolled, line.emulator.scrolled]).toEqual([0, 0]);
  });

  test('takes keys from either, and shows on both what they did', async () => {
    const [screen, line] = [emulated({ columns: 80, rows: 25 }), emulated({ columns: 80, rows: 24 })];
    const { done } = started([{ ...screen, term: 'linux' }, { ...line, term: 'vt100', bytesPerSecond: null }]);
    line.type('\r');
    await line.settled();
    await screen.settled();
    expect([screen, line].map((each) => each.emulator.text().includes('This computer is called LAB12-07'))).toEqual([true, true]);
    screen.type('\r');
    await screen.settled();
    await line.settled();
    expect([screen, line].map((each) => each.emulator.text().includes('Will be erased'))).toEqual([true, true]);
    line.type(`${keys.down}\r`);
    await line.settled();
    expect(done.picked).toEqual(['job/1']);
  });

  test('erases nothing by a key from the one that has no room to show what', async () => {
    const [screen, tiny] = [emulated({ columns: 80, rows: 25 }), emulated({ columns: 30, rows: 8 })];
    const { done } = started([{ ...screen, term: 'linux' }, { ...tiny, term: 'vt100', bytesPerSecond: null }]);
    screen.type('\r\r');
    await screen.settled();
    tiny.type('\r');
    await tiny.settled();
    expect(done.picked).toEqual([]);
    screen.type(`${keys.down}\r`);
    await screen.settled();
    expect(done.picked).toEqual(['job/1']);
  });

  test('is as quick on the screen while the line takes nothing at all', async () => {
    const screen = emulated({ columns: 80, rows: 25 });
    // Nobody reads it: full after its first bytes, for good.
    const stuck = Object.assign(new PassThrough({ highWaterMark: 16 }), { columns: 80, rows: 24 });
    const { face } = started([{ ...screen, term: 'linux' }, { input: new PassThrough(), output: stuck, term: 'vt100', bytesPerSecond: null }]);
    for (let key = 0; key < 200; key++) screen.type(key % 2 === 0 ? keys.down : keys.up);
    screen.type('\r');
    await screen.settled();
    expect(screen.emulator.text()).toContain('This computer is called LAB12-07');
    // What waits for the line is one piece of the newest picture, however much was drawn.
    expect(stuck.readableLength + stuck.writableLength).toBeLessThan(700);
    face.close();
  });

  test('goes on when the line drops, and leaves when the last terminal is gone', async () => {
    const [screen, line] = [emulated({ columns: 80, rows: 25 }), emulated({ columns: 80, rows: 24 })];
    const { done } = started([{ ...screen, term: 'linux' }, { ...line, term: 'vt100', bytesPerSecond: null }]);
    line.input.end();
    await line.settled();
    screen.type('\r');
    await screen.settled();
    expect([screen.emulator.text().includes('This computer is called LAB12-07'), done.left]).toEqual([true, []]);
    screen.input.end();
    await screen.settled();
    expect(done.left).toEqual(['key']);
  });

  test('opens a terminal by its device, and says why it can\'t', async () => {
    const pty = new Pty(['/bin/sh', '-c', 'tty; stty -echo; exec sleep 60'], { term: 'vt100', columns: 80, rows: 24 });
    onTestFinished(() => pty.close());
    const path = /\/dev\/pts\/\d+/.exec(await pty.shows('/dev/pts/'))?.[0] ?? '';
    const opened = openDevice(path);
    if (!('display' in opened)) throw new Error(opened.problem);
    const screen = emulated({ columns: 80, rows: 25 });
    const { face } = started([{ ...screen, term: 'linux' }, opened.display]);
    await pty.shows('Choose what to do with this computer');
    pty.type('\r');
    await pty.shows('This computer is called LAB12-07');
    face.close();
    expect([openDevice('/dev/null'), openDevice('/dev/ttyNothing')]).toEqual([
      { problem: expect.stringContaining('/dev/null: it is no terminal') }, { problem: expect.stringContaining('/dev/ttyNothing: ENOENT') },
    ]);
  });
});
