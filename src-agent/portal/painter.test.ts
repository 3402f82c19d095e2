import { expect, test } from 'vitest';
import { capabilitiesOf } from './capabilities.ts';
import { Painter } from './painter.ts';
import type { Line } from './painter.ts';
import { reduce } from './reduce.ts';
import type { PortalState } from './state.ts';
import { NOW, play, progress, scenes, utcClock } from './testing/scenes.ts';
import { Emulator } from './testing/emulator.ts';
import { themeOf } from './theme.ts';
import { view } from './view.ts';

const size = { columns: 80, rows: 25 };

/** A serial line with a clock of its own: it says how far behind its last byte is. */
function serialLine(bytesPerSecond: number | null): { line: Line; advance: (ms: number) => void; sent: string[]; arrived: () => string; behindMs: () => number } {
  let now = 0;
  let busyUntil = 0;
  let timers: { at: number; fire: () => void }[] = [];
  const sent: string[] = [];
  const line: Line = {
    bytesPerSecond, now: () => now,
    write: (text) => {
      sent.push(text);
      busyUntil = Math.max(busyUntil, now) + (Buffer.byteLength(text) / (bytesPerSecond ?? Infinity)) * 1000;
      return true;
    },
    wait: (ms, fire) => {
      const timer = { at: now + ms, fire };
      timers.push(timer);
      return () => void (timers = timers.filter((each) => each !== timer));
    },
  };
  const advance = (ms: number): void => {
    const end = now + ms;
    for (let next = timers.toSorted((left, right) => left.at - right.at)[0]; next !== undefined && next.at <= end; next = timers.toSorted((left, right) => left.at - right.at)[0]) {
      now = Math.max(now, next.at);
      timers = timers.filter((each) => each !== next);
      next.fire();
    }
    now = end;
  };
  return { line, advance, sent, arrived: () => sent.join(''), behindMs: () => Math.max(0, busyUntil - now) };
}

/** A deploy at 87 MB/s, told five times a second, with the clock going on. */
function* deploying(seconds: number): Generator<PortalState> {
  let state = play(scenes.find((scene) => scene.name === 'progress') ?? { name: '', happenings: [] });
  const runId = state.stage.kind === 'run' ? state.stage.model.run.id : '';
  for (let step = 1; step <= seconds * 5; step++) {
    const doneBytes = progress.doneBytes + step * 17_400_000;
    const now = NOW + step * 200;
    const jitter = ((step * 7919) % 13) * 1e5;
    ({ state } = reduce(state, { type: 'event', event: { type: 'progress', runId, index: 0, progress: { ...progress, doneBytes, rateBytesPerSecond: 87e6 + jitter, etaSeconds: Math.round((progress.totalBytes - doneBytes) / (87e6 + jitter)) } } }, now));
    yield state;
  }
}

const contextOf = (term: string) => ({ size, charset: capabilitiesOf(term).charset, clock: utcClock });

test.each(['linux', 'vt100', 'xterm'])('a deploy that reports five times a second stays under 500 bytes a second (%s)', (term) => {
  const capabilities = capabilitiesOf(term);
  const { line } = serialLine(null);
  const painter = new Painter(line, capabilities, size, themeOf(capabilities.colors, 'blue'));
  const [first, ...rest] = deploying(30);
  if (first !== undefined) painter.paint(view(first, contextOf(term)));
  const before = painter.sentBytes;
  for (const state of rest) painter.paint(view(state, contextOf(term)));
  const perSecond = (painter.sentBytes - before) / 30;
  expect(perSecond).toBeLessThan(500);
  expect(before).toBeLessThan(2000);
});

test.each([960, 120])('a line of %i bytes a second is never far behind, and shows the newest picture when it comes to rest', async (bytesPerSecond) => {
  const capabilities = capabilitiesOf('vt100');
  const { line, advance, arrived, behindMs } = serialLine(bytesPerSecond);
  const painter = new Painter(line, capabilities, size, themeOf('none', 'blue'));
  let last: PortalState | null = null;
  let furthest = 0;
  for (const state of deploying(30)) {
    painter.paint(view(state, contextOf('vt100')));
    advance(200);
    furthest = Math.max(furthest, behindMs());
    last = state;
  }
  advance(60_000);
  const emulator = new Emulator(size);
  await emulator.write(arrived());
  expect(furthest).toBeLessThan(((300 + 32) / bytesPerSecond) * 1000);
  expect(emulator.lines().map((each) => each.trimEnd())).toEqual(last === null ? [] : view(last, contextOf('vt100')).lines());
});

test('while the stream is full nothing is written, and of what was drawn meanwhile only the newest arrives', async () => {
  const sent: string[] = [];
  let isFull = false;
  const line: Line = { bytesPerSecond: null, now: () => 0, wait: () => () => undefined, write: (text) => sent.push(text) > 0 && !isFull };
  const painter = new Painter(line, capabilitiesOf('linux'), size, themeOf('linux', 'blue'));
  const states = [...deploying(10)];
  const show = (state: PortalState | undefined): void => void (state !== undefined && painter.paint(view(state, contextOf('linux'))));
  show(states[0]);
  isFull = true;
  show(states[1]);
  const whenFull = sent.length;
  for (const state of states.slice(2)) show(state);
  expect(sent.length).toBe(whenFull);
  isFull = false;
  painter.drained();
  const emulator = new Emulator(size);
  await emulator.write(sent.join(''));
  const last = states.at(-1);
  expect(emulator.lines().map((each) => each.trimEnd())).toEqual(last === undefined ? [] : view(last, contextOf('linux')).lines());
});
