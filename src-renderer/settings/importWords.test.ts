import { expect, it } from 'vitest';
import type { Import } from '#shared/model/import.ts';
import { importProgress, importSummary, namesAll } from './importWords.ts';

const version = { manifest: '', imageGuid: '', imageName: 'Lab', versionGuid: '', number: 1, outcome: 'taken' as const, chunks: 0, lacking: 0, damaged: 0, message: '' };
const view: Import = { id: '1', folder: '/mnt', actor: 'anna', state: 'running', startedAt: 0, endedAt: null, packs: 0, packsRead: 0, chunks: 0, unreadable: [], versionsFound: 0, current: null, bytes: 0, versions: [], problem: null };

it('sums up what became of the versions, best first', () => {
  expect([importSummary([]), importSummary([version]), importSummary([{ ...version, outcome: 'incomplete' }, version, version])]).toEqual(['No version was found.', '1 version: 1 taken in.', '3 versions: 2 taken in, 1 incomplete.']);
});

it('tells how far it is, and a rate as soon as there are two points in time', () => {
  expect(importProgress(view, [])).toEqual({ fraction: null, text: 'Opening the folder' });
  expect(importProgress({ ...view, packs: 4, packsRead: 1 }, [])).toEqual({ fraction: 0.25, text: 'Looking through the packs: 1 of 4' });
  const bringing: Import = { ...view, packs: 4, packsRead: 4, versionsFound: 2, versions: [version], current: { imageName: 'Lab', number: 2, doneBytes: 50e6, totalBytes: 100e6 } };
  expect(importProgress(bringing, [{ at: 0, bytes: 0 }]).text).toBe('Lab version 2, 2 of 2: 50.0 MB of 100 MB');
  expect(importProgress(bringing, [{ at: 0, bytes: 0 }, { at: 5000, bytes: 50e6 }])).toEqual({ fraction: 0.5, text: 'Lab version 2, 2 of 2: 50.0 MB of 100 MB · 10.0 MB/s · 5 s left' });
});

it('counts no versions while the server names the last hundred alone', () => {
  const many: Import = { ...view, packs: 1, packsRead: 1, versionsFound: 900, versions: Array.from({ length: 100 }, () => version), current: { imageName: 'Lab', number: 2, doneBytes: 0, totalBytes: 100e6 } };
  expect([namesAll(many), namesAll({ ...many, state: 'done' }), importProgress(many, []).text]).toEqual([false, true, 'Lab version 2, 900 versions in all: 0 B of 100 MB']);
});
