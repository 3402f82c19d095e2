// Owns what the portal knows and shows, as one value. reduce.ts changes it, screens/ draw it; neither does anything else.
import type { Answers, AssignedRun } from '#shared/agent/messages.ts';
import type { WireError } from '#shared/errors.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import type { MenuItem, MenuNode } from '#shared/model/menu.ts';
import type { RunProgress, TaskState } from '#shared/model/run.ts';
import type { Candidate, PortalEvent, PortalMachine, PortalOptions, WhatNext } from './contract.ts';
import type { Key } from './keys.ts';

export type Open = Answers['portalOpen'];
export type ServerState = Extract<PortalEvent, { type: 'server' }>;
export type Ended = Extract<PortalEvent, { type: 'ended' }>;

/** Kept while other screens are shown, so that going back finds the menu as it was left. */
export type MenuPlace = { /** Ids of the folders gone into. */ path: readonly string[]; filter: string; selectedId: string | null; problem: string | null };

export type NameEntry = {
  value: string; /** In characters. */ cursor: number; /** False: it is shown and kept. */ editable: boolean;
  editedAt: number;
  /** The server's word on a name; null: not asked yet, or it has changed since. */
  checked: { name: string; problem: string | null } | null;
  /** The name that is being asked about. */
  asking: string | null;
  /** Enter was pressed: goes on as soon as the name is known to be good. */
  submitted: boolean;
};

export type TaskView = { state: TaskState; note: string; startedAt: number | null; endedAt: number | null };
export type RunModel = {
  run: AssignedRun; replaced: readonly string[]; tasks: readonly TaskView[]; index: number; startedAt: number;
  progress: RunProgress | null;
  waiting: { what: string; since: number; progress: { done: number; total: number } | null } | null;
  message: { index: number; text: string; seconds: number | null; at: number } | null;
  /** no: the run goes on. asking: a person is asked whether to cancel. sent: asked of the session; it ends soon. */
  cancel: 'no' | 'asking' | 'sent';
};

export type Stage =
  | { kind: 'connecting' }
  | { kind: 'fatal'; error: WireError }
  | { kind: 'candidates'; candidates: readonly Candidate[]; index: number; busy: boolean; problem: string | null }
  | { kind: 'countdown'; endsAt: number }
  | { kind: 'menu' }
  | { kind: 'details'; item: string; top: number }
  | { kind: 'name'; item: string; entry: NameEntry }
  /** name null: as it is called. back: where Esc goes. */
  | { kind: 'erase'; item: string; name: string | null; back: Stage }
  | { kind: 'scheduling'; title: string; phase: 'asking' | 'scheduled' | 'refused'; since: number; error: WireError | null }
  /** Before a run starts: a person wants to go. */
  | { kind: 'leave'; back: Stage }
  | { kind: 'run'; model: RunModel }
  | { kind: 'ask'; run: AssignedRun; busy: boolean; problem: string | null }
  | { kind: 'ended'; ended: Ended; at: number; model: RunModel | null }
  /** A run has ended and what follows is under way. */
  | { kind: 'proceeding'; next: NonNullable<WhatNext> };

export type PortalState = {
  options: PortalOptions;
  now: number;
  machine: PortalMachine | null;
  disks: readonly DiskSummary[];
  server: ServerState | null;
  open: Open | null;
  menu: MenuPlace;
  stage: Stage;
  /** The countdown runs once. */
  hasCounted: boolean;
  /** The terminal is gone: nobody reads, nobody presses a key. */
  isGone: boolean;
  /** The terminal has no room for what the erase screen must show. */
  isTiny: boolean;
  /** Enter pressed again and again with nothing between: how often, and how long ago before the last. */
  enters: { count: number; at: number; everyMs: number };
  note: { text: string; until: number } | null;
  /** Shown on every screen. */
  warnings: readonly string[];
};

export type Command =
  | { type: 'identify'; computerId: string | null }
  | { type: 'check-name'; name: string }
  | { type: 'pick'; item: string; name: string | null }
  | { type: 'resume'; runId: string; go: boolean }
  | { type: 'cancel-run'; runId: string }
  | { type: 'message-read' }
  | { type: 'proceed' }
  | { type: 'leave'; reason: 'countdown' | 'key' }
  /** The line has garbled the screen: everything is drawn anew. */
  | { type: 'redraw' };

/** How a command went; error null: well. */
export type Outcome =
  | { type: 'identified' | 'picked' | 'resumed' | 'cancel-sent'; error: WireError | null }
  | { type: 'name-checked'; name: string; problem: string | null; error: WireError | null };

export type PortalInput = { type: 'event'; event: PortalEvent } | { type: 'key'; key: Key } | { type: 'outcome'; outcome: Outcome } | { type: 'tick' }
  /** The terminal is gone: window closed, line dropped. */
  | { type: 'gone' }
  | { type: 'size'; columns: number; rows: number };
export type Step = { state: PortalState; commands: readonly Command[] };

export const NAME_CHECK_AFTER_MS = 300;
export const NOTE_MS = 10_000;
/** Below this the erase screen cannot show every disk with its size and what is on it. */
export const leastForErasing = { columns: 60, rows: 20 };
export const serverAway = 'Nothing can be started while the server is away. Wait until it is back; this screen stays.';

export function initialState(options: PortalOptions, now: number): PortalState {
  return {
    options, now, machine: null, disks: [], server: null, open: null, menu: { path: [], filter: '', selectedId: null, problem: null }, stage: { kind: 'connecting' }, hasCounted: false, isGone: false, isTiny: false, enters: { count: 0, at: 0, everyMs: Infinity }, note: null, warnings: [],
  };
}

/** A keyboard repeats a key that is held after half a second at most, and then more often than any finger. */
const HELD_AFTER_MS = 600;
const HELD_EVERY_MS = 150;

export function countEnters(state: PortalState, key: Key): PortalState {
  if (key.name !== 'enter') return { ...state, enters: { count: 0, at: 0, everyMs: Infinity } };
  const everyMs = state.now - state.enters.at;
  return { ...state, enters: { count: everyMs <= HELD_AFTER_MS ? state.enters.count + 1 : 1, at: state.now, everyMs } };
}
/** A hand, or a book, lies on the keyboard: what came of it by itself is no yes. */
export function isEnterHeld({ enters }: PortalState): boolean {
  return enters.count > 2 && enters.everyMs <= HELD_EVERY_MS;
}

/** When the state changes by itself next: at the next whole second for clock and countdowns, earlier for a name to be checked. */
export function nextTickAt(state: PortalState): number {
  const second = (Math.floor(state.now / 1000) + 1) * 1000;
  if (state.stage.kind !== 'name' || state.stage.entry.asking !== null) return second;
  const due = state.stage.entry.editedAt + NAME_CHECK_AFTER_MS;
  return due > state.now ? Math.min(second, due) : second;
}

export const go = (state: PortalState, stage: Stage, commands: readonly Command[] = []): Step => ({ state: { ...state, stage }, commands });
export const stay = (state: PortalState): Step => ({ state, commands: [] });
/** The menu, or the wait for it. */
export const toMenu = (state: PortalState, commands: readonly Command[] = []): Step => go(state, state.open === null ? { kind: 'connecting' } : { kind: 'menu' }, commands);
export const withNote = (state: PortalState, text: string): PortalState => ({ ...state, note: { text, until: state.now + NOTE_MS } });

export function findItem(open: Open, id: string): MenuItem | null {
  const search = (nodes: readonly MenuNode[]): MenuItem | null => {
    for (const node of nodes) {
      if (node.kind === 'item' && node.id === id) return node;
      const found = node.kind === 'folder' ? search(node.children) : null;
      if (found !== null) return found;
    }
    return null;
  };
  return search(open.menu);
}
