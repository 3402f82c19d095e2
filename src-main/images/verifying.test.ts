import { describe, expect, it } from 'vitest';
import { Verifying, type VerifyingParts } from './verifying.ts';

/** Two ready versions, and a store whose checks end when the test says so. */
function room() {
  const checks: { manifest: string; what: string; end: () => void }[] = [];
  const rows = ['a', 'b'].map((guid, i) => ({ guid, image_guid: 'image', number: i + 1, state: 'ready', own_state: 'ready', manifest: guid, damaged_chunks: 0 }));
  const parts = {
    repo: { allVersions: () => rows, versionByGuid: (guid: string) => rows.find((row) => row.guid === guid), transaction: (work: () => unknown) => work() },
    copies: { move: () => 'ready' },
    store: {
      onDamage: () => () => undefined, damagedChunks: () => [],
      verify: (manifest: string, what: string) => new Promise((resolve) => {
        checks.push({ manifest, what, end: () => resolve({ manifest, checkedChunks: 1, damaged: [], missing: [], manifestIntact: true, signatureValid: true }) });
      }),
    },
    events: { changed: () => undefined, record: () => undefined }, log: { error: () => undefined }, clock: () => 0, selfId: 's',
  } as unknown as VerifyingParts;
  return { verifying: new Verifying(parts), checks };
}
const signal = new AbortController().signal;

describe('a check', () => {
  it('has progress from the moment it is asked for until its end, also while it waits for others', async () => {
    const { verifying, checks } = room();
    const progress = () => ['a', 'b'].map((guid) => verifying.progressOf(guid));
    const none = { doneBytes: 0, totalBytes: 0, rateBytesPerSecond: 0, etaSeconds: null };
    expect(progress()).toEqual([null, null]);
    verifying.enqueue('a', 'all', 'admin');
    verifying.enqueue('b', 'all', 'admin');
    expect([progress(), checks.length]).toEqual([[none, none], 1]);
    const first = verifying.nextChange('a', signal);
    checks[0]?.end();
    await first;
    expect(progress()).toEqual([null, none]);
    const second = verifying.nextChange('b', signal);
    while (checks.length < 2) await Promise.resolve();
    checks[1]?.end();
    await second;
    expect(progress()).toEqual([null, null]);
  });

  it('is not asked for twice, but a thorough one follows one of new chunks alone', async () => {
    const { verifying, checks } = room();
    expect([verifying.enqueue('a', 'unverified', 'server'), verifying.enqueue('a', 'unverified', 'server'), verifying.enqueue('a', 'all', 'admin'), verifying.enqueue('a', 'all', 'admin')]).toEqual([true, false, true, false]);
    checks[0]?.end();
    while (checks.length < 2) await Promise.resolve();
    expect(checks.map((check) => check.what)).toEqual(['unverified', 'all']);
  });
});
