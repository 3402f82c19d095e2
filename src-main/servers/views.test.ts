import { expect, it } from 'vitest';
import { countCopies } from './views.ts';

it('of a server that is out nothing is under way: nobody asks it how that ended', () => {
  const rows = (['ready', 'verifying', 'copying', 'removing'] as const).map((state) => ({ server_id: 'a', state, count: 2, proved_at: 5, lost: 0 }));
  expect(countCopies(rows, { id: 'a', state: 'joined' }).copies).toMatchObject({ ready: 2, verifying: 2, copying: 2, removing: 2 });
  for (const state of ['retired', 'revoked'] as const) expect(countCopies(rows, { id: 'a', state })).toMatchObject({ copies: { ready: 2, verifying: 0, copying: 0, removing: 0 }, provedAt: 5 });
});
