import { expect, test } from 'vitest';
import { pickerKey, playKeys } from './pickerKeys.ts';

const played = (keys: string[], count: number, from = 0) => playKeys(keys.flatMap((key) => pickerKey(key) ?? []), from, count);

test('keys pressed before the list is there each have their turn once it is', () => {
  expect(played(['Enter', 'ArrowDown', 'Enter'], 5)).toEqual({ place: 1, entered: [0, 1] });
  expect(played(['ArrowDown', 'PageDown', 'ArrowUp', 'Enter', 'x'], 5)).toEqual({ place: 3, entered: [3] });
  expect(played(['ArrowDown', 'Enter'], 0)).toEqual({ place: 0, entered: [] });
  expect(played(['ArrowUp', 'Enter'], 3, 9)).toEqual({ place: 1, entered: [1] });
});
