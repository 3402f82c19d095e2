// Owns captures and deploys as tasks: which disk is meant is chosen by what the disks are now, and what is opened must be what was chosen.
import { AppError } from '#shared/errors.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import { chooseDisk, diskWords } from '#shared/model/disk-policy.ts';
import { formatBytes, formatDuration } from '#shared/units.ts';
import { diskFacts } from '../../disks/disk.ts';
import { capture } from '../../imaging/capture.ts';
import { deploy } from '../../imaging/deploy.ts';
import type { RunContext } from '../../imaging/runScope.ts';
import type { Executor, KnownDisk, TaskContext } from '../task.ts';
import { fillNameTemplate, fillTemplate } from '../template.ts';

export const captureTask: Executor<'capture'> = async (task, context) => {
  const choice = chooseDisk(task.disk, (await context.inventory()).disks, { purpose: 'capture', sizeBytes: 0 });
  if (!choice.ok) throw new AppError(choice.code, choice.reason);
  const { disk } = choice;
  const result = await capture(runContext(context, task.imageName), {
    path: disk.path, image: task.imageGuid ?? fillNameTemplate(task.imageName, context.facts), note: fillTemplate(task.note, context.facts),
    task: { runId: context.run.id, index: context.index },
  });
  const { image, version, readBytes, sentBytes, seconds } = result;
  return {
    note: `Captured ${diskWords(disk)} into ${image.name}, version ${version}: ${formatBytes(readBytes)} read, ${formatBytes(sentBytes)} sent, in ${formatDuration(seconds)}.`,
    result: {}, told: true, disk: known(disk),
  };
};

export const deployTask: Executor<'deploy'> = async (task, context) => {
  const choice = chooseDisk(task.disk, (await context.inventory()).disks, { purpose: 'deploy', sizeBytes: context.needOf(task) });
  if (!choice.ok) throw new AppError(choice.code, choice.reason);
  const { disk } = choice;
  refuseAnother(disk, context.shownDisk(task));
  // Looked at once more, because writing needs what a summary does not say; the function that opens it checks that it is the chosen one.
  const facts = await diskFacts(disk.path);
  const entries = context.environment?.bootEntries ?? null;
  const result = await deploy(runContext(context, task.imageName), {
    facts, image: task.imageGuid, ...(task.version === null ? {} : { version: task.version }),
    expect: { sizeBytes: disk.sizeBytes, ...(disk.serial === '' ? {} : { serial: disk.serial }), ...(disk.model === '' ? {} : { model: disk.model }) },
    task: { runId: context.run.id, index: context.index },
    ...(entries === null ? {} : { afterWrite: entries.afterDeploy }),
  });
  const { image, version, writtenBytes, seconds } = result;
  return {
    note: `Deployed ${image.name}, version ${version}, to ${diskWords(disk)}: ${formatBytes(writtenBytes)} written, ${result.resumed ? 'continued' : 'done'} in ${formatDuration(seconds)}, read back as written.`,
    result: {}, told: true, disk: known(disk),
  };
};

/** What a person was shown to be erased is what is erased, or nothing. */
function refuseAnother(disk: DiskSummary, shown: KnownDisk | 'not-shown' | null): void {
  if (shown === 'not-shown') throw new AppError('target-mismatch', `The job was changed since it was chosen here, and that it would erase ${diskWords(disk)} was not shown. Nothing was written. Choose again.`);
  if (shown === null || (shown.path === disk.path && shown.serial === disk.serial && shown.sizeBytes === disk.sizeBytes)) return;
  throw new AppError('target-mismatch', `The disks of this computer changed since ${shown.path} was shown as the one to erase: now it would be ${diskWords(disk)}. Nothing was written. Choose again.`);
}

function runContext(context: TaskContext, imageName: string): RunContext {
  const { run, index, tell, clock } = context;
  let waitsSince: number | null = null;
  return {
    control: context.control, server: context.server, entry: context.entry, signal: context.signal, patienceMs: context.patienceMs,
    log: (lines) => {
      context.log(lines);
      // In the order of things, between what the server notes of the same run.
      context.drainLog();
    },
    drainLog: () => context.drainLog(),
    reporter: {
      progress: (view) => {
        if (view.stage === 'wait') {
          waitsSince ??= clock.now();
          tell({ type: 'waiting', runId: run.id, what: `the server to verify ${imageName}`, since: waitsSince, progress: { done: view.doneBytes, total: view.totalBytes } });
        } else tell({ type: 'progress', runId: run.id, index, progress: view });
      },
      note: (text) => {
        tell({ type: 'note', text });
        context.log([text]);
      },
    },
  };
}

function known({ path, serial, sizeBytes }: DiskSummary): KnownDisk {
  return { path, serial, sizeBytes };
}
