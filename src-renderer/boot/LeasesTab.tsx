// The addresses that lab mode gave.
import { IconAddressBook } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { BootStatus } from '#shared/model/boot.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { PageBody } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import type { Tone } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';

type Lease = BootStatus['leases'][number];
const states: Record<Lease['state'], { tone: Tone; word: string; title: string }> = {
  offered: { tone: 'wait', word: 'Offered', title: 'Kept for a moment until the computer asks for it' }, bound: { tone: 'ok', word: 'In use', title: 'The computer took it' },
  conflict: { tone: 'warn', word: 'Taken by another', title: 'Something else on this network uses it, so it is not given' },
};
const addressOrder = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const columns: Column<Lease>[] = [
  { id: 'address', title: 'Address', width: '140px', sortValue: (lease) => addressOrder(lease.address), render: (lease) => lease.address },
  { id: 'who', title: 'Computer', width: 'minmax(160px, 2fr)', sortValue: (lease) => lease.computerName || lease.hostname, render: (lease) => (lease.computerId === null ? <span className="dim">{lease.hostname || 'not known to Platen'}</span> : <Link href={`/computer/${lease.computerId}`}>{lease.computerName}</Link>) },
  { id: 'mac', title: 'MAC', width: '170px', sortValue: (lease) => lease.mac, render: (lease) => <span className="mono">{lease.mac}</span> },
  { id: 'state', title: 'State', width: 'minmax(140px, 1fr)', sortValue: (lease) => lease.state, render: (lease) => <span title={states[lease.state].title}><StateMark tone={states[lease.state].tone}>{states[lease.state].word}</StateMark></span> },
  { id: 'ends', title: 'Ends', width: '150px', sortValue: (lease) => lease.endsAt, render: (lease) => <When at={lease.endsAt} /> },
];

export function LeasesTab({ status }: { status: BootStatus | undefined }) {
  if (status !== undefined && status.leases.length === 0) return <PageBody plain><EmptyState icon={<IconAddressBook size={32} stroke={1.4} />} title="Every address that lab mode gives will be here, with the computer that has it. A computer keeps its address from one boot to the next." help="network-boot" /></PageBody>;
  return <PageBody plain><DataTable label="Leases" columns={columns} rows={status?.leases} rowKey={(lease) => lease.address} initialSort={{ column: 'address', descending: false }} /></PageBody>;
}
