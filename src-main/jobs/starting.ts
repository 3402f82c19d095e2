// Owns starting jobs on computers: what it would do, told before anything does it, and then one run per job and computer. What is
// said of disks is as the computer's agent last saw them; the agent asks the same function (disk-policy.ts) again before it writes.
import { randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import { chooseDisk, diskPolicyWords, diskWords } from '#shared/model/disk-policy.ts';
import { erases, taskSummary, type Task } from '#shared/model/job.ts';
import { isNameOverride, jobsBelow } from '#shared/model/menu.ts';
import type { StartComputer, StartPreview } from '#shared/model/run.ts';
import type { Computers } from '../computers/service.ts';
import type { Images } from '../images/service.ts';
import type { Runs } from '../runs/service.ts';
import type { JobHead } from './repo.ts';
import { openTestDeploy } from './test-deploy.ts';
import type { JobTree } from './tree.ts';
import type { JobViews } from './views.ts';
import { waitingProblems, type Nearness } from './waiting-versions.ts';

export type StartTarget = { what: string; computers: readonly string[]; groups: readonly string[] };
export type JobToRun = { id: string; name: string; tasks: Task[] };
export type Started = { batchId: string; runs: { id: string; computerName: string; title: string }[]; skipped: { computerName: string; reason: string }[] };
export type StartingParts = {
  tree: JobTree; views: JobViews; images: Pick<Images, 'readiness' | 'forDeploy' | 'requireProvable'>; computers: Pick<Computers, 'resolve' | 'disksOf'>; runs: Pick<Runs, 'load' | 'createJobRuns'>;
  nearness?: Nearness | undefined;
};

/** One person's click; far more than any site has, and what a database takes in a few seconds. */
const MOST_RUNS = 20_000;

export function openStarting({ tree, views, images, computers, runs, nearness }: StartingParts) {
  function headsOf(what: string): { title: string; heads: JobHead[] } {
    const found = tree.find(what);
    const thing = found.kind === 'job' ? found.job : found.folder;
    if (!tree.isLiving(thing)) throw new AppError('conflict', `“${thing.name}” is in the trash, so it is not run. Take it out first.`, { id: thing.id });
    if (found.kind === 'folder') return { title: thing.name, heads: jobsBelow(tree.living, thing.id) };
    if (isNameOverride(thing.name)) throw new AppError('invalid-input', `A job named just “${thing.name}” only names its folder in the portal; it is never run. Give it a name of its own first.`, { id: thing.id });
    return { title: thing.name, heads: [found.job] };
  }
  const withTasks = (job: JobHead): JobToRun => ({ id: job.id, name: job.name, tasks: views.tasksOf(job.id) });

  /** What keeps it from running anywhere at all, else null. */
  function problemOf(title: string, heads: readonly JobHead[]): string | null {
    if (heads.length === 0) return `There is no job in “${title}”.`;
    const broken = heads.find((job) => views.problemOf(job) !== null);
    return broken === undefined ? null : heads.length === 1 ? `${views.problemOf(broken)}.` : `“${broken.name}” can't run: ${views.problemOf(broken)}.`;
  }

  /** The disks that tasks erase there, and the first reason why they can't work there. */
  function onDisks(jobs: readonly JobToRun[], disks: readonly DiskSummary[]): { erases: string[]; problem: string | null } {
    const erased = new Set<string>();
    let problem: string | null = null;
    for (const task of jobs.flatMap((job) => job.tasks)) {
      if (task.type !== 'deploy' && task.type !== 'capture') continue;
      // Disks that no agent has shown, and paths that may be files of it, are only known there.
      const unseen = disks.length === 0 || (task.disk.kind === 'path' && !disks.some((disk) => task.disk.kind === 'path' && disk.path === task.disk.path));
      if (unseen) {
        if (erases(task)) erased.add(`${diskPolicyWords(task.disk)} (not seen yet)`);
        continue;
      }
      const sizeBytes = task.type === 'deploy' ? images.readiness().deploy(task.imageGuid, task.version ?? task.channel ?? null)?.needsBytes ?? 0 : 0;
      const choice = chooseDisk(task.disk, disks, { purpose: task.type, sizeBytes });
      if (!choice.ok) problem ??= choice.reason;
      else if (erases(task)) erased.add(diskWords(choice.disk));
    }
    return { erases: [...erased], problem };
  }

  function computersOf(target: StartTarget, jobs: readonly JobToRun[]): StartComputer[] {
    const load = runs.load();
    const waitingProblem = waitingProblems(jobs.flatMap((job) => job.tasks), { images, nearness });
    return computers.resolve(target.computers, target.groups).map((id) => {
      const computer = computers.disksOf(id);
      const { busyWith = null, pending = 0 } = load.get(id) ?? {};
      const disks = onDisks(jobs, computer.disks);
      return { computerId: id, computerName: computer.name, online: computer.online, busyWith, pending, ...disks, problem: waitingProblem(computer.address) ?? disks.problem };
    });
  }

  const testDeploy = openTestDeploy({
    images, computers, runs, onDisks: (tasks, computerId) => onDisks([{ id: '', name: '', tasks: [...tasks] }], computers.disksOf(computerId).disks),
  });

  return {
    testDeploy,
    /** Why that computer is not given one of these jobs by somebody at it, else null. */
    waitingProblem: (jobs: readonly JobToRun[], computerId: string): string | null => waitingProblems(jobs.flatMap((job) => job.tasks), { images, nearness })(computers.disksOf(computerId).address),
    jobsOf(what: string): { title: string; jobs: JobToRun[] } {
      const { title, heads } = headsOf(what);
      return { title, jobs: heads.map(withTasks) };
    },
    preview(target: StartTarget): StartPreview {
      const { title, heads } = headsOf(target.what);
      const jobs = heads.map(withTasks);
      const on = computersOf(target, jobs);
      return {
        title, jobs: jobs.map(({ id, name, tasks }) => ({ id, name, tasks: tasks.map(taskSummary) })), erases: jobs.some((job) => job.tasks.some(erases)),
        computers: on, problem: problemOf(title, heads) ?? (on.length === 0 ? 'There is no computer in what was chosen.' : null),
      };
    },
    start(target: StartTarget & { busy: 'queue' | 'skip' }, actor: string): Started {
      const { title, heads } = headsOf(target.what);
      const problem = problemOf(title, heads);
      if (problem !== null) throw new AppError('conflict', `Nothing was started: ${problem} Put that right, then start again.`, { title });
      const jobs = heads.map(withTasks);
      const all = computersOf(target, jobs);
      if (all.length === 0) throw new AppError('conflict', 'Nothing was started: there is no computer in what was chosen.', { title });
      if (all.length * jobs.length > MOST_RUNS) throw new AppError('too-many-requests', `That would be ${all.length * jobs.length} runs, and at most ${MOST_RUNS} are started at once. Choose fewer computers.`, { computers: all.length, jobs: jobs.length });
      const skipped = all.flatMap((computer) => {
        const reason = skipReason(computer, target.busy);
        return reason === null ? [] : [{ computerName: computer.computerName, reason }];
      });
      const chosen = all.filter((computer) => skipReason(computer, target.busy) === null);
      const batchId = randomUUID();
      const wanted = chosen.flatMap(({ computerId, computerName }) => jobs.map((job, index) => (
        { computerId, computerName, jobId: job.id, jobName: job.name, tasks: job.tasks, batchId, position: index + 1, batchSize: jobs.length, actor })));
      const ids = wanted.length === 0 ? [] : runs.createJobRuns(wanted);
      return { batchId, runs: wanted.map(({ computerName, jobName }, index) => ({ id: ids[index] ?? '', computerName, title: jobName })), skipped };
    },
  };
}

function skipReason({ busyWith, problem }: StartComputer, busy: 'queue' | 'skip'): string | null {
  if (problem !== null) return problem;
  return busyWith !== null && busy === 'skip' ? `${busyWith} is under way there.` : null;
}
