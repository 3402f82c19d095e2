// The images of a hand-over: where each goes, how far it is, how fast, and what keeps it.
import { Button } from '@mantine/core';
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Handover, Moving } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import { useConnected } from '../app/connection.tsx';
import { stateRank } from '../images/imageWords.ts';
import { rateWords } from '../servers/serverWords.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { imageState, isOpen, movingOf, nameOf } from './handoverWords.ts';
import type { Names } from './handoverWords.ts';
import type { useHandoverActions } from './useHandoverActions.ts';
import classes from './Handovers.module.css';

type Row = { image: Handover['images'][number]; moving: ReturnType<typeof movingOf> };
type Servers = readonly { serverId: string; moving: readonly Moving[] }[];

type Actions = Pick<ReturnType<typeof useHandoverActions>, 'takeBack' | 'busy'>;

export function HandoverImages({ handover, names, moving, actions }: { handover: Handover; names: Names; moving: Servers; actions: Actions }) {
  const connected = useConnected();
  const rows = useMemo(() => handover.images.map((image): Row => ({ image, moving: movingOf(image, moving) })), [handover.images, moving]);
  const moves = isOpen(handover) && handover.state !== 'ready';
  // Of a server that leaves, everything is given back together.
  const single = handover.state === 'done' && (handover.kind === 'take-ownership' || handover.kind === 'recover') && handover.images.length > 1;
  const { takeBack, busy } = actions;
  const columns = useMemo(() => {
    const back: Column<Row> = { id: 'back', title: '', width: '84px', render: ({ image: { undo, imageName } }) => (undo === null ? null : <Button variant="subtle" color="gray" size="compact-sm" disabled={!connected || busy !== null} aria-label={`Give back ${imageName}`} onClick={() => void takeBack(undo, `${imageName} changed hands`)}>Give back</Button>) };
    return [...columnsFor(names, moves), ...(single ? [back] : [])];
  }, [names, moves, single, connected, busy, takeBack]);
  if (rows.length === 0) return <p className="dim" style={{ padding: '8px 24px' }}>It owned no image, so none changes hands.</p>;
  return <DataTable label="Images" columns={columns} rows={rows} rowKey={({ image }) => image.imageGuid} />;
}

function columnsFor(names: Names, moves: boolean): Column<Row>[] {
  return [
    { id: 'image', title: 'Image', width: 'minmax(140px, 1.3fr)', sortValue: ({ image }) => image.imageName.toLocaleLowerCase(), render: ({ image }) => <Link href={`/image/${image.imageGuid}/copies`}><MiddleText text={image.imageName} /></Link> },
    { id: 'to', title: 'New owner', width: 'minmax(80px, 0.7fr)', sortValue: ({ image }) => nameOf(names, image.toServerId), render: ({ image }) => <Link href={`/server/${image.toServerId}`}><MiddleText text={nameOf(names, image.toServerId)} /></Link> },
    { id: 'state', title: 'State', width: '114px', sortValue: ({ image }) => stateRank(imageState(image)), render: ({ image }) => <StateMark tone={imageState(image).tone}>{imageState(image).word}</StateMark> },
    { id: 'versions', title: 'Versions', width: '54px', numeric: true, sortValue: ({ image }) => image.versions, render: ({ image }) => image.versions },
    { id: 'done', title: 'There', width: '184px', sortValue: ({ image }) => image.doneBytes, render: ({ image }) => <There image={image} /> },
    // Nothing moves any more where it has ended, or waits for a person.
    ...(moves ? [{ id: 'rate', title: 'Rate and time left', width: '146px', numeric: true, sortValue: ({ moving }: Row) => moving.rateBytesPerSecond, render: ({ moving }: Row) => rateWords(moving) || <span className="dim">–</span> }] : []),
    { id: 'why', title: 'Remark', width: 'minmax(100px, 1.6fr)', sortValue: (row) => remark(row), render: (row) => <span className={classes['cut']} title={remark(row)}>{remark(row)}</span> },
  ];
}

function There({ image }: { image: Row['image'] }) {
  const whole = image.state === 'proved' || image.state === 'switched';
  if (image.state !== 'copying') return <span className={whole ? '' : 'dim'}>{formatBytes(whole ? image.bytes : image.doneBytes)}{!whole && ` of ${formatBytes(image.bytes)}`}</span>;
  return <><span className={classes['cell']}><ProgressBar fraction={image.bytes === 0 ? null : image.doneBytes / image.bytes} label={`${image.imageName} at its new owner`} /></span><span>{formatBytes(image.doneBytes)} of {formatBytes(image.bytes)}</span></>;
}

function remark({ image, moving }: Row): string {
  return image.problem ?? (image.state === 'copying' || image.state === 'waiting' ? moving.waitingFor ?? '' : '');
}
