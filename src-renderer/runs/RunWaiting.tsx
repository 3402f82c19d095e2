// Why a run is not under way: what it waits for and its place in the queue, a person's word, or a computer gone silent.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangleFilled, IconClock } from '@tabler/icons-react';
import { Link } from 'wouter';
import { RUN_LEASE_MS } from '#shared/agent/messages.ts';
import { currentTask } from '#shared/model/run-words.ts';
import type { RunView } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { When } from '../ui/When.tsx';
import { isSilent, Silence } from './Silence.tsx';
import { runsAhead, runState, runTitle } from './runWords.ts';
import type { RunActions } from './useRunActions.tsx';
import classes from './RunWaiting.module.css';

export function RunWaiting({ run, actions }: { run: RunView; actions: RunActions }) {
  if (run.state === 'waiting' && run.waitingFor === 'person') return <NeedsPerson run={run} actions={actions} />;
  if (run.state === 'lost') {
    return (
      <div className={classes['block']} data-tone="warn">
        <IconAlertTriangleFilled size={16} aria-hidden />
        <div><strong>{run.computerName} has gone silent.</strong> <span>When its agent comes back, the run goes on by itself where it was. If it does not come back, switch the computer on again, or cancel the run.</span></div>
      </div>
    );
  }
  if (isSilent(run)) {
    return (
      <div className={classes['block']} data-tone="warn">
        <div><Silence run={run} /> <span>{run.computerName} does not answer at the moment. Look at its cable and whether it is switched on. It goes on by itself when it is heard of again; after {RUN_LEASE_MS / 1000} s of silence the run counts as lost.</span></div>
      </div>
    );
  }
  if (run.state === 'queued' || run.state === 'waiting') return <InQueue run={run} />;
  return null;
}

function NeedsPerson({ run, actions }: { run: RunView; actions: RunActions }) {
  const connected = useConnected();
  const task = currentTask(run);
  const what = task === undefined ? 'A task' : `“${task.summary}”`;
  const again = task?.task.type === 'deploy' ? 'Going on deploys again from the start: what is on that disk is erased.' : task?.task.type === 'script' ? 'Going on runs the script again from its start.' : 'Going on does it again from the start.';
  return (
    <div className={classes['block']} data-tone="warn" role="alert">
      <IconAlertTriangleFilled size={16} aria-hidden />
      <div>
        <strong>This run waits for a person.</strong> <span>{what} was cut off: {run.computerName} or its agent started anew in the middle of it. {again} Nothing of this happens without your word, given here or at the computer.</span>
        <div className={classes['buttons']}>
          <Button disabled={!connected} onClick={() => actions.resume(run, true)}>Go on</Button>
          <Button variant="default" disabled={!connected} onClick={() => actions.resume(run, false)}>End as failed</Button>
        </div>
      </div>
    </div>
  );
}

function InQueue({ run }: { run: RunView }) {
  const trpc = useTRPC();
  const active = useQuery(trpc.runs.list.queryOptions({ active: true, computer: run.computerId, limit: 200 }));
  const ahead = active.data === undefined ? [] : runsAhead(run, active.data);
  const [first] = ahead;
  return (
    <div className={classes['block']} data-tone="wait">
      <IconClock size={16} aria-hidden />
      <div>
        {active.data === undefined && !active.isError ? '\u00a0' : first === undefined
          ? <><strong>{waitsFor(run)}</strong> <span>{startsWhen(run)}</span></>
          : <><strong>Number {ahead.length + 1} in line on {run.computerName}.</strong> <span>First comes <Link href={`/run/${first.id}`}>{runTitle(first)}</Link> ({runState(first).toLowerCase()}){ahead.length > 1 && `, then ${ahead.length - 1} more`}. It starts by itself.</span></>}
        {' '}<span className="dim">Asked for <When at={run.startedAt} />.</span>
      </div>
    </div>
  );
}

function waitsFor(run: RunView): string {
  return run.waitingFor === 'version' ? 'Waits until the version is verified.' : `Waits for ${run.computerName}.`;
}
function startsWhen(run: RunView): string {
  if (run.waitingFor === 'version') return 'A version is deployed only once everything new in it has been read back from disk. It starts by itself.';
  return 'It starts by itself as soon as the agent runs there: start the computer over the network, or run the portal on it.';
}
