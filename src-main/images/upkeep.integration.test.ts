import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodePage } from '#shared/agent/page.ts';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/list.ts';
import { openEvents } from '../events/service.ts';
import { openLog } from '../log/service.ts';
import { openOwnServer } from '../servers/service.ts';
import { openSettings } from '../settings/service.ts';
import { blake3 } from '../store/hash.ts';
import { openStore } from '../store/open.ts';
import { CHUNK, testChunk, testGraph } from '../test-agent.ts';
import { openImages } from './service.ts';

const DAY_MS = 86_400_000;
const closers: (() => void | Promise<void>)[] = [];
let now = 0;
beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Images on a real store and database, and a clock that the test turns. */
async function open() {
  const folder = mkdtempSync(join(tmpdir(), 'platen-images-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const clock = () => now;
  const log = openLog(join(folder, 'logs'), clock);
  closers.push(() => log.close());
  const db = new Database(join(folder, 'platen.db'), log.write);
  closers.push(() => db.close());
  migrate(db, migrations, log.write);
  const events = openEvents({ db, clock });
  const settings = openSettings({ db, events });
  const selfId = openOwnServer({ db, events, settings, clock });
  const store = await openStore({ folder: join(folder, 'store'), clock, log: log.write });
  closers.push(() => store.close());
  const images = openImages({ db, store, events, log, clock, settings, selfId, runsUsing: () => [] });
  closers.push(() => images.close());

  async function captured(name: string): Promise<void> {
    const chunk = testChunk(randomBytes(CHUNK));
    const session = await store.openCapture(randomUUID(), DAY_MS);
    await session.addPage(encodePage({ stream: 0, firstChunk: 0, runs: [{ kind: 'data', count: 1, hashes: chunk.hash }] }, blake3));
    await session.addFrames(chunk.frame);
    const { guid } = images.forCapture(name);
    await images.addVersion({ imageGuid: guid, imageName: name, versionGuid: randomUUID(), note: '', capturedBy: 'admin', computerName: 'lab-01', agentVersion: '1', graph: testGraph(1) }, (head) => session.commit(head));
    await session.close();
    await checked(name);
  }
  /** Waits for the end of the check that is asked for; none asked for is none waited for. */
  async function checked(name: string): Promise<void> {
    const version = images.get(name).newest;
    while (version !== null && images.verifyProgress(version.guid) !== null) await images.nextChange(version.guid, new AbortController().signal);
  }
  const verifiedAt = (name: string): number | null => images.get(name).newest?.verifiedAt ?? null;
  return { images, settings, captured, checked, verifiedAt };
}

it('re-hashes a version when its last check is verifyEveryDays old, and not before', async () => {
  const { images, captured, checked, verifiedAt } = await open();
  await captured('Lab');
  const first = now;
  expect(verifiedAt('Lab')).toBe(first);
  now += 30 * DAY_MS - 1;
  await images.upkeep();
  expect(images.get('Lab').newest?.verifying).toBeNull();
  now += 2;
  await images.upkeep();
  expect(images.get('Lab').newest?.verifying).not.toBeNull();
  await checked('Lab');
  expect([verifiedAt('Lab'), images.history('Lab')[0]?.kind]).toEqual([now, 'verified']);
  await images.upkeep();
  expect(images.get('Lab').newest?.verifying).toBeNull();
  now += 30 * DAY_MS + 1;
  await images.upkeep();
  await checked('Lab');
  expect(verifiedAt('Lab')).toBe(now);
});

it('follows the setting at once, and checks nothing where it is 0 or in the trash', async () => {
  const { images, settings, captured, checked, verifiedAt } = await open();
  await captured('Lab');
  await captured('Old');
  settings.set({ verifyEveryDays: 0, trashDays: 365 }, 'admin');
  images.delete({ image: 'Old' }, 'admin');
  now += 300 * DAY_MS;
  await images.upkeep();
  expect(['Lab', 'Old'].map((name) => images.get(name).versions[0]?.verifying)).toEqual([null, null]);
  settings.set({ verifyEveryDays: 7 }, 'admin');
  await images.upkeep();
  expect(['Lab', 'Old'].map((name) => images.get(name).versions[0]?.verifying === null)).toEqual([false, true]);
  await checked('Lab');
  expect(verifiedAt('Lab')).toBe(now);
});
