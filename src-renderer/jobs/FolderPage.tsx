// A folder of jobs, or all jobs: what is in it, and what the portal shows of it.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import type { JobFolderDetail } from '#shared/model/job.ts';
import { compareNames, labelOf } from '#shared/model/menu.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { setObjectError, useObjectError } from '../images/objectErrors.ts';
import { freeName } from '../tree/freeName.ts';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead, PageHeadSkeleton, PageTabs } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { JobHead } from './JobHead.tsx';
import { markJustMade } from './justMade.ts';
import { PortalTab } from './PortalTab.tsx';
import { RowsSkeleton } from './RowsSkeleton.tsx';
import { openRunSheet } from './runSheetStore.ts';
import { useJobActions } from './useJobActions.tsx';
import classes from './JobPage.module.css';

type Row = { item: string; kind: 'folder' | 'job'; name: string; holds: string; label: string | null; problem: string | null; changed: { at: number; by: string } | null };

const columns: Column<Row>[] = [
  { id: 'name', title: 'Name', width: 'minmax(200px, 2fr)', sortValue: (row) => `${row.kind} ${row.name}`, render: (row) => <span className={classes['folderName']}><NodeIcon kind={row.kind} size={16} /><Link href={`/${row.item}`}><MiddleText text={row.name} /></Link></span> },
  { id: 'holds', title: 'Holds', width: 'minmax(110px, 0.8fr)', sortValue: (row) => row.holds, render: (row) => row.holds },
  { id: 'portal', title: 'In portal as', width: 'minmax(130px, 1.2fr)', sortValue: (row) => row.label ?? '', render: (row) => (row.label === null ? <span className="dim">–</span> : <MiddleText text={row.label} />) },
  { id: 'state', title: 'State', width: 'minmax(140px, 1.4fr)', sortValue: (row) => row.problem ?? '', render: (row) => (row.kind === 'folder' ? '' : row.problem === null ? <StateMark tone="ok">Ready</StateMark> : <span title={row.problem}><StateMark tone="warn">{row.problem}</StateMark></span>) },
  { id: 'changed', title: 'Changed', width: '120px', sortValue: (row) => row.changed?.at ?? 0, render: (row) => (row.changed === null ? '' : <When at={row.changed.at} />) },
];

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

function rowsOf(folder: JobFolderDetail): Row[] {
  const inside = (each: { jobCount: number; folderCount: number }): string => [each.folderCount > 0 ? plural(each.folderCount, 'folder') : '', plural(each.jobCount, 'job')].filter((part) => part !== '').join(', ');
  const byName = (left: Row, right: Row): number => compareNames(left.name, right.name);
  return [
    ...folder.folders.map((each): Row => ({ item: `folder/${each.id}`, kind: 'folder', name: each.name, holds: inside(each), label: each.published ? labelOf(each) : null, problem: null, changed: null })).toSorted(byName),
    ...folder.jobs.map((each): Row => ({ item: `job/${each.id}`, kind: 'job', name: each.name, holds: plural(each.taskCount, 'task'), label: each.published ? labelOf(each) : null, problem: each.problem, changed: { at: each.updatedAt, by: each.updatedBy } })).toSorted(byName),
  ];
}

/** id null: all jobs. */
export function FolderPage({ id, tab }: { id: string | null; tab: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.jobs.folder.queryOptions({ folder: id }));
  const item = id === null ? 'jobs' : `folder/${id}`;
  const error = useObjectError(item);
  const icon = <NodeIcon kind={id === null ? 'jobs' : 'folder'} />;
  const title = id === null ? 'Jobs' : 'Folder';
  const folder = query.data;
  if (folder === undefined && query.isError) {
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title={title} documentTitle={title} /><PageBody><ErrorBlock title={id === null ? 'The jobs could not be read' : 'This folder could not be read'} error={shown} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  const rows = folder === undefined ? undefined : rowsOf(folder);
  return (
    <>
      {folder === undefined ? <PageHeadSkeleton icon={icon} documentTitle={title} /> : id === null ? <PageHead icon={icon} title="Jobs" documentTitle="Jobs" actions={rows !== undefined && rows.length > 0 && <NewButtons folder={null} taken={rows} />} /> : (
        <JobHead
          item={item} name={folder.name} icon={icon} inTrash={folder.trashedAt !== null} path={folder.path} published={folder.published} showInPortal={folder.showInPortal} state={null}
          actions={<>{rows !== undefined && rows.length > 0 && <NewButtons folder={id} taken={rows} />}{folder.runs.length > 0 && <Button variant="default" onClick={() => openRunSheet({ what: item })}>Run on…</Button>}</>}
        />
      )}
      {id !== null && <PageTabs base={`/${item}`} active={tab} tabs={[{ id: 'contents', title: 'Contents', ...(rows === undefined ? {} : { count: String(rows.length) }) }, { id: 'portal', title: 'Portal' }]} />}
      {error !== undefined && <div className={classes['error']}><ErrorBlock title={error.title} error={error.error} onDismiss={() => setObjectError(item, null)} /></div>}
      {tab === 'portal' && folder !== undefined && id !== null
        ? <PortalTab item={item} name={folder.name} description={folder.description} showInPortal={folder.showInPortal} published={folder.published} inTrash={folder.trashedAt !== null} path={folder.path} runs={folder.runs} problem={null} />
        : tab === 'portal' ? <PageBody><RowsSkeleton /></PageBody> : <Contents id={id} rows={rows} inTrash={folder !== undefined && folder.trashedAt !== null} />}
    </>
  );
}

function Contents({ id, rows, inTrash }: { id: string | null; rows: Row[] | undefined; inTrash: boolean }) {
  const [, navigate] = useLocation();
  if (rows?.length === 0) {
    return (
      <PageBody>
        <EmptyState icon={<NodeIcon kind={id === null ? 'jobs' : 'folder'} size={32} />} title={id === null ? 'Jobs will be here. A job is an ordered list of tasks: deploy an image, run a script, restart. It runs on computers you choose, or is picked in the portal by whoever stands at one.' : 'Jobs of this folder will be here. A folder that is shown in the portal is one item there and runs every job in it, in the order of their names.'} help={id === null ? 'first-job' : 'jobs'}>
          {!inTrash && <NewButtons folder={id} taken={rows} filledLabel="Make the first job" />}
        </EmptyState>
      </PageBody>
    );
  }
  return <PageBody plain><DataTable label={id === null ? 'Jobs' : 'Contents'} columns={columns} rows={rows} rowKey={(row) => row.item} onOpen={(row) => navigate(`/${row.item}`)} /></PageBody>;
}

function NewButtons({ folder, taken, filledLabel = 'New job' }: { folder: string | null; taken: readonly Row[]; filledLabel?: string }) {
  const actions = useJobActions();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const make = async (kind: 'job' | 'folder'): Promise<void> => {
    const name = freeName(kind === 'job' ? 'New job' : 'New folder', taken.map((row) => row.name));
    const made = kind === 'job' ? await actions.create({ folder, name }) : await actions.createFolder({ parent: folder, name });
    if (made === null) return;
    markJustMade(made);
    navigate(`/${made}`);
  };
  return (
    <span style={{ display: 'inline-flex', gap: 8 }}>
      <Button disabled={!connected} onClick={() => void make('job')}>{filledLabel}</Button>
      <Button variant="default" disabled={!connected} onClick={() => void make('folder')}>New folder</Button>
    </span>
  );
}
