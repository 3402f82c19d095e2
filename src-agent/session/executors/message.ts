// Owns the message task: shown until it was read, or for as long as it says.
import { aborted } from '../clock.ts';
import type { Executor } from '../task.ts';
import { fillTemplate } from '../template.ts';
import { throwIfCancelled } from '../../net/retry.ts';

export const messageTask: Executor<'message'> = async (task, context) => {
  const text = fillTemplate(task.text, context.facts);
  const started = context.clock.now();
  const stop = new AbortController();
  const end = AbortSignal.any([context.signal, stop.signal]);
  const read = context.messageRead().then(() => 'read' as const);
  context.tell({ type: 'message', runId: context.run.id, index: context.index, text, seconds: task.seconds });
  context.log([`Shown: ${text}`]);
  if (!context.attended && task.seconds === null) return { note: 'The message was printed; nobody is at a keyboard here to read it.', result: { read: false, seconds: 0 } };
  try {
    const waits = [read, task.seconds === null ? aborted(end).then(() => 'shown' as const) : context.clock.sleep(task.seconds * 1000, end).then(() => 'shown' as const)];
    const how = await Promise.race(waits);
    throwIfCancelled(context.signal);
    const seconds = Math.round((context.clock.now() - started) / 1000);
    return { note: how === 'read' ? `The message was read after ${seconds} s.` : `The message was shown for ${seconds} s.`, result: { read: how === 'read', seconds } };
  } finally {
    stop.abort();
  }
};
