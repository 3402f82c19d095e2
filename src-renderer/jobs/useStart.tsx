// Starts jobs on computers, says so with a link to the runs, and takes back what has not begun.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTRPC, useTRPCClient } from '../api.ts';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { activityAddress } from '../runs/activityFilters.ts';
import { toastDone, toastFailed, toastUndo } from '../ui/toasts.tsx';
import { closeRunSheet } from './runSheetStore.ts';
import { countOf } from './startWords.ts';

type Wanted = { what: string; computers: string[]; groups: string[]; busy: 'queue' | 'skip' };
const batchPage = 1000;

export function useStart(onFailure: (error: ShownError | null) => void) {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [starting, setStarting] = useState(false);
  const refresh = (): void => { for (const filter of [trpc.runs.list.pathFilter(), trpc.status.pathFilter(), trpc.tree.pathFilter()]) void queries.invalidateQueries(filter); };

  /** Cancels the runs of the batch that have not begun; those under way go on. */
  const takeBack = async (batchId: string, title: string): Promise<void> => {
    try {
      let cancelled = 0;
      for (;;) {
        const pending = await client.runs.list.query({ batch: batchId, states: ['queued', 'waiting'], limit: batchPage });
        if (pending.length === 0) break;
        const answer = await client.runs.cancelMany.mutate({ ids: pending.map((run) => run.id) });
        cancelled += answer.cancelled;
        if (answer.cancelled === 0) break;
      }
      const begun = await client.runs.list.query({ batch: batchId, states: ['running', 'lost'], limit: batchPage });
      const rest = begun.length === 0 ? '' : `; ${begun.length === 1 ? '1 had begun and goes' : `${begun.length} had begun and go`} on`;
      toastDone(<>{countOf(cancelled, 'run')} of {title} cancelled{rest}{begun.length > 0 && <>. <a href={`#${activityAddress({ batch: batchId })}`}>Show {begun.length === 1 ? 'it' : 'them'}</a></>}</>);
    } catch (thrown) {
      toastFailed(`Could not cancel the runs of ${title}`, shownError(thrown));
    }
    refresh();
  };

  const start = async (wanted: Wanted, title: string): Promise<void> => {
    onFailure(null);
    setStarting(true);
    try {
      const { batchId, runs, skipped } = await client.jobs.start.mutate(wanted);
      closeRunSheet();
      const computers = [...new Set(runs.map((run) => run.computerName))];
      const [only] = runs;
      const where = computers.length === 1 ? computers[0] : countOf(computers.length, 'computer');
      const address = runs.length === 1 && only !== undefined ? `/run/${only.id}` : activityAddress({ batch: batchId });
      const left = skipped.length === 0 ? '' : `, ${skipped.length} skipped`;
      if (runs.length === 0) toastDone(`Nothing was started: ${skipped.length === 1 ? `${skipped[0]?.computerName ?? ''} was skipped` : `all ${skipped.length} were skipped`}. ${skipped[0]?.reason ?? ''}`);
      else toastUndo(<>{title} runs on {where}{left}. <a href={`#${address}`}>Show {runs.length === 1 ? 'the run' : `the ${runs.length} runs`}</a></>, `batch ${batchId}`, () => void takeBack(batchId, title));
    } catch (thrown) {
      onFailure(shownError(thrown));
    } finally {
      setStarting(false);
      refresh();
    }
  };
  return { start, starting };
}
