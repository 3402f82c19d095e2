// Owns the seam between the portal (what a technician sees and presses) and the session (connection, runs, tasks): the portal is told
// events and asks by commands. Neither imports the other; a test of one fakes the other.
import type { AssignedRun, Answers } from '#shared/agent/messages.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import type { RunProgress } from '#shared/model/run.ts';
import type { WireError } from '#shared/errors.ts';

export type PortalMachine = { model: string; serial: string; address: string };
export type Candidate = NonNullable<Answers['hello']['candidates']>[number];
/** What follows by itself when a run has ended. */
export type WhatNext = { action: 'menu' | 'restart' | 'shut-down' | 'exit' | 'next-run'; inSeconds: number } | null;

export type PortalEvent =
  /** Of this computer; known before any server is. */
  | { type: 'machine'; machine: PortalMachine; disks: readonly DiskSummary[] }
  /** connecting: not reached yet; away: it was there. Both with the reason, and when the next try is. */
  | { type: 'server'; state: 'connecting' | 'open' | 'away'; name: string; reason: string; since: number; nextTryAt: number | null }
  /** Nothing can help it but a person (wrong token, newer server): stays on screen. */
  | { type: 'fatal'; error: WireError }
  /** Several known computers fit equally. */
  | { type: 'candidates'; candidates: readonly Candidate[] }
  /** Menu, settings and names: at first, and again after each change. */
  | { type: 'open'; open: Answers['portalOpen'] }
  /** A run is taken; its tasks follow. replaced: titles of pending runs that a pick took the place of. */
  | { type: 'run'; run: AssignedRun; replaced: readonly string[] }
  /** The run was cut off in a destructive task: a person must say whether it goes on. */
  | { type: 'ask'; run: AssignedRun }
  | { type: 'task'; runId: string; index: number; state: 'running' | 'done' | 'failed' | 'skipped'; note: string }
  | { type: 'progress'; runId: string; index: number; progress: RunProgress }
  /** Waits for something outside this computer: place in the queue, what for, since when. */
  | { type: 'waiting'; runId: string; what: string; since: number; progress: { done: number; total: number } | null }
  /** A message task; the portal answers by `messageRead`. */
  | { type: 'message'; runId: string; index: number; text: string; seconds: number | null }
  | { type: 'ended'; runId: string; outcome: 'succeeded' | 'failed' | 'cancelled'; title: string; seconds: number; error: WireError | null; /** What was done, a line each. */ done: readonly string[]; next: WhatNext }
  /** What a person should know of this computer for as long as it runs. */
  | { type: 'warning'; text: string }
  /** One line worth knowing, shown small. */
  | { type: 'note'; text: string };

export type PortalCommands = {
  /** Rejects with AppError; the portal shows it. null: none of them. */
  identify(computerId: string | null): Promise<void>;
  /** What is wrong with the name, or null. */
  checkName(name: string): Promise<string | null>;
  /** Resolves when it is scheduled; the `run` event follows. name null: keep. */
  pick(item: string, name: string | null): Promise<void>;
  resume(runId: string, go: boolean): Promise<void>;
  cancelRun(runId: string): Promise<void>;
  messageRead(): void;
  /** After `ended`: a key was pressed, or the time of `next` is over on screen. The session keeps that time as well; whoever is first counts. */
  proceed(): void;
  /** The countdown ran out, or Ctrl+C: the agent ends, the computer starts as usual. */
  leave(reason: 'countdown' | 'key'): void;
};

export type PortalOptions = {
  /** Overrides the server's setting: from the command line or the boot media. */
  countdownSeconds?: number;
  /** No countdown at all: opened by `i` in the loader. */
  straightToMenu: boolean;
};
/** What the session holds of a portal. */
export type PortalFace = { tell(event: PortalEvent): void; close(): void };
