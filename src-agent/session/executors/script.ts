// Owns the script task: plain sh in a fresh folder, its output streamed to the run's log, its whole process group ended on timeout and
// cancel. The agent's own token is not handed to it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { AppError, CancelledError } from '#shared/errors.ts';
import type { Task } from '#shared/model/job.ts';
import { formatDuration } from '#shared/units.ts';
import { throwIfCancelled } from '../../net/retry.ts';
import { cleanLine } from '../runLog.ts';
import type { Executor, TaskContext } from '../task.ts';
import { fillTemplate, localDate } from '../template.ts';
import { LineSplitter, OutputBounds } from './output.ts';

type ScriptTask = Extract<Task, { type: 'script' }>;
type Exit = { code: number | null; signal: string | null };

/** Between asking a script to end and ending it. */
const graceMs = 2000;
/** Something the script left running may hold its output open. */
const outputMs = 500;
const lastLines = 8;
/**
 * $1 runs as if it had been started itself. Beside it waits a shell that hears from the agent when the script has ended (a line), or that the
 * agent has (the end of the pipe): then the whole group ends, so that no script works on unseen while a person is asked whether to repeat it.
 */
const underWatch = '{ read -r _ <&3 || kill -KILL 0; } >/dev/null 2>&1 & exec /bin/sh "$1" 3<&-';

export const scriptTask: Executor<'script'> = async (task, context) => {
  throwIfCancelled(context.signal);
  context.log((await context.environment?.addOns.forScript(task.text, context.control)) ?? []);
  const title = fillTemplate(task.title, context.facts).trim() || 'The script';
  const started = context.clock.now();
  const folder = await mkdtemp(join(tmpdir(), 'platen-script-'));
  try {
    const path = join(folder, 'script.sh');
    await writeFile(path, task.text.replaceAll('\r\n', '\n'), { mode: 0o600 });
    const child = spawn('/bin/sh', ['-c', underWatch, 'sh', path], { cwd: folder, env: environment(context), stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });
    const output = new OutputBounds((lines) => context.log(lines));
    const timeout = AbortSignal.timeout(task.timeoutSeconds * 1000);
    const exit = await follow(child, output, AbortSignal.any([context.signal, timeout]));
    output.end();
    const seconds = (context.clock.now() - started) / 1000;
    judge({ exit, title, tail: output.tail(lastLines), timedOut: timeout.aborted, task, context });
    return { note: `${title} ended well after ${formatDuration(seconds)}${output.lines === 0 ? '' : `, ${output.lines} lines`}.`, result: { exitCode: 0, seconds: Math.round(seconds * 100) / 100, lines: output.lines } };
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
};

async function follow(child: ChildProcess, output: OutputBounds, stop: AbortSignal): Promise<Exit> {
  for (const stream of [child.stdout, child.stderr]) {
    const lines = new LineSplitter((line) => output.add(cleanLine(line)));
    stream?.on('data', (data: Buffer) => lines.push(data)).once('close', () => lines.end());
  }
  let killer: NodeJS.Timeout | null = null;
  const end = (): void => {
    killGroup(child, 'SIGTERM');
    killer ??= setTimeout(() => killGroup(child, 'SIGKILL'), graceMs);
  };
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  try {
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const exit = await new Promise<Exit>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    letGo(child);
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, outputMs))]);
    return exit;
  } finally {
    stop.removeEventListener('abort', end);
    if (killer !== null) clearTimeout(killer);
    // What was cancelled leaves nothing behind that ignored the polite signal.
    if (stop.aborted) killGroup(child, 'SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

/** What the script has started on purpose may go on. */
function letGo(child: ChildProcess): void {
  const watch = child.stdio[3];
  if (!(watch instanceof Writable)) return;
  watch.on('error', () => undefined); // the group was ended, and the watching shell with it
  watch.end('ended\n');
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended by itself.
  }
}

function judge({ exit, title, tail, timedOut, task, context }: { exit: Exit; title: string; tail: string[]; timedOut: boolean; task: ScriptTask; context: TaskContext }): void {
  const said = tail.length === 0 ? 'It said nothing.' : `It said last:\n${tail.join('\n')}`;
  if (context.signal.aborted) {
    const reason = context.signal.reason instanceof Error ? context.signal.reason.message : 'Cancelled.';
    throw new CancelledError(`${reason} ${title} was ended in the middle; what it had done until then stays done.`);
  }
  if (timedOut) throw new AppError('io', `${title} was ended: it took longer than the ${formatDuration(task.timeoutSeconds)} the task allows. What it had done until then stays done. Allow it more time, or find out what it waits for. ${said}`, { exitCode: null, timedOut: true });
  if (exit.code === 0) return;
  const how = exit.code === null ? `was ended by ${exit.signal ?? 'a signal'}` : `ended with exit code ${exit.code}`;
  throw new AppError('io', `${title} ${how}. ${said}`, { exitCode: exit.code, signal: exit.signal });
}

/** What PATH and locale say stays; of Platen's own variables only what is meant for scripts. */
function environment(context: TaskContext): NodeJS.ProcessEnv {
  const { run, index, facts, control, lastDisk } = context;
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PLATEN_')));
  return {
    ...kept, PLATEN_COMPUTER_NAME: facts.name, PLATEN_SERIAL: facts.serial, PLATEN_MODEL: facts.model, PLATEN_DATE: localDate(facts.now),
    PLATEN_JOB: run.title, PLATEN_RUN: run.id, PLATEN_TASK: String(index + 1), PLATEN_SERVER_NAME: control.hello.serverName, PLATEN_DISK: lastDisk?.path ?? '',
  };
}
