// The list of package servers, this console first: state, site, space, copies, proof. "/servers/add" opens the dialog that adds one.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconServer, IconServerBolt } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import type { PackageServer } from '#shared/model/replication.ts';
import { forecastWords } from '#shared/model/forecast.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { HandoverStrip } from '../handovers/HandoverStrip.tsx';
import { stateRank } from '../images/imageWords.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { StateIcon, StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { AddServerDialog } from './AddServerDialog.tsx';
import { ServersTabs } from './ServersTabs.tsx';
import { clockProblem, copyCounts, copyStateWords, serverState, spaceWords } from './serverWords.ts';
import classes from './Servers.module.css';

const icon = <IconServer size={18} stroke={1.6} />;
const columns: Column<PackageServer>[] = [
  { id: 'name', title: 'Name and site', width: 'minmax(104px, 1.4fr)', sortValue: (server) => `${server.isSelf ? 0 : server.state === 'revoked' || server.state === 'retired' ? 2 : 1} ${server.name.toLocaleLowerCase()}`, render: (server) => <><Link href={`/server/${server.id}`}><MiddleText text={server.name} /></Link><span className="dim">{server.isSelf ? 'console' : server.siteName}</span></> },
  { id: 'state', title: 'State', width: '154px', sortValue: (server) => stateRank(serverState(server)), render: (server) => <><StateMark tone={serverState(server).tone}>{serverState(server).word}</StateMark><Clock server={server} /></> },
  { id: 'free', title: 'Free', width: '58px', numeric: true, sortValue: (server) => server.freeBytes ?? -1, render: (server) => (server.freeBytes === null ? '–' : <span title={forecastWords(server.fullInDays) ?? undefined}>{spaceWords(server).free}</span>) },
  { id: 'coming', title: 'To come', width: 'minmax(126px, 1fr)', sortValue: (server) => server.neededBytes, render: (server) => <Coming server={server} /> },
  { id: 'copies', title: 'Copies', width: 'minmax(166px, 1.4fr)', sortValue: (server) => server.copies.ready, render: (server) => <Copies server={server} /> },
  { id: 'owned', title: 'Owns', width: '34px', numeric: true, sortValue: (server) => server.ownedImages, render: (server) => server.ownedImages },
  { id: 'proof', title: 'Last proof', width: '108px', sortValue: (server) => server.lastProofAt ?? 0, render: (server) => (server.lastProofAt === null ? <span className="dim">none yet</span> : <When at={server.lastProofAt} />) },
  { id: 'version', title: 'Version', width: '46px', sortValue: (server) => server.version, render: (server) => server.version || '–' },
];

export function ServersPage({ add }: { add: boolean }) {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const connected = useConnected();
  const query = useQuery(trpc.servers.list.queryOptions());
  const servers = query.data;
  const others = servers?.filter((server) => !server.isSelf).length;
  const addButton = <Button disabled={!connected} onClick={() => navigate('/servers/add')}>Add a package server…</Button>;
  const trouble = servers?.filter((server) => server.problems.length > 0).length ?? 0;
  return (
    <>
      <PageHead
        icon={icon} title="Package servers" documentTitle="Package servers"
        state={servers !== undefined && trouble > 0 && <StateMark tone="warn">{trouble === 1 ? '1 needs attention' : `${trouble} need attention`}</StateMark>}
        actions={others !== 0 && addButton}
      />
      <ServersTabs active="servers" />
      <HandoverStrip />
      <PageBody plain>
        {servers === undefined && query.isError ? <div className={classes['pad']}><ErrorBlock title="The package servers could not be read" error={shownError(query.error)} onRetry={() => void query.refetch()} /></div> : (
          <div className={others === 0 ? classes['short'] : classes['fill']}><DataTable label="Package servers" columns={columns} rows={servers} rowKey={(server) => server.id} onOpen={(server) => navigate(`/server/${server.id}`)} initialSort={{ column: 'name', descending: false }} /></div>
        )}
        {others === 0 && <EmptyState icon={<IconServerBolt size={32} stroke={1.4} />} title="Package servers will be here: other machines that hold verified copies of your images and hand them to the computers near them." help="package-servers">{addButton}</EmptyState>}
      </PageBody>
      <AddServerDialog opened={add} onClose={() => navigate('/servers')} />
    </>
  );
}

function Coming({ server }: { server: PackageServer }) {
  const { coming, fits } = spaceWords(server);
  if (coming === null) return <span className="dim">nothing</span>;
  return fits ? <span>{coming.replace(' to come', '')}, fits</span> : <StateMark tone="warn"><span title={coming}>{coming.replace(' to come, does not fit', ', no room')}</span></StateMark>;
}
function Copies({ server }: { server: PackageServer }) {
  if (server.state === 'revoked' || server.state === 'retired') return <span className="dim">not asked any more</span>;
  const all = copyCounts(server.copies);
  if (all.length === 0) return <span className="dim">none</span>;
  // The worst and the last, which is what is ready; the rest is on the server's page.
  const counts = all.filter((_, index) => index === 0 || index === all.length - 1);
  return <span className={classes['counts']} title={all.map(({ state, count }) => `${count} ${copyStateWords[state].word}`).join(', ')}>{counts.map(({ state, count }) => <span key={state}><StateIcon tone={copyStateWords[state].tone} />{count} {copyStateWords[state].word}</span>)}</span>;
}
function Clock({ server }: { server: PackageServer }) {
  const problem = clockProblem(server.clockSkewMs);
  return problem === null ? null : <span title={`Its clock is ${problem}`}><StateMark tone="warn">clock<span className="offscreen"> {problem}</span></StateMark></span>;
}
