// Owns leaving the trash for good: what was put there long enough ago goes, a folder with all that is in it. Runs of a job stay, and say what
// it was called; what was done to it stays in the events.
import type { Events } from '../events/service.ts';
import type { JobEdit } from './edit.ts';
import type { Folder, JobsRepo } from './repo.ts';
import type { JobTree } from './tree.ts';

export type ExpiryParts = { repo: JobsRepo; tree: JobTree; edit: JobEdit; events: Events; clock: () => number };

export function openExpiry({ repo, tree, edit, events, clock }: ExpiryParts) {
  /** Folders from the deepest up. What lies in a folder in the trash was never put there later than the folder. */
  function below(folder: Folder): { jobs: string[]; folders: string[] } {
    const inner = [...tree.folders.values()].filter((each) => each.parentId === folder.id).map(below);
    const jobs = [...tree.jobs.values()].filter((job) => job.folderId === folder.id).map((job) => job.id);
    return { jobs: [...inner.flatMap((each) => each.jobs), ...jobs], folders: [...inner.flatMap((each) => each.folders), folder.id] };
  }

  return {
    /** Deletes what has been in the trash for longer than this; @returns how many jobs and folders. */
    expire(keptMs: number): number {
      const before = clock() - keptMs;
      const isDue = (thing: { trashedAt: number | null }): boolean => thing.trashedAt !== null && thing.trashedAt <= before;
      const due = [...tree.folders.values()].filter(isDue).map(below);
      const folders = [...new Set(due.flatMap((each) => each.folders))];
      const jobs = [...new Set([...due.flatMap((each) => each.jobs), ...[...tree.jobs.values()].filter(isDue).map((job) => job.id)])];
      if (jobs.length + folders.length === 0) return 0;
      const names = new Map([...jobs.map((id) => [id, tree.jobs.get(id)?.name ?? ''] as const), ...folders.map((id) => [id, tree.folders.get(id)?.name ?? ''] as const)]);
      edit.changing([...jobs, ...folders], () => {
        for (const id of jobs) repo.deleteJob(id);
        for (const id of folders) repo.deleteFolder(id);
        for (const [id, name] of names) events.record({ actor: 'server', entity: folders.includes(id) ? 'folder' : 'job', id, kind: 'purged', message: `“${name}” was in the trash long enough and is gone` });
      });
      for (const id of jobs) events.changed('job', id);
      for (const id of folders) events.changed('folder', id);
      return jobs.length + folders.length;
    },
  };
}
