// Owns what a session is made of: whom it talks to, what it runs on, and how it was started.
import type { AssignedRun } from '#shared/agent/messages.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import type { BootEnvironment } from '../environment/environment.ts';
import type { ServerLocation } from '../net/endpoint.ts';
import type { MachineSource } from './machine.ts';
import type { Power } from './power.ts';
import type { Clock } from './task.ts';

export type SessionParts = {
  server: ServerLocation; machine: MachineSource; power: Power; clock: Clock; agentVersion: string; entry: string; signal: AbortSignal; patienceMs: number;
  /** Told apart by the server from an agent that was started again. */
  sessionId: string;
  /** Null where it runs on an ordinary system. */
  environment: BootEnvironment | null;
  /** Keeps trying from the first connection on; else a server that is not there is an error at once. */
  insist: boolean;
  /** Picked at once; the program ends with it. */
  job: string | null;
  /** The program ends with the first runs it took. */
  once: boolean;
  /** Somebody is at a keyboard. */
  attended: boolean;
  /** How long the last screen stays before the program ends by itself. */
  exitSeconds: number;
  /** Asked before a taken run begins; rejects with the reason why it must not. */
  approve?: (run: AssignedRun, about: { disks: readonly DiskSummary[]; needs: ReadonlyMap<string, number> }) => Promise<void>;
  /** A run that waits for a person, where a person can be asked: true: goes on. Without it the portal asks; unattended it is an error. */
  askPerson?: (run: AssignedRun) => Promise<boolean>;
};
