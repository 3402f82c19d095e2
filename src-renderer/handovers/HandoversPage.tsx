// The list of hand-overs: those under way first, then the past ones.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconArrowsExchange } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { Handover } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { stateRank } from '../images/imageWords.ts';
import { ServersTabs } from '../servers/ServersTabs.tsx';
import { ProgressBar } from '../ui/Bars.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { handoverState, isOpen, progressOf, progressWords, titleOf } from './handoverWords.ts';
import type { Names } from './handoverWords.ts';
import classes from './Handovers.module.css';

export function HandoversPage() {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const query = useQuery(trpc.handovers.list.queryOptions({}));
  const servers = useQuery(trpc.servers.list.queryOptions());
  const names = useMemo(() => new Map((servers.data ?? []).map((server) => [server.id, server.name])), [servers.data]);
  const columns = useMemo(() => columnsFor(names), [names]);
  const open = query.data?.filter(isOpen).length ?? 0;
  const failed = query.isError && query.data === undefined;
  return (
    <>
      <PageHead icon={<IconArrowsExchange size={18} stroke={1.6} />} title="Hand-overs" documentTitle="Hand-overs" state={open > 0 && <span className="dim">{open} under way</span>} />
      <ServersTabs active="handovers" />
      <PageBody plain>
        {failed && <div className={classes['pad']}><ErrorBlock title="The hand-overs could not be read" error={shownError(query.error)} onRetry={() => void query.refetch()} /></div>}
        {query.data?.length === 0 && <EmptyState icon={<IconArrowsExchange size={32} stroke={1.4} />} title="Hand-overs will be here: images that change their owner, servers that are retired or replaced, and what was recovered. Begin one at an image, or from the menu of a package server." help="package-servers"><Button component={Link} href="/matrix" variant="default">Choose images</Button></EmptyState>}
        {!failed && query.data?.length !== 0 && <DataTable label="Hand-overs" columns={columns} rows={servers.data === undefined && !servers.isError ? undefined : query.data} rowKey={(handover) => handover.id} onOpen={(handover) => navigate(`/handover/${handover.id}`)} />}
      </PageBody>
    </>
  );
}

function columnsFor(names: Names): Column<Handover>[] {
  return [
    { id: 'what', title: 'What', width: 'minmax(180px, 1.4fr)', sortValue: (handover) => titleOf(handover, names), render: (handover) => <Link href={`/handover/${handover.id}`}><MiddleText text={titleOf(handover, names)} /></Link> },
    { id: 'state', title: 'State', width: '108px', sortValue: (handover) => stateRank(handoverState(handover)), render: (handover) => <StateMark tone={handoverState(handover).tone}>{handoverState(handover).word}</StateMark> },
    { id: 'progress', title: 'Progress', width: 'minmax(210px, 1fr)', sortValue: (handover) => progressOf(handover).fraction ?? 1, render: (handover) => <><span className={classes['cell']}><ProgressBar fraction={progressOf(handover).fraction} label={`${titleOf(handover, names)}: ${progressWords(handover)}`} tone={handover.state === 'failed' ? 'fail' : isOpen(handover) ? 'run' : 'ok'} /></span><span>{progressWords(handover)}</span></> },
    { id: 'problem', title: 'Remark', width: 'minmax(100px, 1fr)', sortValue: (handover) => handover.problem ?? '', render: (handover) => <span className={classes['cut']} title={handover.problem ?? undefined}>{handover.problem ?? ''}</span> },
    { id: 'started', title: 'Begun', width: '100px', sortValue: (handover) => handover.startedAt, render: (handover) => <When at={handover.startedAt} /> },
    { id: 'ended', title: 'Ended', width: '100px', sortValue: (handover) => handover.endedAt ?? Number.MAX_SAFE_INTEGER, render: (handover) => (handover.endedAt === null ? <span className="dim">–</span> : <When at={handover.endedAt} />) },
    { id: 'actor', title: 'By', width: '60px', sortValue: (handover) => handover.actor, render: (handover) => <span className="dim">{handover.actor}</span> },
  ];
}
