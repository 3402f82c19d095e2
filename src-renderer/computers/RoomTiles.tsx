// Computers as tiles, as they stand in a room: name, what goes on, how far. A tile can be dragged to another group, and a job dropped on it.
import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useRef } from 'react';
import { Link } from 'wouter';
import { armDrag, dropPlace, useDropMark } from '../tree/dragStore.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import type { Station } from './station.ts';
import classes from './RoomTiles.module.css';

const tileWidth = 168;
const tileHeight = 60;
const gap = 8;

/** A few: all of them, as wide as there is room. */
export function RoomTiles({ stations, label }: { stations: readonly Station[]; label: string }) {
  return <ul className={classes['tiles']} aria-label={label}>{stations.map((station) => <Tile key={station.computer.id} station={station} />)}</ul>;
}

/** Any number: only the visible ones are in the document; it fills its place and scrolls. */
export function RoomGrid({ stations, label }: { stations: readonly Station[]; label: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize();
  const columns = Math.max(1, Math.floor((width + gap) / (tileWidth + gap)));
  const virtualizer = useVirtualizer({ count: Math.ceil(stations.length / columns), getScrollElement: () => scroller.current, estimateSize: () => tileHeight + gap, overscan: 4 });
  return (
    <div ref={scroller} className={classes['scroller']} data-drag-scrolls tabIndex={0} role="group" aria-label={label}>
      <div ref={ref} className={classes['sizer']}>
        <ul aria-label={label} style={{ height: virtualizer.getTotalSize() }}>
          {width > 0 && virtualizer.getVirtualItems().flatMap((row) => stations.slice(row.index * columns, (row.index + 1) * columns).map((station, column) => (
            <Tile key={station.computer.id} station={station} place={{ top: row.start, left: `calc((100% + ${gap}px) / ${columns} * ${column})`, width: `calc((100% + ${gap}px) / ${columns} - ${gap}px)` }} />
          )))}
        </ul>
      </div>
    </div>
  );
}

const Tile = memo(function Tile({ station, place }: { station: Station; place?: { top: number; left: string; width: string } }) {
  const { computer, tone, words, fraction } = station;
  const id = `computer/${computer.id}`;
  const mark = useDropMark(id);
  return (
    <li
      className={classes['tile']} data-tone={tone} data-target={mark} data-placed={place !== undefined} {...dropPlace({ id, name: computer.name, path: [] })} {...(place === undefined ? {} : { style: place })}
      onPointerDown={(event) => armDrag(event, () => [{ id, name: computer.name, parent: computer.groupId === null ? 'group/new' : `group/${computer.groupId}` }])}
    >
      <Link href={`/${id}`} draggable={false}>
        <span className={classes['name']}><MiddleText text={computer.name} /></span>
        <StateMark tone={tone}>{words}</StateMark>
        {fraction !== null && <ProgressBar fraction={fraction} label={`${computer.name}: ${words}`} />}
      </Link>
    </li>
  );
});
