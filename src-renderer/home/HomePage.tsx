// Home: with nothing set up, three steps, each done when it really is; afterwards what needs attention, the room now, and today's runs.
import { useQuery } from '@tanstack/react-query';
import { IconHome } from '@tabler/icons-react';
import { Skeleton } from '@mantine/core';
import { useMemo } from 'react';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { itemsOf } from '#shared/model/menu.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useGroupNames } from '../computers/useGroupNames.ts';
import { useRoomRuns } from '../computers/useRoomRuns.ts';
import { useStations } from '../computers/useStations.ts';
import { shownError } from '../errors.ts';
import { RunList } from '../runs/RunList.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, PageHead, Section } from '../ui/Page.tsx';
import { isSameDay } from '../ui/time.ts';
import { useMinute } from '../ui/useNow.ts';
import { Attention } from './Attention.tsx';
import { FirstSteps } from './FirstSteps.tsx';
import { RoomNow } from './RoomNow.tsx';
import { crowdedSections, mostTilesInAll, roomSections } from './roomSections.ts';
import classes from './HomePage.module.css';

const mostToday = 30;

export function HomePage() {
  const trpc = useTRPC();
  const status = useQuery(trpc.status.get.queryOptions());
  const images = useQuery(trpc.images.list.queryOptions({}));
  const preview = useQuery(trpc.portal.preview.queryOptions());
  const groups = useQuery(trpc.computers.groups.queryOptions());
  // One more than is shown, to know that there are too many to show.
  const room = useStations({ limit: mostTilesInAll + 1 });
  const fresh = useStations({ group: 'new', limit: 1000 });
  const runs = useRoomRuns();
  const nameOf = useGroupNames();
  const failed = [status, images, preview, groups].find((query) => query.isError && query.data === undefined) ?? runs.failed;
  const error = failed?.error ?? room.error;
  const { active, recent } = runs;
  const { stations } = room;
  const { byComputer } = runs;
  const sections = useMemo(() => {
    if (stations === undefined || groups.data === undefined) return [];
    return stations.length > mostTilesInAll ? crowdedSections(byComputer.values(), groups.data, nameOf) : roomSections(stations, groups.data, nameOf);
  }, [stations, byComputer, groups.data, nameOf]);
  // What nobody can pick is on no menu that helps.
  const offered = itemsOf(preview.data?.menu ?? []).filter((item) => item.problem === null);
  const ready = status.data !== undefined && images.data !== undefined && preview.data !== undefined && groups.data !== undefined && active !== undefined && recent !== undefined && stations !== undefined;
  const setUp = ready && images.data.some((image) => image.newest !== null) && offered.length > 0;
  return (
    <>
      <PageHead icon={<IconHome size={18} stroke={1.6} />} title={status.data?.name ?? 'Home'} documentTitle="Home" state={status.data && images.data && images.data.length > 0 ? <span className="dim">{summary(status.data, images.data.length)}</span> : undefined} />
      <PageBody>
        {error !== null && error !== undefined && <ErrorBlock title="The server’s state could not be read" error={shownError(error)} onRetry={() => { void failed?.refetch(); if (room.error !== null) room.retry(); }} />}
        {(error === null || error === undefined) && !ready && <HomeSkeleton />}
        {ready && (
          <>
            <Attention status={status.data} active={active} newComputers={fresh.stations?.filter(({ computer }) => !computer.named).length ?? 0} />
            {!setUp && <FirstSteps status={status.data} images={images.data} menu={offered} />}
            {sections.length > 0 && <RoomNow sections={sections} />}
            {setUp && stations.length === 0 && <Section title="The room"><p className="dim">No computer has been seen yet. Each one is here as soon as the portal or an agent has run on it once.</p></Section>}
            <Today active={active} recent={recent} setUp={setUp} />
          </>
        )}
      </PageBody>
    </>
  );
}

function Today({ active, recent, setUp }: { active: RunView[]; recent: RunView[]; setUp: boolean }) {
  const now = useMinute();
  const today = recent.filter((run) => isFinal(run.state) && isSameDay(run.endedAt ?? run.startedAt, now));
  return (
    <>
      {active.length > 0 && <Section title="In progress" aside={active.length > mostToday && `the first ${mostToday} of ${active.length}`}><RunList runs={active.slice(0, mostToday)} label="In progress" /></Section>}
      {(setUp || today.length > 0) && <Section title="Today" aside={today.length > mostToday && `the newest ${mostToday} of ${today.length}`}>{today.length === 0 ? <p className="dim">Nothing has finished today.</p> : <RunList runs={today.slice(0, mostToday)} label="Today" />}</Section>}
    </>
  );
}

function HomeSkeleton() {
  return (
    <>
      <FactsSkeleton rows={2} />
      <div aria-hidden className={classes['rooms']}><Skeleton h={10} w={120} /><div className={classes['skeletons']}>{Array.from({ length: 18 }, (_, index) => <Skeleton key={index} h={60} />)}</div></div>
    </>
  );
}

function summary(status: ServerStatus, images: number): string {
  return `${images === 1 ? '1 image' : `${images} images`} · ${formatBytes(status.store.packBytes)} stored · ${formatBytes(status.store.freeBytes)} free`;
}
