// The list of computers that an agent has shown itself from.
import { useQuery } from '@tanstack/react-query';
import { IconDevicesPc } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import type { ComputerRow } from '#shared/model/computer.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { Command } from '../ui/CopyText.tsx';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';

const columns: Column<ComputerRow>[] = [
  { id: 'name', title: 'Name', width: 'minmax(120px, 1.2fr)', sortValue: (computer) => computer.name, render: (computer) => <Link href={`/computer/${computer.id}`}><MiddleText text={computer.name} /></Link> },
  { id: 'state', title: 'State', width: '130px', sortValue: (computer) => Number(!computer.online), render: (computer) => <StateMark tone={computer.online ? 'ok' : 'off'}>{computer.online ? 'Connected' : 'Not connected'}</StateMark> },
  { id: 'hardware', title: 'Hardware', width: 'minmax(150px, 1.4fr)', sortValue: (computer) => computer.model, render: (computer) => <MiddleText text={computer.model || '–'} /> },
  { id: 'serial', title: 'Serial', width: 'minmax(90px, 1fr)', sortValue: (computer) => computer.serial, render: (computer) => computer.serial || '–' },
  { id: 'disks', title: 'Disks', width: 'minmax(90px, 0.8fr)', numeric: true, sortValue: (computer) => computer.diskCount, render: (computer) => computer.diskCount },
  { id: 'address', title: 'Address', width: '120px', sortValue: (computer) => computer.address, render: (computer) => computer.address },
  { id: 'seen', title: 'Last seen', width: '120px', sortValue: (computer) => computer.lastSeenAt, render: (computer) => <When at={computer.lastSeenAt} /> },
];

export function ComputersPage() {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const computers = useQuery(trpc.computers.list.queryOptions());
  const failed = computers.isError && computers.data === undefined;
  const count = computers.data?.length;
  return (
    <>
      <PageHead icon={<IconDevicesPc size={18} stroke={1.6} />} title="Computers" documentTitle="Computers" state={count !== undefined && count > 0 && <span className="dim">{count}</span>} />
      <PageBody plain>
        {failed && <div style={{ padding: 24 }}><ErrorBlock title="The computers could not be read" error={shownError(computers.error)} onRetry={() => void computers.refetch()} /></div>}
        {count === 0 && <EmptyState icon={<IconDevicesPc size={32} stroke={1.4} />} title="Computers will be here as soon as the agent has run on them. This lists the disks of the machine it runs on." help="images"><Command text="platen agent inventory" /></EmptyState>}
        {!failed && count !== 0 && <DataTable label="Computers" columns={columns} rows={computers.data} rowKey={(computer) => computer.id} onOpen={(computer) => navigate(`/computer/${computer.id}`)} initialSort={{ column: 'name', descending: false }} />}
      </PageBody>
    </>
  );
}
