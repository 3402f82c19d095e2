import { describe, expect, it } from 'vitest';
import { whatNext, type EndFacts } from './whatNext.ts';

const base: EndFacts = { outcome: 'succeeded', settings: { portalWhenDone: 'menu', portalFailureSeconds: 0 }, more: false, once: false, powerAllowed: true, exitSeconds: 5 };
const rows: [string, Partial<EndFacts>, ReturnType<typeof whatNext>][] = [
  ['the next run of the same pick follows in a moment', { more: true }, { action: 'next-run', inSeconds: 3 }],
  ['without a screen it follows at once', { more: true, once: true, exitSeconds: 0 }, { action: 'next-run', inSeconds: 0 }],
  ['after a failure nothing of the same pick follows', { more: true, outcome: 'failed' }, null],
  ['a run that succeeded stays on the screen until a key is pressed', {}, null],
  ['a restart is announced', { settings: { portalWhenDone: 'restart', portalFailureSeconds: 0 } }, { action: 'restart', inSeconds: 10 }],
  ['a restart that is not allowed here is none', { powerAllowed: false, settings: { portalWhenDone: 'restart', portalFailureSeconds: 0 } }, null],
  ['a failure stays until somebody has seen it', { outcome: 'failed', settings: { portalWhenDone: 'shut-down', portalFailureSeconds: 0 } }, null],
  ['a failure stays as long as was set', { outcome: 'failed', settings: { portalWhenDone: 'shut-down', portalFailureSeconds: 600 } }, { action: 'shut-down', inSeconds: 600 }],
  ['a cancelled run restarts nothing', { outcome: 'cancelled', settings: { portalWhenDone: 'restart', portalFailureSeconds: 0 } }, null],
  ['a program started for one job ends with it', { once: true, outcome: 'failed' }, { action: 'exit', inSeconds: 5 }],
];

describe('what follows a run', () => {
  it.each(rows)('%s', (_, facts, expected) => {
    expect(whatNext({ ...base, ...facts })).toEqual(expected);
  });
});
