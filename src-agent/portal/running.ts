// Owns what the portal knows of a run under way: its tasks, figures, what it waits for, and the question whether to cancel it. Pure.
import type { AssignedRun } from '#shared/agent/messages.ts';
import type { PortalEvent } from './contract.ts';
import type { Key } from './keys.ts';
import { go, stay, toMenu, withNote } from './state.ts';
import type { Outcome, PortalState, RunModel, Stage, Step, TaskView } from './state.ts';

type RunStage = Extract<Stage, { kind: 'run' }>;
type Of<T extends PortalEvent['type']> = Extract<PortalEvent, { type: T }>;

export function startRun(state: PortalState, event: Of<'run'>): Step {
  return go(state, { kind: 'run', model: newModel(event.run, event.replaced, state.now) });
}

function newModel(run: AssignedRun, replaced: readonly string[], now: number): RunModel {
  const tasks = run.tasks.map((_, index): TaskView => ({ state: index < run.taskIndex ? 'done' : 'pending', note: '', startedAt: null, endedAt: null }));
  return { run, replaced, tasks, index: run.taskIndex, startedAt: now, progress: null, waiting: null, message: null, cancel: 'no' };
}

/** Events of a run. One of another run is late: ignored. */
export function runEvent(state: PortalState, event: Of<'task'> | Of<'progress'> | Of<'waiting'> | Of<'message'>): Step {
  if (state.stage.kind !== 'run' || state.stage.model.run.id !== event.runId) return stay(state);
  const { model } = state.stage;
  return go(state, { kind: 'run', model: { ...model, ...changeOf(model, event, state.now) } });
}

function changeOf(model: RunModel, event: Of<'task'> | Of<'progress'> | Of<'waiting'> | Of<'message'>, now: number): Partial<RunModel> {
  switch (event.type) {
    case 'task': return taskChange(model, event, now);
    case 'progress': return { progress: event.progress, index: event.index, waiting: null };
    case 'waiting': return { waiting: { what: event.what, since: event.since, progress: event.progress } };
    case 'message': return { message: { index: event.index, text: event.text, seconds: event.seconds, at: now } };
  }
}

function taskChange(model: RunModel, event: Of<'task'>, now: number): Partial<RunModel> {
  const before = model.tasks[event.index];
  if (before === undefined) return {};
  const running = event.state === 'running';
  const after: TaskView = { state: event.state, note: event.note, startedAt: before.startedAt ?? (running ? now : null), endedAt: running ? null : now };
  const message = model.message !== null && (event.index !== model.message.index || !running) ? null : model.message;
  const isNew = running && before.state !== 'running';
  return { tasks: model.tasks.with(event.index, after), index: running ? event.index : model.index, message, waiting: null, ...(isNew ? { progress: null } : {}) };
}

export function endRun(state: PortalState, event: Of<'ended'>): Step {
  const model = state.stage.kind === 'run' && state.stage.model.run.id === event.runId ? state.stage.model : null;
  return go(state, { kind: 'ended', ended: event, at: state.now, model });
}

export function runKey(state: PortalState, stage: RunStage, key: Key): Step {
  const { model } = stage;
  const change = (part: Partial<RunModel>): Step => go(state, { kind: 'run', model: { ...model, ...part } });
  const typed = key.name === 'text' ? key.text.toLowerCase() : '';
  if (model.cancel === 'asking') {
    if (typed === 'y') return go(state, { kind: 'run', model: { ...model, cancel: 'sent' } }, [{ type: 'cancel-run', runId: model.run.id }]);
    return key.name === 'escape' || typed === 'n' ? change({ cancel: 'no' }) : stay(state);
  }
  if (model.cancel === 'no' && (key.name === 'f10' || key.name === 'ctrl-c' || (typed === 'c' && model.message === null))) return change({ cancel: 'asking' });
  // A pasted text is no answer to a message.
  if (model.message !== null && key.name !== 'paste') return go(state, { kind: 'run', model: { ...model, message: null } }, [{ type: 'message-read' }]);
  return stay(state);
}

/** Cancelling could not be asked for: the run goes on, and the person may ask again. */
export function cancelSent(state: PortalState, outcome: Outcome): Step {
  if (outcome.error === null || state.stage.kind !== 'run') return stay(state);
  return go(withNote(state, outcome.error.message), { kind: 'run', model: { ...state.stage.model, cancel: 'no' } });
}

export function askKey(state: PortalState, stage: Extract<Stage, { kind: 'ask' }>, key: Key): Step {
  if (key.name === 'ctrl-c') return go(state, { kind: 'leave', back: stage });
  const typed = key.name === 'text' ? key.text.toLowerCase() : '';
  if (stage.busy || (typed !== 'g' && typed !== 'e')) return stay(state);
  return go(state, { ...stage, busy: true, problem: null }, [{ type: 'resume', runId: stage.run.id, go: typed === 'g' }]);
}

export function endedKey(state: PortalState, stage: Extract<Stage, { kind: 'ended' }>, key: Key): Step {
  return key.name === 'paste' ? stay(state) : proceed(state, stage);
}

export function endedTick(state: PortalState, stage: Extract<Stage, { kind: 'ended' }>): Step {
  const { next } = stage.ended;
  return next !== null && state.now >= stage.at + next.inSeconds * 1000 ? proceed(state, stage) : stay(state);
}

function proceed(state: PortalState, stage: Extract<Stage, { kind: 'ended' }>): Step {
  const { next } = stage.ended;
  if (next === null || next.action === 'menu') return toMenu(state, [{ type: 'proceed' }]);
  return go(state, { kind: 'proceeding', next }, [{ type: 'proceed' }]);
}
