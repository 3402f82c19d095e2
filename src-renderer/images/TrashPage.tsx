// The trash: deleted images and deleted versions of images that stay, restored with one click, or let go now.
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
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';
import { trashRows } from './trashRows.ts';
import type { TrashRow } from './trashRows.ts';
import { useImageActions } from './useImageActions.tsx';

const icon = <IconTrash size={18} stroke={1.6} />;

export function TrashPage() {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const settings = useQuery(trpc.settings.get.queryOptions());
  const trash = useTrash();
  const columns = useColumns();
  const days = settings.data?.trashDays;
  return (
    <>
      <PageHead icon={icon} title="Trash" documentTitle="Trash" state={days !== undefined && <span className="dim">kept for {days === 1 ? '1 day' : `${days} days`}</span>} />
      <PageBody plain>
        {trash.error !== null && <div style={{ padding: 24 }}><ErrorBlock title="The trash could not be read" error={shownError(trash.error)} onRetry={trash.retry} /></div>}
        {trash.error === null && trash.rows?.length === 0 && <EmptyState icon={<IconTrash size={32} stroke={1.4} />} title="The trash is empty. Deleted images and versions wait here before their content leaves the store." help="images" />}
        {trash.error === null && trash.rows?.length !== 0 && <DataTable label="Trash" columns={columns} rows={trash.rows} rowKey={(row) => row.key} onOpen={(row) => navigate(addressOf(row))} initialSort={{ column: 'until', descending: false }} />}
      </PageBody>
    </>
  );
}

/** The server lists images that are in the trash or have versions there; which versions those are is in their details. */
function useTrash(): { rows: TrashRow[] | undefined; error: unknown; retry: () => void } {
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
  const rows = useMemo(() => trashOf(list.data, details.images), [list.data, details.images]);
  return {
    rows,
    error: list.isError && list.data === undefined ? list.error : details.failed,
    retry: () => { if (list.isError) void list.refetch(); details.retry(); },
  };
}

function trashOf(list: ImageSummary[] | undefined, details: ImageDetail[] | undefined): TrashRow[] | undefined {
  return list === undefined || details === undefined ? undefined : trashRows(list, details);
}

function useColumns(): Column<TrashRow>[] {
  const actions = useImageActions();
  const connected = useConnected();
  return useMemo(() => [
    { id: 'name', title: 'Name', width: 'minmax(160px, 2fr)', sortValue: (row) => row.label, render: (row) => <Link href={addressOf(row)}><MiddleText text={row.label} /></Link> },
    { id: 'stored', title: 'Stored', width: '90px', numeric: true, sortValue: (row) => row.storedBytes, render: (row) => formatBytes(row.storedBytes) },
    { id: 'trashed', title: 'Moved here', width: '130px', sortValue: (row) => row.trashedAt, render: (row) => <When at={row.trashedAt} /> },
    { id: 'until', title: 'Deleted for good', width: '130px', sortValue: (row) => row.deleteAfter ?? 0, render: (row) => row.deleteAfter !== null && <When at={row.deleteAfter} /> },
    {
      id: 'actions', title: '', width: '220px', numeric: true,
      render: (row) => (
        <>
          <Button variant="subtle" disabled={!connected} h={24} px={8} onClick={() => actions.restore(row.target)}>Restore<span className="offscreen"> {row.label}</span></Button>
          <Button variant="subtle" color="gray" disabled={!connected} h={24} px={8} onClick={() => actions.purge(row.target)}>Delete for good…<span className="offscreen"> {row.label}</span></Button>
        </>
      ),
    },
  ], [actions, connected]);
}

function addressOf(row: TrashRow): string {
  return row.target.version === undefined ? `/image/${row.target.image}` : `/image/${row.target.image}/versions`;
}
