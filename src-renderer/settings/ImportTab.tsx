// Taking in a folder of packs on the server's machine: a disk of a dead server, a first copy on a USB disk. One at a time; it goes on when
// the window is closed, and is shown for an hour after its end.
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { Import, ImportedVersion } from '#shared/model/import.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { useAttempt } from '../app/useAttempt.ts';
import { shownError } from '../errors.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { ErrorBlock, WarningLine } from '../ui/ErrorBlock.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { importedBytes, importProgress, importSummary, namesAll, outcomeWords } from './importWords.ts';
import type { Point } from './importWords.ts';
import classes from './BackupTab.module.css';

const pollMs = 500;
/** The command line may begin one, too. */
const idleMs = 5000;
/** The rate is that of the last ten seconds. */
const mostPoints = 20;
const mostShown = 500;
const isWell = (version: ImportedVersion): boolean => version.outcome === 'taken' || version.outcome === 'here';
const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.imports.pathFilter(), trpc.images.pathFilter(), trpc.tree.pathFilter()];

export function ImportTab() {
  const trpc = useTRPC();
  const view = useQuery(trpc.imports.get.queryOptions(undefined, { refetchInterval: (query) => (query.state.data?.state === 'running' ? pollMs : idleMs) }));
  const actions = useImport();
  if (view.data === undefined) return <PageBody>{view.isError ? <ErrorBlock title="Whether something is imported could not be read" error={shownError(view.error)} onRetry={() => void view.refetch()} /> : <FactsSkeleton rows={3} />}</PageBody>;
  const running = view.data?.state === 'running';
  return (
    <PageBody>
      {actions.failure !== null && <ErrorBlock title={actions.failure.title} error={actions.failure.error} onDismiss={actions.dismiss} />}
      {view.data !== null && <Section title={running ? 'Under way' : 'Last import'}>{running ? <Running view={view.data} readAt={view.dataUpdatedAt} actions={actions} /> : <Result view={view.data} />}</Section>}
      {!running && <Section title="Import a folder"><Start actions={actions} /></Section>}
    </PageBody>
  );
}

function useImport() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const { attempt, busy, failure, dismiss } = useAttempt<'start' | 'cancel'>(stale);
  const show = (view: Import | null): void => void queries.setQueryData(trpc.imports.get.queryKey(), view);
  return {
    busy, failure, dismiss,
    start: (request: { folder: string; trust: boolean; all: boolean }) => attempt('start', 'The folder could not be imported', async () => show(await client.imports.start.mutate(request))),
    cancel: () => attempt('cancel', 'The import could not be cancelled', async () => show(await client.imports.cancel.mutate())),
  };
}
type Actions = ReturnType<typeof useImport>;

function Start({ actions }: { actions: Actions }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const status = useQuery(trpc.status.get.queryOptions()).data;
  const [folder, setFolder] = useState('');
  const [trust, setTrust] = useState(false);
  const [all, setAll] = useState(false);
  return (
    <form className={classes['import']} onSubmit={(event) => { event.preventDefault(); if (folder.trim() !== '') void actions.start({ folder: folder.trim(), trust, all }); }}>
      <p className={classes['text']}>Takes images in from another store’s folder: the disk of a dead server, or a copy on a USB disk. It is only read. Every chunk is checked before it is stored, each version keeps the identity it had, and is re-hashed here before it is ready. <Link href="/help/package-servers">About importing</Link></p>
      <TextInput label="Folder" description={`On the machine of this server${status === undefined ? '' : ` (${status.name})`}: a data folder, its store, or one with packs and manifests in it.`} placeholder="/mnt/old-disk/platen" maxLength={4096} value={folder} onChange={(event) => setFolder(event.currentTarget.value)} />
      <Checkbox size="xs" label="Also versions that no known server signed (--trust)" description="Only where you know where the folder comes from: this server vouches for them from then on." checked={trust} onChange={(event) => setTrust(event.currentTarget.checked)} />
      {status !== undefined && status.console !== null && <Checkbox size="xs" label="Also versions that this package server is not to hold (--all)" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />}
      <div className={classes['buttons']}><Button type="submit" disabled={!connected || folder.trim() === ''} loading={actions.busy === 'start'}>Import</Button></div>
    </form>
  );
}

function Running({ view, readAt, actions }: { view: Import; readAt: number; actions: Actions }) {
  const connected = useConnected();
  const points = usePoints(view, readAt);
  const progress = importProgress(view, points);
  return (
    <div className={classes['now']}>
      <p><span className="mono">{view.folder}</span> <span className="dim">begun <When at={view.startedAt} /> by {view.actor}</span></p>
      <ProgressBar fraction={progress.fraction} label={`Import of ${view.folder}`} />
      <p>{progress.text}</p>
      {view.versions.length > 0 && <p className="dim">{namesAll(view) && importSummary(view.versions)} {formatBytes(view.bytes)} brought so far.</p>}
      <div className={classes['buttons']}><Button variant="default" disabled={!connected} loading={actions.busy === 'cancel'} onClick={() => void actions.cancel()}>Cancel</Button><span className="dim">What was taken in until then stays.</span></div>
    </div>
  );
}

/** @param readAt also when nothing was brought meanwhile, which is a rate as well */
function usePoints(view: Import, readAt: number): readonly Point[] {
  const [points, setPoints] = useState<readonly Point[]>([]);
  const bytes = importedBytes(view);
  useEffect(() => { setPoints((now) => [...now, { at: readAt, bytes }].slice(-mostPoints)); }, [readAt, bytes]);
  return points;
}

function Result({ view }: { view: Import }) {
  // What needs a person comes first, so that it is not among the many.
  const shown = view.versions.toSorted((left, right) => Number(isWell(left)) - Number(isWell(right))).slice(0, mostShown);
  return (
    <>
      {view.state === 'failed' && <WarningLine>It failed: {view.problem ?? 'the server’s log says why'}</WarningLine>}
      {view.state === 'cancelled' && <WarningLine>It was cancelled. What was taken in until then is here; import the folder again for the rest.</WarningLine>}
      <Facts facts={[
        { name: 'Folder', value: <span className="mono">{view.folder}</span> }, { name: 'Ended', value: <>{view.endedAt === null ? '–' : <When at={view.endedAt} />} <span className="dim">by {view.actor}</span></> },
        { name: 'Looked at', value: `${view.packsRead} of ${view.packs} packs, ${view.chunks.toLocaleString('en')} chunks` }, { name: 'Brought', value: formatBytes(view.bytes) }, { name: 'Outcome', value: importSummary(view.versions) },
        view.unreadable.length === 0 ? null : { name: 'Could not be read', value: view.unreadable.map((path) => <div key={path} className="mono">{path}</div>) },
      ]}
      />
      {view.versions.length > 0 && (
        <ul className={classes['result']} aria-label="Versions found">
          {shown.map((version) => (
            <li key={version.manifest}>
              <span>{version.imageName === '' ? <span className="mono">{version.manifest.slice(0, 16)}</span> : version.outcome === 'taken' || version.outcome === 'here' ? <Link href={`/image/${version.imageGuid}/versions`}>{version.imageName}</Link> : version.imageName}{version.number > 0 && <span className="dim"> version {version.number}</span>}</span>
              <StateMark tone={outcomeWords[version.outcome].tone}>{outcomeWords[version.outcome].word}</StateMark>
              <span className="dim">{version.chunks.toLocaleString('en')} chunks{version.lacking + version.damaged > 0 && `, ${(version.lacking + version.damaged).toLocaleString('en')} missing`}</span>
              <span>{version.message}</span>
            </li>
          ))}
          {shown.length < view.versions.length && <li><span className="dim">and {view.versions.length - shown.length} more</span></li>}
        </ul>
      )}
    </>
  );
}
