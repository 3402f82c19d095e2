// The trash: deleted images, versions of images that stay, jobs and their folders, restored with one click; images also let go now.
import { Button } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { IconTrash } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { ImageDetail, ImageSummary } from '#shared/model/image.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { useJobActions } from '../jobs/useJobActions.tsx';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';
import { trashedJobRows, trashRows } from './trashRows.ts';
import type { TrashRow } from './trashRows.ts';
import { useImageActions } from './useImageActions.tsx';
import classes from './TrashPage.module.css';

const icon = <IconTrash size={18} stroke={1.6} />;

export function TrashPage() {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const settings = useQuery(trpc.settings.get.queryOptions());
  const days = settings.data?.trashDays;
  const trash = useTrash(days);
  const columns = useColumns();
  return (
    <>
      <PageHead icon={icon} title="Trash" documentTitle="Trash" state={days !== undefined && <span className="dim">kept for {days === 1 ? '1 day' : `${days} days`}</span>} />
      <PageBody plain>
        {trash.error !== null && <div style={{ padding: 24 }}><ErrorBlock title="The trash could not be read" error={shownError(trash.error)} onRetry={trash.retry} /></div>}
        {trash.error === null && trash.rows?.length === 0 && <EmptyState icon={<IconTrash size={32} stroke={1.4} />} title="The trash is empty. Deleted images, versions, jobs and folders wait here before they are gone for good." help="images" />}
        {trash.error === null && trash.rows?.length !== 0 && <DataTable label="Trash" columns={columns} rows={trash.rows} rowKey={(row) => row.key} onOpen={(row) => navigate(row.href)} initialSort={{ column: 'until', descending: false }} />}
      </PageBody>
    </>
  );
}

/** The server lists images that are in the trash or have versions there; which versions those are is in their details. */
function useTrash(days: number | undefined): { rows: TrashRow[] | undefined; error: unknown; retry: () => void } {
  const trpc = useTRPC();
  const list = useQuery(trpc.images.list.queryOptions({ trash: true }));
  const kept = useMemo(() => (list.data ?? []).filter((image) => image.trashedAt === null), [list.data]);
  const details = useQueries({
    queries: kept.map((image) => trpc.images.get.queryOptions({ image: image.guid })),
    combine: (all) => ({
      // Placeholders of the same shape: what is still on its way is absent, not empty.
      images: all.every((each) => each.data !== undefined) ? all.flatMap((each): ImageDetail[] => (each.data === undefined ? [] : [each.data])) : undefined,
      failed: all.find((each) => each.isError && each.data === undefined)?.error ?? null,
      retry: () => { for (const each of all) if (each.isError) void each.refetch(); },
    }),
  });
  const jobs = useQuery(trpc.jobs.inTrash.queryOptions());
  const rows = useMemo(() => {
    const images = trashOf(list.data, details.images);
    return images === undefined || jobs.data === undefined || days === undefined ? undefined : [...images, ...trashedJobRows(jobs.data, days)];
  }, [list.data, details.images, jobs.data, days]);
  return {
    rows,
    error: [list, jobs].find((query) => query.isError && query.data === undefined)?.error ?? details.failed,
    retry: () => { for (const query of [list, jobs]) if (query.isError) void query.refetch(); details.retry(); },
  };
}

function trashOf(list: ImageSummary[] | undefined, details: ImageDetail[] | undefined): TrashRow[] | undefined {
  return list === undefined || details === undefined ? undefined : trashRows(list, details);
}

function useColumns(): Column<TrashRow>[] {
  const actions = useImageActions();
  const jobs = useJobActions();
  const connected = useConnected();
  return useMemo(() => [
    { id: 'name', title: 'Name', width: 'minmax(160px, 2fr)', sortValue: (row) => row.label, render: (row) => <span className={classes['name']}><NodeIcon kind={row.kind} size={16} /><Link href={row.href}><MiddleText text={row.label} /></Link></span> },
    { id: 'stored', title: 'Stored', width: '90px', numeric: true, sortValue: (row) => row.storedBytes ?? 0, render: (row) => (row.storedBytes === null ? '' : formatBytes(row.storedBytes)) },
    { id: 'trashed', title: 'Moved here', width: '130px', sortValue: (row) => row.trashedAt, render: (row) => <When at={row.trashedAt} /> },
    { id: 'until', title: 'Deleted for good', width: '130px', sortValue: (row) => row.deleteAfter ?? 0, render: (row) => row.deleteAfter !== null && <When at={row.deleteAfter} /> },
    {
      id: 'actions', title: '', width: '220px', numeric: true,
      render: (row) => (
        <>
          <Button variant="subtle" disabled={!connected} h={24} px={8} onClick={() => { if (row.kind === 'image') actions.restore(row.target); else void jobs.restore([{ item: row.item, name: row.label }]); }}>Restore<span className="offscreen"> {row.label}</span></Button>
          {row.kind === 'image' && <Button variant="subtle" color="gray" disabled={!connected} h={24} px={8} onClick={() => actions.purge(row.target)}>Delete for good…<span className="offscreen"> {row.label}</span></Button>}
        </>
      ),
    },
  ], [actions, jobs, connected]);
}
