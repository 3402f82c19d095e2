// Home: with nothing set up, three steps, each done when it really is; afterwards what needs attention, what runs, what ended today.
import { useQuery } from '@tanstack/react-query';
import { IconHome } from '@tabler/icons-react';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { RunList } from '../runs/RunList.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, PageHead, Section } from '../ui/Page.tsx';
import { isSameDay } from '../ui/time.ts';
import { useMinute } from '../ui/useNow.ts';
import { Attention } from './Attention.tsx';
import { FirstSteps } from './FirstSteps.tsx';

export function HomePage() {
  const trpc = useTRPC();
  const now = useMinute();
  const status = useQuery(trpc.status.get.queryOptions());
  const images = useQuery(trpc.images.list.queryOptions({}));
  const active = useQuery(trpc.runs.list.queryOptions({ active: true, limit: 100 }));
  const recent = useQuery(trpc.runs.list.queryOptions({ limit: 200 }));
  const failed = [status, images, active, recent].find((query) => query.isError && query.data === undefined);
  const ready = status.data !== undefined && images.data !== undefined && active.data !== undefined && recent.data !== undefined;
  const setUp = images.data !== undefined && images.data.some((image) => image.newest !== null) && recent.data?.some((run) => run.kind === 'deploy' && run.state === 'succeeded');
  const today = recent.data?.filter((run) => isFinal(run.state) && isSameDay(run.endedAt ?? run.startedAt, now)) ?? [];
  return (
    <>
      <PageHead icon={<IconHome size={18} stroke={1.6} />} title={status.data?.name ?? 'Home'} documentTitle="Home" state={status.data && images.data && images.data.length > 0 ? <span className="dim">{summary(status.data, images.data.length)}</span> : undefined} />
      <PageBody>
        {failed !== undefined && <ErrorBlock title="The server’s state could not be read" error={shownError(failed.error)} onRetry={() => void failed.refetch()} />}
        {failed === undefined && !ready && <FactsSkeleton rows={6} />}
        {ready && (
          <>
            <Attention status={status.data} />
            {(setUp || active.data.length > 0) && <Runs title="In progress" runs={active.data} nothing="Nothing is running. Captures and deploys show here while they run." />}
            {!setUp && <FirstSteps status={status.data} images={images.data} runs={recent.data} />}
            {(setUp || today.length > 0) && <Runs title="Today" runs={today} nothing="Nothing has finished today." />}
          </>
        )}
      </PageBody>
    </>
  );
}

function summary(status: ServerStatus, images: number): string {
  return `${images === 1 ? '1 image' : `${images} images`} · ${formatBytes(status.store.packBytes)} stored · ${formatBytes(status.store.freeBytes)} free`;
}

function Runs({ title, runs, nothing }: { title: string; runs: RunView[]; nothing: string }) {
  return <Section title={title}>{runs.length === 0 ? <p className="dim">{nothing}</p> : <RunList runs={runs} label={title} />}</Section>;
}
