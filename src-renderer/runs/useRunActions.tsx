// What one can do to runs: cancel (asking only where something would be lost), run again, go on or end, fetch everything known.
import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { lossByCancel } from '#shared/model/run-words.ts';
import type { RunView } from '#shared/model/run.ts';
import { erases } from '#shared/model/job.ts';
import { useTRPCClient } from '../api.ts';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { toastDone } from '../ui/toasts.tsx';
import { runTitle } from './runWords.ts';

export type RunFailure = { title: string; error: ShownError };

export function useRunActions() {
  const client = useTRPCClient();
  const [, navigate] = useLocation();
  const [failure, setFailure] = useState<RunFailure | null>(null);
  const attempt = (title: string, work: () => Promise<void>): void => {
    setFailure(null);
    work().catch((error: unknown) => setFailure({ title, error: shownError(error) }));
  };
  return {
    failure,
    dismiss: () => setFailure(null),
    cancel: (run: RunView): void => {
      const loss = lossByCancel(run);
      const cancel = (): void => attempt('This run could not be cancelled', async () => { await client.runs.cancel.mutate({ id: run.id }); });
      if (loss === null) cancel();
      else ask({ title: `Cancel ${runTitle(run)} on ${run.computerName}?`, text: loss, yes: 'Cancel the run', no: 'Let it run', onYes: cancel });
    },
    cancelMany: (runs: RunView[], done: () => void): void => {
      const losing = runs.filter((run) => lossByCancel(run) !== null);
      const cancel = (): void => attempt('The runs could not be cancelled', async () => {
        const { cancelled } = await client.runs.cancelMany.mutate({ ids: runs.map((run) => run.id) });
        const over = runs.length - cancelled;
        toastDone(`${count(cancelled)} cancelled${over > 0 ? `; ${over} had ended already` : ''}`);
        done();
      });
      if (losing.length === 0) { cancel(); return; }
      const names = losing.slice(0, 6).map((run) => run.computerName).join(', ');
      ask({
        title: `Cancel ${count(runs.length)}?`, yes: `Cancel ${count(runs.length)}`, no: 'Let them run', onYes: cancel,
        text: `${losing.length === 1 ? 'One of them writes a disk' : `${losing.length} of them write a disk`} or runs a script now (${names}${losing.length > 6 ? ` and ${losing.length - 6} more` : ''}). A disk that is half written does not start: it has to be deployed again.`,
      });
    },
    again: (run: RunView): void => {
      const again = (): void => attempt('This could not be run again', async () => {
        const { id } = await client.runs.again.mutate({ id: run.id });
        navigate(`/run/${id}`);
      });
      const erasing = run.tasks.filter((each) => erases(each.task));
      if (erasing.length === 0) again();
      else ask({ title: `Run ${runTitle(run)} again on ${run.computerName}?`, text: `It starts from its first task. ${erasing.map((each) => each.summary).join('; ')}: what is on that disk is erased.`, yes: 'Erase and run again', no: 'Leave it', onYes: again });
    },
    resume: (run: RunView, go: boolean): void => attempt(go ? 'The run could not go on' : 'The run could not be ended', async () => { await client.runs.resume.mutate({ id: run.id, go }); }),
    bundle: (run: RunView): void => attempt('The diagnostic bundle could not be made', async () => {
      const { fileName, text } = await client.runs.bundle.query({ id: run.id });
      saveAs(fileName, text);
    }),
  };
}
export type RunActions = ReturnType<typeof useRunActions>;

export function count(runs: number): string {
  return runs === 1 ? '1 run' : `${runs} runs`;
}

function ask({ title, text, yes, no, onYes }: { title: string; text: string; yes: string; no: string; onYes: () => void }): void {
  modals.openConfirmModal({
    title, children: <Text size="sm">{text}</Text>, labels: { confirm: yes, cancel: no },
    confirmProps: { color: 'red' }, cancelProps: { 'data-autofocus': true }, onConfirm: onYes,
  });
}

function saveAs(fileName: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
