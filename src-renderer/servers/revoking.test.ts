import { expect, test } from 'vitest';
import { lossOf } from './revoking.ts';

const copies = { absent: 0, copying: 1, verifying: 0, ready: 3, damaged: 0, removing: 0 };

test('revoking says that copies stay, that computers go elsewhere, and how it comes back', () => {
  const lines = lossOf({ name: 'PS008', copies, ownedImages: 0 });
  expect(lines).toHaveLength(3);
  expect(lines[0]).toBe('Its 4 copies stay on its disk: nothing is deleted there.');
  expect(lines[1]).toContain('Computers are not sent there any more');
});

test('revoking an owner says what can not be deployed any more', () => {
  expect(lossOf({ name: 'PS008', copies, ownedImages: 2 }).join(' ')).toContain('It owns 2 images');
});
