// Owns how jobs and folders look to clients, why a job can't run, and what the portal's menu is made of. Reads only.
import type { JobDetail, JobFolder, JobFolderDetail, JobSummary, JobUse, Task } from '#shared/model/job.ts';
import { erases, taskSummary } from '#shared/model/job.ts';
import { isNameOverride, isPublished, jobsBelow, type MenuSource } from '#shared/model/menu.ts';
import type { Images } from '../images/service.ts';
import type { Folder, JobHead, JobsRepo } from './repo.ts';
import type { JobTree } from './tree.ts';

/** The root's address where a folder is asked for: no folder has this id. */
export const ROOT_ID = '00000000-0000-0000-0000-000000000000';

type ImageReadiness = ReturnType<Images['readiness']>;
export type JobViews = ReturnType<typeof openJobViews>;
export type JobViewsParts = { repo: JobsRepo; tree: JobTree; images: Pick<Images, 'readiness'> };

export function openJobViews({ repo, tree, images }: JobViewsParts) {
  let kept: { rev: number; images: ImageReadiness; problems: Map<string, string | null> } | null = null;
  let menu: { rev: number; images: ImageReadiness; source: MenuSource } | null = null;
  /** What follows from the tree and the images together holds until one of them changes. */
  function known(): NonNullable<typeof kept> {
    const readiness = images.readiness();
    if (kept === null || kept.rev !== tree.rev || kept.images !== readiness) kept = { rev: tree.rev, images: readiness, problems: new Map() };
    return kept;
  }

  function problemOf(job: JobHead): string | null {
    const { problems, images: readiness } = known();
    let problem = problems.get(job.id);
    if (problem === undefined) problems.set(job.id, problem = findProblem(job, readiness));
    return problem;
  }
  /** The smallest disk that all its deploys fit on; null where nothing known is deployed. */
  function needsOf(job: JobHead): number | null {
    const needs = job.outline.flatMap((task) => (task.type === 'deploy' && task.imageGuid !== null ? known().images.deploy(task.imageGuid, task.version ?? task.channel ?? null)?.needsBytes ?? [] : []));
    return needs.length === 0 ? null : Math.max(...needs);
  }
  /** Images change often, while they are verified and by every run; what they mean for jobs seldom does. */
  function isAsKept({ id, needsBytes, problem }: MenuSource['jobs'][number]): boolean {
    const job = tree.jobs.get(id);
    return job !== undefined && problemOf(job) === problem && needsOf(job) === needsBytes;
  }
  const published = (job: JobHead): boolean => !isNameOverride(job.name) && isPublished(job.name, job.showInPortal);
  const pathOf = (folderId: string | null): { id: string; name: string }[] => tree.path(folderId).map(({ id, name }) => ({ id, name }));
  const tasksOf = (id: string): Task[] => JSON.parse(repo.tasks(id) || '[]') as Task[];

  function summary(job: JobHead): JobSummary {
    return {
      id: job.id, folderId: job.folderId, name: job.name, description: job.description, showInPortal: job.showInPortal, published: published(job),
      taskCount: job.outline.length, erases: job.outline.some(erases), problem: problemOf(job),
      rev: job.rev, updatedAt: job.updatedAt, updatedBy: job.updatedBy, trashedAt: job.trashedAt,
    };
  }
  function folderView(folder: Folder): JobFolder {
    const { folders, jobs } = tree.living.at(folder.id);
    return {
      id: folder.id, parentId: folder.parentId, name: folder.name, description: folder.description, showInPortal: folder.showInPortal, published: isPublished(folder.name, folder.showInPortal),
      jobCount: jobs.length, folderCount: folders.length, rev: folder.rev, trashedAt: folder.trashedAt,
    };
  }
  const root = { id: ROOT_ID, parentId: null, name: 'Jobs', description: '', showInPortal: false, rev: 1, createdAt: 0, trashedAt: null } satisfies Folder;

  return {
    problemOf, summary, folderView, tasksOf, published,
    detail: (job: JobHead): JobDetail => ({ ...summary(job), tasks: tasksOf(job.id), path: pathOf(job.folderId) }),
    folderDetail(folder: Folder | null): JobFolderDetail {
      const id = folder?.id ?? null;
      const { folders, jobs } = tree.living.at(id);
      return {
        ...folderView(folder ?? root), published: folder !== null && isPublished(folder.name, folder.showInPortal), jobCount: jobs.length, folderCount: folders.length,
        path: pathOf(folder?.parentId ?? null), folders: folders.map(folderView), jobs: jobs.map(summary),
        runs: jobsBelow(tree.living, id).map((job) => ({ id: job.id, name: job.name, path: tree.pathWords(job.folderId) })),
      };
    },
    /** The same object as long as nothing in it has changed: who makes a menu of it keeps the menu that long. */
    menuSource(): MenuSource {
      const now = known();
      if (menu?.rev === tree.rev && (menu.images === now.images || menu.source.jobs.every((job) => isAsKept(job)))) {
        menu.images = now.images;
        return menu.source;
      }
      const source: MenuSource = {
        folders: [...tree.folders.values()].filter((folder) => tree.isLiving(folder)).map(({ id, parentId, name, description, showInPortal }) => ({ id, parentId, name, description, showInPortal })),
        jobs: [...tree.jobs.values()].filter((job) => tree.isLiving(job)).map((job) => ({
          id: job.id, folderId: job.folderId, name: job.name, description: job.description, showInPortal: job.showInPortal,
          effects: job.outline.map((task) => task.type), needsBytes: needsOf(job), problem: problemOf(job),
        })),
      };
      menu = { rev: tree.rev, images: now.images, source };
      return source;
    },
    /** Jobs outside the trash that name the image: by GUID, or a capture by its name. */
    using(image: { guid: string; name: string | null }): JobUse[] {
      return [...tree.jobs.values()].flatMap((job) => {
        const named = job.outline.flatMap((task, index) => (task.imageGuid === image.guid || (task.type === 'capture' && task.imageGuid === null && task.imageName === image.name) ? [index] : []));
        if (named.length === 0 || !tree.isLiving(job)) return [];
        const tasks = tasksOf(job.id);
        return named.flatMap((taskIndex) => {
          const task = tasks[taskIndex];
          return task === undefined ? [] : [{ jobId: job.id, jobName: job.name, path: tree.pathWords(job.folderId), taskIndex, summary: taskSummary(task) }];
        });
      });
    },
  };
}

function findProblem(job: JobHead, images: ImageReadiness): string | null {
  if (job.outline.length === 0) return isNameOverride(job.name) ? null : 'It has no tasks yet';
  for (const task of job.outline) {
    if (task.type === 'deploy' && task.imageGuid !== null) {
      const found = images.deploy(task.imageGuid, task.version ?? task.channel ?? null);
      if (found === null) return `The image ${task.imageName ?? task.imageGuid} is gone`;
      if (found.problem !== null) return found.problem;
    }
    // A name with {…} in it is only known on the computer.
    if (task.type === 'capture' && (task.imageGuid !== null || !(task.imageName ?? '').includes('{'))) {
      const problem = images.captureProblem(task.imageGuid, task.imageName ?? '');
      if (problem !== null) return problem;
    }
  }
  return null;
}
