// Pure: tasks in words, new ones, and what a task still lacks, field by field.
import { taskSchema } from '#shared/model/job.ts';
import type { Task, TaskType } from '#shared/model/job.ts';
import type { DiskPolicy } from '#shared/model/disk-policy.ts';
import { withoutTag } from '#shared/model/menu.ts';

export const taskTitles: Record<TaskType, string> = { deploy: 'Deploy an image', capture: 'Capture a disk', script: 'Run a script', message: 'Show a message', power: 'Restart or switch off' };
export const taskHints: Record<TaskType, string> = {
  deploy: 'Writes an image to a disk. Everything on it is replaced.',
  capture: 'Reads a disk into a new version of an image. The disk stays as it is.',
  script: 'Runs a shell script in the agent’s Linux, not in the deployed system.',
  message: 'Stays on the computer’s screen for a time, or until a key is pressed.',
  power: 'Usually the last task.',
};
export const taskTypes: readonly TaskType[] = ['deploy', 'capture', 'script', 'message', 'power'];

export function newTask(type: TaskType, jobName: string): Task {
  const id = `${type}-${crypto.randomUUID().slice(0, 8)}`;
  switch (type) {
    case 'deploy': return { type, id, disk: { kind: 'only-internal' }, imageGuid: '', imageName: '', version: null };
    case 'capture': return { type, id, disk: { kind: 'only-internal' }, imageGuid: null, imageName: withoutTag(jobName), note: '' };
    case 'script': return { type, id, title: '', text: '', timeoutSeconds: 600, continueOnError: false };
    case 'message': return { type, id, text: '', seconds: null };
    case 'power': return { type, id, action: 'restart' };
  }
}

const lacks: Record<string, string> = {
  imageGuid: 'Choose an image.', 'disk.serial': 'Type the serial number of the disk.', 'disk.path': 'Type the path of the disk.', timeoutSeconds: 'A time from 1 second to 24 hours.', seconds: 'A time from 1 second to 24 hours.',
};
/** What is wrong by field ("text", "disk.serial"); empty where the task is complete. */
export function taskProblems(task: Task): Record<string, string> {
  const issues = taskSchema.safeParse(task).error?.issues ?? [];
  return Object.fromEntries(issues.map((issue) => [issue.path.join('.'), lacks[issue.path.join('.')] ?? issue.message]));
}
/** What keeps the tasks from being saved: "Task 2: Choose an image." */
export function firstLack(tasks: readonly Task[]): string | null {
  for (const [index, task] of tasks.entries()) {
    const [problem] = Object.values(taskProblems(task));
    if (problem !== undefined) return `Task ${index + 1}: ${problem}`;
  }
  return null;
}

export const diskPolicyTitles: Record<DiskPolicy['kind'], string> = { 'only-internal': 'The internal disk', 'smallest-that-fits': 'The smallest internal disk that fits', serial: 'The disk with a serial number', path: 'A device or image file by its path' };
export function diskPolicyMeaning(policy: DiskPolicy, purpose: 'capture' | 'deploy'): string {
  const before = purpose === 'deploy' ? 'before anything is written' : 'before anything is read';
  switch (policy.kind) {
    case 'only-internal': return `A computer with several internal disks, or none, is refused ${before}. USB disks and card readers never count.`;
    case 'smallest-that-fits': return purpose === 'deploy'
      ? `Takes the smallest internal disk that is large enough for the image. Where two of that size fit, the computer is refused ${before}.`
      : `Takes the smallest internal disk. Where two have that size, the computer is refused ${before}.`;
    case 'serial': return `Only that one disk, wherever it is plugged in; every other computer is refused ${before}.`;
    case 'path': return 'For tests, and for agents started by hand on a disk image. Paths can change from start to start, so use a serial number for real disks.';
  }
}
