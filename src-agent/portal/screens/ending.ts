// Owns how a run's end looks: done, failed, cancelled, and what follows.
import { fromWire } from '#shared/errors.ts';
import { taskSummary } from '#shared/model/job.ts';
import { formatDuration } from '#shared/units.ts';
import type { Canvas } from '../cells.ts';
import type { WhatNext } from '../contract.ts';
import type { PortalState, Stage } from '../state.ts';
import type { Screen } from './frame.ts';

type EndedStage = Extract<Stage, { kind: 'ended' }>;

export function endedScreen(state: PortalState, stage: EndedStage): Screen {
  const { ended } = stage;
  const draw = { succeeded: drawDone, failed: drawFailed, cancelled: drawCancelled }[ended.outcome];
  return { keys: [['Any key', nextWords(ended.next)]], body: (canvas) => draw(canvas, state, stage) };
}

function nextWords(next: WhatNext): string {
  switch (next?.action) {
    case undefined:
    case 'menu': return 'back to the menu';
    case 'restart': return 'restart now';
    case 'shut-down': return 'switch off now';
    case 'exit': return 'leave now';
    case 'next-run': return 'begin the next job now';
  }
}

function drawDone(canvas: Canvas, state: PortalState, stage: EndedStage): void {
  const { ended } = stage;
  canvas.text(0, 0, '√', { role: 'good' });
  canvas.text(0, 2, `${ended.title} is done`, { role: 'heading', elide: 'middle' });
  canvas.text(1, 2, `in ${formatDuration(ended.seconds)}`, { role: 'quiet' });
  const row = drawList(canvas, 3, ended.done);
  drawNext(canvas, row + 1, state, stage);
}

function drawFailed(canvas: Canvas, state: PortalState, stage: EndedStage): void {
  const { ended, model } = stage;
  const error = ended.error === null ? null : fromWire(ended.error);
  canvas.text(0, 0, ` ${error?.isRefusal === true ? 'Refused' : 'Failed'} `, { role: 'badBanner' });
  canvas.text(0, error?.isRefusal === true ? 11 : 10, ended.title, { role: 'heading', elide: 'middle' });
  const task = model?.run.tasks[model.index];
  if (model !== null && task !== undefined) canvas.text(1, 0, `in task ${model.index + 1} of ${model.run.tasks.length}: ${taskSummary(task)}`, { role: 'quiet' });
  let row = canvas.paragraph(3, 0, error?.message ?? 'The server did not say why.', { rows: Math.max(2, canvas.rows - 11) }) + 1;
  canvas.text(row, 0, 'Code', { role: 'quiet' });
  canvas.text(row, 6, error?.shortCode ?? 'none', { role: 'strong' });
  const away = state.server?.state === 'away';
  canvas.text(row + 1, 0, 'Log', { role: 'quiet' });
  canvas.text(row + 1, 6, away ? 'is sent when the server is back' : `sent${state.server === null || state.server.name === '' ? '' : ` to ${state.server.name}`}: the run in the console shows it`);
  row += 3;
  if (ended.done.length > 0 && row < canvas.rows - 3) {
    canvas.text(row, 0, 'Done before it', { role: 'quiet' });
    row = drawList(canvas.area(0, 0, canvas.rows - 2, canvas.columns), row + 1, ended.done) + 1;
  }
  drawNext(canvas, row, state, stage);
}

function drawCancelled(canvas: Canvas, state: PortalState, stage: EndedStage): void {
  const { ended } = stage;
  canvas.text(0, 0, ' Cancelled ', { role: 'banner' });
  canvas.text(0, 12, ended.title, { role: 'heading', elide: 'middle' });
  canvas.text(1, 0, `after ${formatDuration(ended.seconds)}`, { role: 'quiet' });
  let row = ended.error === null ? 3 : canvas.paragraph(3, 0, fromWire(ended.error).message, { rows: 5 }) + 1;
  if (ended.done.length > 0) row = drawList(canvas, row, ended.done) + 1;
  drawNext(canvas, row, state, stage);
}

/** @returns the row after it */
function drawList(canvas: Canvas, row: number, lines: readonly string[]): number {
  const room = Math.max(1, canvas.rows - row - 2);
  const shown = lines.length > room ? [...lines.slice(0, room - 1), `and ${lines.length - room + 1} more`] : lines;
  shown.forEach((line, at) => {
    canvas.text(row + at, 0, '√', { role: 'good' });
    canvas.text(row + at, 2, line);
  });
  return row + shown.length;
}

function drawNext(canvas: Canvas, row: number, state: PortalState, stage: EndedStage): void {
  const { next } = stage.ended;
  const left = next === null ? 0 : Math.max(0, Math.ceil(next.inSeconds - (state.now - stage.at) / 1000));
  const words = {
    menu: 'Back to the menu', restart: 'This computer restarts', 'shut-down': 'This computer is switched off', exit: 'The portal ends and this computer starts as usual', 'next-run': 'The next job begins',
  };
  canvas.text(row, 0, next === null ? 'This stays here until a key is pressed.' : `${words[next.action]} in ${formatDuration(left)}`, { role: next === null ? 'quiet' : 'strong' });
}

export function proceedingScreen(stage: Extract<Stage, { kind: 'proceeding' }>): Screen {
  const words = { menu: 'Opening the menu…', restart: 'Restarting…', 'shut-down': 'Switching off…', exit: 'Leaving the portal…', 'next-run': 'The next job begins…' };
  return { keys: [], body: (canvas) => void canvas.text(0, 0, words[stage.next.action], { role: 'heading' }) };
}
