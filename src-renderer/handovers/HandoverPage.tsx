// One hand-over: its stages, how far each image is, what waits and why; cancelled, or ended by letting the old server go, from here.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconArrowsExchange } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Handover } from '#shared/model/replication.ts';
import { formatBytes, formatRate, formatTimeLeft } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { ServersTabs } from '../servers/ServersTabs.tsx';
import { ProgressBar } from '../ui/Bars.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, PageHead, PageHeadSkeleton } from '../ui/Page.tsx';
import { StateIcon, StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { HandoverImages } from './HandoverImages.tsx';
import { handoverState, isGivenBack, isOpen, movingOf, nameOf, progressOf, progressWords, stagesOf, titleOf } from './handoverWords.ts';
import type { Names } from './handoverWords.ts';
import { useHandoverActions } from './useHandoverActions.ts';
import classes from './Handovers.module.css';

const icon = <IconArrowsExchange size={18} stroke={1.6} />;

export function HandoverPage({ id }: { id: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.handovers.get.queryOptions({ id }));
  const servers = useQuery(trpc.servers.list.queryOptions());
  const moving = useQuery(trpc.servers.moving.queryOptions());
  const names = useMemo(() => new Map((servers.data ?? []).map((server) => [server.id, server.name])), [servers.data]);
  const actions = useHandoverActions();
  const handover = query.data;
  if (handover === undefined || (servers.data === undefined && !servers.isError)) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Hand-over" /><ServersTabs active="handovers" /><PageBody><FactsSkeleton rows={8} /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found' || shown.code === 'invalid-input') return <NothingHere />;
    return <><PageHead icon={icon} title="Hand-over" documentTitle="Hand-over" /><ServersTabs active="handovers" /><PageBody><ErrorBlock title="This hand-over could not be read" error={shown} context={{ 'Hand-over': id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  return (
    <>
      <Head handover={handover} names={names} actions={actions} />
      <ServersTabs active="handovers" />
      {actions.failure !== null && <div className={classes['pad']}><ErrorBlock title={actions.failure.title} error={actions.failure.error} context={{ 'Hand-over': id }} onDismiss={actions.dismiss} /></div>}
      <div className={classes['top']}>
        <Stages handover={handover} names={names} />
        <Total handover={handover} moving={moving.data ?? []} />
        <Next handover={handover} names={names} />
      </div>
      <PageBody plain><HandoverImages handover={handover} names={names} moving={moving.data ?? []} actions={actions} /></PageBody>
    </>
  );
}

function Head({ handover, names, actions }: { handover: Handover; names: Names; actions: ReturnType<typeof useHandoverActions> }) {
  const connected = useConnected();
  const title = titleOf(handover, names);
  const [state, from] = [handoverState(handover), nameOf(names, handover.fromServerId)];
  const busy = actions.busy !== null;
  const { undo } = handover;
  return (
    <PageHead
      icon={icon} title={<span>{title}</span>} documentTitle={title}
      state={<span style={{ display: 'inline-flex', gap: 16 }}><StateMark tone={state.tone}>{state.word}</StateMark><span className="dim">begun <When at={handover.startedAt} /> by {handover.actor}</span></span>}
      actions={
        <>
          {isOpen(handover) && <Button variant="default" disabled={!connected || busy} onClick={() => void actions.cancel(handover, title)}>Cancel and give back</Button>}
          {handover.state === 'ready' && <Button disabled={!connected || busy} loading={actions.busy === 'letGo'} onClick={() => void actions.letGo(handover, from)}>Let {from} go</Button>}
          {handover.state === 'done' && undo !== null && <Button variant="default" disabled={!connected || busy} onClick={() => void actions.takeBack(undo, title)}>{handover.kind === 'retire' || handover.kind === 'replace' ? `Take ${from} back` : 'Give everything back'}</Button>}
        </>
      }
    />
  );
}

function Stages({ handover, names }: { handover: Handover; names: Names }) {
  const { stages, at } = stagesOf(handover, names);
  if (at < 0) return null;
  return (
    <ol className={classes['stages']} aria-label="Stages">
      {stages.map((stage, index) => (
        <li key={stage} data-done={index < at} {...(index === at ? { 'aria-current': 'step' } : {})}>
          <StateIcon tone={index < at ? 'ok' : index === at ? (handover.state === 'ready' ? 'warn' : 'run') : 'wait'} />{stage}<span className="offscreen">{index < at ? ', done' : index === at ? ', now' : ', to come'}</span>
        </li>
      ))}
    </ol>
  );
}

function Total({ handover, moving }: { handover: Handover; moving: Parameters<typeof movingOf>[1] }) {
  const { doneBytes, totalBytes, fraction } = progressOf(handover);
  const under = handover.images.filter((image) => image.state === 'copying').map((image) => movingOf(image, moving));
  const rate = under.reduce((sum, each) => sum + each.rateBytesPerSecond, 0);
  const bytes = totalBytes > 0 && doneBytes < totalBytes && handover.state === 'copying' ? `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}` : '';
  // What is left of the bytes, and never less than what is left of one of them: it is counted raw there.
  const left = rate > 0 ? formatTimeLeft(Math.max((totalBytes - doneBytes) / rate, ...under.map((each) => each.etaSeconds ?? 0))) : '';
  return (
    <div className={classes['total']}>
      <ProgressBar fraction={fraction} label={progressWords(handover)} tone={handover.state === 'failed' ? 'fail' : fraction === 1 ? 'ok' : 'run'} />
      <span>{[progressWords(handover), bytes, rate > 0 ? formatRate(rate) : '', left].filter((part) => part !== '').join(' · ')}</span>
    </div>
  );
}

const most = 5;
/** What a person may do now, or has to know. */
function Next({ handover, names }: { handover: Handover; names: Names }) {
  const from = nameOf(names, handover.fromServerId);
  const lines: { tone: 'ok' | 'warn' | 'wait' | 'fail' | 'off'; text: React.ReactNode }[] = [];
  if (handover.problem !== null) lines.push({ tone: handover.state === 'failed' ? 'fail' : 'warn', text: handover.problem });
  // What keeps single images, in full: the table has room for the beginning only.
  const kept = handover.images.filter((image) => image.problem !== null);
  for (const image of kept.slice(0, most)) lines.push({ tone: isGivenBack(image) ? 'off' : image.state === 'failed' ? 'fail' : 'warn', text: <><strong>{image.imageName}</strong>: {image.problem}</> });
  if (kept.length > most) lines.push({ tone: 'warn', text: `And ${kept.length - most} more images have a remark, in the table below.` });
  if (handover.state === 'ready') lines.push({ tone: 'ok', text: <>Proved: every version of every image below deploys without {from}. Let it go when you like; until then <em>Cancel and give back</em> makes everything as it was.</> });
  if (handover.state === 'preparing' || handover.state === 'copying' || handover.state === 'proving') lines.push({ tone: 'wait', text: 'It goes on by itself, also when this window is closed or the console starts again. Each image changes hands as soon as it is proved at its new owner.' });
  if (handover.state === 'done') lines.push({ tone: 'ok', text: handover.kind === 'retire' || handover.kind === 'replace' ? <>{from} is let go: it is neither asked nor served any more. What lies on its disk stays there. Its machine can be switched off.</> : handover.images.some(isGivenBack) ? 'It was through: every version was proved at its new owner. What was given back since is named.' : 'Every image changed hands, with every version proved at its new owner.' });
  if (handover.state === 'cancelled') lines.push({ tone: 'off', text: <>It was cancelled: owners and states are what they were. What was copied stays where it is.</> });
  if (handover.state === 'failed' && handover.problem === null) lines.push({ tone: 'fail', text: <>It ended without being through. <Link href="/servers">Look at the servers</Link>, then begin it again.</> });
  return <>{lines.map((line, index) => <p key={index} className={classes['next']}><StateIcon tone={line.tone} size={16} /><span>{line.text}</span></p>)}</>;
}
