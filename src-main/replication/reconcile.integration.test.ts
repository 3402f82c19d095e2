import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
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
      stateOf: () => 'copying', adopt: () => undefined, progressOf: () => null,
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
