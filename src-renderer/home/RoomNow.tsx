// The room now: every group with its computers as they stand there, kept true as runs go on.
import { Link } from 'wouter';
import { RoomTiles } from '../computers/RoomTiles.tsx';
import type { RoomSummary } from '../computers/station.ts';
import { dropPlace, useDropMark } from '../tree/dragStore.ts';
import { StateMark } from '../ui/StateMark.tsx';
import type { RoomSection } from './roomSections.ts';
import classes from './HomePage.module.css';

export function RoomNow({ sections }: { sections: RoomSection[] }) {
  return <div className={classes['rooms']}>{sections.map((section) => <Room key={section.id} section={section} />)}</div>;
}

function Room({ section }: { section: RoomSection }) {
  const { id, name, stations, hidden, summary } = section;
  const node = id === null ? 'activity' : `group/${id}`;
  const mark = useDropMark(node);
  return (
    <section className={classes['room']} aria-label={name} data-target={mark} {...(id === null ? {} : dropPlace({ id: node, name, path: [] }))}>
      <div className={classes['roomHead']}>
        <h2><Link href={`/${node}`}>{name}</Link></h2>
        <Summary summary={summary} />
      </div>
      {stations.length > 0 && <RoomTiles stations={stations} label={`Computers of ${name}`} />}
      {hidden > 0 && <p className="dim"><Link href={`/${node}`}>{stations.length === 0 ? 'All' : 'And'} {hidden.toLocaleString('en')} {stations.length === 0 ? (hidden === 1 ? 'computer' : 'computers') : 'more'}</Link></p>}
    </section>
  );
}

function Summary({ summary: { computers, online, running, waiting, trouble } }: { summary: RoomSummary }) {
  return (
    <span className={classes['roomState']}>
      {computers > 0 && <span className="dim">{online.toLocaleString('en')} of {computers.toLocaleString('en')} connected</span>}
      {trouble > 0 && <StateMark tone="warn">{trouble === 1 ? '1 needs attention' : `${trouble} need attention`}</StateMark>}
      {running > 0 && <StateMark tone="run">{running} running</StateMark>}
      {waiting > 0 && <StateMark tone="wait">{waiting} waiting</StateMark>}
    </span>
  );
}
