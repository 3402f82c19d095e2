import { describe, expect, it } from 'vitest';
import { beforeThat } from './channels.ts';

type Step = [from: string | null, to: string | null, back?: true | undefined, channel?: 'test'];
const history = (steps: Step[]) => steps.map(([from, to, back, channel]) => ({ kind: 'channel', data: { channel: channel ?? 'live', from, to, back: back ?? false } })).toReversed();
const all = (): boolean => true;

describe('what a channel named before', () => {
  it.each<[string, Step[], string | null]>([
    ['nothing, where it was never set', [], null],
    ['nothing, where it was set once', [[null, 'a']], null],
    ['the one before', [[null, 'a'], ['a', 'b']], 'a'],
    ['the one before that, after a step back', [[null, 'a'], ['a', 'b'], ['b', 'c'], ['c', 'b', true]], 'a'],
    ['nothing more, after as many steps back', [[null, 'a'], ['a', 'b'], ['b', 'a', true]], null],
    ['the one before a step back, after another was set', [[null, 'a'], ['a', 'b'], ['b', 'a', true], ['a', 'c']], 'a'],
    ['the one before it named none', [[null, 'a'], ['a', null], [null, 'b']], 'a'],
    ['its own and not the other channel\'s', [[null, 'a'], ['x', 'y', undefined, 'test'], ['a', 'b']], 'a'],
  ])('is %s', (_, steps, before) => expect(beforeThat(history(steps), 'live', all)).toBe(before));

  it('passes over one that is gone, and events that say something else', () => {
    const events = [{ kind: 'renamed', data: { from: 'x', to: 'y' } }, { kind: 'channel', data: { nonsense: 1 } }, ...history([[null, 'a'], ['a', 'b'], ['b', 'c']])];
    expect(beforeThat(events, 'live', (guid) => guid !== 'b')).toBe('a');
  });
});
