// The room now: every group with its computers as they stand there, kept true as runs go on.
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Group } from '#shared/model/computer.ts';
import { RoomTiles } from '../computers/RoomTiles.tsx';
import type { RoomSummary, Station } from '../computers/station.ts';
import { dropPlace, useDropMark } from '../tree/dragStore.ts';
import { StateMark } from '../ui/StateMark.tsx';
import { roomSections } from './roomSections.ts';
import type { RoomSection } from './roomSections.ts';
import classes from './HomePage.module.css';

export function RoomNow({ stations, groups, nameOf }: { stations: Station[]; groups: Group[]; nameOf: (id: string | null) => string }) {
  const sections = useMemo(() => roomSections(stations, groups, nameOf), [stations, groups, nameOf]);
  return <div className={classes['rooms']}>{sections.map((section) => <Room key={section.id} section={section} />)}</div>;
}

function Room({ section }: { section: RoomSection }) {
  const { id, name, stations, hidden, summary } = section;
  const node = `group/${id}`;
  const mark = useDropMark(node);
  return (
    <section className={classes['room']} aria-label={name} data-target={mark} {...dropPlace({ id: node, name, path: [] })}>
      <div className={classes['roomHead']}>
        <h2><Link href={`/${node}`}>{name}</Link></h2>
        <Summary summary={summary} />
      </div>
      {stations.length > 0 && <RoomTiles stations={stations} label={`Computers of ${name}`} />}
      {hidden > 0 && <p className="dim"><Link href={`/${node}`}>{stations.length === 0 ? 'All' : 'And'} {hidden.toLocaleString('en')} {stations.length === 0 ? (hidden === 1 ? 'computer' : 'computers') : 'more'}</Link>{stations.length === 0 && ', nothing goes on there'}</p>}
    </section>
  );
}

function Summary({ summary: { computers, online, running, waiting, trouble } }: { summary: RoomSummary }) {
  return (
    <span className={classes['roomState']}>
      <span className="dim">{online} of {computers} connected</span>
      {trouble > 0 && <StateMark tone="warn">{trouble === 1 ? '1 needs attention' : `${trouble} need attention`}</StateMark>}
      {running > 0 && <StateMark tone="run">{running} running</StateMark>}
      {waiting > 0 && <StateMark tone="wait">{waiting} waiting</StateMark>}
    </span>
  );
}
