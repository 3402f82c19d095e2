// Owns the power task: the server is told first, because nobody can tell it afterwards.
import type { Executor } from '../task.ts';

export const powerTask: Executor<'power'> = async (task, { power, run, index, environment, log }) => {
  const what = task.action === 'restart' ? 'restarted' : 'switched off';
  if (!power.allowed) {
    const skipped = `This computer was not ${what}: the agent was started on a running system, where that needs --allow-power.`;
    return { note: skipped, result: {}, skipped };
  }
  // With nothing left to do here afterwards, it goes to what was deployed.
  const isEnd = index === run.tasks.length - 1 && run.position === run.of;
  if (task.action === 'restart' && isEnd) log((await environment?.bootEntries?.beforeRestart()) ?? []);
  return { note: `The computer is ${what}.`, result: { action: task.action }, leave: () => power.act(task.action) };
};
