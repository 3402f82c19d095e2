// What the fake server derives from its jobs: views, where they are used, the menu, what starting would do. Simpler than the real
// server's, which has tests of its own.
import type { JobDetail, JobFolder, JobFolderDetail, JobSummary, JobUse, Task } from '#shared/model/job.ts';
import { erases, taskSummary } from '#shared/model/job.ts';
import { buildMenu, compareNames, isPublished, jobsBelow, treeOf } from '#shared/model/menu.ts';
import type { MenuNode } from '#shared/model/menu.ts';
import { diskWords } from '#shared/model/disk-policy.ts';
import { isFinal, runTitle } from '#shared/model/run.ts';
import type { StartPreview } from '#shared/model/run.ts';
import type { TreeNode } from '#shared/model/server.ts';
import type { FakeData } from './fakeData.ts';
import type { FakeFolder, FakeJob, FakeJobs } from './fakeJobData.ts';

const byName = (left: { name: string }, right: { name: string }): number => compareNames(left.name, right.name);
const published = (item: { name: string; showInPortal: boolean }): boolean => isPublished(item.name, item.showInPortal);

export function jobViews(jobs: FakeJobs, data: FakeData) {
  const jobsIn = (folder: string | null): FakeJob[] => jobs.jobs.filter((job) => job.folderId === folder && job.trashedAt === null).toSorted(byName);
  const foldersIn = (folder: string | null): FakeFolder[] => jobs.folders.filter((each) => each.parentId === folder && each.trashedAt === null).toSorted(byName);
  const kept = <Item extends { trashedAt: number | null }>(all: Item[]): Item[] => all.filter((each) => each.trashedAt === null);
  const below = (folder: string): FakeJob[] => jobsBelow(treeOf(kept(jobs.folders), kept(jobs.jobs)), folder);
  const pathOf = (folder: string | null): { id: string; name: string }[] => {
    const found = jobs.folders.find((each) => each.id === folder);
    return found === undefined ? [] : [...pathOf(found.parentId), { id: found.id, name: found.name }];
  };
  const problemOf = (tasks: readonly Task[]): string | null => {
    if (tasks.length === 0) return 'It has no tasks yet.';
    for (const task of tasks) {
      const image = task.type === 'deploy' ? data.images.find((each) => each.guid === task.imageGuid) : undefined;
      if (task.type !== 'deploy') continue;
      if (image === undefined) return `The image ${task.imageName} is gone.`;
      if (image.trashedAt !== null) return `${image.name} is in the trash.`;
      if (!image.enabled) return `${image.name} is disabled.`;
      if (image.newest?.state === 'damaged') return `${image.name} version ${image.newest.number} is damaged.`;
    }
    return null;
  };
  const summary = (job: FakeJob): JobSummary => ({
    id: job.id, folderId: job.folderId, name: job.name, description: job.description, showInPortal: job.showInPortal, published: published(job), taskCount: job.tasks.length, erases: job.tasks.some(erases),
    problem: problemOf(job.tasks), rev: job.rev, updatedAt: job.updatedAt, updatedBy: job.updatedBy, trashedAt: job.trashedAt,
  });
  const folderView = (folder: FakeFolder): JobFolder => ({ ...folder, published: published(folder), jobCount: jobsIn(folder.id).length, folderCount: foldersIn(folder.id).length });
  const runs = (folder: string): JobFolderDetail['runs'] => below(folder).map((job) => ({ id: job.id, name: job.name, path: pathOf(job.folderId).map((each) => each.name).join(' / ') }));
  const whatRuns = (what: string): { title: string; jobs: FakeJob[] } => {
    const [kind, id = ''] = what.split('/');
    if (kind === 'folder') return { title: jobs.folders.find((each) => each.id === id)?.name ?? '', jobs: below(id) };
    const job = jobs.jobs.find((each) => each.id === id);
    return { title: job?.name ?? '', jobs: job === undefined ? [] : [job] };
  };
  return {
    summary, folderView, below, whatRuns,
    detail: (job: FakeJob): JobDetail => ({ ...summary(job), tasks: job.tasks, path: pathOf(job.folderId) }),
    folderDetail: (folder: FakeFolder | null): JobFolderDetail => {
      const id = folder?.id ?? null;
      const root: FakeFolder = { id: '00000000-0000-4000-8000-000000000000', parentId: null, name: 'Jobs', description: '', showInPortal: false, rev: 1, trashedAt: null };
      const inside = { jobs: jobsIn(id).map(summary), folders: foldersIn(id).map(folderView) };
      return { ...folderView(folder ?? root), jobCount: inside.jobs.length, folderCount: inside.folders.length, path: pathOf(folder?.parentId ?? null), ...inside, runs: id === null ? [] : runs(id) };
    },
    using: (image: string): JobUse[] => jobs.jobs.filter((job) => job.trashedAt === null).flatMap((job) => job.tasks.flatMap((task, taskIndex): JobUse[] => ('imageGuid' in task && task.imageGuid === image
      ? [{ jobId: job.id, jobName: job.name, path: pathOf(job.folderId).map((each) => each.name).join(' / '), taskIndex, summary: taskSummary(task) }] : []))),
    /** The real rules; only what the items say of sizes is made up. */
    menu: (): MenuNode[] => buildMenu({
      folders: jobs.folders.filter((folder) => folder.trashedAt === null),
      jobs: jobs.jobs.filter((job) => job.trashedAt === null).map((job) => ({ ...job, effects: job.tasks.map((task) => task.type), needsBytes: job.tasks.some(erases) ? 38e9 : null, problem: problemOf(job.tasks) })),
    }, { layout: data.settings.portalMenu, rootFolderId: data.settings.portalRootFolderId }, { may: null }),
    preview: (target: { what: string; computers: string[]; groups: string[] }): StartPreview => {
      const { title, jobs: running } = whatRuns(target.what);
      const tasks = running.flatMap((job) => job.tasks);
      const chosen = data.computers.filter((computer) => target.computers.includes(computer.id) || (computer.groupId !== null && target.groups.includes(computer.groupId)) || (computer.groupId === null && target.groups.includes('new')));
      return {
        title, erases: tasks.some(erases), problem: running.map((job) => problemOf(job.tasks)).find((problem) => problem !== null) ?? (chosen.length === 0 ? 'There is no computer in what was chosen.' : null),
        jobs: running.map((job) => ({ id: job.id, name: job.name, tasks: job.tasks.map(taskSummary) })),
        computers: chosen.toSorted(byName).map((computer) => {
          const busy = data.runs.find((run) => run.computerId === computer.id && run.state === 'running');
          const disks = computer.disks.filter((disk) => !disk.removable);
          return {
            computerId: computer.id, computerName: computer.name, online: computer.online, busyWith: busy === undefined ? null : runTitle(busy),
            pending: data.runs.filter((run) => run.computerId === computer.id && !isFinal(run.state) && run.state !== 'running').length,
            erases: tasks.some(erases) ? disks.slice(0, 1).map(diskWords) : [], problem: disks.length === 0 ? 'This computer has no internal disk. No disk was found.' : null,
          };
        }),
      };
    },
    treeChildren: (parent: string): TreeNode[] => {
      const id = parent === 'jobs' ? null : parent.slice('folder/'.length);
      const node = (kind: 'job' | 'folder', each: FakeJob | FakeFolder, hasChildren: boolean, state: string | null): TreeNode => ({ id: `${kind}/${each.id}`, kind, name: each.name, badge: null, state, hasChildren, published: published(each) });
      return [
        ...foldersIn(id).map((folder) => node('folder', folder, jobsIn(folder.id).length + foldersIn(folder.id).length > 0, null)),
        ...jobsIn(id).map((job) => node('job', job, false, problemOf(job.tasks) === null ? null : 'attention')),
      ];
    },
  };
}
