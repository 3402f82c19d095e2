import { expect, test } from 'vitest';
import type { JobFolder, JobSummary } from '#shared/model/job.ts';
import { trashedJobRows } from './trashRows.ts';

test('jobs and folders in the trash are rows that say when they go for good, a folder with what it holds', () => {
  const folder: JobFolder = { id: 'f', parentId: null, name: 'Old lab', description: '', showInPortal: false, published: false, jobCount: 2, folderCount: 1, rev: 1, trashedAt: 1000 };
  const job: JobSummary = { id: 'j', folderId: null, name: 'Win10', description: '', showInPortal: false, published: false, taskCount: 1, erases: true, problem: null, rev: 1, updatedAt: 1, updatedBy: 'anna', trashedAt: 2000 };
  expect(trashedJobRows({ folders: [folder], jobs: [job, { ...job, id: 'k', trashedAt: null }] }, 14)).toEqual([
    { kind: 'folder', key: 'folder/f', item: 'folder/f', label: 'Old lab, with 1 folder and 2 jobs', href: '/folder/f', storedBytes: null, trashedAt: 1000, deleteAfter: 1000 + 14 * 86_400_000 },
    { kind: 'job', key: 'job/j', item: 'job/j', label: 'Win10', href: '/job/j', storedBytes: null, trashedAt: 2000, deleteAfter: 2000 + 14 * 86_400_000 },
  ]);
});
