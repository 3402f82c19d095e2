// Owns a run as clients see it and the pure tables of its states: one job on one computer, task by task. A capture or deploy
// started by hand is a run of one task.
import { z } from 'zod';
import { taskSchema } from './job.ts';
import { timestamp } from './image.ts';

/**
 * queued: asked for; another run of this computer comes first.
 * waiting: next in turn, and something must happen first (waitingFor): the computer must come, a version must be verified, or a person
 *   must say that an interrupted destructive task may go on. No lease runs while no agent holds it.
 * running: an agent holds the lease and reports. Left by its result, by cancel, or by silence until the lease ends (lost).
 * succeeded, failed, cancelled: final, said by the agent (or by a person before an agent took it).
 * lost: the lease ended in silence; an agent that comes back with the same resume key continues it (running again), and one that
 *   worked on in silence may still say that it is done.
 */
export const runStates = ['queued', 'waiting', 'running', 'succeeded', 'failed', 'cancelled', 'lost'] as const;
export type RunState = (typeof runStates)[number];
export type RunEvent = 'wait' | 'start' | 'succeed' | 'fail' | 'cancel' | 'lease-ended';

const table: Record<RunState, Partial<Record<RunEvent, RunState>>> = {
  queued: { wait: 'waiting', start: 'running', cancel: 'cancelled', fail: 'failed' },
  waiting: { start: 'running', wait: 'waiting', cancel: 'cancelled', fail: 'failed', 'lease-ended': 'lost' },
  running: { wait: 'waiting', succeed: 'succeeded', fail: 'failed', cancel: 'cancelled', 'lease-ended': 'lost' },
  lost: { start: 'running', wait: 'waiting', succeed: 'succeeded', cancel: 'cancelled', fail: 'failed' },
  succeeded: {}, failed: {}, cancelled: {},
};

/** The state after the event, or null where the event does not apply (a late or repeated message: ignored, never an error). */
export function nextRunState(state: RunState, event: RunEvent): RunState | null {
  return table[state][event] ?? null;
}
export function isFinal(state: RunState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** What a waiting run waits for: the computer's agent, the end of verifying, or a person's word. */
export const waitReasons = ['computer', 'version', 'person'] as const;
export type WaitReason = (typeof waitReasons)[number];

/**
 * pending: not begun. running: the agent works on it; stays so through a restart of server or agent. done, failed, cancelled: said by
 * the agent, or by a person before it began. skipped: an agent that must not do it here (power in a terminal) said so, and why.
 */
export const taskStates = ['pending', 'running', 'done', 'failed', 'cancelled', 'skipped'] as const;
export type TaskState = (typeof taskStates)[number];
export type TaskEvent = 'start' | 'finish' | 'fail' | 'cancel' | 'skip';

const taskTable: Record<TaskState, Partial<Record<TaskEvent, TaskState>>> = {
  pending: { start: 'running', cancel: 'cancelled', skip: 'skipped' },
  running: { start: 'running', finish: 'done', fail: 'failed', cancel: 'cancelled', skip: 'skipped' },
  done: {}, failed: {}, cancelled: {}, skipped: {},
};
export function nextTaskState(state: TaskState, event: TaskEvent): TaskState | null {
  return taskTable[state][event] ?? null;
}

/** Milliseconds spent, summed over workers: which of them is largest names the bottleneck. */
export const whereTimeGoesSchema = z.object({
  read: z.number(), hash: z.number(), compress: z.number(), network: z.number(), decompress: z.number(), write: z.number(),
});
export type WhereTimeGoes = z.infer<typeof whereTimeGoesSchema>;

export const runProgressSchema = z.object({
  /** inspect, read, commit | wait, plan, write, flush, prove */
  stage: z.string().max(40),
  doneBytes: z.number().nonnegative(),
  totalBytes: z.number().nonnegative(),
  /** Over the wire so far. */
  sentBytes: z.number().nonnegative(),
  rateBytesPerSecond: z.number().nonnegative(),
  etaSeconds: z.number().nonnegative().nullable(),
  where: whereTimeGoesSchema,
  /** What is worked on: "ext4 on partition 2". */
  detail: z.string().max(200).optional(),
});
export type RunProgress = z.infer<typeof runProgressSchema>;

export const wireErrorSchema = z.object({ code: z.string().max(60), message: z.string().max(10_000), data: z.record(z.string(), z.unknown()).optional() });

export const runDiskSchema = z.object({
  path: z.string().max(4096), model: z.string().max(256), serial: z.string().max(256), sizeBytes: z.number().nonnegative(),
});
export const taskRunSchema = z.object({
  index: z.number().int().nonnegative(), task: taskSchema, summary: z.string(), state: z.enum(taskStates),
  startedAt: timestamp.nullable(), endedAt: timestamp.nullable(),
  /** Last reported; kept when the task ends. */
  progress: runProgressSchema.nullable(), result: z.record(z.string(), z.unknown()).nullable(), error: wireErrorSchema.nullable(),
});
export type TaskRunView = z.infer<typeof taskRunSchema>;

export const runSchema = z.object({
  id: z.uuid(),
  /** capture, deploy: started by hand with the agent's own commands; job: everything else. */
  kind: z.enum(['capture', 'deploy', 'job']),
  state: z.enum(runStates),
  /** Only while waiting. */
  waitingFor: z.enum(waitReasons).nullable(),
  /** Runs asked for together (a folder, a group) share it. */
  batchId: z.uuid().nullable(),
  jobId: z.uuid().nullable(),
  /** As it was called when the run was made; '' for captures and deploys by hand. */
  jobName: z.string(),
  /** Empty for captures and deploys by hand. */
  tasks: z.array(taskRunSchema),
  /** The task under way or next; tasks.length when all are done. */
  taskIndex: z.number().int().nonnegative(),
  computerId: z.string(),
  computerName: z.string(),
  /** Image, version and disk of the capture or deploy that runs or ran last; of a job that has not come to one: null, '' and null. */
  imageGuid: z.uuid().nullable(),
  imageName: z.string(),
  versionNumber: z.number().int().positive().nullable(),
  disk: runDiskSchema.nullable(),
  progress: runProgressSchema.nullable(),
  /** Since when nothing was heard of the agent at work, where that is longer than its heartbeat; else null or absent. */
  silentSince: timestamp.nullable().optional(),
  /** Figures of a finished run: bytes, milliseconds, proof. */
  result: z.record(z.string(), z.unknown()).nullable(),
  error: wireErrorSchema.nullable(),
  actor: z.string(),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
});
export type RunView = z.infer<typeof runSchema>;

/** "Win11 lab", "Capture of Room 12", "Deploy of Room 12, version 3": what a run is called everywhere. */
export function runTitle(run: Pick<RunView, 'kind' | 'jobName' | 'imageName' | 'versionNumber'>): string {
  if (run.kind === 'job') return run.jobName;
  return `${run.kind === 'capture' ? 'Capture' : 'Deploy'} of ${run.imageName}${run.versionNumber === null ? '' : `, version ${run.versionNumber}`}`;
}

/** What starting a job or folder on computers would do: the sheet's content, and the same words on the command line. */
export const startTargetSchema = z.object({
  /** "job/<id>" or "folder/<id>", or a name. */
  what: z.string().min(1).max(300),
  computers: z.array(z.string().min(1).max(200)).max(20_000),
  /** Every computer in them, subgroups included. */
  groups: z.array(z.string().min(1).max(200)).max(1000),
});
export const startComputerSchema = z.object({
  computerId: z.uuid(), computerName: z.string(), online: z.boolean(),
  /** Title of the run under way there, else null. */
  busyWith: z.string().nullable(), pending: z.number().int().nonnegative(),
  /** Disks that will be erased, in words; empty where nothing is. */
  erases: z.array(z.string()),
  /** Why it can't work there as far as its last inventory says, else null. */
  problem: z.string().nullable(),
});
export type StartComputer = z.infer<typeof startComputerSchema>;
export const startPreviewSchema = z.object({
  title: z.string(), jobs: z.array(z.object({ id: z.uuid(), name: z.string(), tasks: z.array(z.string()) })), erases: z.boolean(),
  computers: z.array(startComputerSchema), problem: z.string().nullable(),
});
export type StartPreview = z.infer<typeof startPreviewSchema>;
