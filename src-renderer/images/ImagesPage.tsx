// The list of images: sort, filter, open.
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconSearch, IconStack2 } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { ImageSummary } from '#shared/model/image.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { CaptureCommand } from './CaptureCommand.tsx';
import { openCaptureDialog } from './captureDialogStore.ts';
import { imageState, stateRank } from './imageWords.ts';

const columns: Column<ImageSummary>[] = [
  { id: 'name', title: 'Name', width: 'minmax(180px, 2fr)', sortValue: (image) => image.name, render: (image) => <Link href={`/image/${image.guid}`}><MiddleText text={image.name} /></Link> },
  { id: 'state', title: 'State', width: 'minmax(130px, 1fr)', sortValue: (image) => stateRank(imageState(image)), render: (image) => <StateMark tone={imageState(image).tone}>{imageState(image).word}</StateMark> },
  { id: 'version', title: 'Newest', width: '80px', numeric: true, sortValue: (image) => image.newest?.number ?? 0, render: (image) => (image.newest === null ? '–' : image.newest.number) },
  { id: 'used', title: 'Used on disk', width: '100px', numeric: true, sortValue: (image) => image.newest?.usedBytes ?? 0, render: (image) => (image.newest === null ? '–' : formatBytes(image.newest.usedBytes)) },
  { id: 'stored', title: 'Stored', width: '90px', numeric: true, sortValue: (image) => image.storedBytes, render: (image) => formatBytes(image.storedBytes) },
  { id: 'captured', title: 'Captured', width: '130px', sortValue: (image) => image.newest?.capturedAt ?? 0, render: (image) => (image.newest === null ? '–' : <When at={image.newest.capturedAt} />) },
];

export function ImagesPage() {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const [filter, setFilter] = useState('');
  const images = useQuery(trpc.images.list.queryOptions({}));
  const shown = useMemo(() => images.data?.filter((image) => image.name.toLocaleLowerCase().includes(filter.trim().toLocaleLowerCase())), [images.data, filter]);
  const total = images.data?.length;
  return (
    <>
      <PageHead
        icon={<IconStack2 size={18} stroke={1.6} />} title="Images" documentTitle="Images"
        state={total !== undefined && total > 0 && <span className="dim">{filter === '' ? total : `${shown?.length ?? 0} of ${total}`}</span>}
        actions={
          <>
            {total !== undefined && total > 0 && <TextInput value={filter} onChange={(event) => setFilter(event.currentTarget.value)} placeholder="Filter by name" aria-label="Filter by name" leftSection={<IconSearch size={14} />} w={200} size="xs" styles={{ input: { height: 28, minHeight: 28, fontSize: 13 } }} />}
            <Button component={Link} href="/matrix" variant="default">On servers</Button>
            <Button component={Link} href="/trash" variant="default">Trash</Button>
            <Button onClick={() => openCaptureDialog()}>Capture a disk…</Button>
          </>
        }
      />
      <PageBody plain>
        {images.isError && images.data === undefined && <div style={{ padding: 24 }}><ErrorBlock title="The images could not be read" error={shownError(images.error)} onRetry={() => void images.refetch()} /></div>}
        {total === 0 && <EmptyState icon={<IconStack2 size={32} stroke={1.4} />} title="Images will be here: captured disks, kept in versions, ready to be deployed. Capture the first one with this command." help="images"><CaptureCommand /></EmptyState>}
        {total !== 0 && !(images.isError && images.data === undefined) && <DataTable label="Images" columns={columns} rows={shown} rowKey={(image) => image.guid} onOpen={(image) => navigate(`/image/${image.guid}`)} initialSort={{ column: 'name', descending: false }} />}
        {total !== undefined && total > 0 && shown?.length === 0 && <p className="dim" style={{ padding: '0 24px 24px' }}>No image has this in its name.</p>}
      </PageBody>
    </>
  );
}
