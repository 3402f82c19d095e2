// What a change of scope says it brings to a server.
import { expect, test } from 'vitest';
import { consequencesBetween } from './consequences.ts';
import type { HeldImageRow, HeldVersionRow } from './holdings-repo.ts';
import type { PlanImage, PlanWorld } from './plan.ts';
import type { Known } from './world.ts';

const MB = 1_000_000;
const imageRow: HeldImageRow = { guid: 'img', name: 'Office', kind: 'image', scope: 'none', priority: 0, enabled: 1, protected: 0, created_at: 0, trashed_at: null, owner_id: 'hq', stored_bytes: 164 * MB };
const row = (guid: string, number: number, stored: number): HeldVersionRow => ({
  guid, image_guid: 'img', number, note: '', enabled: 1, pending: 0, manifest: guid, manifest_bytes: 1, captured_at: 0, captured_by: 'admin', computer_name: 'lab-12', disk_bytes: 0, used_bytes: 260 * MB, new_bytes: 0,
  stored_bytes: stored, smallest_target_bytes: 0, trashed_at: null, origin_server_id: 'hq',
});
const image = (rows: readonly HeldVersionRow[]): PlanImage => ({ guid: 'img', kind: 'image', scope: 'none', ownerId: 'hq', assigned: new Set(), priority: 0, enabled: true, trashed: false, channels: { test: null, live: null },
  versions: rows.map(({ guid, number }) => ({ guid, number, enabled: true, pending: false, originId: 'hq', trashed: false })) });

function told(rows: readonly HeldVersionRow[], there: readonly string[]): string[] {
  const world: PlanWorld = {
    servers: ['hq', 'PS010'].map((id) => ({ id, name: id, siteId: null, parentId: null, isConsole: id === 'hq', state: 'joined', bytesPerSecond: null })), sites: new Map(), images: [image(rows)], defaultScope: 'all',
    hasCopy: (guid, server) => server === 'hq' || there.includes(guid), isDamaged: () => false, alsoWanted: [], urgent: new Set(),
  };
  const known: Known = { world, images: new Map([['img', imageRow]]), versions: new Map(rows.map((each) => [each.guid, each])), copyOf: () => undefined, copying: [] };
  return consequencesBetween(known, { ...world, images: [{ ...image(rows), scope: 'all' }] }).map((each) => each.text);
}

test('an image whose content other images brought is told with all that it takes where none of it is', () => {
  expect(told([row('v1', 1, 130 * MB)], [])).toEqual(['Office is copied to PS010: 1 version, at most 164 MB.']);
});

test('a version beside an older one brings what was captured in between', () => {
  expect(told([row('v2', 2, 9 * MB), row('v1', 1, 130 * MB)], ['v1'])).toEqual(['Office is copied to PS010: 1 version, at most 9.0 MB.']);
});
