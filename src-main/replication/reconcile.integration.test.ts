import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import type { Plan, WantedVersion } from '#shared/replication/messages.ts';
import { openReconcile, type Reconcile } from './reconcile.ts';

const DAY_MS = 86_400_000;
const self = { id: randomUUID(), sign: () => '' };

function wanted(): WantedVersion {
  return {
    guid: randomUUID(), manifest: 'a'.repeat(64), manifestBytes: 1000, number: 1, note: '', enabled: true, pending: false, capturedAt: 1, capturedBy: 'anna', computerName: 'lab-01', diskBytes: 1, usedBytes: 1, newBytes: 1, storedBytes: 1,
    smallestTargetBytes: 1, image: { guid: randomUUID(), name: 'Lab', kind: 'image', enabled: true, protected: false, createdAt: 1, owner: null }, priority: 0,
  };
}
function planFor(...versions: WantedVersion[]): Plan {
  const console = { id: randomUUID(), name: 'HQ', addresses: [], fingerprint: 'b'.repeat(64), publicKey: '' };
  return { rev: 1, server: { id: self.id, name: 'PS1', siteId: null, parentId: null }, console, peers: [], bytesPerSecond: null, windows: [], verifyEveryDays: 30, wanted: versions };
}
/** Nobody has anything: each try fails at once, and is counted. */
function lonely(): { reconcile: Reconcile; tries: () => number; clock: { now: number } } {
  const clock = { now: Date.now() };
  let tries = 0;
  const reconcile = openReconcile({
    self, clock: () => clock.now, log: { info: () => undefined, warn: () => undefined, error: () => undefined } as never, ended: () => undefined, changed: () => undefined,
    store: { foreseeSpace: () => Promise.resolve() } as never,
    copies: {
      states: () => new Map(), adopt: () => undefined, progressOf: () => null,
      olderManifest: () => {
        tries++;
        return null;
      },
    },
  });
  return { reconcile, tries: () => tries, clock };
}
const until = async (fits: () => boolean): Promise<void> => {
  while (!fits()) await new Promise((resolve) => setTimeout(resolve, 20));
};

it('tries again after its pause, also where the clock was turned back a year in between', async () => {
  const { reconcile, tries, clock } = lonely();
  reconcile.setPlan(planFor(wanted()));
  await until(() => tries() === 1);
  await reconcile.idle();
  clock.now -= 365 * DAY_MS;
  await until(() => tries() === 2);
  await reconcile.close();
});

it('begins nothing of a version that was deleted, whatever the plan of before says', async () => {
  const { reconcile, tries } = lonely();
  const [gone, stays] = [wanted(), wanted()];
  reconcile.setPlan(planFor(gone, stays));
  await until(() => tries() === 1);
  await reconcile.forget(gone.guid);
  expect(reconcile.moving().map((each) => each.versionGuid)).toEqual([stays.guid]);
  await reconcile.forget(stays.guid);
  reconcile.again();
  expect([reconcile.moving(), reconcile.isCopying(stays.guid)]).toEqual([[], false]);
  await reconcile.close();
});

it('goes on where the end of a transfer can not be written down: a full disk ends one transfer, not the server', async () => {
  const problems: unknown[] = [];
  const note = (error: unknown): void => void problems.push(error);
  process.on('unhandledRejection', note);
  const version = wanted();
  const source = { id: randomUUID(), name: 'PS2', addresses: ['https://127.0.0.1:9'], fingerprint: 'c'.repeat(64), publicKey: '', siteId: null, isConsole: false, isSource: true };
  let ended = 0;
  const reconcile = openReconcile({
    self, clock: Date.now, log: { info: () => undefined, warn: () => undefined, error: () => undefined } as never, changed: () => undefined, store: { foreseeSpace: () => Promise.resolve() } as never,
    copies: { states: () => new Map(), adopt: () => undefined, progressOf: () => null, olderManifest: () => null },
    ended: () => {
      ended++;
      throw new AppError('disk-full', 'full');
    },
    fetch: ({ onProgress }) => {
      onProgress({ doneChunks: 1, totalChunks: 2, chunkBytes: 1, wireBytes: 100, bySource: new Map() });
      return Promise.reject(new AppError('disk-full', 'full'));
    },
  });
  reconcile.setPlan({ ...planFor(version), peers: [source] });
  await until(() => ended === 1);
  await reconcile.idle();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect([problems, reconcile.moving()[0]?.waitingFor]).toEqual([[], 'full']);
  await reconcile.close();
});
