// Owns `platen run` as far as it changes something, or hands out all there is: cancel, again, resume, bundle.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { isFinal } from '#shared/model/run.ts';
import { lossByCancel, needsPerson, runStateWords } from '#shared/model/run-words.ts';
import type { Command } from './command.ts';
import { findRun, RUN } from './runs.ts';
import { printable } from './table.ts';
import { usage } from './usage.ts';
import { runTitle } from './words.ts';

export const runCancel: Command = {
  path: ['run', 'cancel'],
  summary: 'end a run that waits or is going on',
  description: 'Ends a run; where an agent works on it, the agent is asked to stop. A capture leaves no version behind. A deploy that has begun to write leaves a disk that cannot be used until it is deployed again, '
    + 'and a script may be cut off in the middle: that asks, and needs --yes where nobody can be asked. What was started together with it and comes after it on the same computer is cancelled as well.',
  positionals: [RUN],
  options: { yes: { help: 'do not ask' } },
  examples: ['platen run cancel 3f2a91c0'],
  run: async ({ api, input, interactive, confirm }) => {
    const calls = await api();
    const run = await findRun(calls, input.positionals[0] ?? '');
    const title = printable(runTitle(run));
    if (isFinal(run.state)) throw new AppError('conflict', `The ${title} has ended already: ${run.state}.`, { run: run.id, state: run.state });
    const loss = lossByCancel(run);
    if (loss !== null && !input.switches.has('yes')) {
      if (!interactive) throw usage(`${printable(loss)} Nobody can be asked here: add --yes to end the ${title} all the same.`, 'platen run cancel');
      if (!(await confirm(`End the ${title}? ${printable(loss)}`))) return { json: { cancelled: null }, text: 'The run goes on.', exitCode: 3 };
    }
    await calls.runs.cancel.mutate({ id: run.id });
    return { json: { cancelled: run.id }, text: `The ${title} is being ended.` };
  },
};

export const runAgain: Command = {
  path: ['run', 'again'],
  summary: 'run the same tasks once more on the same computer',
  description: "Makes a new run of a job's run that has ended or was lost: the same tasks on the same computer, as they were then, also when the job has changed since. What a deploy erases it erases again: that asks, and needs --yes where nobody can be asked.",
  positionals: [RUN],
  options: { yes: { help: 'do not ask' } },
  examples: ['platen run again 3f2a91c0'],
  run: async ({ api, input, interactive, confirm }) => {
    const calls = await api();
    const run = await findRun(calls, input.positionals[0] ?? '');
    const title = printable(runTitle(run));
    const erases = run.tasks.filter(({ task }) => task.type === 'deploy').map(({ summary }) => printable(summary));
    if (erases.length > 0 && !input.switches.has('yes')) {
      if (!interactive) throw usage(`${title} erases a disk (${erases.join('; ')}), and nobody can be asked here: add --yes.`, 'platen run again');
      if (!(await confirm(`Run ${title} again? It erases a disk: ${erases.join('; ')}.`))) return { json: { id: null }, text: 'Nothing was started.', exitCode: 3 };
    }
    const { id } = await calls.runs.again.mutate({ id: run.id });
    return { json: { id }, text: `${title} is run again: ${id}` };
  },
};

export const runResume: Command = {
  path: ['run', 'resume'],
  summary: 'let a run that was cut off go on, or end it',
  description: 'When the agent starts anew in the middle of a deploy or a script, nobody knows how far that came, so the run waits for a person. This lets it go on: the deploy reads what is on the disk and writes what differs, a script is run again from its beginning. '
    + 'With --end the run ends as failed instead. The same can be said at the computer and in the console.',
  positionals: [RUN],
  options: { end: { help: 'end the run instead' } },
  examples: ['platen run resume 3f2a91c0', 'platen run resume 3f2a91c0 --end'],
  run: async ({ api, input }) => {
    const calls = await api();
    const run = await findRun(calls, input.positionals[0] ?? '');
    const [title, go] = [printable(runTitle(run)), !input.switches.has('end')];
    if (!needsPerson(run)) throw new AppError('conflict', `${title} does not wait for a person: ${runStateWords(run)}.${isFinal(run.state) ? '' : ' To end it: platen run cancel'}`, { run: run.id, state: run.state });
    await calls.runs.resume.mutate({ id: run.id, go });
    return { json: { id: run.id, go }, text: go ? `${title} goes on as soon as its agent asks for work.` : `${title} has ended.` };
  },
};

export const runBundle: Command = {
  path: ['run', 'bundle'],
  summary: 'everything known of a run in one text file, for whoever helps',
  description: 'Writes one text file with what happened in a run: tasks, errors, log, figures, the hardware of the computer, versions. Texts of scripts, tokens and tickets are not in it. The file is made in the current folder, or where --to says; an existing file is not replaced.',
  positionals: [RUN],
  options: { to: { value: 'FILE', help: 'the file to write; - prints the text instead' } },
  examples: ['platen run bundle 3f2a91c0', 'platen run bundle 3f2a91c0 --to -'],
  run: async ({ api, input }) => {
    const calls = await api();
    const { id } = await findRun(calls, input.positionals[0] ?? '');
    const { fileName, text } = await calls.runs.bundle.query({ id });
    if (input.texts['to'] === '-') return { json: { text }, text: text.trimEnd() };
    const path = resolve(input.texts['to'] ?? fileName);
    try {
      writeFileSync(path, text, { flag: 'wx' });
    } catch (error) {
      throw new AppError('io', `${path} can't be written: ${error instanceof Error ? error.message : String(error)}. Name another file with --to.`, { path }, error);
    }
    return { json: { path }, text: `Written: ${path}` };
  },
};
