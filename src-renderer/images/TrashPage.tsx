// The trash: deleted images, restored with one click, or let go now.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconTrash } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { ImageSummary } from '#shared/model/image.ts';
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
import { useImageActions } from './useImageActions.tsx';

export function TrashPage() {
  const trpc = useTRPC();
  const actions = useImageActions();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const trash = useQuery(trpc.images.list.queryOptions({ trash: true }));
  const settings = useQuery(trpc.settings.get.queryOptions());
  // The server may answer with the whole list; only what is in the trash belongs here.
  const rows = useMemo(() => trash.data?.filter((image) => image.trashedAt !== null), [trash.data]);
  const columns = useMemo((): Column<ImageSummary>[] => [
    { id: 'name', title: 'Name', width: 'minmax(160px, 2fr)', sortValue: (image) => image.name, render: (image) => <Link href={`/image/${image.guid}`}><MiddleText text={image.name} /></Link> },
    { id: 'stored', title: 'Stored', width: '100px', numeric: true, sortValue: (image) => image.storedBytes, render: (image) => formatBytes(image.storedBytes) },
    { id: 'trashed', title: 'Moved here', width: '140px', sortValue: (image) => image.trashedAt ?? 0, render: (image) => image.trashedAt !== null && <When at={image.trashedAt} /> },
    { id: 'until', title: 'Deleted for good', width: '140px', sortValue: (image) => image.deleteAfter ?? 0, render: (image) => image.deleteAfter !== null && <When at={image.deleteAfter} /> },
    {
      id: 'actions', title: '', width: '220px', numeric: true,
      render: (image) => (
        <>
          <Button variant="subtle" disabled={!connected} h={24} px={8} onClick={() => actions.restore({ image: image.guid, name: image.name })}>Restore<span className="offscreen"> {image.name}</span></Button>
          <Button variant="subtle" color="gray" disabled={!connected} h={24} px={8} onClick={() => actions.purge({ image: image.guid, name: image.name })}>Delete for good…<span className="offscreen"> {image.name}</span></Button>
        </>
      ),
    },
  ], [actions, connected]);
  return (
    <>
      <PageHead icon={<IconTrash size={18} stroke={1.6} />} title="Trash" documentTitle="Trash" state={settings.data && <span className="dim">kept for {settings.data.trashDays === 1 ? '1 day' : `${settings.data.trashDays} days`}</span>} />
      <PageBody plain>
        {rows === undefined && trash.isError && <div style={{ padding: 24 }}><ErrorBlock title="The trash could not be read" error={shownError(trash.error)} onRetry={() => void trash.refetch()} /></div>}
        {rows?.length === 0 && <EmptyState icon={<IconTrash size={32} stroke={1.4} />} title="The trash is empty. Deleted images wait here before their content leaves the store." />}
        {!(rows === undefined && trash.isError) && rows?.length !== 0 && <DataTable label="Trash" columns={columns} rows={rows} rowKey={(image) => image.guid} onOpen={(image) => navigate(`/image/${image.guid}`)} initialSort={{ column: 'until', descending: false }} />}
      </PageBody>
    </>
  );
}
