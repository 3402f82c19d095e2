import { expect, test } from 'vitest';
import type { MatrixRow } from '#shared/model/replication.ts';
import { managedWords, shownRows } from './matrixRows.ts';

const row = (imageName: string, number: number, ownerId: string, heldBy: string[]): MatrixRow => ({
  imageGuid: imageName, imageName, createdAt: 0, kind: 'image', scope: 'default', versionGuid: `${imageName} ${number}`, number, pending: false, ownerId, storedBytes: 1, selected: [],
  cells: ['console', 'ps8'].map((serverId) => ({ serverId, state: heldBy.includes(serverId) ? 'ready' : 'absent', assigned: false, provedAt: null, problem: null })),
});
const rows = [row('Win11', 1, 'console', ['console']), row('Win11', 2, 'console', ['console', 'ps8']), row('Linux', 1, 'ps8', ['ps8'])];
const names = new Map([['console', 'HQ'], ['ps8', 'PS008']]);
const shown = (filter: Partial<Parameters<typeof shownRows>[2]>): string[] => shownRows(rows, names, { text: '', place: '', newestOnly: true, ...filter }).map((each) => each.versionGuid);

test('the newest version of each image is shown, or all of them', () => {
  expect(shown({})).toEqual(['Win11 2', 'Linux 1']);
  expect(shown({ newestOnly: false })).toHaveLength(3);
});

test('images are found by their name, and by the server that is their location', () => {
  expect(shown({ text: 'win' })).toEqual(['Win11 2']);
  expect(shown({ text: 'ps008' })).toEqual(['Linux 1']);
  expect(shown({ place: 'owner ps8' })).toEqual(['Linux 1']);
  expect(shown({ place: 'copy ps8' })).toEqual(['Win11 2', 'Linux 1']);
});

test('an image is managed locally where this console owns it', () => {
  expect(managedWords('console', 'console').words).toBe('locally managed');
  expect(managedWords('ps8', 'console').managed).toBe('externally');
});
