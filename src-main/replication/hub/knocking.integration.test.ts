import { expect, it } from 'vitest';
import type { Log } from '../../log/service.ts';
import { eventually } from '../../test-server.ts';
import { openKnocking, type Knocked } from './knocking.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined } as unknown as Log;
const base = { self: { id: 'c', sign: () => 's' }, addresses: () => ['https://10.0.0.1:8420'], log, clock: () => 1, firstMs: 1, everyMs: 5 };
const server = (addresses: string[]): Knocked => ({ id: 'x', name: 'PS008', addresses, fingerprint: 'a'.repeat(64) });

it('goes on knocking where a server told of addresses that can\'t be asked, and after a round that failed', async () => {
  let rounds = 0;
  const knocking = openKnocking({
    ...base, targets: () => {
      if (++rounds === 3) throw new Error('the database is busy');
      return [server(['http://10.0.0.2:80', 'not an address', 'ftp://x', 'https://127.0.0.1:1'])];
    },
  });
  try {
    expect(await eventually(() => Promise.resolve(rounds), (count) => count >= 6)).toBeGreaterThan(5);
  } finally {
    knocking.close();
  }
});
