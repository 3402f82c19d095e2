// What a package server is and how much room it has; of this console also what its own store holds.
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { PackageServer } from '#shared/model/replication.ts';
import { forecastWords } from '#shared/model/forecast.ts';
import { formatBytes, formatRate } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { EditableText } from '../ui/EditableText.tsx';
import { Facts } from '../ui/Facts.tsx';
import { Columns, PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { OwnStore, OwnTrouble } from './OwnStore.tsx';
import { parentsFor } from './parents.ts';
import { rateOf, rateProblem } from './rateText.ts';
import { clockProblem, copyCounts, copyStateWords } from './serverWords.ts';
import type { useServerActions } from './useServerActions.tsx';
import classes from './Servers.module.css';

type Actions = ReturnType<typeof useServerActions>;

export function ServerOverview({ server, actions }: { server: PackageServer; actions: Actions }) {
  const counts = copyCounts(server.copies);
  const skewed = clockProblem(server.clockSkewMs);
  return (
    <PageBody>
      {server.isSelf && <OwnTrouble />}
      <Section title="Space" aside={server.freeBytes === null || server.totalBytes === null ? 'not known yet' : `${formatBytes(server.freeBytes)} free of ${formatBytes(server.totalBytes)}`}><Space server={server} /></Section>
      <Columns>
        <Section title="Server">
          <Facts facts={[
            { name: 'Role', value: server.role === 'console' ? 'Console' : server.parentId === null ? 'Package server' : 'Edge server' },
            server.isSelf ? null : { name: 'Site', value: <SiteOf server={server} actions={actions} /> },
            server.isSelf ? null : { name: 'Copies from', value: <CopiesFrom server={server} actions={actions} /> },
            server.isSelf ? null : { name: 'Limit', value: <Limit server={server} actions={actions} /> },
            { name: 'Addresses', value: server.addresses.length === 0 ? (server.isSelf ? 'This machine only' : 'Not known yet') : server.addresses.map((address) => <div key={address} className="mono">{address}</div>) },
            { name: 'Key', value: <span className="mono">{server.keyId || '–'}</span> },
            { name: 'Certificate', value: <span className="mono" style={{ overflowWrap: 'anywhere' }}>{server.fingerprint || '–'}</span> },
            { name: 'Version', value: server.version || 'not known yet' },
          ]}
          />
        </Section>
        <Section title="Copies">
          <Facts facts={[
            { name: 'Versions', value: counts.length === 0 ? 'None' : <span className={classes['counts']} style={{ flexWrap: 'wrap' }}>{counts.map(({ state, count }) => <StateMark key={state} tone={copyStateWords[state].tone}>{count} {copyStateWords[state].word}</StateMark>)}</span> },
            { name: 'Still to come', value: server.neededBytes === 0 ? 'Nothing' : server.fits ? `${formatBytes(server.neededBytes)}, which fits` : <StateMark tone="warn">{formatBytes(server.neededBytes)}, which does not fit</StateMark> },
            { name: 'Owned images', value: server.ownedImages === 0 ? 'None' : <Link href={`/matrix/${server.id}`}>{server.ownedImages === 1 ? '1 image' : `${server.ownedImages} images`}</Link> },
            { name: 'Last proof', value: server.lastProofAt === null ? 'None yet' : <When at={server.lastProofAt} /> },
            server.isSelf ? null : { name: 'Last seen', value: server.connected ? 'now' : server.lastSeenAt === null ? 'never' : <When at={server.lastSeenAt} /> },
            server.isSelf ? null : { name: 'Clock', value: skewed !== null ? <StateMark tone="warn">{skewed}</StateMark> : server.clockSkewMs === null ? 'Not known yet' : 'Right' },
          ]}
          />
        </Section>
      </Columns>
      {server.isSelf && <OwnStore />}
    </PageBody>
  );
}

/** Sooner than this, somebody should make room. */
const soonDays = 14;
/** Taken, still to come, free: to scale. What does not fit fills the rest. */
function Space({ server }: { server: PackageServer }) {
  const { freeBytes, totalBytes, neededBytes } = server;
  if (freeBytes === null || totalBytes === null || totalBytes === 0) return <p className="dim">It says how much room it has when it connects.</p>;
  const share = (bytes: number): string => `${(Math.max(0, bytes) / totalBytes) * 100}%`;
  const forecast = forecastWords(server.fullInDays);
  const soon = server.fullInDays !== null && server.fullInDays < soonDays;
  const [used, coming] = [totalBytes - freeBytes, Math.min(neededBytes, freeBytes)];
  return (
    <>
      <div className={classes['space']} role="img" aria-label={`Used ${formatBytes(used)}, still to come ${formatBytes(neededBytes)}, free ${formatBytes(freeBytes)}`}>
        <div data-kind="other" style={{ width: share(used) }} /><div data-kind="store" style={{ width: share(coming) }} />
      </div>
      <div className={classes['legend']}>
        <span><i data-kind="other" />Used {formatBytes(used)}</span>
        <span><i data-kind="store" />Still to come {formatBytes(neededBytes)}{!server.fits && ', more than there is room for'}</span>
        <span><i />Free afterwards {formatBytes(Math.max(0, freeBytes - neededBytes))}</span>
      </div>
      {forecast !== null && <p><StateMark tone={soon ? 'warn' : 'wait'}>{`${forecast.charAt(0).toLocaleUpperCase()}${forecast.slice(1)}`}</StateMark><span className="dim">, at the pace of the last four weeks: {formatBytes(server.growthBytesPerDay)} a day</span></p>}
    </>
  );
}

function SiteOf({ server, actions }: { server: PackageServer; actions: Actions }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const sites = useQuery(trpc.sites.list.queryOptions());
  const known = sites.data ?? [];
  if (known.length === 0 && server.siteId === null) return <span>None. <Link href="/sites">Add a site</Link></span>;
  const data = known.map((site) => ({ value: site.id, label: site.name }));
  return (
    <Select
      aria-label="Site" size="xs" w={220} placeholder="No site" clearable checkIconPosition="right" disabled={!connected || server.state === 'revoked' || server.state === 'retired'} data={data} value={server.siteId}
      onChange={(id) => { const site = known.find((each) => each.id === id); void actions.place(server, site === undefined ? null : { id: site.id, name: site.name }); }}
    />
  );
}

/** An edge server copies from one server of its site alone, and that one holds what it is to hold. */
function CopiesFrom({ server, actions }: { server: PackageServer; actions: Actions }) {
  const connected = useConnected();
  const servers = useQuery(useTRPC().servers.list.queryOptions()).data ?? [];
  const able = parentsFor(server, servers);
  const now = servers.find((each) => each.id === server.parentId);
  if (able.length === 0 && server.parentId === null) return <span title="An edge server copies from another package server of its site.">Any server</span>;
  return (
    <Select
      aria-label="Copies from" size="xs" w={220} placeholder="Any server" clearable checkIconPosition="right" disabled={!connected || server.state !== 'joined'} value={server.parentId}
      data={[...able, ...(now === undefined || able.includes(now) ? [] : [now])].map((each) => ({ value: each.id, label: `${each.name} alone` }))}
      onChange={(id) => void actions.copyFrom(server, able.find((each) => each.id === id) ?? null)}
    />
  );
}

function Limit({ server, actions }: { server: PackageServer; actions: Actions }) {
  const connected = useConnected();
  const shown = server.bytesPerSecond === null ? '' : formatRate(server.bytesPerSecond);
  return <EditableText value={shown} label="Limit" placeholder="None of its own" disabled={!connected || server.state === 'revoked'} check={rateProblem} onSave={(text) => void actions.limit(server, rateOf(text))} />;
}
