// Images × servers: a row for each image (or version), a cell for each server with its state as symbol and word. "/matrix/<server>" begins
// with the images whose location is that server.
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconLayoutGrid, IconSearch } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { MatrixRow, Moving, PackageServer } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { openHandover } from '../handovers/handoverStore.ts';
import { stateRank } from '../images/imageWords.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { selectColumn, useSelection } from '../ui/selection.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { managedWords, scopeWords, shownRows } from './matrixRows.ts';
import { ScopeDialog } from './ScopeDialog.tsx';
import type { ScopeSubject } from './ScopeDialog.tsx';
import { ServersTabs } from './ServersTabs.tsx';
import { cellState } from './serverWords.ts';
import classes from './Servers.module.css';

const icon = <IconLayoutGrid size={18} stroke={1.6} />;
const small = { input: { height: 28, minHeight: 28, fontSize: 13 } };

export function MatrixPage({ location }: { location: string | null }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const [newestOnly, setNewestOnly] = useState(true);
  const [subject, setSubject] = useState<ScopeSubject | null>(null);
  const matrix = useQuery(trpc.replication.matrix.queryOptions({}));
  const list = useQuery(trpc.servers.list.queryOptions());
  const place = chosen ?? (location === null ? '' : `owner ${location}`);
  const servers = useMemo(() => list.data?.filter((server) => server.state !== 'revoked' && server.state !== 'retired'), [list.data]);
  const names = useMemo(() => new Map(list.data?.map((server) => [server.id, server.name])), [list.data]);
  const rows = useMemo(() => matrix.data && shownRows(matrix.data, names, { text, place, newestOnly }), [matrix.data, names, text, place, newestOnly]);
  const images = useMemo(() => [...new Map(rows?.map((row) => [row.imageGuid, row])).values()], [rows]);
  const guids = useMemo(() => rows && images.map((row) => row.imageGuid), [rows, images]);
  const selection = useSelection(guids);
  const columns = useMemo(() => [selectColumn<MatrixRow>({ selection, shown: guids ?? [], keyOf: (row) => row.imageGuid, nameOf: (row) => row.imageName }), ...columnsFor(servers ?? [], names, setSubject)], [servers, names, selection, guids]);
  // What is chosen, or everything that is shown.
  const meant = selection.chosen.size === 0 ? images : images.filter((row) => selection.chosen.has(row.imageGuid));
  const failed = [matrix, list].find((query) => query.isError && query.data === undefined);
  const total = matrix.data && new Set(matrix.data.map((row) => row.imageGuid)).size;
  return (
    <>
      <PageHead
        icon={icon} title="Images × servers" documentTitle="Images × servers" state={total !== undefined && total > 0 && <span className="dim">{images.length === total ? `${total} images` : `${images.length} of ${total} images`}{selection.chosen.size > 0 && `, ${selection.chosen.size} chosen`}</span>}
        actions={<><Button component={Link} href="/images" variant="default">Images</Button>{total !== 0 && <><Button variant="default" disabled={!connected || meant.length === 0 || servers === undefined || servers.length < 2} onClick={() => openHandover({ kind: 'take-ownership', images: meant.map((row) => ({ guid: row.imageGuid, name: row.imageName })) })}>Take ownership…</Button><Button disabled={!connected || meant.length === 0} onClick={() => setSubject(subjectOf(meant))}>Where {meant.length === 1 ? 'it goes' : 'these go'}…</Button></>}</>}
      />
      <ServersTabs active="matrix" />
      {total !== 0 && <div className={classes['bar']}>
        <TextInput value={text} onChange={(event) => setText(event.currentTarget.value)} placeholder="Image or server" aria-label="Filter by image or server" leftSection={<IconSearch size={14} />} w={220} size="xs" styles={small} />
        <Select
          aria-label="Location" placeholder="Any location" w={260} size="xs" styles={small} clearable searchable checkIconPosition="right" value={place === '' ? null : place} onChange={(value) => setChosen(value ?? '')}
          data={[{ group: 'Location is', items: (list.data ?? []).map((server) => ({ value: `owner ${server.id}`, label: `Location is ${server.name}` })) }, { group: 'Has a copy', items: (servers ?? []).map((server) => ({ value: `copy ${server.id}`, label: `Copy on ${server.name}` })) }]}
        />
        <SegmentedControl size="xs" aria-label="Versions" value={newestOnly ? 'newest' : 'all'} onChange={(value) => setNewestOnly(value === 'newest')} data={[{ value: 'newest', label: 'Newest version' }, { value: 'all', label: 'All versions' }]} />
      </div>}
      <PageBody plain>
        {failed !== undefined && <div className={classes['pad']}><ErrorBlock title="The copies could not be read" error={shownError(failed.error)} onRetry={() => { void matrix.refetch(); void list.refetch(); }} /></div>}
        {total === 0 && failed === undefined && <EmptyState icon={<IconLayoutGrid size={32} stroke={1.4} />} title="Here each image will have a row, and each server a column that says whether it has a verified copy. Capture an image first." help="package-servers"><Button component={Link} href="/images">Open Images</Button></EmptyState>}
        {total !== 0 && failed === undefined && <div className={rows?.length === 0 ? classes['short'] : classes['fill']}><DataTable label="Images and servers" columns={columns} rows={servers === undefined ? undefined : rows} rowKey={(row) => row.versionGuid} initialSort={{ column: 'image', descending: false }} /></div>}
        {total !== undefined && total > 0 && rows?.length === 0 && <p className="dim" style={{ padding: '0 24px 24px' }}>No image fits. <button type="button" className={classes['scope']} onClick={() => { setText(''); setChosen(''); }}>Show all</button></p>}
      </PageBody>
      <ScopeDialog subject={subject} servers={servers ?? []} onClose={() => setSubject(null)} />
    </>
  );
}

function subjectOf(rows: readonly MatrixRow[]): ScopeSubject {
  const [first] = rows;
  const same = rows.every((row) => row.scope === first?.scope);
  return { images: rows.map((row) => row.imageGuid), name: rows.length === 1 ? first?.imageName ?? '' : `${rows.length} images`, scope: same && first !== undefined ? first.scope : null, servers: rows.length === 1 && first !== undefined ? first.selected : [] };
}

function scopeLabel(row: MatrixRow, names: ReadonlyMap<string, string>): string {
  const { label } = scopeWords[row.scope];
  return row.scope === 'selected' ? `${label}: ${row.selected.length === 1 ? names.get(row.selected[0] ?? '') ?? '1' : row.selected.length}` : label;
}
function selectedWords(row: MatrixRow, names: ReadonlyMap<string, string>): string {
  const named = row.selected.map((id) => names.get(id) ?? 'a server that is gone').join(', ');
  return named === '' ? 'To no server but its owner: none is chosen.' : `To ${named}`;
}

/** Widths of servers are fixed, so that many of them scroll sideways with their heads. */
function columnsFor(servers: readonly PackageServer[], names: ReadonlyMap<string, string>, onScope: (subject: ScopeSubject) => void): Column<MatrixRow>[] {
  const selfId = servers.find((server) => server.isSelf)?.id ?? '';
  const moving = new Map(servers.map((server) => [server.id, new Map(server.moving.map((each): [string, Moving] => [each.versionGuid, each]))]));
  const stateAt = (row: MatrixRow, serverId: string) => {
    const cell = row.cells.find((each) => each.serverId === serverId);
    return cell === undefined ? null : cellState(cell, moving.get(serverId)?.get(row.versionGuid));
  };
  return [
    { id: 'image', title: 'Image', width: 'minmax(190px, 1fr)', sortValue: (row) => `${row.imageName.toLocaleLowerCase()} ${String(row.number).padStart(6, '0')}`, render: (row) => <><Link href={`/image/${row.imageGuid}/copies`}><MiddleText text={row.imageName} /></Link><span className="dim">{row.number}{row.pending && ' pending'}</span></> },
    { id: 'owner', title: 'Owner', width: '220px', sortValue: (row) => `${managedWords(row.ownerId, selfId).words} ${names.get(row.ownerId) ?? ''}`, render: (row) => <Owner row={row} selfId={selfId} name={names.get(row.ownerId) ?? 'a server that is gone'} /> },
    { id: 'scope', title: 'Goes to', width: '100px', sortValue: (row) => scopeWords[row.scope].label, render: (row) => <button type="button" className={classes['scope']} title={row.scope === 'selected' ? selectedWords(row, names) : scopeWords[row.scope].text} aria-label={`${scopeLabel(row, names)}: where ${row.imageName} goes`} onClick={() => onScope(subjectOf([row]))}>{scopeLabel(row, names)}</button> },
    ...servers.map((server): Column<MatrixRow> => ({
      id: server.id, title: server.name, width: '116px', sortValue: (row) => { const state = stateAt(row, server.id); return state === null ? '' : stateRank(state); },
      render: (row) => { const state = stateAt(row, server.id); return state === null ? '–' : <span title={state.why}><StateMark tone={state.tone}>{state.word}</StateMark></span>; },
    })),
  ];
}

function Owner({ row, selfId, name }: { row: MatrixRow; selfId: string; name: string }) {
  const { managed, words } = managedWords(row.ownerId, selfId);
  return <span className={classes['owner']} data-managed={managed} title={`${words}, owned by ${name}`}><i aria-hidden /><span>{words}{managed === 'externally' && ` · ${name}`}</span></span>;
}
