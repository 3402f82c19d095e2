import { expect, it } from 'vitest';
import { readyText, signalMeaning } from './serve.ts';

it('takes a signal that comes twice within a second for one, and a later or another one for impatience', () => {
  const twice = signalMeaning();
  expect([twice('SIGINT', 5000), twice('SIGINT', 5001), twice('SIGINT', 5900), twice('SIGINT', 6100)]).toEqual(['end', 'echo', 'echo', 'end-now']);
  const mixed = signalMeaning();
  expect([mixed('SIGTERM', 0), mixed('SIGINT', 10)]).toEqual(['end', 'end-now']);
});

it('says in which role it runs, and a package server whose it is', () => {
  const ready = { url: 'https://127.0.0.1:8420', token: 't', pid: 1, dataFolder: '/srv', addresses: [], role: 'console', console: null } as const;
  expect(readyText(ready)).toMatch(/^Platen is running\.\n  Console  /);
  expect(readyText({ ...ready, role: 'package-server', console: 'Office' })).toMatch(/^Platen is running as a package server of the console "Office"\.\n  Its own page  /);
});
