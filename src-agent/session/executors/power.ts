// Owns the power task: the server is told first, because nobody can tell it afterwards.
import type { Executor } from '../task.ts';

export const powerTask: Executor<'power'> = async (task, { power }) => {
  const what = task.action === 'restart' ? 'restarted' : 'switched off';
  if (!power.allowed) {
    const skipped = `This computer was not ${what}: the agent was started on a running system, where that needs --allow-power.`;
    return { note: skipped, result: {}, skipped };
  }
  return { note: `The computer is ${what}.`, result: { action: task.action }, leave: () => power.act(task.action) };
};
