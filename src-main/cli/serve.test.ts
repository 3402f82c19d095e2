import { expect, it } from 'vitest';
import { signalMeaning } from './serve.ts';

it('takes a signal that comes twice within a second for one, and a later or another one for impatience', () => {
  const twice = signalMeaning();
  expect([twice('SIGINT', 5000), twice('SIGINT', 5001), twice('SIGINT', 5900), twice('SIGINT', 6100)]).toEqual(['end', 'echo', 'echo', 'end-now']);
  const mixed = signalMeaning();
  expect([mixed('SIGTERM', 0), mixed('SIGINT', 10)]).toEqual(['end', 'end-now']);
});
