// Sites: places with the subnets of their computers, the package servers there, and how fast and when is copied to them. "/site/<id>"
// opens one of them in its editor, "/site/new" begins one.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconMapPin } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import type { PackageServer, Site } from '#shared/model/replication.ts';
import { windowsText } from '#shared/model/window-text.ts';
import { formatRate } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { ServersTabs } from '../servers/ServersTabs.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { SiteDialog } from './SiteDialog.tsx';
import classes from './Sites.module.css';

const icon = <IconMapPin size={18} stroke={1.6} />;
type Row = { site: Site; servers: PackageServer[] };
const columns: Column<Row>[] = [
  { id: 'name', title: 'Name', width: 'minmax(130px, 1fr)', sortValue: ({ site }) => site.name.toLocaleLowerCase(), render: ({ site }) => <Link href={`/site/${site.id}`}><MiddleText text={site.name} /></Link> },
  { id: 'subnets', title: 'Subnets', width: 'minmax(180px, 1.4fr)', sortValue: ({ site }) => site.subnets[0] ?? '', render: ({ site }) => (site.subnets.length === 0 ? <span className="dim">none</span> : <span className={classes['cut']} title={site.subnets.join(', ')}>{site.subnets.join(', ')}</span>) },
  { id: 'servers', title: 'Servers', width: 'minmax(120px, 1fr)', sortValue: ({ servers }) => servers.length, render: ({ servers }) => (servers.length === 0 ? <span className="dim">none</span> : <span className={classes['cut']}>{servers.map((server, index) => <span key={server.id}>{index > 0 && ', '}<Link href={`/server/${server.id}`}>{server.name}</Link></span>)}</span>) },
  { id: 'limit', title: 'Limit', width: '100px', numeric: true, sortValue: ({ site }) => site.bytesPerSecond ?? Number.MAX_SAFE_INTEGER, render: ({ site }) => (site.bytesPerSecond === null ? <span className="dim">none</span> : formatRate(site.bytesPerSecond)) },
  { id: 'windows', title: 'When', width: 'minmax(150px, 1fr)', render: ({ site }) => (site.windows.length === 0 ? <span className="dim">always</span> : <span className={classes['cut']}>{windowsText(site.windows)}</span>) },
  { id: 'managed', title: 'What it holds', width: '150px', sortValue: ({ site }) => held(site), render: ({ site }) => held(site) },
];

export function SitesPage({ id }: { id: string | null }) {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const connected = useConnected();
  const sites = useQuery(trpc.sites.list.queryOptions());
  const servers = useQuery(trpc.servers.list.queryOptions());
  const failed = [sites, servers].find((query) => query.isError && query.data === undefined);
  const known = servers.data ?? [];
  const rows = sites.data?.map((site): Row => ({ site, servers: known.filter((server) => site.serverIds.includes(server.id)) }));
  const open = id === 'new' ? null : sites.data?.find((site) => site.id === id);
  const addButton = <Button disabled={!connected} onClick={() => navigate('/site/new')}>Add a site…</Button>;
  return (
    <>
      <PageHead icon={icon} title="Sites" documentTitle="Sites" state={rows !== undefined && rows.length > 0 && <span className="dim">{rows.length}</span>} actions={rows?.length !== 0 && addButton} />
      <ServersTabs active="sites" />
      <PageBody plain>
        {failed !== undefined && <div className={classes['pad']}><ErrorBlock title="The sites could not be read" error={shownError(failed.error)} onRetry={() => { void sites.refetch(); void servers.refetch(); }} /></div>}
        {rows?.length === 0 && <EmptyState icon={<IconMapPin size={32} stroke={1.4} />} title="Sites will be here: places with the subnets of their computers, the package servers there, and how fast and when is copied to them." help="package-servers">{addButton}</EmptyState>}
        {failed === undefined && rows?.length !== 0 && <DataTable label="Sites" columns={columns} rows={rows} rowKey={({ site }) => site.id} onOpen={({ site }) => navigate(`/site/${site.id}`)} initialSort={{ column: 'name', descending: false }} />}
        {id !== null && open === undefined && sites.data !== undefined && <p className="dim" style={{ padding: '0 24px 24px' }}>There is no such site any more: somebody deleted it, or the link is old.</p>}
      </PageBody>
      {id !== null && open !== undefined && servers.data !== undefined && <SiteDialog key={id} site={open} servers={known.filter((server) => !server.isSelf && server.state !== 'revoked' && server.state !== 'retired')} onClose={() => navigate('/sites')} />}
    </>
  );
}

function held(site: Site): string {
  return site.locallyManaged ? 'locally managed' : site.templateName === null ? 'as images say' : `template ${site.templateName}`;
}
