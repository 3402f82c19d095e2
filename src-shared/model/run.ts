// Owns a run as clients see it and the pure table of its states. A capture or deploy started by hand is a run of one task.
import { z } from 'zod';
import { timestamp } from './image.ts';

/**
 * queued: asked for, nothing started. waiting: for the computer, or for a version that is still verifying.
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
  waiting: { start: 'running', cancel: 'cancelled', fail: 'failed', 'lease-ended': 'lost' },
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
export const runSchema = z.object({
  id: z.uuid(),
  kind: z.enum(['capture', 'deploy']),
  state: z.enum(runStates),
  computerId: z.string(),
  computerName: z.string(),
  imageGuid: z.uuid().nullable(),
  imageName: z.string(),
  versionNumber: z.number().int().positive().nullable(),
  disk: runDiskSchema,
  progress: runProgressSchema.nullable(),
  /** Figures of a finished run: bytes, milliseconds, proof. */
  result: z.record(z.string(), z.unknown()).nullable(),
  error: wireErrorSchema.nullable(),
  actor: z.string(),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
});
export type RunView = z.infer<typeof runSchema>;
