// The words of the command line for versions, servers and clocks.
import { expect, test } from 'vitest';
import type { VersionSummary } from '#shared/model/image.ts';
import type { PackageServer } from '#shared/model/replication.ts';
import { clockWords, copiesWords, serverStateWords } from './servers-words.ts';
import { versionStateWords } from './words.ts';

const version: VersionSummary = {
  guid: '', imageGuid: '', number: 2, state: 'ready', enabled: true, note: '', capturedAt: 0, capturedBy: 'admin', computerName: 'lab-12', diskBytes: 0, usedBytes: 0, newBytes: 0, storedBytes: 0,
  verifiedAt: 0, verifying: null, damagedChunks: 0, trashedAt: null, deleteAfter: null, manifest: '', pending: false, originServerId: null,
};
const server: PackageServer = {
  id: '', name: 'PS008', role: 'package-server', isSelf: false, state: 'joined', siteId: null, siteName: null, parentId: null, connected: true, lastSeenAt: 10_000, addresses: [], fingerprint: '', keyId: '', version: '',
  freeBytes: null, totalBytes: null, neededBytes: 0, fits: true, growthBytesPerDay: 0, fullInDays: null, clockSkewMs: 0, bytesPerSecond: null,
  copies: { absent: 0, copying: 0, verifying: 0, ready: 0, damaged: 0, removing: 0 }, ownedImages: 0, lastProofAt: null, moving: [], problems: [],
};

test('a version that is whole and not validated says both', () => {
  expect(versionStateWords({ ...version, pending: true })).toBe('ready, waits to be validated');
  expect(versionStateWords(version)).toBe('ready');
});

test('a server that is being retired says whether it is there', () => {
  expect(serverStateWords({ ...server, state: 'retiring' }, 70_000)).toBe('retiring');
  expect(serverStateWords({ ...server, state: 'retiring', connected: false }, 70_000)).toBe('retiring, away for 1 min');
  expect(serverStateWords({ ...server, state: 'retiring', connected: false, lastSeenAt: null }, 70_000)).toBe('retiring, never seen');
  expect(serverStateWords({ ...server, state: 'retired', connected: false }, 70_000)).toBe('retired');
});

test('copies are counted by state, and those of a server that is out are not asked any more', () => {
  expect(copiesWords({ ...server, copies: { ...server.copies, ready: 2, verifying: 1 } })).toBe('2 ready, 1 verifying');
  expect(copiesWords({ ...server, state: 'retired', copies: { ...server.copies, ready: 2 } })).toBe('not asked any more');
});

test('a clock is right within a second, and else ahead or behind', () => {
  expect(clockWords(-20)).toBe('right');
  expect(clockWords(194_000)).toBe('3 min 14 s ahead');
  expect(clockWords(-2_000)).toBe('2 s behind');
});
