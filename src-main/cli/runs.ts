// Owns `platen run` as far as it looks: runs of jobs, captures and deploys, waiting, going on and ended: list, show, watch, log.
// What changes them is in runs-change.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isErrorCode, shortCode } from '#shared/errors.ts';
import { isFinal, runStates, type RunView, type TaskRunView } from '#shared/model/run.ts';
import { runStateWords, taskWords } from '#shared/model/run-words.ts';
import { formatBytes, formatDuration, formatRate } from '#shared/units.ts';
import type { Api } from './client.ts';
import type { Command } from './command.ts';
import { numberOf } from './inputs.ts';
import { usage } from './usage.ts';
import { pairs, printable, table } from './table.ts';
import { formatTime, runTitle, runTook } from './words.ts';

export const RUN = { name: 'RUN', required: true } as const;
const shortIdLength = 8;
const pollMs = 400;

export const runList: Command = {
  path: ['run', 'list'],
  summary: 'runs of jobs, captures and deploys, the newest first',
  description: 'Lists runs (of jobs, and captures and deploys by hand), the newest first: what waits, what is going on, and what ended how.',
  positionals: [],
  options: {
    active: { help: 'only those that have not ended' }, limit: { value: 'N', help: 'at most so many (50)' },
    state: { value: 'STATE', help: `only in this state: ${runStates.join(', ')}` }, job: { value: 'JOB', help: 'only of this job' },
    image: { value: 'IMAGE', help: 'only of this image' }, computer: { value: 'COMPUTER', help: 'only on this computer' },
  },
  examples: ['platen run list --active', "platen run list --image 'Lab Win11' --limit 10"],
  run: async ({ api, input, now }) => {
    const calls = await api();
    const { image, computer, job, state } = input.texts;
    const wanted = runStates.find((each) => each === state);
    if (state !== undefined && wanted === undefined) throw usage(`--state takes one of ${runStates.join(', ')}, not "${state}".`);
    const runs = await calls.runs.list.query({
      active: input.switches.has('active'), limit: numberOf(input, 'limit', { least: 1, most: 1000 }) ?? 50,
      ...(wanted === undefined ? {} : { states: [wanted] }),
      ...(job === undefined ? {} : { job: (await calls.jobs.get.query({ job })).id }),
      ...(image === undefined ? {} : { image: (await calls.images.get.query({ image })).guid }),
      ...(computer === undefined ? {} : { computer: (await calls.computers.get.query({ computer })).id }),
    });
    const text = table(runs, [
      { title: 'RUN', text: (run) => run.id.slice(0, shortIdLength) },
      { title: 'KIND', text: (run) => run.kind },
      { title: 'STATE', text: runStateWords },
      { title: 'JOB OR IMAGE', text: (run) => printable(run.kind === 'job' ? run.jobName : run.versionNumber === null ? run.imageName : `${run.imageName} v${run.versionNumber}`) },
      { title: 'COMPUTER', text: (run) => printable(run.computerName) },
      { title: 'ASKED FOR', text: (run) => formatTime(run.startedAt) },
      { title: 'TOOK', right: true, text: (run) => runTook(run, now()) },
    ]);
    return { json: runs, text: runs.length === 0 ? 'There are no runs to show.' : text };
  },
};

export const runShow: Command = {
  path: ['run', 'show'],
  summary: 'one run: state, progress, figures, error',
  description: 'Shows one run. RUN is its id, or as many of its first characters as tell it apart.',
  positionals: [RUN],
  options: {},
  examples: ['platen run show 3f2a91c0'],
  run: async ({ api, input, now }) => {
    const run = await findRun(await api(), input.positionals[0] ?? '');
    return { json: run, text: runText(run, now()) };
  },
};

function runText(run: RunView, now: number): string {
  const { progress, error } = run;
  const where = progress === null ? '' : timeShares(progress.where);
  return pairs([
    ['Run', run.id], ['What', printable(runTitle(run))], ['State', runStateWords(run)],
    ['Disk', run.disk === null ? '' : [`${printable(run.disk.path)}: ${formatBytes(run.disk.sizeBytes)}`, printable(run.disk.model), run.disk.serial === '' ? '' : `serial ${printable(run.disk.serial)}`].filter((part) => part !== '').join(', ')],
    ['Asked for', `${formatTime(run.startedAt)} by ${printable(run.actor)}`], ['Took', runTook(run, now)],
    ['Tasks', run.tasks.map((task) => taskLine(task, now)).join('\n')],
    ['Progress', progress === null || isFinal(run.state) ? '' : `${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)} at ${formatRate(progress.rateBytesPerSecond)}`],
    ['Over the wire', progress === null ? '' : formatBytes(progress.sentBytes)], ['Time went to', where],
    ['Result', run.result === null ? '' : resultWords(run.result)],
    ['Error', error === null ? '' : `${printable(error.message)}${isErrorCode(error.code) ? ` (${shortCode(error.code)})` : ''}`],
  ]);
}

/** "2. Deploy Win11 lab (newest version) to the internal disk: running, 3 min 12 s" */
function taskLine({ index, summary, state, startedAt, endedAt, error, result }: TaskRunView, now: number): string {
  const words = [state === 'cancelled' && startedAt === null ? 'not run' : taskWords[state]];
  if (startedAt !== null) words.push(formatDuration(((endedAt ?? now) - startedAt) / 1000));
  const skipped = typeof result?.['skipped'] === 'string' ? result['skipped'] : '';
  const why = error === null ? skipped : error.message;
  return `${index + 1}. ${printable(summary)}: ${words.join(', ')}${why === '' ? '' : ` (${printable(why)})`}`;
}

/** "read 73%, network 25%": what took long enough to matter, the longest first. */
export function timeShares(where: Readonly<Record<string, number>>): string {
  const total = Object.values(where).reduce((sum, ms) => sum + ms, 0);
  return Object.entries(where).filter(([, ms]) => ms / total >= 0.01).sort(([, a], [, b]) => b - a).map(([name, ms]) => `${name} ${Math.round((ms / total) * 100)}%`).join(', ');
}

/** The plain figures of a result; what is nested in it is for --json. */
export function resultWords(result: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(result).flatMap(([name, value]) => {
    const words = name.replace(/(Bytes)?(PerSecond)?$/, '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
    if (typeof value === 'string' || typeof value === 'boolean') return [`${words}: ${printable(String(value))}`];
    if (typeof value !== 'number') return [];
    if (name.endsWith('PerSecond')) return [`${words}: ${formatRate(value)}`];
    if (/seconds$/i.test(name)) return [`took: ${formatDuration(value)}`];
    return [`${words}: ${/bytes$/i.test(name) ? formatBytes(value) : value}`];
  });
  return lines.join('\n');
}

export const runWatch: Command = {
  path: ['run', 'watch'],
  summary: 'wait for a run with its progress (exit code 1 when it does not succeed)',
  description: 'Shows the progress of a run until it has ended, also while it waits for its computer or for a person. Ending this command does not end the run.',
  positionals: [RUN],
  options: {},
  examples: ['platen run watch 3f2a91c0'],
  run: async ({ api, input, now, progress }) => {
    const calls = await api();
    const { id } = await findRun(calls, input.positionals[0] ?? '');
    for (;;) {
      const run = await calls.runs.get.query({ id });
      if (isFinal(run.state) || run.state === 'lost') return { json: run, text: runText(run, now()), exitCode: run.state === 'succeeded' ? 0 : 1 };
      const at = run.progress ?? { stage: run.state === 'running' ? '' : runStateWords(run), doneBytes: 0, totalBytes: 0, rateBytesPerSecond: 0, etaSeconds: null };
      const label = [watchLabel(run), at.stage].filter((part) => part !== '').join(': ');
      progress.update({ label, doneBytes: at.doneBytes, totalBytes: at.totalBytes, rateBytesPerSecond: at.rateBytesPerSecond, etaSeconds: at.etaSeconds, detail: run.progress?.detail });
      await sleep(pollMs);
    }
  },
};

/** "capture Lab Win11", "Reinstall, task 2 of 3" */
function watchLabel(run: RunView): string {
  if (run.kind !== 'job') return `${run.kind} ${printable(run.imageName)}`;
  return `${printable(run.jobName)}${run.tasks.length > 1 && run.state === 'running' ? `, task ${Math.min(run.taskIndex + 1, run.tasks.length)} of ${run.tasks.length}` : ''}`;
}

export const runLog: Command = {
  path: ['run', 'log'],
  summary: 'what the agent said during a run',
  description: 'Prints what the agent said during a run, each line with its time.',
  positionals: [RUN],
  options: {},
  examples: ['platen run log 3f2a91c0'],
  run: async ({ api, input }) => {
    const calls = await api();
    const { id } = await findRun(calls, input.positionals[0] ?? '');
    const lines = [];
    for (let after = 0; ;) {
      const part = await calls.runs.log.query({ id, after });
      lines.push(...part.lines);
      if (part.lines.length === 0 || part.next === after) break;
      after = part.next;
    }
    return { json: lines, text: lines.length === 0 ? 'The agent said nothing.' : lines.map((line) => `${new Date(line.at).toISOString()}  ${printable(line.text)}`).join('\n') };
  },
};

/** By id, or by as many of its first characters as tell it apart from the last thousand runs. */
export async function findRun(calls: Api, typed: string): Promise<RunView> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(typed)) return await calls.runs.get.query({ id: typed.toLowerCase() });
  const found = (await calls.runs.list.query({ limit: 1000 })).filter((run) => run.id.startsWith(typed.toLowerCase()));
  if (found.length > 1) {
    throw new AppError('ambiguous-name', `${found.length} runs begin with "${typed}": ${found.map((run) => run.id).join(', ')}. Type more of the id.`, { run: typed, runs: found.map((run) => run.id) });
  }
  const [run] = found;
  if (run === undefined) throw new AppError('not-found', `There is no run "${typed}". "platen run list" shows what there is.`, { run: typed });
  return run;
}
