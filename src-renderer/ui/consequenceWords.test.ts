import { expect, test } from 'vitest';
import { sortedConsequences } from './consequenceWords.ts';

test('what stands in the way is said first', () => {
  expect(sortedConsequences((['note', 'gain', 'refusal', 'loss'] as const).map((kind) => ({ kind, text: '', imageGuid: null, serverId: null }))).map((each) => each.kind)).toEqual(['refusal', 'loss', 'gain', 'note']);
});
