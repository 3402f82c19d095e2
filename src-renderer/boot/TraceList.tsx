// Boots as rows of stages, each with its time; one that stopped shows where, and what to try. What was heard line by line opens below.
import { ActionIcon, Skeleton } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useId, useState } from 'react';
import { Link } from 'wouter';
import type { BootTrace } from '#shared/model/boot.ts';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateIcon, StateMark } from '../ui/StateMark.tsx';
import type { Tone } from '../ui/StateMark.tsx';
import { useMinute, useNow } from '../ui/useNow.ts';
import { exactTime, relativeTime } from '../ui/time.ts';
import { When } from '../ui/When.tsx';
import { outcomeWords, stageMeanings, stageNames, traceName } from './bootWords.ts';
import { afterWords, stageCells, stageStateWords } from './stageCells.ts';
import type { StageCell, StageState } from './stageCells.ts';
import classes from './Boot.module.css';

/** named: the boots of several computers, each with its name. */
export function TraceList({ traces, label, named }: { traces: BootTrace[]; label: string; named: boolean }) {
  return <ul className={classes['traces']} aria-label={label}>{traces.map((trace) => <TraceRow key={trace.id} trace={trace} named={named} />)}</ul>;
}

function TraceRow({ trace, named }: { trace: BootTrace; named: boolean }) {
  const [open, setOpen] = useState(false);
  const eventsId = useId();
  const now = useMinute();
  const { tone, words } = outcomeWords(trace);
  // One that was started over says so already.
  const what = trace.stoppedAt === null ? null : trace.advice;
  const about = `${named ? `${traceName(trace)}, ` : ''}${relativeTime(trace.startedAt, now)}`;
  return (
    <li className={classes['trace']} data-named={named}>
      {named && <Who trace={trace} />}
      <ol className={classes['stages']} aria-label={`Stages of the boot, ${about}`}>{stageCells(trace).map((cell, index, cells) => <Stage key={cell.stage} cell={cell} next={cells[index + 1]?.state ?? null} />)}</ol>
      <div className={classes['how']}><StateMark tone={tone}>{words}</StateMark><span className={classes['small']}>{trace.outcome === 'running' ? <Since at={trace.startedAt} /> : <When at={trace.startedAt} />}{!named && trace.firmware !== '' && ` · ${trace.firmware}`}</span></div>
      <ActionIcon size={24} aria-label={`What was heard of the boot, ${about}`} aria-expanded={open} aria-controls={eventsId} onClick={() => setOpen(!open)}>{open ? <IconChevronDown size={16} /> : <IconChevronRight size={16} />}</ActionIcon>
      <div className={classes['opened']} id={eventsId} hidden={!open && what === null}>
        {what !== null && <div className={classes['whatNext']}><StateIcon tone="fail" /><span>{what}</span></div>}
        {open && <Events trace={trace} />}
      </div>
    </li>
  );
}

function Who({ trace }: { trace: BootTrace }) {
  const { computerId, computerName, mac, firmware } = trace;
  return (
    <div className={classes['who']}>
      {computerId === null ? <span className="mono" title="Platen does not know this computer yet">{mac}</span> : <Link href={`/computer/${computerId}/boot`}><MiddleText text={computerName} /></Link>}
      <span className={classes['small']} title={mac}>{[firmware === '' ? 'firmware not known' : firmware, ...(computerId === null ? ['new'] : [])].join(' · ')}</span>
    </div>
  );
}

const tones: Partial<Record<StageState, Tone>> = { done: 'ok', now: 'run', failed: 'fail', 'broken-off': 'warn' };
function Stage({ cell: { stage, state, afterMs }, next }: { cell: StageCell; next: StageState | null }) {
  const tone = tones[state];
  return (
    <li data-state={state} data-next={state === 'done' && next !== null && tones[next] !== undefined ? 'done' : 'open'} title={`${stageMeanings[stage]}: ${stageStateWords[state]}`}>
      <span className={classes['step']} aria-hidden>{tone === undefined ? <span className={classes['dot']} /> : <StateIcon tone={tone} size={14} />}</span>
      <span className={classes['stageName']}>{stageNames[stage]}<span className="offscreen"> {stageStateWords[state]}</span></span>
      <span className={classes['stageTime']}>{afterMs === null ? (state === 'failed' ? 'stopped' : state === 'needless' ? '–' : state === 'now' ? 'awaited' : ' ') : afterWords(afterMs)}</span>
    </li>
  );
}

/** How long a boot under way has taken so far. */
function Since({ at }: { at: number }) {
  const now = useNow();
  return <span title={exactTime(at)}>for {afterWords(now - at).replace(/\.\d/, '')}</span>;
}

function Events({ trace }: { trace: BootTrace }) {
  return (
    <ol className={classes['events']} aria-label="What was heard">
      {trace.events.map((event, index) => (
        <li key={index} data-problem={event.problem}>
          <span title={exactTime(event.at)}>{afterWords(event.at - trace.startedAt)}</span>
          <span className="dim">{event.stage === 'note' ? 'Note' : stageNames[event.stage]}</span>
          <span>{event.text}</span>
        </li>
      ))}
      <li><span /><span className="dim">Identity</span><span className="dim">{[`MAC ${trace.mac}`, trace.address === '' ? '' : `address ${trace.address}`, trace.uuid === '' ? '' : `UUID ${trace.uuid}`].filter((part) => part !== '').join(' · ')}</span></li>
    </ol>
  );
}

export function TracesSkeleton({ rows }: { rows: number }) {
  return <div aria-busy>{Array.from({ length: rows }, (_, index) => <div key={index} className={classes['skeletonTrace']} aria-hidden><span><Skeleton h={10} w={110} /><Skeleton h={8} w={70} mt={10} /></span><Skeleton h={10} mt={4} /><span><Skeleton h={10} w={100} /><Skeleton h={8} w={60} mt={10} /></span></div>)}</div>;
}
