// The list of images: find by any word or by location, sort, open; and what one does to many of them at once.
import { Button, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconLock, IconSearch, IconStack2 } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { ImageSummary } from '#shared/model/image.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { openHandover } from '../handovers/handoverStore.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { selectColumn, useSelection } from '../ui/selection.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { CaptureCommand } from './CaptureCommand.tsx';
import { openCaptureDialog } from './captureDialogStore.ts';
import { foundImages, placesOf, twinMarks } from './imageSearch.ts';
import { imageState, stateRank } from './imageWords.ts';
import { Skipped, useBulkDelete } from './BulkDelete.tsx';

const small = { input: { height: 28, minHeight: 28, fontSize: 13 } };

export function ImagesPage() {
  const trpc = useTRPC();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const [place, setPlace] = useState('');
  const images = useQuery(trpc.images.list.queryOptions({}));
  const shown = useMemo(() => images.data && foundImages(images.data, { text, place }), [images.data, text, place]);
  const guids = useMemo(() => shown?.map((image) => image.guid), [shown]);
  const selection = useSelection(guids);
  const places = useMemo(() => placesOf(images.data ?? []), [images.data]);
  const located = places.length > 1 || images.data?.some((image) => image.owner.managed === 'externally') === true;
  const columns = useMemo(() => [selectColumn<ImageSummary>({ selection, shown: guids ?? [], keyOf: (image) => image.guid, nameOf: (image) => image.name }), ...columnsFor(twinMarks(images.data ?? []), located)], [selection, guids, images.data, located]);
  const bulk = useBulkDelete();
  const total = images.data?.length;
  const failed = images.isError && images.data === undefined;
  const chosen = (shown ?? []).filter((image) => selection.chosen.has(image.guid));
  const narrowed = text !== '' || place !== '';
  const counted = narrowed ? `${shown?.length ?? 0} of ${total ?? 0}` : total;
  return (
    <>
      <PageHead
        icon={<IconStack2 size={18} stroke={1.6} />} title="Images" documentTitle="Images"
        state={total !== undefined && total > 0 && <span className="dim">{chosen.length > 0 ? `${chosen.length} of ${shown?.length ?? 0} chosen` : counted}</span>}
        actions={
          <>
            {chosen.length === 0 ? (
              <>
                {total !== undefined && total > 0 && <TextInput value={text} onChange={(event) => setText(event.currentTarget.value)} placeholder="Name, note, location…" aria-label="Filter by any word" leftSection={<IconSearch size={14} />} w={210} size="xs" styles={small} />}
                {(located || place !== '') && <Select aria-label="Location" placeholder="Any location" w={190} size="xs" styles={small} clearable searchable checkIconPosition="right" value={place === '' ? null : place} onChange={(value) => setPlace(value ?? '')} data={places} />}
              </>
            ) : (
              <>
                <Button variant="default" disabled={!connected} onClick={() => openHandover({ kind: 'take-ownership', images: chosen.map(({ guid, name }) => ({ guid, name })) })}>Take ownership…</Button>
                <Button variant="default" disabled={!connected || bulk.busy} onClick={() => void bulk.trash(chosen)}>Move to trash</Button>
                <Button variant="subtle" color="gray" onClick={() => selection.set([])}>Choose none</Button>
              </>
            )}
            <Button component={Link} href="/matrix" variant="default">On servers</Button>
            <Button component={Link} href="/trash" variant="default">Trash</Button>
            <Button onClick={() => openCaptureDialog()}>Capture a disk…</Button>
          </>
        }
      />
      <PageBody plain>
        <Skipped bulk={bulk} />
        {failed && <div style={{ padding: 24 }}><ErrorBlock title="The images could not be read" error={shownError(images.error)} onRetry={() => void images.refetch()} /></div>}
        {total === 0 && <EmptyState icon={<IconStack2 size={32} stroke={1.4} />} title="Images will be here: captured disks, kept in versions, ready to be deployed. Capture the first one with this command." help="images"><CaptureCommand /></EmptyState>}
        {total !== 0 && !failed && <DataTable label="Images" columns={columns} rows={shown} rowKey={(image) => image.guid} onOpen={(image) => navigate(`/image/${image.guid}`)} initialSort={{ column: 'name', descending: false }} />}
        {total !== undefined && total > 0 && shown?.length === 0 && <p className="dim" style={{ padding: '0 24px 24px' }}>No image fits.</p>}
      </PageBody>
    </>
  );
}

/** twins: what tells images of one name apart. located: whether there are others than those of this console. */
function columnsFor(twins: ReadonlyMap<string, string>, located: boolean): Column<ImageSummary>[] {
  return [
    { id: 'name', title: 'Name', width: 'minmax(180px, 2fr)', sortValue: (image) => image.name, render: (image) => <><Link href={`/image/${image.guid}`}><MiddleText text={image.name} /></Link>{image.protected && <span title="Protected from deletion" style={{ display: 'inline-flex' }}><IconLock size={14} aria-hidden /><span className="offscreen">protected</span></span>}{twins.has(image.guid) && <span className="dim">{twins.get(image.guid)}</span>}</> },
    { id: 'state', title: 'State', width: 'minmax(120px, 0.8fr)', sortValue: (image) => stateRank(imageState(image)), render: (image) => <StateMark tone={imageState(image).tone}>{imageState(image).word}</StateMark> },
    ...(located ? [{ id: 'place', title: 'Location', width: 'minmax(100px, 0.8fr)', sortValue: (image: ImageSummary) => image.owner.serverName.toLocaleLowerCase(), render: (image: ImageSummary) => <Link href={`/server/${image.owner.serverId}`}><MiddleText text={image.owner.serverName} /></Link> }] : []),
    { id: 'version', title: 'Newest', width: '64px', numeric: true, sortValue: (image) => image.newest?.number ?? 0, render: (image) => (image.newest === null ? '–' : image.newest.number) },
    { id: 'used', title: 'Used on disk', width: '90px', numeric: true, sortValue: (image) => image.newest?.usedBytes ?? 0, render: (image) => (image.newest === null ? '–' : formatBytes(image.newest.usedBytes)) },
    { id: 'stored', title: 'Stored', width: '80px', numeric: true, sortValue: (image) => image.storedBytes, render: (image) => formatBytes(image.storedBytes) },
    { id: 'captured', title: 'Captured', width: '130px', sortValue: (image) => image.newest?.capturedAt ?? 0, render: (image) => (image.newest === null ? '–' : <When at={image.newest.capturedAt} />) },
  ];
}
