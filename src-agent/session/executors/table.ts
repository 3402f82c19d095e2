// Owns the table of executors: what does a task, by its type.
import type { Task } from '#shared/model/job.ts';
import type { Executors, TaskContext, TaskEnd } from '../task.ts';
import { captureTask, deployTask } from './imaging.ts';
import { messageTask } from './message.ts';
import { powerTask } from './power.ts';
import { scriptTask } from './script.ts';

const executors: Executors = { capture: captureTask, deploy: deployTask, script: scriptTask, message: messageTask, power: powerTask };

export function execute(task: Task, context: TaskContext): Promise<TaskEnd> {
  switch (task.type) {
    case 'capture': return executors.capture(task, context);
    case 'deploy': return executors.deploy(task, context);
    case 'script': return executors.script(task, context);
    case 'message': return executors.message(task, context);
    case 'power': return executors.power(task, context);
  }
}
