// What only this console can say of itself: what needs a person here, its network, and what its store holds.
import { useQuery } from '@tanstack/react-query';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { Attention } from '../home/Attention.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import { Columns, Section } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';

const dhcpWords = { off: 'Off', proxy: 'Proxy, next to an existing DHCP server', lab: 'Isolated lab' } as const;

export function OwnTrouble() {
  const trpc = useTRPC();
  const status = useQuery(trpc.status.get.queryOptions()).data;
  return status === undefined ? null : <Attention status={status} />;
}

export function OwnStore() {
  const trpc = useTRPC();
  const status = useQuery(trpc.status.get.queryOptions()).data;
  if (status === undefined) return <FactsSkeleton rows={4} />;
  const { store } = status;
  return (
    <Columns>
      <Section title="Store">
        <Facts facts={[
          { name: 'Content', value: `${formatBytes(store.rawBytes)} in ${store.chunks.toLocaleString('en')} chunks` },
          { name: 'Stored as', value: `${formatBytes(store.storedBytes)} in ${store.packs === 1 ? '1 pack' : `${store.packs.toLocaleString('en')} packs`}` },
          { name: 'Compression', value: store.storedBytes === 0 ? '–' : `${(store.rawBytes / store.storedBytes).toFixed(1)} ×` },
          { name: 'Not yet verified', value: store.unverifiedChunks === 0 ? 'Nothing' : `${store.unverifiedChunks.toLocaleString('en')} chunks` },
        ]}
        />
      </Section>
      <Section title="Running">
        <Facts facts={[
          { name: 'DHCP', value: dhcpWords[status.dhcp] }, { name: 'Port', value: status.httpPort }, { name: 'Data folder', value: <span className="mono">{status.dataFolder}</span> }, { name: 'Since', value: <When at={status.startedAt} /> },
        ]}
        />
      </Section>
    </Columns>
  );
}
