// Owns what a menu item would do to this computer's disks, before anything is asked of the server: the same choice the agent makes
// when it runs. Pure.
import type { Task } from '#shared/model/job.ts';
import type { DiskSummary } from '#shared/model/computer.ts';
import { chooseDisk } from '#shared/model/disk-policy.ts';
import type { MenuItem } from '#shared/model/menu.ts';
import type { Open } from './state.ts';

export type ErasedDisk = { disk: DiskSummary; /** Images that are written to it, in order. */ images: string[] };
export type ErasePlan =
  /** Nothing is erased and nothing is in the way. */
  | { kind: 'none' }
  | { kind: 'erases'; disks: ErasedDisk[] }
  | { kind: 'cannot'; reasons: string[] };

export function erasePlan(item: MenuItem, open: Pick<Open, 'tasks' | 'needs'>, disks: readonly DiskSummary[]): ErasePlan {
  const tasks = open.tasks[item.id] ?? [];
  const reasons: string[] = item.problem === null ? [] : [item.problem];
  const erased = new Map<string, ErasedDisk>();
  for (const task of tasks) {
    if (task.type === 'capture') {
      const choice = chooseDisk(task.disk, disks, { purpose: 'capture', sizeBytes: 0 });
      if (!choice.ok) reasons.push(choice.reason);
    }
    if (task.type !== 'deploy') continue;
    const need = needOf(task, open.needs);
    if (need?.problem !== undefined && need.problem !== null) reasons.push(need.problem);
    const choice = chooseDisk(task.disk, disks, { purpose: 'deploy', sizeBytes: need?.needsBytes ?? 0 });
    if (!choice.ok) reasons.push(choice.reason);
    else erased.set(choice.disk.path, { disk: choice.disk, images: [...(erased.get(choice.disk.path)?.images ?? []), need?.imageName ?? task.imageName] });
  }
  if (item.erases && erased.size === 0 && reasons.length === 0) reasons.push('It erases disks, but the server did not say which. Go back and open the menu again.');
  if (reasons.length > 0) return { kind: 'cannot', reasons: [...new Set(reasons)] };
  return erased.size === 0 ? { kind: 'none' } : { kind: 'erases', disks: [...erased.values()] };
}

function needOf(task: Extract<Task, { type: 'deploy' }>, needs: Open['needs']): Open['needs'][number] | undefined {
  const ofImage = needs.filter((need) => need.imageGuid === task.imageGuid);
  return ofImage.find((need) => need.version === task.version) ?? (task.version === null ? ofImage[0] : undefined);
}
