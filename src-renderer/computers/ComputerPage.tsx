// One computer: what its firmware says, its disks with their contents, its runs.
import { useQuery } from '@tanstack/react-query';
import { IconDeviceDesktop } from '@tabler/icons-react';
import type { ComputerView } from '#shared/model/computer.ts';
import { useTRPC } from '../api.ts';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { RunList } from '../runs/RunList.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts, FactsSkeleton } from '../ui/Facts.tsx';
import { Columns, PageBody, PageHead, PageHeadSkeleton, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { hardwareName } from './computerWords.ts';
import { DiskBars } from './DiskBar.tsx';

const icon = <IconDeviceDesktop size={18} stroke={1.6} />;

export function ComputerPage({ id }: { id: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.computers.get.queryOptions({ computer: id }));
  const computer = query.data;
  if (computer === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Computer" /><PageBody><FactsSkeleton rows={10} /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Computer" documentTitle="Computer" /><PageBody><ErrorBlock title="This computer could not be read" error={shown} context={{ Computer: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  return (
    <>
      <PageHead icon={icon} title={computer.name} documentTitle={computer.name} state={<StateMark tone={computer.online ? 'ok' : 'off'}>{computer.online ? 'Connected' : 'Not connected'}</StateMark>} />
      <PageBody>
        <Section title="Disks">
          {computer.disks.length === 0 ? <p className="dim">The agent found no disks on this computer.</p> : <DiskBars disks={computer.disks} />}
        </Section>
        <Identity computer={computer} />
        <Runs id={computer.id} />
      </PageBody>
    </>
  );
}

function Identity({ computer }: { computer: ComputerView }) {
  const { identity } = computer;
  return (
    <Columns>
      <Section title="Identity" aside="as the firmware says it">
        <Facts facts={[
          { name: 'System UUID', value: identity.systemUuid === '' ? '–' : <span className="mono">{identity.systemUuid}</span> },
          { name: 'System serial', value: identity.systemSerial || '–' },
          { name: 'Board serial', value: identity.boardSerial || '–' },
          { name: 'Asset tag', value: identity.assetTag || '–' },
          { name: 'Network cards', value: identity.macs.length === 0 ? '–' : identity.macs.map((mac) => <div key={mac.address}><span className="mono">{mac.address}</span> <span className="dim">{mac.onboard ? 'onboard' : 'removable'}</span></div>) },
        ]}
        />
      </Section>
      <Section title="Computer">
        <Facts facts={[
          { name: 'Hardware', value: hardwareName(computer) },
          { name: 'Host name', value: identity.hostname || '–' },
          { name: 'Address', value: computer.address || '–' },
          { name: 'First seen', value: <When at={computer.firstSeenAt} /> },
          { name: 'Last seen', value: <When at={computer.lastSeenAt} /> },
        ]}
        />
      </Section>
    </Columns>
  );
}

function Runs({ id }: { id: string }) {
  const trpc = useTRPC();
  const runs = useQuery(trpc.runs.list.queryOptions({ computer: id, limit: 20 }));
  return (
    <Section title="Runs">
      {runs.isError && runs.data === undefined && <ErrorBlock title="The runs of this computer could not be read" error={shownError(runs.error)} onRetry={() => void runs.refetch()} />}
      {runs.data?.length === 0 && <p className="dim">Nothing was captured from or deployed to this computer yet.</p>}
      {runs.data !== undefined && runs.data.length > 0 && <RunList runs={runs.data} label="Runs" />}
      {runs.isPending && <FactsSkeleton rows={3} />}
    </Section>
  );
}
