import { expect, test } from 'vitest';
import { capabilitiesOf } from './capabilities.ts';
import { reduce } from './reduce.ts';
import type { PortalState } from './state.ts';
import { NOW, play, scenes, utcClock } from './testing/scenes.ts';
import { view } from './view.ts';

const text = (state: PortalState): string => view(state, { size: { columns: 80, rows: 25 }, charset: capabilitiesOf('linux').charset, clock: utcClock }).lines().join('\n');
const deploying = (): PortalState => play(scenes.find((scene) => scene.name === 'progress') ?? { name: '', happenings: [] });

test('while the server is away no rate and no end is shown, and what was done stays', () => {
  const before = text(deploying());
  const { state } = reduce(deploying(), { type: 'event', event: { type: 'server', state: 'away', name: 'Platen', reason: 'the connection broke', since: NOW, nextTryAt: null } }, NOW);
  expect([/MB\/s/.test(before), /MB\/s|left|limit:/.test(text(state)), text(state).includes('19.3 of 31.2 GB'), text(state).includes('Server away since')]).toEqual([true, false, true, true]);
});

test('what is wrong with the computer stays on every screen, but for the server\'s absence, which matters more', () => {
  const { state: warned } = reduce(deploying(), { type: 'event', event: { type: 'warning', text: 'This computer has 700 MB of memory.' } }, NOW);
  const { state: away } = reduce(warned, { type: 'event', event: { type: 'server', state: 'away', name: 'Platen', reason: 'x', since: NOW, nextTryAt: null } }, NOW);
  expect([text(warned).includes('This computer has 700 MB of memory.'), text(away).includes('700 MB')]).toEqual([true, false]);
});
