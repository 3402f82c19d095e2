import { expect, test } from 'vitest';
import { capabilitiesOf } from './capabilities.ts';
import { textWidth } from './charset.ts';
import { ScreenDiff } from './diff.ts';
import { Emulator } from './testing/emulator.ts';
import { disk, open, play, scenes, utcClock } from './testing/scenes.ts';
import type { Scene } from './testing/scenes.ts';
import { themeOf } from './theme.ts';
import { view } from './view.ts';

type Size = { columns: number; rows: number };

/** What the terminal shows after the bytes it was sent. */
async function shown(scene: Scene, term: string, size: Size): Promise<string[]> {
  const capabilities = capabilitiesOf(term);
  const diff = new ScreenDiff(size, themeOf(capabilities.colors, 'blue'), capabilities);
  const emulator = new Emulator(size);
  await emulator.write(diff.cleared() + diff.piece(view(play(scene), { size, charset: capabilities.charset, clock: utcClock }), Infinity).text);
  expect(emulator.scrolled).toBe(0);
  return emulator.lines().map((line) => line.trimEnd());
}

/** Blank lines say nothing in a snapshot: runs of them are one. */
const compact = (lines: readonly string[]): string => lines.filter((line, at) => line !== '' || lines[at - 1] !== '').join('\n');

test.each([
  ['linux', { columns: 80, rows: 25 }], ['vt100', { columns: 80, rows: 24 }], ['xterm', { columns: 80, rows: 25 }], ['linux', { columns: 160, rows: 50 }], ['xterm', { columns: 50, rows: 16 }],
] as const)('every screen at TERM=%s in %o', async (term, size) => {
  const all: string[] = [];
  for (const scene of scenes) all.push(`=== ${scene.name}\n${compact(await shown(scene, term, size))}\n`);
  await expect(all.join('\n')).toMatchFileSnapshot(`./snapshots/${term}-${size.columns}x${size.rows}.txt`);
});

test('a larger screen keeps the same body, in its middle; only what was cut for want of room is longer', async () => {
  for (const scene of scenes.filter((each) => !['menu-long', 'erase-two'].includes(each.name))) {
    const body = (lines: readonly string[]): string[] => lines.slice(1, -1).map((line) => line.trim()).filter((line) => line !== '');
    expect(body(await shown(scene, 'linux', { columns: 160, rows: 50 }))).toEqual(body(await shown(scene, 'linux', { columns: 80, rows: 25 })));
  }
});

const hostile = ['\x1b[2J\x1b[H\x07\r\n\u009b31m', '漢字'.repeat(60), 'x'.repeat(200), '😀👩‍💻\u202e\u0301'.repeat(20), 'word '.repeat(60)];

/** A scene in which every text from outside is hostile. */
function poisoned(scene: Scene, text: string): Scene {
  const poison = (value: unknown): unknown => {
    if (typeof value === 'string') return text;
    if (Array.isArray(value)) return value.map(poison);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fixed.has(key) ? each : key === 'tasks' && !Array.isArray(each) ? Object.fromEntries(Object.entries(each as object).map(([id, tasks]) => [id, poison(tasks)])) : poison(each)]));
  };
  return { ...scene, happenings: scene.happenings.map((each) => ('keys' in each ? each : (poison(each) as typeof each))) };
}
/** What is no text for people: it says which shape a value has, or names another one. */
const fixed = new Set(['type', 'kind', 'id', 'runId', 'state', 'outcome', 'code', 'imageGuid', 'action', 'stage', 'bus', 'tableKind', 'portalColor', 'portalMenu', 'how', 'path']);

test.each(['linux', 'vt100', 'xterm'])('no text from outside breaks the layout (%s)', async (term) => {
  for (const text of hostile) {
    for (const scene of scenes) {
      for (const size of [{ columns: 80, rows: 25 }, { columns: 40, rows: 12 }]) {
        const lines = await shown(poisoned(scene, text), term, size);
        const where = `${scene.name} with ${JSON.stringify(text.slice(0, 12))} in ${size.columns}`;
        for (const line of lines) expect(textWidth(line), where).toBeLessThanOrEqual(size.columns);
        expect(lines.at(-1), where).toMatch(/12:04:31/);
      }
    }
  }
}, 120_000);

test('a terminal of any size gets a picture', async () => {
  for (const scene of scenes) for (const size of [{ columns: 1, rows: 1 }, { columns: 20, rows: 5 }, { columns: 300, rows: 3 }, { columns: 80, rows: 24 }]) await shown(scene, 'xterm', size);
});

test('nothing blinks, on any terminal in any colour', () => {
  for (const colors of ['none', 'linux', 'xterm'] as const) {
    for (const color of ['blue', 'green', 'cyan', 'magenta', 'red', 'grey'] as const) {
      for (const looks of Object.values(themeOf(colors, color))) expect(looks.split(';')).not.toContain('5');
    }
  }
});

test('colours and title are the administrator’s', async () => {
  const settings = { ...open.settings, portalTitle: 'Room 12', portalColor: 'green' as const };
  const state = play({ name: '', happenings: [{ type: 'machine', machine: { model: '', serial: '', address: '' }, disks: [disk] }, { type: 'open', open: { ...open, settings } }] });
  const diff = new ScreenDiff({ columns: 80, rows: 25 }, themeOf('linux', settings.portalColor), capabilitiesOf('linux'));
  const emulator = new Emulator({ columns: 80, rows: 25 });
  await emulator.write(diff.cleared() + diff.piece(view(state, { size: emulator.size, charset: 'cp437', clock: utcClock }), Infinity).text);
  expect([emulator.lines()[0]?.trimEnd(), emulator.cells()[0]?.[2]]).toMatchObject(['  Room 12                                                             LAB12-07', { char: 'R', ink: 0, paper: 2 }]);
});
