// One package server: its name edited in place, what needs a person on top, and the tabs below.
import { ActionIcon, Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconDots, IconServer } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { PackageServer } from '#shared/model/replication.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { openHandover } from '../handovers/handoverStore.ts';
import { HandoverStrip } from '../handovers/HandoverStrip.tsx';
import { mayBeLost } from '../handovers/handoverWords.ts';
import { EditableText } from '../ui/EditableText.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, PageHead, PageHeadSkeleton, PageTabs } from '../ui/Page.tsx';
import { StateIcon, StateMark } from '../ui/StateMark.tsx';
import { useMinute } from '../ui/useNow.ts';
import { When } from '../ui/When.tsx';
import { ServerCopies } from './ServerCopies.tsx';
import { ServerHistory } from './ServerHistory.tsx';
import { ServerMoving } from './ServerMoving.tsx';
import { ServerOverview } from './ServerOverview.tsx';
import { serverState } from './serverWords.ts';
import { useServerActions } from './useServerActions.tsx';
import classes from './Servers.module.css';

const icon = <IconServer size={18} stroke={1.6} />;
const tabs = [{ id: 'overview', title: 'Overview' }, { id: 'copies', title: 'Copies' }, { id: 'moving', title: 'Moving' }, { id: 'history', title: 'History' }];

export function ServerPage({ id, tab }: { id: string; tab: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.servers.get.queryOptions({ server: id }));
  const server = query.data;
  const actions = useServerActions();
  if (server === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Package server" /><PageTabs base={`/server/${id}`} active={tab} tabs={tabs} /><PageBody><FactsSkeleton rows={10} /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Package server" documentTitle="Package server" /><PageBody><ErrorBlock title="This package server could not be read" error={shown} context={{ Server: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  const { copies } = server;
  const all = copies.ready + copies.copying + copies.verifying + copies.damaged + copies.removing;
  const counts: Record<string, string> = { copies: `${copies.ready}/${all}`, moving: String(server.moving.length) };
  return (
    <>
      <Head server={server} actions={actions} />
      <PageTabs base={`/server/${id}`} active={tab} tabs={tabs.map((each) => ({ ...each, ...(counts[each.id] === undefined ? {} : { count: counts[each.id] ?? '' }) }))} />
      {actions.failure !== null && <div className={classes['pad']}><ErrorBlock title={actions.failure.title} error={actions.failure.error} context={{ Server: `${server.name} (${server.id})` }} onDismiss={actions.dismiss} /></div>}
      <HandoverStrip server={server.id} />
      <Problems server={server} />
      {tab === 'copies' ? <ServerCopies server={server} /> : tab === 'moving' ? <ServerMoving server={server} /> : tab === 'history' ? <ServerHistory server={server} /> : <ServerOverview server={server} actions={actions} />}
    </>
  );
}

function Head({ server, actions }: { server: PackageServer; actions: ReturnType<typeof useServerActions> }) {
  const connected = useConnected();
  const state = serverState(server);
  const out = server.state === 'revoked' || server.state === 'retired';
  const check = (text: string): string | null => (text.trim() === '' ? 'A server needs a name.' : text.trim().length > 63 ? 'A name has at most 63 characters.' : null);
  return (
    <PageHead
      icon={icon} documentTitle={server.name}
      // This console's name is a setting, beside the others that make up its identity.
      title={server.isSelf ? <span>{server.name}</span> : <EditableText value={server.name} label="Name" size="title" check={check} disabled={!connected || out} onSave={(name) => void actions.rename(server, name)} />}
      state={
        <span className={classes['states']}>
          <StateMark tone={state.tone}>{state.word}</StateMark>
          {!server.connected && server.lastSeenAt !== null && <span className="dim">last seen <When at={server.lastSeenAt} /></span>}
          {server.isSelf && <span className="dim">this console</span>}
        </span>
      }
      actions={server.isSelf ? <Button component={Link} href="/settings" variant="default">Settings</Button> : (
        <>
          <Button component={Link} href={`/matrix/${server.id}`} variant="default">Its images</Button>
          {out ? <Button component={Link} href="/servers/add">Add it again…</Button> : (
            <Menu position="bottom-end" width={220}>
              <Menu.Target><ActionIcon aria-label="More commands" variant="default"><IconDots size={16} /></ActionIcon></Menu.Target>
              <Menu.Dropdown aria-label={`Commands for ${server.name}`}>
                <Menu.Item disabled={!connected || server.state !== 'joined'} onClick={() => openHandover({ kind: 'retire', server })}>Retire…</Menu.Item>
                <Menu.Item disabled={!connected || server.state !== 'joined'} onClick={() => openHandover({ kind: 'replace', server })}>Replace…</Menu.Item>
                <Menu.Item disabled={!connected || server.ownedImages === 0} onClick={() => openHandover({ kind: 'recover', server })}>Recover its images…</Menu.Item>
                <Menu.Divider />
                <Menu.Item disabled={!connected} onClick={() => actions.revoke(server)}>Revoke…</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          )}
        </>
      )}
    />
  );
}

/** The server says what happened, why, and what to do; what it says stays until it is put right. */
function Problems({ server }: { server: PackageServer }) {
  const connected = useConnected();
  const now = useMinute();
  const away = !server.connected && server.state === 'joined';
  const lost = mayBeLost(server, now);
  if (server.problems.length === 0 && !away && !lost && server.state !== 'revoked' && server.state !== 'retired') return null;
  return (
    <ul className={classes['problems']} aria-label="Needs attention">
      {server.state === 'revoked' && <li><StateIcon tone="fail" /><span>It was revoked: it is neither served nor asked any more, and computers are not sent there. What it holds stays on its disk. To bring it back, add it again with a new token.</span></li>}
      {away && <li><StateIcon tone="wait" /><span>It is not connected, so what stands here is the last that it reported. It goes on serving what it has proved, and catches up by itself when it is back. If it should be there: look whether the machine is on, and whether it reaches this console’s address and port.</span></li>}
      {server.state === 'retired' && <li><StateIcon tone="off" /><span>It was retired: its images belong to other servers, and it is neither asked nor served any more. What lies on its disk stays there. For a week it can be taken back, on the page of its <Link href="/handovers">hand-over</Link>.</span></li>}
      {lost && <li><StateIcon tone="warn" /><span>It owns {server.ownedImages === 1 ? '1 image' : `${server.ownedImages} images`}, and nobody can change {server.ownedImages === 1 ? 'it' : 'them'} there while it is away. If it is gone for good, they go on with the same identity at a server that holds a proved copy. <button type="button" className={classes['scope']} disabled={!connected} onClick={() => openHandover({ kind: 'recover', server })}>Recover its images…</button></span></li>}
      {server.problems.map((problem) => <li key={problem}><StateIcon tone="warn" /><span>{problem}</span></li>)}
    </ul>
  );
}
