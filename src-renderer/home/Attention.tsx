// What needs a person, each with what can be done about it: runs that wait for a word first, then what the server says of itself, then
// computers that nobody has named. Nothing at all when there is nothing.
import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { currentTask } from '#shared/model/run-words.ts';
import { runTitle } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { useConnected } from '../app/connection.tsx';
import { needsPerson } from '../computers/station.ts';
import { useRunActions } from '../runs/useRunActions.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Section } from '../ui/Page.tsx';
import { StateIcon } from '../ui/StateMark.tsx';
import classes from './HomePage.module.css';

/** A server's own page shows only what the server says of itself. */
export function Attention({ status, active = [], newComputers = 0 }: { status: ServerStatus; active?: RunView[]; newComputers?: number }) {
  const connected = useConnected();
  const actions = useRunActions();
  const asking = active.filter(needsPerson);
  if (status.problems.length + asking.length + newComputers === 0) return null;
  return (
    <Section title="Needs attention">
      {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} />}
      <ul className={classes['problems']} aria-label="Needs attention">
        {asking.map((run) => (
          <li key={run.id}>
            <StateIcon tone="warn" />
            <span><Link href={`/run/${run.id}`}>{runTitle(run)}</Link> on <Link href={`/computer/${run.computerId}`}>{run.computerName}</Link> waits for a word: {cutOff(run)}</span>
            <span className={classes['buttons']}>
              <Button disabled={!connected} onClick={() => actions.resume(run, true)}>Go on<span className="offscreen"> with {runTitle(run)} on {run.computerName}</span></Button>
              <Button variant="default" disabled={!connected} onClick={() => actions.resume(run, false)}>End<span className="offscreen"> {runTitle(run)} on {run.computerName}</span></Button>
            </span>
          </li>
        ))}
        {status.problems.map((problem) => (
          <li key={`${problem.code} ${problem.message}`}>
            <StateIcon tone="warn" />
            <span>{problem.message}</span>
            {problem.link !== null && <Link href={problem.link.startsWith('/') ? problem.link : `/${problem.link}`}>Open</Link>}
          </li>
        ))}
        {newComputers > 0 && (
          <li>
            <StateIcon tone="wait" />
            <span>{newComputers === 1 ? 'A computer is new and has no name of its own yet.' : `${newComputers} computers are new and have no names of their own yet.`} Name {newComputers === 1 ? 'it' : 'them'} and move {newComputers === 1 ? 'it' : 'them'} to a group.</span>
            <Link href="/group/new">Open<span className="offscreen"> New computers</span></Link>
          </li>
        )}
      </ul>
    </Section>
  );
}

function cutOff(run: RunView): string {
  const task = currentTask(run);
  if (task === undefined) return 'it was cut off in the middle.';
  const again = task.task.type === 'deploy' ? 'Going on erases that disk and deploys again.' : task.task.type === 'script' ? 'Going on runs the script again from its start.' : 'Going on does it again from the start.';
  return `“${task.summary}” was cut off in the middle. ${again}`;
}
