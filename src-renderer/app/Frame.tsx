// The frame: header 44 px, resizable tree, detail, status strip 28 px; the global keys; what is shown while there is no connection.
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useTRPC } from '../api.ts';
import { isUnauthorized } from '../errors.ts';
import { Tree } from '../tree/Tree.tsx';
import { PageHeadSkeleton } from '../ui/Page.tsx';
import { toastDone, undoLast } from '../ui/toasts.tsx';
import { OfflineBanner, useConnection } from './connection.tsx';
import { Connecting } from './Connecting.tsx';
import { Header } from './Header.tsx';
import { KeysDialog } from './KeysDialog.tsx';
import { LiveUpdates } from './liveUpdates.tsx';
import { openPalette, Palette } from './Palette.tsx';
import { Routes } from './Routes.tsx';
import { Splitter, useTreeWidth } from './Splitter.tsx';
import { StatusStrip } from './StatusStrip.tsx';
import classes from './Frame.module.css';

/** Comes after the first screen, closed, so that it knows where the focus was when it opens. */
const CaptureDialog = lazy(async () => ({ default: (await import('../images/CaptureDialog.tsx')).CaptureDialog }));
const HandoverDialog = lazy(async () => ({ default: (await import('../handovers/HandoverDialog.tsx')).HandoverDialog }));
const RunSheet = lazy(async () => ({ default: (await import('../jobs/RunSheet.tsx')).RunSheet }));
const ObjectDialogs = lazy(async () => ({ default: (await import('../tree/ObjectDialogs.tsx')).ObjectDialogs }));

export function Frame({ onSignOut }: { onSignOut: (rejected: boolean) => void }) {
  const trpc = useTRPC();
  const connection = useConnection();
  const whoami = useQuery(trpc.session.whoami.queryOptions());
  const [keysOpen, setKeysOpen] = useState(false);
  const [treeWidth, setTreeWidth] = useTreeWidth();
  const [location] = useLocation();
  const refused = connection.state === 'refused' || isUnauthorized(whoami.error);
  useEffect(() => { if (refused) onSignOut(true); }, [refused, onSignOut]);
  useHotkeys([
    ['mod+K', openPalette],
    ['?', () => setKeysOpen(true)],
    ['shift+?', () => setKeysOpen(true)],
    ['mod+Z', () => { if (!undoLast()) toastDone('There is nothing to undo in this window.'); }],
    ['mod+B', () => document.querySelector<HTMLElement>('[role="tree"]')?.focus()],
  ]);
  if (refused) return null;
  if (whoami.data === undefined && connection.state !== 'open') return <Connecting onSignOut={() => onSignOut(false)} />;
  return (
    <div className={classes['frame']}>
      <a className={classes['skip']} href="#page" onClick={(event) => { event.preventDefault(); document.getElementById('page')?.focus(); }}>Skip to the page</a>
      <LiveUpdates />
      <Header actor={whoami.data?.actor ?? ''} onKeys={() => setKeysOpen(true)} onSignOut={() => onSignOut(false)} />
      <OfflineBanner />
      <div className={classes['middle']} data-offline={connection.state === 'lost'} style={{ gridTemplateColumns: `${treeWidth}px minmax(0, 1fr)` }}>
        <nav className={classes['side']} aria-label="Objects"><Tree /><Splitter width={treeWidth} onWidth={setTreeWidth} /></nav>
        <main className={classes['detail']} id="page" tabIndex={-1} key={pageOf(location)}><Suspense fallback={<PageHeadSkeleton icon={null} documentTitle="Loading" />}><Routes /></Suspense></main>
      </div>
      <StatusStrip />
      <Palette onKeys={() => setKeysOpen(true)} />
      <KeysDialog opened={keysOpen} onClose={() => setKeysOpen(false)} />
      <Suspense><CaptureDialog /></Suspense>
      <Suspense><HandoverDialog /></Suspense>
      <Suspense><RunSheet /></Suspense>
      <Suspense><ObjectDialogs /></Suspense>
    </div>
  );
}

/** Another object is another page (its state starts anew); another tab of it is not, nor is a list narrowed otherwise. */
function pageOf(location: string): string {
  return /^\/(activity|boot|transfers|settings)\b/.exec(location)?.[0] ?? location.split('/').slice(0, 3).join('/');
}
