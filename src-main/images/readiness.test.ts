import { describe, expect, it } from 'vitest';
import { readinessOf } from './readiness.ts';
import type { ImageRow, VersionRow } from './repo.ts';

const image = (guid: string, facts: Partial<ImageRow> = {}): ImageRow =>
  ({ guid, name: `Image ${guid}`, description: '', enabled: 1, protected: 0, created_at: 0, last_number: 3, trashed_at: null, delete_after: null, removing_at: null, stored_bytes: 0, stored_bytes_stale: 0, kind: 'image', scope: 'default', priority: 0, ...facts });
const version = (image_guid: string, number: number, facts: Partial<VersionRow> = {}): VersionRow =>
  ({ guid: `${image_guid}${number}`, image_guid, number, state: 'ready', enabled: 1, note: '', captured_at: 0, captured_by: '', computer_name: '', disk_bytes: 0, used_bytes: 0, new_bytes: 0, stored_bytes: 0, smallest_target_bytes: number * 10, verified_at: 0, damaged_chunks: 0, trashed_at: null, delete_after: null, removing_at: null, manifest: '', manifest_bytes: 0, origin_server_id: null, pending: 0, own_state: 'ready', own_proved_at: null, ...facts });

const ask = readinessOf(
  [image('a'), image('t', { trashed_at: 1 }), image('d', { enabled: 0 }), image('e'), image('x'), image('n'), image('v'), image('1', { name: 'Twin' }), image('2', { name: 'Twin' })],
  [version('a', 3, { enabled: 0 }), version('a', 2), version('a', 1, { trashed_at: 1 }), version('t', 1), version('d', 1), version('x', 2, { state: 'damaged' }), version('x', 1), version('n', 1, { enabled: 0 }), version('v', 1, { state: 'verifying' })],
);

describe('what a deploy of an image would meet', () => {
  const rows: [guid: string, version: number | null, is: unknown][] = [
    ['a', null, { version: 2, needsBytes: 20, problem: null }],
    ['a', 3, { problem: 'Version 3 of Image a is disabled' }],
    ['a', 1, { problem: 'Version 1 of Image a is in the trash' }],
    ['a', 9, { problem: 'Image a has no version 9' }],
    ['t', null, { problem: 'Image t is in the trash' }],
    ['t', 1, { problem: 'Image t is in the trash' }],
    ['d', null, { problem: 'Image d is disabled' }],
    ['e', null, { problem: 'Image e has no version yet' }],
    ['x', null, { problem: 'Version 2 of Image x is damaged' }],
    ['x', 1, { version: 1, problem: null }],
    ['n', null, { problem: 'Every version of Image n is disabled' }],
    ['v', null, { version: 1, problem: null }],
  ];
  it.each(rows)('image %s, version %s', (guid, number, is) => expect(ask.deploy(guid, number)).toMatchObject(is as object));
  it('knows nothing of an image that is gone', () => expect([ask.deploy('gone', null), ask.nameOf('gone')]).toEqual([null, null]));
});

it('says what keeps a capture from its image', () => {
  expect([ask.captureProblem('a', ''), ask.captureProblem('t', ''), ask.captureProblem('gone', 'Lab'), ask.captureProblem(null, 'New'), ask.captureProblem(null, 'Image t'), ask.captureProblem(null, 'Twin')])
    .toEqual([null, 'Image t is in the trash', 'The image Lab is gone', null, 'Image t is in the trash', '2 images are called Twin: say in the task which one']);
});

it('names the server at whose site alone a version that waits to be validated is deployed', () => {
  const rows = [version('a', 2, { pending: 1, origin_server_id: 'rome' }), version('a', 1), version('b', 1, { pending: 1 })];
  const asked = readinessOf([image('a'), image('b')], rows);
  expect([asked.deploy('a', 2), asked.deploy('a', null), asked.deploy('b', 1)]).toMatchObject([
    { version: 2, problem: null, waitsAt: 'rome' }, { version: 1, problem: null, waitsAt: null }, { version: null, problem: 'Version 1 of Image b waits to be validated', waitsAt: null },
  ]);
});
