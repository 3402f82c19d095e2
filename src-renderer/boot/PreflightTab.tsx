// Preflight: everything that can be known before the first computer is switched on, each check with what to do. It runs when one
// opens it, and again when asked.
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { BootStatus, PreflightCheck } from '#shared/model/boot.ts';
import { useTRPCClient } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { isConnectionError, shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import type { Tone } from '../ui/StateMark.tsx';
import { exactTime, clockTime } from '../ui/time.ts';
import classes from './Boot.module.css';

const shown: Record<PreflightCheck['state'], { tone: Tone; word: string }> = { ok: { tone: 'ok', word: 'In order' }, warning: { tone: 'warn', word: 'Look at it' }, failed: { tone: 'fail', word: 'Not right' }, skipped: { tone: 'off', word: 'Not checked' } };

export function PreflightTab({ status }: { status: BootStatus | undefined }) {
  const client = useTRPCClient();
  const connected = useConnected();
  // Another adapter or mode is another question; it is asked again then, and not merely because time went by.
  const asked = status === undefined ? null : [status.state, status.choice.mode, status.choice.adapter, status.environment.state].join(' ');
  const checks = useQuery({ queryKey: ['boot preflight', asked], queryFn: async () => ({ at: Date.now(), list: await client.boot.preflight.mutate() }), enabled: asked !== null, retry: (count, error) => count < 2 && isConnectionError(error) });
  const { data } = checks;
  return (
    <PageBody>
      <Section title={data === undefined ? 'Checks' : summary(data.list)} aside={<><span>{checks.isFetching ? 'Checking…' : data !== undefined && <span title={exactTime(data.at)}>checked at {clockTime(data.at)}</span>}</span>{' '}<Button variant="default" ml={12} disabled={!connected || asked === null} loading={checks.isFetching && data !== undefined} onClick={() => void checks.refetch()}>Run again</Button></>}>
        {checks.isError && !checks.isFetching && <ErrorBlock title="The checks could not be run" error={shownError(checks.error)} onRetry={() => void checks.refetch()} />}
        {data === undefined && !checks.isError && <Waiting />}
        {data !== undefined && (
          <ul className={classes['checks']} aria-label="Checks" aria-busy={checks.isFetching}>
            {data.list.map((check) => (
              <li key={check.id} data-state={check.state}>
                <StateMark tone={shown[check.state].tone}>{shown[check.state].word}</StateMark>
                <span className={classes['checkTitle']}>{check.title}</span>
                <span className={classes['checkText']}>{check.text}{check.advice !== '' && <span className={classes['advice']}>{check.advice}</span>}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <p className="dim">The checks ask the wire for other DHCP servers, and fetch the boot files as a computer would. They change nothing.</p>
    </PageBody>
  );
}

function summary(list: readonly PreflightCheck[]): string {
  const count = (state: PreflightCheck['state']): number => list.filter((check) => check.state === state).length;
  const [failed, warnings] = [count('failed'), count('warning')];
  if (failed + warnings === 0) return 'Nothing stands in the way';
  return [failed > 0 ? `${failed} ${failed === 1 ? 'check is' : 'checks are'} not right` : '', warnings > 0 ? `${warnings} to look at` : ''].filter((part) => part !== '').join(', ');
}

function Waiting() {
  return (
    <ul className={classes['checks']} aria-label="Checks" aria-busy>
      {Array.from({ length: 8 }, (_, index) => <li key={index} aria-hidden><Skeleton h={10} w={80} my={5} /><Skeleton h={10} w={90 + ((index * 37) % 60)} my={5} /><Skeleton h={10} w={`${35 + ((index * 29) % 40)}%`} my={5} /></li>)}
    </ul>
  );
}
