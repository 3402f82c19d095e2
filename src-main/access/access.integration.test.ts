import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, expect, it } from 'vitest';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/list.ts';
import { openAccess } from './service.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'platen-access-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a server\'s own tokens hold while it runs, whatever its clock does; those of the start before end a day after', () => {
  const db = new Database(join(folder, 'platen.db'), () => undefined);
  migrate(db, migrations, () => undefined);
  let now = 0;
  const open = () => openAccess({ db, clock: () => now, fingerprint: '0'.repeat(64) });
  const first = open();
  const [start, boot] = [first.mintStartToken(), first.mintBootToken()];
  // The date arrives: the machine had started in 1970.
  now = 20_000 * DAY_MS;
  expect([first.verify(start)?.kind, first.verify(boot)?.kind]).toEqual(['admin', 'boot']);
  const second = open();
  expect(second.verify(start)?.kind).toBe('admin');
  now += 2 * DAY_MS;
  expect([second.verify(start), second.verify('platen1.guessed'), second.verify(null)]).toEqual([null, null, null]);
  db.close();
});
