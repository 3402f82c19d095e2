// Network boot: how it serves, what with, whether it can work, and how each boot goes. One filled button for what comes next; a
// choice is a draft until it is applied.
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { BootChoice, BootStatus } from '#shared/model/boot.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead, PageTabs } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { BootSettings } from './BootSettings.tsx';
import { BootsTab } from './BootsTab.tsx';
import { draftFrom, draftProblem } from './bootDraft.ts';
import { likelyAction, stateTones, stateWords } from './bootWords.ts';
import type { HeadAction } from './bootWords.ts';
import { EnvironmentTab } from './EnvironmentTab.tsx';
import { LeasesTab } from './LeasesTab.tsx';
import { MediaTab } from './MediaTab.tsx';
import { PreflightTab } from './PreflightTab.tsx';
import { ServeTab } from './ServeTab.tsx';
import { Trouble } from './Trouble.tsx';
import { useBootActions } from './useBootActions.ts';
import classes from './Boot.module.css';

const icon = <NodeIcon kind="boot" />;

export function BootPage({ tab }: { tab: string }) {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const status = useQuery(trpc.boot.status.queryOptions());
  // A cable that is plugged in says nothing to the server's clients, so links are asked for while one looks at them.
  const adapters = useQuery(trpc.boot.adapters.queryOptions(undefined, { refetchInterval: tab === 'serve' ? 5000 : false }));
  const actions = useBootActions();
  const [edited, setEdited] = useState<BootChoice | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const adapterRows = useRef<HTMLDivElement>(null);
  const failed = [status, adapters].find((query) => query.isError && query.data === undefined);
  const tabs = [{ id: 'serve', title: 'How it serves' }, { id: 'environment', title: 'Boot environment' }, { id: 'preflight', title: 'Preflight' }, { id: 'boots', title: 'Boots' }, { id: 'media', title: 'Boot media' }, ...(status.data?.choice.mode === 'lab' ? [{ id: 'leases', title: 'Leases', count: String(status.data.leases.length) }] : []), { id: 'settings', title: 'Settings' }];
  if (failed !== undefined) return <><PageHead icon={icon} title="Network boot" documentTitle="Network boot" /><PageTabs base="/boot" tabs={tabs} active={tab} /><PageBody><ErrorBlock title="Network boot could not be read" error={shownError(failed.error)} onRetry={() => { void status.refetch(); void adapters.refetch(); }} /></PageBody></>;
  const draft = status.data === undefined || adapters.data === undefined ? null : edited ?? draftFrom(status.data, adapters.data);
  const act = async (action: HeadAction): Promise<void> => {
    if (status.data === undefined || draft === null) return;
    if (action === 'build') {
      navigate('/boot/environment');
      await actions.build();
    } else if (action === 'start-again') await actions.startAgain(status.data.choice);
    else if (action === 'switch-off') await switchOff();
    else if (tab !== 'serve') navigate('/boot');
    else {
      const wrong = draftProblem(draft, adapters.data ?? []);
      setProblem(wrong);
      if (wrong !== null) adapterRows.current?.querySelector<HTMLElement>('input:enabled')?.focus();
      else if (await actions.choose(draft, status.data.choice)) setEdited(null);
    }
  };
  const switchOff = async (): Promise<void> => {
    // The adapter is kept, so that switching on again is one press.
    if (status.data !== undefined && await actions.choose({ ...status.data.choice, mode: 'off' }, status.data.choice)) setEdited(null);
  };
  return (
    <>
      <PageHead
        icon={icon} title="Network boot" documentTitle="Network boot"
        state={status.data === undefined ? <><span className="offscreen">Loading</span><Skeleton h={10} w={150} /></> : <State status={status.data} />}
        actions={status.data !== undefined && draft !== null && <HeadActions action={likelyAction(status.data, draft)} status={status.data} here={tab === 'serve'} busy={actions.busy} onAct={(action) => void act(action)} onOff={() => void switchOff()} />}
      />
      <PageTabs base="/boot" tabs={tabs} active={tab} />
      {(actions.failure !== null || status.data?.state === 'stopped') && (
        <div className={classes['above']}>
          {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} />}
          {status.data?.state === 'stopped' && actions.failure?.error.message !== status.data.problem && <Stopped status={status.data} />}
        </div>
      )}
      {tab === 'environment' ? <EnvironmentTab environment={status.data?.environment} onBuild={() => void act('build')} />
        : tab === 'preflight' ? <PreflightTab status={status.data} />
          : tab === 'boots' ? <BootsTab status={status.data} />
            : tab === 'leases' ? <LeasesTab status={status.data} />
              : tab === 'media' ? <MediaTab environment={status.data?.environment} />
              : tab === 'settings' ? <BootSettings settings={status.data?.settings} />
                : <ServeTab status={status.data} adapters={adapters.data} draft={draft} edited={edited !== null} problem={problem} adapterRows={adapterRows} onDraft={(next) => { setEdited(next); setProblem(null); }} />}
    </>
  );
}

function State({ status }: { status: BootStatus }) {
  const { environment, state } = status;
  if (state === 'off' && environment.state === 'building') return <StateMark tone="run">Off; the boot environment is being built</StateMark>;
  return <span title={status.problem ?? undefined}><StateMark tone={stateTones[state]}>{stateWords(status)}</StateMark></span>;
}

const labels: Record<Exclude<HeadAction, null>, string> = { build: 'Build the boot environment', 'switch-on': 'Switch on', 'switch-off': 'Switch off', apply: 'Apply', 'start-again': 'Start again' };
function HeadActions({ action, status, here, busy, onAct, onOff }: { action: HeadAction; status: BootStatus; /** On the tab where what will happen is shown. */ here: boolean; busy: 'choose' | 'build' | null; onAct: (action: HeadAction) => void; onOff: () => void }) {
  const connected = useConnected();
  const opens = !here && (action === 'switch-on' || action === 'apply');
  return (
    <>
      {status.state !== 'off' && action !== 'switch-off' && <Button variant="default" disabled={!connected || busy !== null} onClick={onOff}>Switch off</Button>}
      {action !== null && <Button disabled={!connected} loading={busy === (action === 'build' ? 'build' : 'choose')} onClick={() => onAct(action)}>{labels[action]}{opens && '…'}</Button>}
    </>
  );
}

function Stopped({ status }: { status: BootStatus }) {
  return (
    <Trouble title="Network boot has stopped, so no computer starts from here" text={status.problem ?? 'The server does not say why.'} details={`Network boot stopped\n${status.problem ?? ''}\nMode: ${status.choice.mode}\nAdapter: ${status.choice.adapter}`}>
      <p>When that is put right, start it again. <Link href="/boot/preflight">Preflight</Link> looks at everything that can be in the way.</p>
    </Trouble>
  );
}
