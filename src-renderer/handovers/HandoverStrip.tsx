// Hand-overs that are under way, in a line each: what, how far, and the way to its page. server: only those it takes part in.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { useTRPC } from '../api.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { handoverState, isOpen, progressOf, progressWords, titleOf } from './handoverWords.ts';
import classes from './Handovers.module.css';

export function HandoverStrip({ server }: { server?: string }) {
  const trpc = useTRPC();
  const servers = useQuery(trpc.servers.list.queryOptions());
  const handovers = useQuery(trpc.handovers.list.queryOptions({ open: true }));
  const names = new Map((servers.data ?? []).map((each) => [each.id, each.name]));
  const shown = (handovers.data ?? []).filter((each) => isOpen(each) && (server === undefined || each.fromServerId === server || each.toServerId === server || each.images.some((image) => image.toServerId === server)));
  if (shown.length === 0 || servers.data === undefined) return null;
  return (
    <ul className={classes['strips']} aria-label="Hand-overs under way">
      {shown.map((handover) => (
        <li key={handover.id}>
          <StateMark tone={handoverState(handover).tone}>{handoverState(handover).word}</StateMark>
          <Link href={`/handover/${handover.id}`}>{titleOf(handover, names)}</Link>
          <ProgressBar fraction={progressOf(handover).fraction} label={`${titleOf(handover, names)}: ${progressWords(handover)}`} tone={handover.state === 'ready' ? 'ok' : 'run'} />
          <span className={classes['cut']}>{progressWords(handover)}{handover.problem === null ? '' : `. ${handover.problem}`}</span>
        </li>
      ))}
    </ul>
  );
}
