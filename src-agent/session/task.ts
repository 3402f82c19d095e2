// Owns what an executor of a task is given and what it gives back. One executor for each type of task; none of them knows the session.
import type { AssignedRun } from '#shared/agent/messages.ts';
import type { Inventory } from '#shared/model/computer.ts';
import type { Task, TaskType } from '#shared/model/job.ts';
import type { Control } from '../connection.ts';
import type { BootEnvironment } from '../environment/environment.ts';
import type { ServerLocation } from '../net/endpoint.ts';
import type { PortalEvent } from '../portal/contract.ts';
import type { Power } from './power.ts';
import type { TemplateFacts } from './template.ts';

export type Clock = {
  now(): number;
  /** Resolves early when the signal fires; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
};

/** The disk that an earlier step knows: what was shown to a person, or what this run worked on last. */
export type KnownDisk = { path: string; serial: string; sizeBytes: number };

export type TaskContext = {
  run: AssignedRun;
  index: number;
  control: Control;
  server: ServerLocation;
  entry: string;
  patienceMs: number;
  /** Fires with the reason: a person cancelled, the server ended the run, the program is stopped. */
  signal: AbortSignal;
  clock: Clock;
  power: Power;
  /** Null where the agent runs on an ordinary system. */
  environment: BootEnvironment | null;
  facts: TemplateFacts;
  /** Every disk, looked at now. */
  inventory(): Promise<Inventory>;
  /** Smallest disk that a deploy task's version needs; 0 where it is not known. */
  needOf(task: Extract<Task, { type: 'deploy' }>): number;
  /** The disk that a person was shown for this task; null where no person was asked here, `not-shown` where they were and saw nothing of it. */
  shownDisk(task: Task): KnownDisk | 'not-shown' | null;
  /** What this run's captures and deploys worked on last, for scripts. */
  lastDisk: KnownDisk | null;
  tell(event: PortalEvent): void;
  log(lines: readonly string[]): void;
  /** Sends what the log still holds: a task's last lines come before its end. */
  drainLog(): void;
  /** Somebody is at a keyboard. */
  attended: boolean;
  /** Resolves when a person has read the message that was told. */
  messageRead(): Promise<void>;
};

export type TaskEnd = {
  /** One line of what was done, for the person and the log. */
  note: string;
  result: Record<string, unknown>;
  /** Captures and deploys end their task with the server themselves. */
  told?: true;
  /** Why it was not done here. */
  skipped?: string;
  /** What the task worked on, for the tasks after it. */
  disk?: KnownDisk;
  /** To be done once the server knows of the end; the agent stops there. */
  leave?: () => Promise<void>;
};
export type Executor<T extends TaskType> = (task: Extract<Task, { type: T }>, context: TaskContext) => Promise<TaskEnd>;
export type Executors = { [T in TaskType]: Executor<T> };
