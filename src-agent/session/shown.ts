// Owns which disks a person was shown before saying yes, so that what is erased is what was shown, or nothing. Pure but for what it keeps.
import type { DiskSummary } from '#shared/model/computer.ts';
import { chooseDisk } from '#shared/model/disk-policy.ts';
import type { Task } from '#shared/model/job.ts';
import type { KnownDisk } from './task.ts';

type DeployTask = Extract<Task, { type: 'deploy' }>;
/** What the screen chose from; by the same function. */
export type ShownTo = { tasks: readonly Task[]; disks: readonly DiskSummary[]; /** Smallest disk that the task's version needs; 0 where it is not known. */ needOf: (task: DeployTask) => number };

export class ShownDisks {
  private runs = new Set<string>();
  private readonly byTask = new Map<string, KnownDisk>();

  remember(runs: readonly string[], { tasks, disks, needOf }: ShownTo): void {
    this.runs = new Set(runs);
    this.byTask.clear();
    for (const task of tasks) {
      if (task.type !== 'deploy') continue;
      const choice = chooseDisk(task.disk, disks, { purpose: 'deploy', sizeBytes: needOf(task) });
      if (choice.ok) this.byTask.set(JSON.stringify(task), { path: choice.disk.path, serial: choice.disk.serial, sizeBytes: choice.disk.sizeBytes });
    }
  }

  /** Null for a run that nobody said yes to at this computer; `not-shown` where somebody did, and to something else: the job was changed in between. */
  of(runId: string, task: Task): KnownDisk | 'not-shown' | null {
    return this.runs.has(runId) ? (this.byTask.get(JSON.stringify(task)) ?? 'not-shown') : null;
  }
}
