import { expect, test } from 'vitest';
import type { ImageSummary } from '#shared/model/image.ts';
import { foundImages, placesOf, twinMarks } from './imageSearch.ts';

const image = (name: string, serverName: string, change: Partial<ImageSummary> = {}): ImageSummary => ({
  guid: `${name}-guid`, name, description: '', enabled: true, protected: false, createdAt: 0, trashedAt: null, deleteAfter: null, versionCount: 1, newest: null, current: 1, owner: { serverId: serverName, serverName, managed: 'locally' }, storedBytes: 0, kind: 'image', scope: 'default', priority: 0, channels: [], ...change,
});
const images = [image('Win11 lab', 'HQ', { description: 'Office and CAD', protected: true }), image('Linux', 'PS008'), image('Old lab', 'PS008', { kind: 'backup' })];
const found = (text: string, place = ''): string[] => foundImages(images, { text, place }).map((each) => each.name);

test('an image is found by any of its words, all of which have to fit', () => {
  expect(found('lab')).toEqual(['Win11 lab', 'Old lab']);
  expect(found('LAB cad')).toEqual(['Win11 lab']);
  expect(found('protected')).toEqual(['Win11 lab']);
  expect(found('backup')).toEqual(['Old lab']);
  expect(found('linux-guid')).toEqual(['Linux']);
});

test('an image is found by where it is, typed or chosen', () => {
  expect(found('ps008')).toEqual(['Linux', 'Old lab']);
  expect(found('lab', 'PS008')).toEqual(['Old lab']);
  expect(placesOf(images).map((place) => place.label)).toEqual(['Location is HQ', 'Location is PS008']);
});

test('images of one name are told apart by date and GUID, the others need nothing', () => {
  const marks = twinMarks([{ guid: 'aaaaaaaa-1', name: 'Lab', createdAt: 0 }, { guid: 'bbbbbbbb-2', name: 'lab', createdAt: 0 }, { guid: 'c', name: 'Other', createdAt: 0 }]);
  expect([...marks.keys()]).toEqual(['aaaaaaaa-1', 'bbbbbbbb-2']);
  expect(marks.get('bbbbbbbb-2')).toMatch(/^1 Jan 1970, .* · bbbbbbbb$/);
});
