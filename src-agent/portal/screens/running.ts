// Owns how a run looks while it is under way: tasks, bar and figures, what it waits for, a message, the questions whether to cancel
// it or to let it go on.
import { formatPercent, progressFraction } from '#shared/progress.ts';
import { taskSummary } from '#shared/model/job.ts';
import type { Task } from '#shared/model/job.ts';
import type { RunProgress, TaskState, WhereTimeGoes } from '#shared/model/run.ts';
import { stageWords, taskWords } from '#shared/model/run-words.ts';
import { formatBytes, formatDuration, formatRate, formatTimeLeft } from '#shared/units.ts';
import type { Canvas } from '../cells.ts';
import type { PortalState, RunModel, Stage } from '../state.ts';
import type { Role } from '../theme.ts';
import { firstRow } from './choices.ts';
import type { Screen, ViewContext } from './frame.ts';

export function runScreen(state: PortalState, model: RunModel, context: ViewContext): Screen {
  if (model.cancel === 'asking') return cancelScreen(model);
  if (model.message !== null) return messageScreen(state, model, model.message);
  return {
    keys: model.cancel === 'sent' ? [] : [['c', 'cancel']],
    body: (canvas) => {
      drawHead(canvas, model);
      const tasks = Math.min(model.tasks.length, Math.max(3, canvas.rows - 12));
      drawTasks(canvas.area(2, 0, tasks, canvas.columns), model);
      const figures = canvas.area(3 + tasks, 0, canvas.rows - 3 - tasks, canvas.columns);
      if (model.cancel === 'sent') figures.text(0, 0, 'Cancelling: what is under way is ended cleanly…', { role: 'warn' });
      else if (model.waiting !== null) drawWaiting(figures, state, model.waiting, context);
      else drawFigures(figures, state, model, context);
    },
  };
}

function drawHead(canvas: Canvas, model: RunModel): void {
  const { run } = model;
  const facts = [run.of > 1 ? `job ${run.position} of ${run.of}` : '', `by ${run.by}`].filter((part) => part !== '').join(' · ');
  const width = Math.min(canvas.measure(facts), Math.floor(canvas.columns / 2));
  canvas.text(0, 0, run.title, { role: 'heading', width: canvas.columns - width - 2, elide: 'middle' });
  canvas.text(0, canvas.columns - width, facts, { role: 'quiet', width });
  if (model.replaced.length > 0) canvas.text(1, 0, `Scheduled: ${run.title}. Replaced: ${model.replaced.join(', ')}`, { role: 'quiet' });
}

const marks: Record<TaskState, { sign: string; role: Role }> = {
  pending: { sign: '·', role: 'greyed' }, running: { sign: '►', role: 'strong' }, done: { sign: '√', role: 'good' }, failed: { sign: 'x', role: 'bad' },
  cancelled: { sign: '-', role: 'quiet' }, skipped: { sign: '-', role: 'quiet' },
};

export function drawTasks(canvas: Canvas, model: Pick<RunModel, 'run' | 'tasks' | 'index'>): void {
  const top = firstRow(Math.min(model.index, model.tasks.length - 1), model.tasks.length, canvas.rows);
  model.tasks.slice(top, top + canvas.rows).forEach((view, row) => {
    const task = model.run.tasks[top + row];
    if (task === undefined) return;
    const { sign, role } = marks[view.state];
    const aside = asideOf(view);
    const width = Math.min(canvas.measure(aside), 24);
    canvas.text(row, 0, sign, { role });
    canvas.text(row, 2, taskSummary(task), { role: view.state === 'running' ? 'strong' : 'text', width: canvas.columns - width - 4 });
    canvas.text(row, canvas.columns - width, aside, { role: view.state === 'failed' ? 'bad' : 'quiet', width });
  });
}

function asideOf(view: RunModel['tasks'][number]): string {
  if (view.note !== '') return view.note;
  if (view.state === 'done' && view.startedAt !== null && view.endedAt !== null) return formatDuration((view.endedAt - view.startedAt) / 1000);
  return view.state === 'pending' || view.state === 'running' || view.state === 'done' ? '' : taskWords[view.state];
}

const verbs: Record<Task['type'], string> = { capture: 'Capture', deploy: 'Deploy', script: 'Run', message: 'Show a message', power: 'Power' };

function headline(task: Task | undefined): string {
  if (task === undefined) return 'Finishing';
  if (task.type === 'capture' || task.type === 'deploy') return `${verbs[task.type]} ${task.imageName}`;
  return task.type === 'script' ? `Run ${task.title.trim() === '' ? 'a script' : task.title}` : taskSummary(task);
}

function drawFigures(canvas: Canvas, state: PortalState, model: RunModel, context: ViewContext): void {
  const { progress } = model;
  const task = model.run.tasks[model.index];
  const started = model.tasks[model.index]?.startedAt ?? model.startedAt;
  const fraction = progress === null ? null : progressFraction(progress);
  canvas.text(0, 0, headline(task), { role: 'strong', width: canvas.columns - 6 });
  if (fraction !== null) canvas.text(0, canvas.columns - 5, formatPercent(fraction).replace('%', ' %'), { role: 'strong', width: 5, align: 'right' });
  const row = progress === null || fraction === null ? 1 : drawBar(canvas, 1, { fraction, progress }) + 1;
  // What it was before the server went is no rate of now.
  const { amount, pace } = paceOf(progress === null || state.server?.state !== 'away' ? progress : { ...progress, rateBytesPerSecond: 0, etaSeconds: null }, fraction);
  canvas.text(row, 0, fraction === null ? amount : pace);
  const what = progress === null ? '' : [stageWords(progress.stage), progress.detail ?? ''].filter((part) => part !== '').join(': ');
  canvas.text(row + 1, 0, what, { role: 'quiet' });
  canvas.text(row + 3, 0, `since ${context.clock(started)}, for ${formatDuration((state.now - started) / 1000)}`, { role: 'quiet' });
}

/** @returns its row */
function drawBar(canvas: Canvas, row: number, view: { fraction: number; progress: RunProgress }): number {
  const amount = amountOf(view.progress);
  const width = Math.max(10, canvas.columns - Math.max(20, canvas.measure(amount) + 2));
  const full = view.fraction >= 1 ? width : Math.min(width - 1, Math.floor(view.fraction * width));
  canvas.text(row, 0, '█'.repeat(full), { role: 'bar' });
  canvas.text(row, full, '░'.repeat(width - full), { role: 'barRest' });
  canvas.text(row, width + 2, amount, { width: canvas.columns - width - 2, align: 'right' });
  return row;
}

/** "19.3 of 31.2 GB", or both units where they differ. */
function amountOf(progress: RunProgress): string {
  const [done, total] = [formatBytes(progress.doneBytes), formatBytes(progress.totalBytes)];
  if (progress.totalBytes <= 0) return progress.doneBytes > 0 ? done : '';
  const [figure, unit] = done.split(' ');
  return unit === total.split(' ')[1] ? `${figure} of ${total}` : `${done} of ${total}`;
}

function paceOf(progress: RunProgress | null, fraction: number | null): { amount: string; pace: string } {
  if (progress === null) return { amount: '', pace: '' };
  const limit = limitOf(progress.where);
  const pace = [
    progress.rateBytesPerSecond > 0 ? formatRate(progress.rateBytesPerSecond) : '',
    fraction !== null && fraction < 1 ? formatTimeLeft(progress.etaSeconds) : '',
    limit === null || progress.rateBytesPerSecond <= 0 ? '' : `limit: ${limit}`,
  ].filter((part) => part !== '').join(' · ');
  return { amount: [amountOf(progress), pace].filter((part) => part !== '').join(' · '), pace };
}

const limits: [keyof WhereTimeGoes, string][] = [['read', 'disk reads'], ['hash', 'hashing'], ['compress', 'compressing'], ['network', 'network'], ['decompress', 'decompressing'], ['write', 'disk writes']];

/** Where most of the time goes; null until some has gone. */
export function limitOf(where: WhereTimeGoes): string | null {
  const [largest] = limits.toSorted(([left], [right]) => where[right] - where[left]);
  return largest === undefined || where[largest[0]] <= 0 ? null : largest[1];
}

function drawWaiting(canvas: Canvas, state: PortalState, waiting: NonNullable<RunModel['waiting']>, context: ViewContext): void {
  canvas.text(0, 0, 'Waiting', { role: 'warn' });
  let row = canvas.paragraph(1, 0, waiting.what, { rows: 4 });
  if (waiting.progress !== null && waiting.progress.total > 0) {
    const width = Math.max(10, canvas.columns - 8);
    const fraction = Math.min(1, waiting.progress.done / waiting.progress.total);
    const full = Math.floor(fraction * width);
    canvas.text(row, 0, '█'.repeat(full), { role: 'bar' });
    canvas.text(row, full, '░'.repeat(width - full), { role: 'barRest' });
    canvas.text(row, canvas.columns - 5, formatPercent(fraction).replace('%', ' %'), { width: 5, align: 'right' });
    row += 1;
  }
  canvas.text(row + 1, 0, `since ${context.clock(waiting.since)}, for ${formatDuration((state.now - waiting.since) / 1000)}. It goes on by itself.`, { role: 'quiet' });
}

function messageScreen(state: PortalState, model: RunModel, message: NonNullable<RunModel['message']>): Screen {
  return {
    keys: [['Enter', 'go on'], ['F10', 'cancel']],
    body: (canvas) => {
      drawHead(canvas, model);
      const row = canvas.paragraph(3, 0, message.text, { role: 'strong', rows: canvas.rows - 6 });
      const left = message.seconds === null ? null : Math.max(0, Math.ceil(message.seconds - (state.now - message.at) / 1000));
      canvas.text(row + 2, 0, left === null ? 'It waits until a key is pressed.' : `It goes on by itself in ${formatDuration(left)}.`, { role: 'quiet' });
    },
  };
}

function cancelScreen(model: RunModel): Screen {
  return {
    keys: [['y', 'yes, cancel it'], ['Esc', 'no, go on']],
    body: (canvas) => {
      canvas.text(0, 0, `Cancel ${model.run.title}?`, { role: 'bad', elide: 'middle' });
      let row = canvas.paragraph(2, 0, lossOf(model), { rows: 5 });
      const left = model.tasks.filter((each) => each.state === 'pending').length;
      if (left > 0) row = canvas.paragraph(row + 1, 0, left === 1 ? 'One task of this job is not done then.' : `${left} tasks of this job are not done then.`);
      const jobs = model.run.of - model.run.position;
      if (jobs > 0) row = canvas.paragraph(row + 1, 0, jobs === 1 ? 'The job that was picked with it is cancelled too.' : `${jobs} jobs that were picked with it are cancelled too.`);
      canvas.text(row + 1, 0, 'It goes on while you decide.', { role: 'quiet' });
    },
  };
}

/** What cancelling now would cost, of the task under way. */
export function lossOf(model: RunModel): string {
  const task = model.run.tasks[model.index];
  switch (task?.type) {
    case 'deploy': return model.progress === null || ['inspect', 'wait', 'plan'].includes(model.progress.stage)
      ? 'Nothing has been written yet: the disk is as it was.'
      : 'The disk is being written. What was on it is gone, and what is written so far does not start: it has to be deployed again.';
    case 'capture': return 'No image version comes of it. The disk it reads is as it was, and what was sent is kept for a while: capturing again goes on from there.';
    case 'script': return 'The script is ended in the middle. What it has changed on this computer stays changed.';
    default: return 'What is done stays done.';
  }
}

export function askScreen(stage: Extract<Stage, { kind: 'ask' }>): Screen {
  const { run } = stage;
  const task = run.tasks[run.taskIndex];
  const what = task === undefined ? run.title : taskSummary(task);
  const erasing = task?.type === 'deploy';
  return {
    keys: stage.busy ? [] : [['g', 'go on'], ['e', 'end this run']],
    body: (canvas) => {
      canvas.text(0, 0, `${run.title} was interrupted`, { role: 'warn', elide: 'middle' });
      let row = canvas.paragraph(2, 0, `It was cut off in task ${run.taskIndex + 1} of ${run.tasks.length}:`);
      row = canvas.paragraph(row, 2, what, { role: 'strong', rows: 2 }) + 1;
      row = canvas.paragraph(row, 0, erasing
        ? 'The disk is only partly written and does not start. Going on writes it again; what is there already is not sent twice.'
        : 'Nobody knows how far the script came. Going on runs it once more, from its beginning.') + 1;
      row = canvas.paragraph(row, 0, `Asked for by ${run.by}. Ending it leaves the disk as it is now${run.tasks.length > run.taskIndex + 1 ? ', and the tasks after it are not done' : ''}.`, { role: 'quiet' }) + 1;
      if (stage.busy) canvas.text(row, 0, 'Telling the server…', { role: 'quiet' });
      else if (stage.problem !== null) canvas.paragraph(row, 0, stage.problem, { role: 'bad' });
      else canvas.text(row, 0, 'It waits here, and in the console, until somebody decides.', { role: 'quiet' });
    },
  };
}
