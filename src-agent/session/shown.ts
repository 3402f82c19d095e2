// Owns which disks a person was shown before saying yes, so that what is erased is what was shown, or nothing. Pure but for what it keeps.
import type { Answers } from '#shared/agent/messages.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import { chooseDisk } from '#shared/model/disk-policy.ts';
import type { Task } from '#shared/model/job.ts';
import type { KnownDisk } from './task.ts';

export class ShownDisks {
  private runs = new Set<string>();
  private readonly byTask = new Map<string, KnownDisk>();

  /** The screen chose by the same function, from the same disks. */
  remember(runs: readonly string[], tasks: readonly Task[], about: { disks: readonly DiskSummary[]; needs: Answers['portalOpen']['needs'] }): void {
    this.runs = new Set(runs);
    this.byTask.clear();
    for (const task of tasks) {
      if (task.type !== 'deploy') continue;
      const need = about.needs.find((one) => one.imageGuid === task.imageGuid && one.version === task.version);
      const choice = chooseDisk(task.disk, about.disks, { purpose: 'deploy', sizeBytes: need?.needsBytes ?? 0 });
      if (choice.ok) this.byTask.set(JSON.stringify(task), { path: choice.disk.path, serial: choice.disk.serial, sizeBytes: choice.disk.sizeBytes });
    }
  }

  /** Null for a run that nobody picked at this computer. */
  of(runId: string, task: Task): KnownDisk | null {
    return this.runs.has(runId) ? (this.byTask.get(JSON.stringify(task)) ?? null) : null;
  }
}
