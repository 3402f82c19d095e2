// Owns jobs and their folders as clients see them: an ordered list of tasks, how a task reads in plain words, and what publishing
// means. A menu item is made of them in menu.ts.
import { z } from 'zod';
import { diskPolicySchema, diskPolicyWords } from './disk-policy.ts';
import { channelNames, timestamp } from './image.ts';

export const jobNameSchema = z.string().trim().min(1, 'A name is needed.').max(200, 'A name has at most 200 characters.').regex(/^[^\p{Cc}]+$/u, 'A name holds no control characters.');
export const descriptionSchema = z.string().trim().max(500, 'At most 500 characters.').regex(/^[^\p{Cc}]*$/u, 'No line breaks or control characters.');
const taskId = z.string().regex(/^[a-z0-9-]{1,40}$/, 'Made by the console.');
/** {name}, {serial}, {model} and {date} are replaced on the computer. */
const template = (most: number) => z.string().max(most);

export const taskSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('capture'), id: taskId, disk: diskPolicySchema,
    /** The image that gets a new version; null: the image called imageName, made when there is none. */
    imageGuid: z.uuid().nullable(), imageName: template(200).trim().min(1, 'Say which image.'), note: template(2000),
  }),
  z.object({
    type: z.literal('deploy'), id: taskId, disk: diskPolicySchema, imageGuid: z.uuid(), /** As it was called when chosen; the GUID counts. */ imageName: z.string().max(200),
    /** null: the newest enabled version at the time of the run. */
    version: z.number().int().positive().nullable(),
    /** With version null: what this channel of the image names at the time of the run. */
    channel: z.enum(channelNames).nullable().optional(),
    /** A test deploy: also a version that waits to be validated. Of single runs alone; no job holds one. */
    test: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('script'), id: taskId, title: template(100), /** Run by /bin/sh of the agent's Linux. */ text: z.string().min(1, 'The script is empty.').max(64 * 1024),
    timeoutSeconds: z.number().int().min(1).max(86_400), /** A failure ends the run unless this is set. */ continueOnError: z.boolean(),
  }),
  z.object({ type: z.literal('message'), id: taskId, text: template(1000).trim().min(1, 'The message is empty.'), /** null: until a key is pressed. */ seconds: z.number().int().min(1).max(86_400).nullable() }),
  z.object({ type: z.literal('power'), id: taskId, action: z.enum(['restart', 'shut-down']) }),
]);
export type Task = z.infer<typeof taskSchema>;
export type TaskType = Task['type'];
/** Length as it travels. Lone surrogates count as the replacement they become. */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** All tasks of a job as JSON: they travel in one message, with its other fields. */
export const MOST_TASK_BYTES = 768 * 1024;
export const tasksSchema = z.array(taskSchema).max(100, 'A job has at most 100 tasks.')
  .refine((tasks) => utf8Bytes(JSON.stringify(tasks)) <= MOST_TASK_BYTES, 'The tasks of a job have at most 768 kB together: let a short script fetch the long ones, or make two jobs.')
  .refine((tasks) => new Set(tasks.map((task) => task.id)).size === tasks.length, 'Two tasks have the same id.')
  .refine((tasks) => !tasks.some((task) => task.type === 'deploy' && task.test === true), 'A test deploy is asked for on its own, for one computer (platen image test-deploy), and is in no job.');

/** True where a run of it must never be repeated without a person: it erases, or nobody knows what it does. */
export function isDestructive(task: Pick<Task, 'type'>): boolean {
  return task.type === 'deploy' || task.type === 'script';
}
export function erases(task: Pick<Task, 'type'>): boolean {
  return task.type === 'deploy';
}

/** One line in plain words: “Deploy Win11 lab (newest) to the internal disk”. */
export function taskSummary(task: Task): string {
  switch (task.type) {
    case 'capture': return `Capture ${diskPolicyWords(task.disk)} into ${task.imageName}`;
    case 'deploy': return `Deploy ${task.imageName} (${deployedWords(task)}) to ${diskPolicyWords(task.disk)}`;
    case 'script': return `Run ${task.title.trim() === '' ? 'a script' : task.title} (${linesOf(task.text)})`;
    case 'message': return `Show “${task.text.length > 60 ? `${task.text.slice(0, 57)}…` : task.text}” ${task.seconds === null ? 'until a key is pressed' : `for ${task.seconds} s`}`;
    case 'power': return task.action === 'restart' ? 'Restart the computer' : 'Switch the computer off';
  }
}

function deployedWords({ version, channel, test }: Extract<Task, { type: 'deploy' }>): string {
  if (version !== null && test === true) return `version ${version}, to test it`;
  if (version !== null) return `version ${version}`;
  return channel === 'live' ? 'the live version' : channel === 'test' ? 'the version under test' : 'newest version';
}

function linesOf(text: string): string {
  const lines = text.trimEnd().split('\n').length;
  return lines === 1 ? '1 line' : `${lines} lines`;
}

export const jobSummarySchema = z.object({
  id: z.uuid(), folderId: z.uuid().nullable(), name: z.string(), description: z.string(),
  /** The *Show in portal* switch; the tag in the name publishes as well. */
  showInPortal: z.boolean(),
  /** By switch or tag. */
  published: z.boolean(),
  taskCount: z.number().int().nonnegative(), erases: z.boolean(),
  /** Why it can't run as it is ("Win11 lab is in the trash"), else null. */
  problem: z.string().nullable(),
  rev: z.number().int().positive(), updatedAt: timestamp, updatedBy: z.string(), trashedAt: timestamp.nullable(),
});
export type JobSummary = z.infer<typeof jobSummarySchema>;
export const jobDetailSchema = jobSummarySchema.extend({
  tasks: z.array(taskSchema),
  /** Folders from the root to the one it is in. */
  path: z.array(z.object({ id: z.uuid(), name: z.string() })),
});
export type JobDetail = z.infer<typeof jobDetailSchema>;

export const jobFolderSchema = z.object({
  id: z.uuid(), parentId: z.uuid().nullable(), name: z.string(), description: z.string(), showInPortal: z.boolean(), published: z.boolean(),
  jobCount: z.number().int().nonnegative(), folderCount: z.number().int().nonnegative(), rev: z.number().int().positive(), trashedAt: timestamp.nullable(),
});
export type JobFolder = z.infer<typeof jobFolderSchema>;
export const jobFolderDetailSchema = jobFolderSchema.extend({
  path: z.array(z.object({ id: z.uuid(), name: z.string() })),
  folders: z.array(jobFolderSchema), jobs: z.array(jobSummarySchema),
  /** Every job that running this folder would run, in that order. */
  runs: z.array(z.object({ id: z.uuid(), name: z.string(), path: z.string() })),
});
export type JobFolderDetail = z.infer<typeof jobFolderDetailSchema>;

export const jobRevisionSchema = z.object({
  rev: z.number().int().positive(), at: timestamp, actor: z.string(), message: z.string(), name: z.string(), description: z.string(), showInPortal: z.boolean(), tasks: z.array(taskSchema),
});
export type JobRevision = z.infer<typeof jobRevisionSchema>;

/** What a job names: shown as *where used* on images, and on computers that run it. */
export const jobUseSchema = z.object({ jobId: z.uuid(), jobName: z.string(), path: z.string(), taskIndex: z.number().int(), summary: z.string() });
export type JobUse = z.infer<typeof jobUseSchema>;
