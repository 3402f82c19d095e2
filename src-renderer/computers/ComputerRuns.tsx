// What ran on a computer: who needs somebody first, then trouble, then the newest.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconActivity } from '@tabler/icons-react';
import { Link } from 'wouter';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { openRunSheet } from '../jobs/runSheetStore.ts';
import { activityAddress } from '../runs/activityFilters.ts';
import { RunList } from '../runs/RunList.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody } from '../ui/Page.tsx';

const most = 50;

export function ComputerRuns({ id }: { id: string }) {
  const trpc = useTRPC();
  const runs = useQuery(trpc.runs.list.queryOptions({ computer: id, limit: most }));
  if (runs.data?.length === 0) return <PageBody plain><EmptyState icon={<IconActivity size={32} stroke={1.4} />} title="What runs on this computer will be here: jobs, captures and deploys, with how they went."><Button variant="default" onClick={() => openRunSheet({ computers: [id] })}>Run a job on it…</Button></EmptyState></PageBody>;
  return (
    <PageBody>
      {runs.isError && runs.data === undefined && <ErrorBlock title="The runs of this computer could not be read" error={shownError(runs.error)} onRetry={() => void runs.refetch()} />}
      {runs.data !== undefined && <RunList runs={runs.data} label="Runs" />}
      {runs.isPending && <FactsSkeleton rows={5} />}
      {runs.data !== undefined && runs.data.length >= most && <p className="dim">The newest {most}. <Link href={activityAddress({ computer: id })}>Activity has all of them.</Link></p>}
    </PageBody>
  );
}
