// Everything that is on its way everywhere, and what came where with the sources that gave it; "/transfers/past" shows the latter.
import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconSearch, IconTransfer } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { Transfer } from '#shared/model/replication.ts';
import { formatBytes, formatDuration, formatRate } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { stateRank } from '../images/imageWords.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { ServersTabs } from './ServersTabs.tsx';
import { movingState, rateWords, transferChunks, transferState } from './serverWords.ts';
import { movingRows, shownMoving, shownTransfers } from './transferRows.ts';
import type { MovingRow } from './transferRows.ts';
import classes from './Servers.module.css';

const most = 1000;
const small = { input: { height: 28, minHeight: 28, fontSize: 13 } };
const icon = <IconTransfer size={18} stroke={1.6} />;
const image = (row: { imageName: string; number: number }, guid: string) => <><Link href={`/image/${guid}`}><MiddleText text={row.imageName} /></Link><span className="dim">{row.number}</span></>;
const cut = (text: string, quiet = false) => <span className={`${classes['cut']} ${quiet ? 'dim' : ''}`} title={text}>{text}</span>;

const movingColumns: Column<MovingRow>[] = [
  { id: 'image', title: 'Image', width: 'minmax(130px, 1.2fr)', sortValue: (row) => `${row.imageName.toLocaleLowerCase()} ${row.number}`, render: (row) => image(row, row.imageGuid) },
  { id: 'to', title: 'To', width: 'minmax(76px, 0.7fr)', sortValue: (row) => row.toName.toLocaleLowerCase(), render: (row) => <Link href={`/server/${row.toId}/moving`}><MiddleText text={row.toName} /></Link> },
  { id: 'state', title: 'State', width: '116px', sortValue: (row) => stateRank(movingState(row)), render: (row) => <StateMark tone={movingState(row).tone}>{movingState(row).word}</StateMark> },
  { id: 'done', title: 'Done', width: '204px', sortValue: (row) => row.doneBytes, render: (row) => (row.state === 'queued' ? <span className="dim">{formatBytes(row.totalBytes)} to come</span> : <Done row={row} />) },
  { id: 'rate', title: 'Rate and time left', width: '146px', numeric: true, sortValue: (row) => row.rateBytesPerSecond, render: (row) => rateWords(row) || <span className="dim">–</span> },
  { id: 'from', title: 'From, or why it waits', width: 'minmax(150px, 2fr)', sortValue: (row) => row.waitingFor ?? row.from[0]?.name ?? '', render: (row) => (row.waitingFor !== null ? cut(row.waitingFor) : row.from.length === 0 ? <span className="dim">–</span> : cut(row.from.map((source) => `${source.name} (${formatBytes(source.bytes)})`).join(', '))) },
];

const seconds = (row: Transfer): number => (row.endedAt - row.startedAt) / 1000;
const pastColumns = (guids: ReadonlyMap<string, string>): Column<Transfer>[] => [
  { id: 'ended', title: 'Ended', width: '110px', sortValue: (row) => row.endedAt, render: (row) => <span className="dim"><When at={row.endedAt} /></span> },
  { id: 'image', title: 'Image', width: 'minmax(110px, 1fr)', sortValue: (row) => `${row.imageName.toLocaleLowerCase()} ${row.number}`, render: (row) => { const guid = guids.get(row.versionGuid); return guid === undefined ? <><MiddleText text={row.imageName} /><span className="dim">{row.number}</span></> : image(row, guid); } },
  { id: 'to', title: 'To', width: 'minmax(76px, 0.6fr)', sortValue: (row) => row.serverName.toLocaleLowerCase(), render: (row) => <Link href={`/server/${row.serverId}/history`}><MiddleText text={row.serverName} /></Link> },
  { id: 'outcome', title: 'Outcome', width: '78px', sortValue: (row) => stateRank(transferState(row)), render: (row) => <StateMark tone={transferState(row).tone}>{transferState(row).word}</StateMark> },
  { id: 'wire', title: 'On the wire', width: '74px', numeric: true, sortValue: (row) => row.wireBytes, render: (row) => formatBytes(row.wireBytes) },
  { id: 'took', title: 'Took', width: '60px', numeric: true, sortValue: seconds, render: (row) => <span title={row.wireBytes === 0 || seconds(row) === 0 ? undefined : formatRate(row.wireBytes / seconds(row))}>{formatDuration(seconds(row))}</span> },
  { id: 'from', title: 'Sources, or problem', width: 'minmax(150px, 1.6fr)', sortValue: (row) => row.problem ?? row.sources[0]?.serverName ?? '', render: (row) => (row.problem !== null ? cut(row.problem) : row.sources.length === 0 ? <span className="dim">none needed</span> : cut(row.sources.map((source) => `${source.serverName} (${formatBytes(source.bytes)})`).join(', '))) },
  { id: 'chunks', title: 'Chunks', width: 'minmax(100px, 1.1fr)', sortValue: (row) => row.chunksHere + row.chunksWhole + row.chunksDelta, render: (row) => cut(transferChunks(row), true) },
];

export function TransfersPage({ past }: { past: boolean }) {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const [server, setServer] = useState('');
  const [outcome, setOutcome] = useState('');
  const moving = useQuery(trpc.servers.moving.queryOptions());
  const transfers = useQuery(trpc.servers.transfers.queryOptions({ limit: most }, { enabled: past }));
  const servers = useQuery(trpc.servers.list.queryOptions());
  const matrix = useQuery(trpc.replication.matrix.queryOptions({}, { enabled: past }));
  const names = useMemo(() => new Map((servers.data ?? []).map((each) => [each.id, each.name])), [servers.data]);
  const guids = useMemo(() => new Map((matrix.data ?? []).map((row) => [row.versionGuid, row.imageGuid])), [matrix.data]);
  const columns = useMemo(() => pastColumns(guids), [guids]);
  const onWay = useMemo(() => moving.data && movingRows(moving.data, names), [moving.data, names]);
  const query = past ? transfers : moving;
  const shown = { moving: onWay && shownMoving(onWay, { text, server }), past: transfers.data && shownTransfers(transfers.data, { text, server, outcome }) };
  const [all, fitting] = past ? [transfers.data?.length, shown.past?.length] : [onWay?.length, shown.moving?.length];
  const rate = onWay?.reduce((sum, row) => sum + row.rateBytesPerSecond, 0) ?? 0;
  const failed = query.isError && query.data === undefined;
  const showAll = (): void => { setText(''); setServer(''); setOutcome(''); };
  return (
    <>
      <PageHead icon={icon} title="Transfers" documentTitle="Transfers" state={onWay !== undefined && onWay.length > 0 && <span className="dim">{onWay.length} on the way{rate > 0 && ` · ${formatRate(rate)} together`}</span>} />
      <ServersTabs active="transfers" />
      <div className={classes['bar']}>
        <SegmentedControl size="xs" aria-label="Transfers" value={past ? 'past' : 'now'} onChange={(value) => navigate(value === 'past' ? '/transfers/past' : '/transfers')} data={[{ value: 'now', label: 'On the way' }, { value: 'past', label: 'Past' }]} />
        <TextInput value={text} onChange={(event) => setText(event.currentTarget.value)} placeholder="Image, server or reason" aria-label="Filter by image, server or reason" leftSection={<IconSearch size={14} />} w={220} size="xs" styles={small} />
        <Select aria-label="Server" placeholder="Any server" w={200} size="xs" styles={small} clearable searchable checkIconPosition="right" value={server === '' ? null : server} onChange={(value) => setServer(value ?? '')} data={(servers.data ?? []).map((each) => ({ value: each.id, label: each.name }))} />
        {past && <Select aria-label="Outcome" placeholder="Any outcome" w={150} size="xs" styles={small} clearable checkIconPosition="right" value={outcome === '' ? null : outcome} onChange={(value) => setOutcome(value ?? '')} data={[{ value: 'done', label: 'Done' }, { value: 'failed', label: 'Failed' }, { value: 'cancelled', label: 'Cancelled' }]} />}
        {past && all === most && <span className="dim">the newest {most.toLocaleString('en')}</span>}
      </div>
      <PageBody plain>
        {failed && <div className={classes['pad']}><ErrorBlock title="The transfers could not be read" error={shownError(query.error)} onRetry={() => void query.refetch()} /></div>}
        {!failed && all === 0 && <EmptyState icon={<IconTransfer size={32} stroke={1.4} />} title={past ? 'Transfers will be here when they have ended: what came to which server, how much of it had to travel, and from whom.' : 'Nothing is on its way: every server that is connected holds what it is to hold.'} help="package-servers" />}
        {!failed && all !== 0 && (past ? <DataTable key="past" label="Past transfers" columns={columns} rows={shown.past} rowKey={(row) => String(row.id)} initialSort={{ column: 'ended', descending: true }} /> : <DataTable key="now" label="On the way" columns={movingColumns} rows={shown.moving} rowKey={(row) => row.key} />)}
        {all !== undefined && all > 0 && fitting === 0 && <p className="dim" style={{ padding: '0 24px 24px' }}>No transfer fits. <button type="button" className={classes['scope']} onClick={showAll}>Show all</button></p>}
      </PageBody>
    </>
  );
}

function Done({ row }: { row: MovingRow }) {
  return (
    <>
      <span style={{ flex: '0 0 60px' }}><ProgressBar fraction={row.totalBytes === 0 ? null : row.doneBytes / row.totalBytes} label={`${row.imageName} version ${row.number} to ${row.toName}`} /></span>
      <span>{formatBytes(row.doneBytes)} of {formatBytes(row.totalBytes)}</span>
    </>
  );
}
