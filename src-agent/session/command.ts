// Owns `platen agent portal` and `platen job run JOB --here`: arguments to a session, a screen or plain lines to show it on, and what
// became of its runs to result, error and exit code.
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { AssignedRun } from '#shared/agent/messages.ts';
import { AppError, CancelledError, fromWire } from '#shared/errors.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import { chooseDisk } from '#shared/model/disk-policy.ts';
import { erases, taskSummary } from '#shared/model/job.ts';
import { diskText } from '../diskText.ts';
import type { BootEnvironment } from '../environment/environment.ts';
import type { ServerLocation } from '../net/endpoint.ts';
import type { PortalCommands, PortalFace, PortalOptions } from '../portal/contract.ts';
import type { Report } from '../report.ts';
import type { Arguments } from '../usage.ts';
import { systemClock } from './clock.ts';
import { LineFace } from './lineFace.ts';
import { machineOf } from './machine.ts';
import type { SessionParts } from './parts.ts';
import { powerOf } from './power.ts';
import { Session } from './session.ts';
import { needKey, type WorkEnd } from './work.ts';

export type SessionCommand = {
  args: Arguments; server: ServerLocation; report: Report; signal: AbortSignal; environment: BootEnvironment | null; agentVersion: string; entry: string;
  /** The full screen, where there is a terminal for one. */
  openPortal: ((parts: { commands: PortalCommands; options: PortalOptions }) => PortalFace) | null;
  isInteractive: boolean;
};

/** A screen that ends by itself stays long enough to be read. */
const exitSeconds = 5;

/** Resolves with the document for stdout; rejects with what went wrong with the run. */
export async function runSession(command: SessionCommand): Promise<string> {
  const { args, signal, isInteractive } = command;
  const isJob = args.command === 'job';
  const openPortal = isJob ? null : command.openPortal;
  if (openPortal === null && args.job === '') {
    throw new AppError('usage', 'A menu needs a terminal, and here is none. To run one job without a person: platen agent portal --job NAME.');
  }
  const asks = isJob && isInteractive && !args.yes;
  const parts: SessionParts = {
    server: command.server, machine: await machineOf(args.disks), power: await powerOf(args.allowPower), environment: command.environment, clock: systemClock, agentVersion: command.agentVersion, entry: command.entry,
    signal, patienceMs: args.patienceMs, sessionId: randomUUID(), insist: !isJob, job: args.job === '' ? null : args.job, once: args.once, attended: isInteractive, exitSeconds: openPortal === null ? 0 : exitSeconds,
    ...(isJob && !args.yes ? { approve: (run, about) => confirmErasing(run, about, { isInteractive, signal }) } : {}),
    ...(asks ? { askPerson: (run) => confirmResume(run, signal) } : {}),
  };
  const session = new Session(parts);
  const face = openPortal === null
    ? new LineFace({ report: command.report, commands: session.commands, enter: isInteractive ? pressEnter : null })
    : openPortal({ commands: session.commands, options: { straightToMenu: args.menu || args.job !== '', ...(args.timeoutSeconds === undefined ? {} : { countdownSeconds: args.timeoutSeconds }) } });
  const ends = await session.run(face).finally(() => face.close());
  return outcome(ends, args);
}

/** One answer for all runs; the first that did not succeed is the error. */
export function outcome(ends: readonly WorkEnd[], args: Pick<Arguments, 'job' | 'json' | 'once'>): string {
  const bad = ends.find((end) => end.outcome !== 'succeeded');
  if (bad !== undefined && args.once) throw errorOf(bad, ends);
  if (args.job !== '' && ends.length === 0) throw new CancelledError(`“${args.job}” was taken back before it began. Nothing was done on this computer.`);
  if (args.json) return `${JSON.stringify({ runs: ends.map(({ run, outcome: how, seconds, done }) => ({ id: run.id, title: run.title, outcome: how, seconds, done })) })}\n`;
  return args.once ? ends.map(({ run, done }) => `${run.title}: done.\n${done.map((line) => `  ${line}\n`).join('')}`).join('') : '';
}

function errorOf(bad: WorkEnd, ends: readonly WorkEnd[]): Error {
  const message = `${bad.run.title}: ${bad.error?.message ?? bad.outcome}`;
  if (bad.outcome === 'cancelled') return new CancelledError(message);
  const error = fromWire({ ...(bad.error ?? { code: 'internal' }), message });
  // A refusal's exit code promises that nothing was changed, by any task of any run.
  const touched = ends.some((end) => end.touched);
  return touched && error.isRefusal ? new AppError('io', message, { ...error.data, code: error.code }, error) : error;
}

type Asker = { isInteractive: boolean; signal: AbortSignal };

async function confirmErasing(run: AssignedRun, about: { disks: readonly DiskSummary[]; needs: ReadonlyMap<string, number> }, { isInteractive, signal }: Asker): Promise<void> {
  const doomed: DiskSummary[] = [];
  for (const task of run.tasks.slice(run.taskIndex)) {
    if (task.type !== 'deploy' || !erases(task)) continue;
    const choice = chooseDisk(task.disk, about.disks, { purpose: 'deploy', sizeBytes: about.needs.get(needKey(task.imageGuid, task.version)) ?? 0 });
    // Nothing that comes before it in the job is done in vain.
    if (!choice.ok) throw new AppError(choice.code, `${run.title}: ${choice.reason} Nothing was done.`);
    if (!doomed.some((disk) => disk.path === choice.disk.path)) doomed.push(choice.disk);
  }
  if (doomed.length === 0) return;
  if (!isInteractive) throw new AppError('usage', `${run.title} erases ${doomed.map((disk) => disk.path).join(' and ')}. Without a terminal to ask on, say so with --yes. Nothing was done.`);
  process.stderr.write(`${run.title} does this:\n${run.tasks.map((task, index) => `  ${index + 1}. ${taskSummary(task)}\n`).join('')}It ERASES:\n${doomed.map(diskText).join('')}`);
  if (!(await saysYes('Type yes to go on: ', signal))) throw new CancelledError(`${run.title} was not begun. Nothing was done.`);
}

async function confirmResume(run: AssignedRun, signal: AbortSignal): Promise<boolean> {
  const task = run.tasks[run.taskIndex];
  process.stderr.write(`${run.title} was cut off in the middle of this task: ${task === undefined ? 'its last' : taskSummary(task)}.\nIt can be done again from its beginning; anything else ends the run.\n`);
  return saysYes('Type yes to do it again: ', signal);
}

async function saysYes(question: string, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(question, { signal }).catch(() => '');
    return answer.trim().toLowerCase() === 'yes';
  } finally {
    terminal.close();
  }
}

async function pressEnter(signal: AbortSignal): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // While it reads a line, Ctrl+C is a key to it; here it means what it always means.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    await terminal.question('', { signal });
  } finally {
    terminal.close();
  }
}
