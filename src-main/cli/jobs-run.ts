// Owns `platen job` where jobs run: run, watch, cancel. What would be erased is said and asked before anything is started.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '#shared/errors.ts';
import { isFinal, type RunView, type StartPreview } from '#shared/model/run.ts';
import { lossByCancel, needsPerson, runStateWords } from '#shared/model/run-words.ts';
import { asAppError, type Api } from './client.ts';
import type { Command, CommandContext, Input, Outcome } from './command.ts';
import { ITEM, jobSubject } from './jobs-subject.ts';
import { findRun } from './runs.ts';
import { printable, table } from './table.ts';
import { usage } from './usage.ts';
import { runTook } from './words.ts';

const pollMs = 500;
/** Of one answer of the server. */
const most = 1000;
const all = (input: Input, name: string): string[] => input.given.filter((each) => each.name === name).map((each) => each.value);
const countOf = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

export const jobRun: Command = {
  path: ['job', 'run'],
  summary: 'run a job or folder on computers (asks before it erases disks)',
  description: 'Starts one run per job and computer: at once where the computer\'s agent is connected, else as soon as it is. A folder runs every job below it, in the order of the tree. '
    + 'Before anything is erased it names the computers and disks and asks; without a terminal that needs --yes. Computers on which it can\'t work are skipped, and it says why. '
    + 'To run a job on the computer you are sitting at: platen job run JOB --here (see platen job run --here --help).',
  positionals: [ITEM],
  options: {
    on: { value: 'COMPUTER', many: true, help: 'on this computer' }, group: { value: 'GROUP', many: true, help: 'on every computer of this group, subgroups included' },
    busy: { value: 'queue|skip', help: 'where a run is under way: behind it (queue, the default), or not at all (skip)' },
    yes: { help: 'do not ask' }, watch: { help: 'wait for the end of all runs (exit code 1 unless all succeed)' },
  },
  examples: ["platen job run 'Win11 lab' --on lab-01 --on lab-02 --watch", "platen job run Imaging --group 'Room 12' --busy skip --yes"],
  run: async (context) => {
    const { input } = context;
    const [computers, groups] = [all(input, 'on'), all(input, 'group')];
    const busy = input.texts['busy'] ?? 'queue';
    if (busy !== 'queue' && busy !== 'skip') throw usage(`--busy takes queue or skip, not "${busy}".`, 'platen job run');
    if (computers.length + groups.length === 0) throw usage('Say where: --on COMPUTER or --group GROUP (both may be given again), or --here for the computer you are sitting at.', 'platen job run');
    const { calls, found } = await jobSubject(context);
    const preview = await calls.jobs.preview.query({ what: found.item, computers, groups });
    if (preview.problem !== null) return { json: { batchId: null, runs: [], skipped: [], problem: preview.problem }, text: `Nothing was started: ${printable(preview.problem)}`, exitCode: 3 };
    const refused = await asked(context, preview, busy);
    if (refused !== null) return refused;
    // By id: nobody's rename or regrouping in between changes what was just shown.
    const started = await calls.jobs.start.mutate({ what: found.item, computers: preview.computers.map((each) => each.computerId), groups: [], busy });
    const skipped = started.skipped.map((each) => `  ${printable(each.computerName)}: ${printable(each.reason)}`);
    const lines = [
      started.runs.length === 0 ? 'Nothing was started.' : `${printable(preview.title)}: ${countOf(started.runs.length, 'run')} on ${countOf(preview.computers.length - started.skipped.length, 'computer')} started.`,
      ...(skipped.length === 0 ? [] : ['Skipped:', ...skipped]),
    ];
    if (started.runs.length === 0) return { json: started, text: lines.join('\n'), exitCode: 3 };
    if (!input.switches.has('watch')) return { json: started, text: [...lines, 'To see how it goes:', `  platen job watch ${found.item}`].join('\n') };
    if (!context.json) context.say(lines.join('\n'));
    return await watch(context, calls, { title: preview.title, batch: started.batchId });
  },
};

/** What is erased, and the question; null where it may go on. */
async function asked(context: CommandContext, preview: StartPreview, busy: 'queue' | 'skip'): Promise<Outcome | null> {
  const erasing = preview.computers.filter((each) => each.erases.length > 0 && each.problem === null && (busy === 'queue' || each.busyWith === null));
  if (erasing.length === 0 || context.input.switches.has('yes')) return null;
  const disks = erasing.reduce((count, each) => count + each.erases.length, 0);
  const shown = erasing.slice(0, 40).map((each) => `  ${printable(each.computerName)}: ${each.erases.map(printable).join('; ')}${each.busyWith === null ? '' : ` (after ${printable(each.busyWith)})`}`);
  const what = `${printable(preview.title)} erases ${countOf(disks, 'disk')} on ${countOf(erasing.length, 'computer')}`;
  if (!context.interactive) throw usage(`${what}, and nobody can be asked here: add --yes.`, 'platen job run');
  context.say([`${what}:`, ...shown, ...(erasing.length > shown.length ? [`  and ${erasing.length - shown.length} more`] : [])].join('\n'));
  if (await context.confirm(`Erase ${countOf(disks, 'disk')}?`)) return null;
  return { json: { batchId: null, runs: [], skipped: [] }, text: 'Nothing was started.', exitCode: 3 };
}

type Watched = { title: string; batch?: string; job?: string };

/** Until every run has ended or is lost; then how each ended. */
async function watch({ now, progress, say, json }: CommandContext, calls: Api, { title, ...filter }: Watched): Promise<Outcome> {
  const seen = new Map<string, RunView>();
  const told = new Set<string>();
  for (;;) {
    const active = await calls.runs.list.query({ ...filter, active: true, limit: most });
    for (const run of active) seen.set(run.id, run);
    for (const run of active.filter((each) => needsPerson(each) && !told.has(each.id))) {
      told.add(run.id);
      if (!json) say(`${printable(run.computerName)} waits for a person: ${printable(run.error?.message ?? 'a task that changes the computer was cut off')}. Its run: ${run.id}`);
    }
    if (active.every((run) => run.state === 'lost')) break;
    progress.update({ label: `${printable(title)}: ${countsWords([...seen.values()], active)}`, ...sum(active), etaSeconds: null });
    await sleep(pollMs);
  }
  // What ended between two looks was never seen active.
  const ended = await calls.runs.list.query({ ...filter, limit: most });
  const runs = 'batch' in filter && filter.batch !== undefined ? ended : await Promise.all([...seen.keys()].map((id) => calls.runs.get.query({ id })));
  progress.end();
  return { json: runs, text: runs.length === 0 ? 'Nothing of it is going on.' : resultText(runs, now()), exitCode: runs.every((run) => run.state === 'succeeded') ? 0 : 1 };
}

function countsWords(seen: readonly RunView[], active: readonly RunView[]): string {
  const count = (state: RunView['state']): number => active.filter((run) => run.state === state).length;
  const [only] = active;
  if (seen.length === 1 && only !== undefined) return `${printable(only.computerName)} ${runStateWords(only)}`;
  return [`${seen.length - active.length} of ${seen.length} ended`, `${count('running')} running`, `${count('waiting') + count('queued')} waiting`].join(', ');
}
function sum(active: readonly RunView[]): { doneBytes: number; totalBytes: number; rateBytesPerSecond: number } {
  const figures = active.flatMap(({ progress }) => (progress === null ? [] : [progress]));
  const add = (of: (progress: (typeof figures)[number]) => number): number => figures.reduce((total, each) => total + of(each), 0);
  return { doneBytes: add((each) => each.doneBytes), totalBytes: add((each) => each.totalBytes), rateBytesPerSecond: add((each) => each.rateBytesPerSecond) };
}

function resultText(runs: readonly RunView[], now: number): string {
  return table(runs.toSorted((left, right) => left.startedAt - right.startedAt), [
    { title: 'RUN', text: (run) => run.id.slice(0, 8) },
    { title: 'COMPUTER', text: (run) => printable(run.computerName) },
    { title: 'JOB', text: (run) => printable(run.jobName) },
    { title: 'STATE', text: runStateWords },
    { title: 'TOOK', right: true, text: (run) => runTook(run, now) },
    { title: 'ERROR', text: (run) => printable(run.error?.message.split('\n')[0] ?? '') },
  ]);
}

export const jobWatch: Command = {
  path: ['job', 'watch'],
  summary: 'wait for the runs of a job, or of all jobs, with their progress',
  description: 'Shows the progress of all runs that are going on: of one job, of every job in a folder, or of all; then how each ended. Ends with 1 unless all succeeded. Ending this command ends no run.',
  positionals: [{ name: 'JOB-OR-FOLDER', required: false }],
  options: {},
  examples: ["platen job watch 'Win11 lab'", 'platen job watch'],
  run: async (context) => {
    if (context.input.positionals[0] === undefined) return await watch(context, await context.api(), { title: 'All jobs' });
    const { calls, found } = await jobSubject(context);
    if (found.kind === 'job') return await watch(context, calls, { title: found.name, job: found.id });
    const folder = await calls.jobs.folder.query({ folder: found.item });
    return await watchFolder(context, calls, { title: found.name, jobs: folder.runs.map((job) => job.id) });
  },
};

/** The newest batch of a folder's jobs that is still going on. */
async function watchFolder(context: CommandContext, calls: Api, { title, jobs }: { title: string; jobs: readonly string[] }): Promise<Outcome> {
  const active = (await calls.runs.list.query({ active: true, limit: most })).filter((run) => run.jobId !== null && jobs.includes(run.jobId));
  const batch = active[0]?.batchId;
  if (batch === undefined || batch === null) return { json: [], text: 'Nothing of it is going on.' };
  return await watch(context, calls, { title, batch });
}

export const jobCancel: Command = {
  path: ['job', 'cancel'],
  summary: 'end every run of a job, of a folder, or one run',
  description: 'Ends every run of a job, or of the jobs in a folder, that has not ended; or one run by its id. What is queued behind them on a computer, of what was asked for together, is cancelled as well. '
    + 'Where a disk would stay half written it asks, and needs --yes where nobody can be asked.',
  positionals: [{ name: 'JOB-OR-RUN', required: true }],
  options: { yes: { help: 'do not ask' } },
  examples: ["platen job cancel 'Win11 lab'", 'platen job cancel 3f2a91c0'],
  run: async (context) => {
    const { api, input } = context;
    const calls = await api();
    const runs = await runsMeant(calls, input.positionals[0] ?? '');
    if (runs.length === 0) return { json: { cancelled: 0, runs: [] }, text: 'Nothing of it is going on.', exitCode: 3 };
    const losses = runs.flatMap((run) => lossByCancel(run) ?? []);
    if (losses.length > 0 && !input.switches.has('yes')) {
      const what = `This ends ${countOf(runs.length, 'run')}, of which ${losses.length === 1 ? 'one leaves' : `${losses.length} leave`} a computer half done`;
      if (!context.interactive) throw usage(`${what}, and nobody can be asked here: add --yes. ${losses.slice(0, 3).map(printable).join(' ')}`, 'platen job cancel');
      context.say(losses.slice(0, 40).map((loss) => `  ${printable(loss)}`).join('\n'));
      if (!(await context.confirm(`${what}. End ${runs.length === 1 ? 'it' : 'them'}?`))) return { json: { cancelled: 0, runs: [] }, text: 'Nothing was ended.', exitCode: 3 };
    }
    const { cancelled } = await calls.runs.cancelMany.mutate({ ids: runs.map((run) => run.id) });
    return { json: { cancelled, runs: runs.map((run) => run.id) }, text: `${countOf(cancelled, 'run')} ${cancelled === 1 ? 'is' : 'are'} being ended.` };
  },
};

/** Runs that have not ended: of a job or folder, else the one run of that id. */
async function runsMeant(calls: Api, typed: string): Promise<RunView[]> {
  const found = await calls.jobs.find.query({ what: typed }).catch((error: unknown) => {
    if (asAppError(error).code === 'not-found') return null;
    throw error;
  });
  if (found === null) {
    const run = await findRun(calls, typed).catch((error: unknown) => {
      throw asAppError(error).code === 'not-found' ? new AppError('not-found', `There is no job, folder or run "${typed}". "platen run list --active" shows what is going on.`, { what: typed }) : error;
    });
    return isFinal(run.state) ? [] : [run];
  }
  const active = await calls.runs.list.query({ active: true, limit: most, ...(found.kind === 'job' ? { job: found.id } : {}) });
  if (found.kind === 'job') return active;
  const jobs = new Set((await calls.jobs.folder.query({ folder: found.item })).runs.map((job) => job.id));
  return active.filter((run) => run.jobId !== null && jobs.has(run.jobId));
}
