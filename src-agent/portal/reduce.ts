// Owns how the portal's state changes: by what the session tells, by keys, by outcomes of what was asked, by time. Pure; what is to be
// done comes out as commands.
import type { PortalEvent } from './contract.ts';
import type { Key } from './keys.ts';
import { menuKey } from './menu.ts';
import { eraseKey, nameChecked, nameKey, nameTick, sameErasing } from './picking.ts';
import { askKey, cancelSent, endedKey, endedTick, endRun, runEvent, runKey, startRun } from './running.ts';
import { countEnters, findItem, go, leastForErasing, stay, toMenu, withNote } from './state.ts';
import type { Outcome, PortalInput, PortalState, Stage, Step } from './state.ts';

export function reduce(before: PortalState, input: PortalInput, now: number): Step {
  const state = { ...before, now };
  switch (input.type) {
    case 'event': return sameErasing(state, onEvent(state, input.event));
    case 'key': return onKey(countEnters(state, input.key), input.key);
    case 'outcome': return onOutcome(state, input.outcome);
    case 'tick': return onTick(state);
    case 'gone': return onGone(state);
    case 'size': return stay({ ...state, isTiny: input.columns < leastForErasing.columns || input.rows < leastForErasing.rows });
  }
}

function onEvent(state: PortalState, event: PortalEvent): Step {
  switch (event.type) {
    case 'machine': return stay({ ...state, machine: event.machine, disks: event.disks });
    case 'server': return stay({ ...state, server: event });
    case 'fatal': return go(state, { kind: 'fatal', error: event.error });
    case 'candidates': return go(state, { kind: 'candidates', candidates: event.candidates, index: 0, busy: false, problem: null });
    case 'open': return onOpen(state, event);
    case 'run': return startRun(state, event);
    case 'ask': return go(state, { kind: 'ask', run: event.run, busy: false, problem: null });
    case 'task':
    case 'progress':
    case 'waiting':
    case 'message': return runEvent(state, event);
    case 'ended': return state.isGone && (event.next === null || event.next.action === 'menu') ? leave(state, 'key') : endRun(state, event);
    case 'warning': return stay({ ...state, warnings: [...state.warnings, event.text] });
    case 'note': return stay(withNote(state, event.text));
  }
}

function onOpen(before: PortalState, event: Extract<PortalEvent, { type: 'open' }>): Step {
  const state = { ...before, open: event.open };
  const { stage } = state;
  if (stage.kind === 'connecting' || stage.kind === 'candidates') return firstScreen(state);
  // What is chosen may have gone meanwhile; what an open screen says of it must still be true.
  const item = stage.kind === 'name' || stage.kind === 'erase' || stage.kind === 'details' ? findItem(event.open, stage.item) : null;
  if ((stage.kind === 'name' || stage.kind === 'erase' || stage.kind === 'details') && item === null) return toMenu(withNote(state, 'This item is no longer offered: somebody has changed the menu.'));
  return stay(state);
}

/** The countdown is for a computer that merely starts: never after `i`, never twice, and 0 waits in the menu for ever. */
function firstScreen(state: PortalState): Step {
  const seconds = state.options.countdownSeconds ?? state.open?.settings.portalCountdownSeconds ?? 0;
  if (state.hasCounted || state.options.straightToMenu || seconds <= 0) return toMenu({ ...state, hasCounted: true });
  return go({ ...state, hasCounted: true }, { kind: 'countdown', endsAt: state.now + seconds * 1000 });
}

function onKey(state: PortalState, key: Key): Step {
  if (key.name === 'ctrl-l') return { state, commands: [{ type: 'redraw' }] };
  const { stage } = state;
  // Ctrl+C never ends anything by itself; how is asked, and a run has its own way.
  if (key.name === 'ctrl-c' && stage.kind !== 'run' && stage.kind !== 'ask' && stage.kind !== 'ended') return stage.kind === 'leave' ? stay(state) : go(state, { kind: 'leave', back: stage });
  switch (stage.kind) {
    case 'connecting':
    case 'fatal': return key.name === 'escape' ? go(state, { kind: 'leave', back: stage }) : stay(state);
    case 'candidates': return candidatesKey(state, stage, key);
    case 'countdown': return countdownKey(state, key);
    case 'menu': return menuKey(state, key);
    case 'details': return detailsKey(state, stage, key);
    case 'name': return nameKey(state, stage, key);
    case 'erase': return eraseKey(state, stage, key);
    case 'scheduling': return stage.phase !== 'asking' && (key.name === 'escape' || key.name === 'enter') ? toMenu(state) : stay(state);
    case 'leave': return leaveKey(state, stage, key);
    case 'run': return runKey(state, stage, key);
    case 'ask': return askKey(state, stage, key);
    case 'ended': return endedKey(state, stage, key);
    case 'proceeding': return stay(state);
  }
}

function candidatesKey(state: PortalState, stage: Extract<Stage, { kind: 'candidates' }>, key: Key): Step {
  if (stage.busy) return stay(state);
  const last = stage.candidates.length;
  const select = (index: number): Step => go(state, { ...stage, index: Math.max(0, Math.min(last, index)), problem: null });
  switch (key.name) {
    case 'up': return select(stage.index - 1);
    case 'down': return select(stage.index + 1);
    case 'home': return select(0);
    case 'end': return select(last);
    case 'escape': return go(state, { kind: 'leave', back: stage });
    case 'enter': return go(state, { ...stage, busy: true, problem: null }, [{ type: 'identify', computerId: stage.candidates[stage.index]?.id ?? null }]);
    default: return stay(state);
  }
}

function countdownKey(state: PortalState, key: Key): Step {
  if (key.name === 'escape') return leave(state, 'key');
  return key.name === 'text' && key.text.toLowerCase() === 'i' ? toMenu(state) : stay(state);
}

function detailsKey(state: PortalState, stage: Extract<Stage, { kind: 'details' }>, key: Key): Step {
  if (key.name === 'up' || key.name === 'page-up') return go(state, { ...stage, top: Math.max(0, stage.top - (key.name === 'up' ? 1 : 10)) });
  if (key.name === 'down' || key.name === 'page-down') return go(state, { ...stage, top: stage.top + (key.name === 'down' ? 1 : 10) });
  return key.name === 'escape' || key.name === 'f1' || key.name === 'enter' ? toMenu(state) : stay(state);
}

function leaveKey(state: PortalState, stage: Extract<Stage, { kind: 'leave' }>, key: Key): Step {
  if (key.name === 'enter') return leave(state, 'key');
  // The menu may have come, or a countdown have run out, while the question stood.
  if (key.name === 'escape') return stage.back.kind === 'countdown' || stage.back.kind === 'connecting' ? toMenu(state) : go(state, stage.back);
  return stay(state);
}

function leave(state: PortalState, reason: 'countdown' | 'key'): Step {
  return go(state, { kind: 'proceeding', next: { action: 'exit', inSeconds: 0 } }, [{ type: 'leave', reason }]);
}

function onOutcome(state: PortalState, outcome: Outcome): Step {
  const { stage } = state;
  switch (outcome.type) {
    case 'identified': return stage.kind === 'candidates' && outcome.error !== null ? go(state, { ...stage, busy: false, problem: outcome.error.message }) : stay(state);
    case 'name-checked': return stage.kind === 'name' && stage.entry.asking === outcome.name ? nameChecked(state, stage, outcome) : stay(state);
    case 'picked': return stage.kind === 'scheduling' ? go(state, { ...stage, phase: outcome.error === null ? 'scheduled' : 'refused', error: outcome.error }) : stay(state);
    case 'resumed': return stage.kind === 'ask' && outcome.error !== null ? go(state, { ...stage, busy: false, problem: outcome.error.message }) : stay(state);
    case 'cancel-sent': return cancelSent(state, outcome);
  }
}

/** Nobody sees the portal any more. Before a run that is the same as leaving; a run goes on to its end, as if someone still looked. */
function onGone(before: PortalState): Step {
  const state = { ...before, isGone: true };
  return ['run', 'ask', 'proceeding'].includes(state.stage.kind) ? stay(state) : leave(state, 'key');
}

function onTick(before: PortalState): Step {
  const state = before.note !== null && before.note.until <= before.now ? { ...before, note: null } : before;
  const { stage } = state;
  switch (stage.kind) {
    case 'countdown': return state.now >= stage.endsAt ? leave(state, 'countdown') : stay(state);
    case 'name': return nameTick(state, stage);
    case 'ended': return endedTick(state, stage);
    default: return stay(state);
  }
}
