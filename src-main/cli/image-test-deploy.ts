// Owns `platen image test-deploy`: a version that another site captured is tried on one computer before it is taken for all.
import { isFinal } from '#shared/model/run.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from './command.ts';
import { IMAGE, imageSubject } from './image-subject.ts';
import { diskPolicy } from './jobs-tasks.ts';
import { printable } from './table.ts';
import { usage } from './usage.ts';

const pollMs = 500;
const command = 'platen image test-deploy';

export const imageTestDeploy: Command = {
  path: ['image', 'test-deploy'],
  summary: 'try a version that waits to be validated on one computer (asks before it erases the disk)',
  description: 'Deploys a version that waits to be validated to one computer, as one run of its own. It is read from the console, whose copy must be ready. Nothing else changes: the version waits as before, '
    + 'until image validate takes it or image reject refuses it.',
  positionals: [IMAGE],
  options: {
    version: { value: 'N', help: 'the version that waits' }, on: { value: 'COMPUTER', help: 'the computer it is tried on' },
    'to-disk': { value: 'DISK', help: 'internal (the only one, the default), smallest (that fits), serial=S or path=P' },
    yes: { help: 'do not ask' }, watch: { help: 'wait for the end (exit code 1 unless it succeeds)' },
  },
  examples: ["platen image test-deploy 'Lab Win11' --version 5 --on lab-01"],
  run: async (context) => {
    const { input } = context;
    const computer = input.texts['on'];
    const { calls, image, reference, typed } = await imageSubject(context);
    if (reference.version === undefined) throw usage('Say which version: --version N.', command);
    if (computer === undefined) throw usage('Say which computer: --on COMPUTER.', command);
    const request = { image: image.guid, version: reference.version, computer, disk: diskPolicy(input.texts['to-disk'] ?? 'internal', command) };
    const preview = await calls.jobs.previewTestDeploy.query(request);
    if (!input.switches.has('yes')) {
      const what = `${printable(preview.title)} erases ${preview.erases.map(printable).join('; ')} on ${printable(preview.computerName)}`;
      if (!context.interactive) throw usage(`${what}, and nobody can be asked here: add --yes.`, command);
      if (!(await context.confirm(`${what}. Go on?`))) return { json: { run: null }, text: 'Nothing was started.', exitCode: 3 };
    }
    const started = await calls.jobs.startTestDeploy.mutate({ ...request, computer: preview.computerId });
    const next = `When it is as it should be: platen image validate ${typed}`;
    if (!input.switches.has('watch')) return { json: started, text: `${printable(started.title)} on ${printable(started.computerName)} was asked for. ${next}` };
    for (;;) {
      const run = await calls.runs.get.query({ id: started.run });
      if (isFinal(run.state) || run.state === 'lost') {
        const succeeded = run.state === 'succeeded';
        return { json: run, text: succeeded ? `${printable(started.title)} on ${printable(started.computerName)} has succeeded. ${next}` : `${printable(started.title)} on ${printable(started.computerName)}: ${run.state}. ${printable(run.error?.message ?? '')}`.trim(), exitCode: succeeded ? 0 : 1 };
      }
      context.progress.update({ label: printable(started.title), doneBytes: run.progress?.doneBytes ?? 0, totalBytes: run.progress?.totalBytes ?? 0, rateBytesPerSecond: run.progress?.rateBytesPerSecond ?? 0, etaSeconds: run.progress?.etaSeconds ?? null });
      await sleep(pollMs);
    }
  },
};
