// Owns what a technician's portal shows and may do: menu, names, picks; each for the one computer it is asked for. Knows no socket.
import { createHash, randomUUID } from 'node:crypto';
import { AppError } from '#shared/errors.ts';
import type { Answers } from '#shared/agent/messages.ts';
import { proposeComputerName } from '#shared/model/computer-name.ts';
import type { Task } from '#shared/model/job.ts';
import { buildMenu, type MenuItem, type MenuNode, type MenuSource } from '#shared/model/menu.ts';
import { runTitle } from '#shared/model/run.ts';
import { portalSettingsSchema, type PortalSettings, type Settings } from '#shared/model/server.ts';
import type { Computers } from '../computers/service.ts';
import type { Images } from '../images/service.ts';
import type { Jobs } from '../jobs/service.ts';
import type { Log } from '../log/service.ts';
import type { Runs } from '../runs/service.ts';
import type { SettingsService } from '../settings/service.ts';

export type PortalParts = { jobs: Jobs; computers: Computers; runs: Runs; images: Images; settings: SettingsService; log: Log; clock: () => number };
export type Portal = ReturnType<typeof openPortal>;
type JobToRun = ReturnType<Jobs['jobsOf']>['jobs'][number];
type Needs = Answers['portalOpen']['needs'];
type Offer = { source: MenuSource; settings: Settings; shown: PortalSettings; menu: MenuNode[]; items: Map<string, MenuItem> };
/** What is costly to gather for a thousand items, and needed only when a portal opens. */
type Details = { of: Offer; tasks: Record<string, Task[]>; needs: Needs; fingerprint: string };

/** What a portal needs of a script to show what it will do; the whole of it comes with the run. */
const SHOWN_SCRIPT = 2000;
/** Of all of them together: one answer holds every item, and a job is in each published folder above it. */
const SHOWN_SCRIPTS = 4 * 1024 * 1024;

export function openPortal({ jobs, computers, runs, images, settings, log }: PortalParts) {
  let kept: Offer | null = null;
  let keptDetails: Details | null = null;

  /** Menu and what belongs to it: made anew when jobs, the images they name, or settings have changed. */
  function offer(): Offer {
    const source = jobs.menuSource();
    const now = settings.get();
    if (kept?.source === source && kept.settings === now) return kept;
    const shown = portalSettingsSchema.parse(now);
    const menu = buildMenu(source, { layout: now.portalMenu, rootFolderId: now.portalRootFolderId }, { may: null });
    kept = { source, settings: now, shown, menu, items: new Map(itemsOf(menu).map((item) => [item.id, item])) };
    return kept;
  }
  function details(): Details {
    const of = offer();
    if (keptDetails?.of === of) return keptDetails;
    const all = [...of.items.keys()].map((id) => [id, jobs.jobsOf(id).jobs.flatMap((job) => job.tasks)] as const);
    const scripts = all.reduce((sum, [, list]) => sum + list.filter((task) => task.type === 'script').length, 0);
    const most = Math.min(SHOWN_SCRIPT, Math.floor(SHOWN_SCRIPTS / Math.max(1, scripts)));
    const tasks = Object.fromEntries(all.map(([id, list]) => [id, list.map((task) => shortened(task, most))]));
    const needs = needsOf(all.flatMap(([, list]) => list));
    const fingerprint = createHash('sha256').update(JSON.stringify([of.shown, of.menu, tasks, needs])).digest('hex');
    keptDetails = { of, tasks, needs, fingerprint };
    return keptDetails;
  }

  /** Of each image that deploys among these tasks would write now; version as the task names it (null: the newest). */
  function needsOf(tasks: readonly Task[]): Needs {
    const wanted = new Map(tasks.flatMap((task) => (task.type === 'deploy' ? [[`${task.imageGuid} ${task.version ?? task.channel ?? ''}`, task] as const] : [])));
    const needs = [...wanted.values()].map(({ imageGuid, version, channel, imageName, test }) => {
      try {
        // One that waits to be validated is refused to computers elsewhere when it is picked, and when it is deployed.
        const found = images.forDeploy(imageGuid, version ?? channel ?? undefined, version !== null || test === true ? { pendingToo: true } : {});
        return { imageGuid, version, imageName: found.image.name, usedBytes: found.version.used_bytes, needsBytes: found.version.smallest_target_bytes, problem: null };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { imageGuid, version, imageName, usedBytes: 0, needsBytes: 0, problem: error.message };
      }
    });
    // A task that follows a channel names no version either: of what it and the newest need, the larger is said.
    const larger = (a: Needs[number], b: Needs[number] | undefined): Needs[number] => (b === undefined || a.needsBytes >= b.needsBytes ? a : b);
    const said = new Map<string, Needs[number]>();
    for (const need of needs) said.set(`${need.imageGuid} ${need.version ?? ''}`, larger(need, said.get(`${need.imageGuid} ${need.version ?? ''}`)));
    return [...said.values()];
  }

  function requireItem(id: string): MenuItem {
    const item = offer().items.get(id);
    if (item === undefined) throw new AppError('not-found', 'This is not offered any more: it was taken out of the menu, moved or deleted meanwhile. Choose again.', { item: id });
    if (item.problem !== null) throw new AppError('conflict', `${item.label} can't be run now: ${item.problem}. Nothing was scheduled.`, { item: id });
    return item;
  }

  /** Replaces what waits, never what runs; all of it or nothing. */
  function schedule(computerId: string, { title, list, name }: { title: string; list: readonly JobToRun[]; name: string | null }, actor: string): Answers['portalPick'] {
    return runs.atomically(() => {
      if (list.length === 0) throw new AppError('conflict', `${title} holds no job, so nothing was scheduled.`);
      const waiting = jobs.waitingProblem(list, computerId);
      if (waiting !== null) throw new AppError('conflict', `${title} was not scheduled. ${waiting}`, { computerId });
      const active = runs.activeOf(computerId);
      if (active !== null) {
        throw new AppError('conflict', `“${runTitle(active)}” is under way on this computer, so nothing was scheduled. Wait for its end, or cancel it first.`, { run: active.id });
      }
      if (name !== null) computers.rename(computerId, name, actor);
      const computer = computers.get(computerId);
      if (computer.trashedAt !== null) throw new AppError('conflict', `${computer.name} is in the trash, so nothing was scheduled. Take it out in the console first.`, { computerId });
      const replaced = runs.cancelPending(computerId, { actor, reason: `replaced by “${title}”, which was picked at the computer` });
      const batchId = randomUUID();
      const ids = runs.createJobRuns(list.map((job, index) => ({
        computerId, computerName: computer.name, jobId: job.id, jobName: job.name, tasks: job.tasks, batchId, position: index + 1, batchSize: list.length, actor,
      })));
      log.info('picked at a computer', { computer: computerId, name: computer.name, title, runs: ids.length, replaced: replaced.length });
      return { runs: ids.map((id, index) => ({ id, title: list[index]?.name ?? '' })), replaced, computerName: computer.name };
    });
  }

  /** The name to write, or null where it stays. Throws what is wrong with it. */
  function newName(computerId: string, wanted: string | null): string | null {
    if (wanted === null) return null;
    const name = wanted.trim();
    const computer = computers.get(computerId);
    if (computer.named && computer.name === name) return null;
    if (computer.named && !settings.get().portalRenameKnown) {
      throw new AppError('forbidden', `This computer is called ${computer.name}, and the server's settings keep portals from renaming computers that have a name. Nothing was scheduled.`, { computerId });
    }
    const problem = computers.nameProblem(computerId, name);
    if (problem !== null) throw new AppError('invalid-input', problem, { name });
    return name;
  }

  return {
    /** What every portal and the console's preview show now. */
    preview(): { settings: PortalSettings; menu: MenuNode[] } {
      const { shown, menu } = offer();
      return { settings: shown, menu };
    },
    /** The same for what every portal would show; differs when that has changed. */
    fingerprint: (): string => details().fingerprint,
    needsOf,
    open(computerId: string): Answers['portalOpen'] {
      const { of: { shown, menu }, tasks, needs } = details();
      const computer = computers.get(computerId);
      const proposedName = computer.named ? '' : proposeComputerName(shown.portalNamePattern, { identity: computer.identity, isTaken: (name) => computers.isNameTaken(name, computer.id) });
      const pending = runs.pendingOf(computerId).map((run) => ({ id: run.id, title: runTitle(run), by: run.actor, askedAt: run.startedAt }));
      return { settings: shown, menu, computerName: computer.name, named: computer.named, proposedName, tasks, needs, pending };
    },
    nameProblem: (computerId: string, name: string): string | null => computers.nameProblem(computerId, name.trim()),
    pick(computerId: string, pick: { item: string; name: string | null }, actor: string): Answers['portalPick'] {
      const item = requireItem(pick.item);
      return schedule(computerId, { title: item.label, list: jobs.jobsOf(item.id).jobs, name: newName(computerId, pick.name) }, actor);
    },
    /** By the name of a job or folder. A computer's own token reaches what the menu offers; an administrator's everything. */
    pickByName(computerId: string, { job, isAdministrator }: { job: string; isAdministrator: boolean }, actor: string): Answers['pickByName'] {
      const { source, items } = offer();
      if (!isAdministrator) {
        const item = requireItem(offeredAs(source, items, job));
        return schedule(computerId, { title: item.label, list: jobs.jobsOf(item.id).jobs, name: null }, actor);
      }
      const { title, jobs: list } = jobs.jobsOf(job);
      const problem = source.jobs.find((each) => each.problem !== null && list.some(({ id }) => id === each.id));
      if (problem !== undefined) throw new AppError('conflict', `${problem.name} can't be run now: ${problem.problem}. Nothing was scheduled.`, { job: problem.id });
      return schedule(computerId, { title, list, name: null }, actor);
    },
  };
}

/** The one menu item of this name: as it is labelled, as it is called in the tree, or its id. */
function offeredAs(source: MenuSource, items: ReadonlyMap<string, MenuItem>, name: string): string {
  if (items.has(name)) return name;
  const same = (other: string): boolean => other.trim().toLowerCase() === name.trim().toLowerCase();
  const called = new Set([...source.jobs.filter((job) => same(job.name)).map((job) => `job/${job.id}`), ...source.folders.filter((folder) => same(folder.name)).map((folder) => `folder/${folder.id}`)]);
  const found = [...items.values()].filter((item) => same(item.label) || called.has(item.id));
  const [only] = found;
  if (only === undefined) throw new AppError('not-found', `The portal offers nothing called "${name}" here. It has to be published (Show in portal), or started by an administrator.`, { job: name });
  if (found.length > 1) throw new AppError('ambiguous-name', `${found.length} items of the portal are called "${name}": ${found.map((item) => `${item.label} (${item.id})`).join(', ')}. Use what is in brackets.`, { job: name, items: found.map((item) => item.id) });
  return only.id;
}

function itemsOf(nodes: readonly MenuNode[]): MenuItem[] {
  return nodes.flatMap((node) => (node.kind === 'item' ? [node] : itemsOf(node.children)));
}

function shortened(task: Task, most: number): Task {
  return task.type === 'script' && task.text.length > most ? { ...task, text: `${task.text.slice(0, most)}\n…` } : task;
}
