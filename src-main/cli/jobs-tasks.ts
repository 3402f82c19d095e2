// Owns how tasks are typed on the command line: one option per task, in the order typed, or a JSON file. What an option says of a
// disk or of seconds belongs to the task before it. Reading files and finding images is the caller's.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DiskPolicy } from '#shared/model/disk-policy.ts';
import { tasksSchema, type Task } from '#shared/model/job.ts';
import { z } from 'zod';
import type { Input, OptionSpec } from './command.ts';
import { usage } from './usage.ts';

export const taskOptions = {
  deploy: { value: 'IMAGE[@N]', many: true, help: 'a task: deploy this image (its version N, else the newest enabled)' },
  capture: { value: 'IMAGE', many: true, help: 'a task: capture into this image; made when there is none' },
  script: { value: 'FILE', many: true, help: "a task: run this shell script in the agent's Linux (- reads it from standard input)" },
  message: { value: 'TEXT', many: true, help: 'a task: show this text until a key is pressed, or for --seconds' },
  power: { value: 'restart|shut-down', many: true, help: 'a task: restart the computer, or switch it off' },
  'to-disk': { value: 'DISK', many: true, help: 'the disk of the task before it: internal (the only one), smallest (that fits), serial=S or path=P' },
  seconds: { value: 'N', many: true, help: 'how long the message before it stays; when the script before it is stopped (3600)' },
  tasks: { value: 'FILE.json', help: 'all tasks from a file, as "job show --json" prints them' },
} as const satisfies Record<string, OptionSpec>;

/** What the outside world is needed for. */
export type TaskSources = {
  findImage(name: string): Promise<{ guid: string; name: string; versions: readonly number[] } | null>;
  readText(path: string): Promise<string>;
};

const scriptSeconds = 3600;

/** The tasks that were typed; null where none were. */
export async function tasksFrom(input: Input, sources: TaskSources, command: string): Promise<Task[] | null> {
  const typed = input.given.filter(({ name }) => name in taskOptions);
  const file = input.texts['tasks'];
  if (typed.length === 0) return null;
  if (file !== undefined && typed.some(({ name }) => name !== 'tasks')) throw usage('--tasks is all tasks from a file: leave the other task options out, or the file.', command);
  const tasks = file === undefined ? await fromOptions(typed, sources, command) : await fromFile(file, sources, command);
  const checked = tasksSchema.safeParse(tasks);
  if (!checked.success) throw usage(`These tasks can't be used: ${checked.error.issues.slice(0, 5).map((issue) => `${whereWords(issue.path)}${issue.message}`).join('; ')}`, command);
  return checked.data;
}

function whereWords(path: readonly PropertyKey[]): string {
  const [index, ...field] = path;
  return typeof index === 'number' ? `task ${index + 1}${field.length === 0 ? '' : ` (${field.map(String).join('.')})`}: ` : '';
}

async function fromOptions(typed: readonly { name: string; value: string }[], sources: TaskSources, command: string): Promise<Task[]> {
  const tasks: Task[] = [];
  let disk: DiskPolicy = { kind: 'only-internal' };
  for (const { name, value } of typed) {
    const id = `task-${tasks.length + 1}`;
    const last = tasks.at(-1);
    if (name === 'deploy') tasks.push(await deployTask(id, value, disk, sources, command));
    else if (name === 'capture') {
      const image = await sources.findImage(value);
      tasks.push({ type: 'capture', id, disk, imageGuid: image?.guid ?? null, imageName: image?.name ?? value, note: '' });
    } else if (name === 'script') tasks.push({ type: 'script', id, title: value === '-' ? '' : basename(value).slice(0, 100), text: await sources.readText(value), timeoutSeconds: scriptSeconds, continueOnError: false });
    else if (name === 'message') tasks.push({ type: 'message', id, text: value, seconds: null });
    else if (name === 'power') tasks.push({ type: 'power', id, action: powerAction(value, command) });
    else if (name === 'to-disk') {
      const policy = diskPolicy(value, command);
      if (last === undefined) disk = policy;
      else if (last.type === 'deploy' || last.type === 'capture') tasks[tasks.length - 1] = { ...last, disk: policy };
      else throw usage('--to-disk belongs to the deploy or capture before it; before the first task it is for all.', command);
    } else if (last?.type === 'message') tasks[tasks.length - 1] = { ...last, seconds: secondsOf(value, command) };
    else if (last?.type === 'script') tasks[tasks.length - 1] = { ...last, timeoutSeconds: secondsOf(value, command) };
    else throw usage('--seconds belongs to the message or script before it.', command);
  }
  return tasks;
}

async function deployTask(id: string, value: string, disk: DiskPolicy, sources: TaskSources, command: string): Promise<Task> {
  const [, typedName = value, typedVersion] = /^(.+)@(\d{1,9})$/s.exec(value) ?? [];
  // A name may end in @5 itself: then the whole of it is an image.
  const whole = typedVersion === undefined ? null : await sources.findImage(value);
  const image = whole ?? await sources.findImage(typedName);
  if (image === null) throw usage(`There is no image "${typedName}" to deploy. "platen image list" shows what there is.`, command);
  const version = whole !== null || typedVersion === undefined ? null : Number(typedVersion);
  if (version !== null && !image.versions.includes(version)) throw usage(`The image "${image.name}" has no version ${version}. It has: ${image.versions.join(', ') || 'none'}.`, command);
  return { type: 'deploy', id, disk, imageGuid: image.guid, imageName: image.name, version };
}

const fileSchema = z.union([z.array(z.unknown()), z.object({ tasks: z.array(z.unknown()) }).transform((job) => job.tasks)]);

async function fromFile(path: string, sources: TaskSources, command: string): Promise<unknown[]> {
  const text = await sources.readText(path);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw usage(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, command);
  }
  const found = fileSchema.safeParse(content);
  if (!found.success) throw usage(`${path} holds no tasks: it needs a list of them, as "platen job show JOB --json" prints under "tasks".`, command);
  return found.data.map((task, index) => (typeof task === 'object' && task !== null && !('id' in task) ? { id: `task-${index + 1}`, ...task } : task));
}

export function diskPolicy(value: string, command: string): DiskPolicy {
  if (value === 'internal') return { kind: 'only-internal' };
  if (value === 'smallest') return { kind: 'smallest-that-fits' };
  const [, kind, rest = ''] = /^(serial|path)=(.+)$/s.exec(value) ?? [];
  if (kind === 'serial') return { kind: 'serial', serial: rest };
  if (kind === 'path') return { kind: 'path', path: rest };
  throw usage(`--to-disk takes internal, smallest, serial=S or path=P, not "${value}".`, command);
}

function powerAction(value: string, command: string): 'restart' | 'shut-down' {
  if (value === 'restart' || value === 'shut-down') return value;
  throw usage(`--power takes restart or shut-down, not "${value}".`, command);
}

function secondsOf(value: string, command: string): number {
  const seconds = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (seconds < 1 || seconds > 86_400) throw usage(`--seconds takes a whole number from 1 to 86400, not "${value}".`, command);
  return seconds;
}

/** A file, or standard input for "-". */
export async function readText(path: string): Promise<string> {
  try {
    if (path !== '-') return await readFile(path, 'utf8');
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(part as Buffer);
    return Buffer.concat(parts).toString('utf8');
  } catch (error) {
    throw usage(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}
