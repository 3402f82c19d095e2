// Package servers: this console, where it listens, and what its store holds.
import { useQuery } from '@tanstack/react-query';
import { IconServer } from '@tabler/icons-react';
import { formatBytes } from '#shared/units.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { Attention } from '../home/Attention.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import { Columns, PageBody, PageHead, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import classes from './ServersPage.module.css';

const dhcpWords = { off: 'Off', proxy: 'Proxy, next to an existing DHCP server', lab: 'Isolated lab' } as const;

export function ServersPage() {
  const trpc = useTRPC();
  const query = useQuery(trpc.status.get.queryOptions());
  const status = query.data;
  return (
    <>
      <PageHead icon={<IconServer size={18} stroke={1.6} />} title="Package servers" documentTitle="Package servers" state={status && <StateMark tone={status.problems.length > 0 ? 'warn' : 'ok'}>{status.problems.length > 0 ? 'Needs attention' : 'Serving'}</StateMark>} />
      <PageBody>
        {status === undefined && query.isError && <ErrorBlock title="The state of this server could not be read" error={shownError(query.error)} onRetry={() => void query.refetch()} />}
        {status === undefined && !query.isError && <FactsSkeleton rows={12} />}
        {status !== undefined && <ThisServer status={status} />}
      </PageBody>
    </>
  );
}

function ThisServer({ status }: { status: ServerStatus }) {
  const { store } = status;
  const usedByOthers = Math.max(0, store.totalBytes - store.freeBytes - store.packBytes);
  const share = (bytes: number): string => `${store.totalBytes === 0 ? 0 : (bytes / store.totalBytes) * 100}%`;
  return (
    <>
      <Attention status={status} />
      <Section title="Space" aside={`${formatBytes(store.freeBytes)} free of ${formatBytes(store.totalBytes)}`}>
        <div className={classes['space']} role="img" aria-label={`Images ${formatBytes(store.packBytes)}, other files ${formatBytes(usedByOthers)}, free ${formatBytes(store.freeBytes)}`}>
          <div data-kind="store" style={{ width: share(store.packBytes) }} />
          <div data-kind="other" style={{ width: share(usedByOthers) }} />
        </div>
        <div className={classes['legend']}>
          <span><i data-kind="store" />Images {formatBytes(store.packBytes)}</span><span><i data-kind="other" />Other files {formatBytes(usedByOthers)}</span><span><i />Free {formatBytes(store.freeBytes)}</span>
        </div>
      </Section>
      <Columns>
        <Section title={status.name} aside="this server">
          <Facts facts={[
            { name: 'Addresses', value: status.addresses.length === 0 ? <span>This machine only <span className="dim">· port {status.httpPort}</span></span> : status.addresses.map((address) => <div key={address} className="mono">{address}</div>) },
            { name: 'DHCP', value: dhcpWords[status.dhcp] },
            { name: 'Key fingerprint', value: <span className="mono">{status.fingerprint}</span> },
            { name: 'Data folder', value: <span className="mono">{status.dataFolder}</span> },
            { name: 'Running since', value: <When at={status.startedAt} /> },
            { name: 'Version', value: status.version },
          ]}
          />
        </Section>
        <Section title="Store">
          <Facts facts={[
            { name: 'Content', value: `${formatBytes(store.rawBytes)} in ${store.chunks.toLocaleString('en')} chunks` },
            { name: 'Stored as', value: `${formatBytes(store.storedBytes)} in ${store.packs === 1 ? '1 pack' : `${store.packs.toLocaleString('en')} packs`}` },
            { name: 'Compression', value: store.storedBytes === 0 ? '–' : `${(store.rawBytes / store.storedBytes).toFixed(1)} ×` },
            { name: 'Not yet verified', value: store.unverifiedChunks === 0 ? 'Nothing' : `${store.unverifiedChunks.toLocaleString('en')} chunks` },
          ]}
          />
        </Section>
      </Columns>
    </>
  );
}
