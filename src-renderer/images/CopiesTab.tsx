// Which package server holds which version, in a state that was proved.
import { Link } from 'wouter';
import type { ImageDetail } from '#shared/model/image.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { PageBody } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { copyState } from './imageWords.ts';

type Row = ImageDetail['copies'][number] & { version: number };

const columns: Column<Row>[] = [
  { id: 'server', title: 'Package server', width: 'minmax(160px, 1fr)', sortValue: (row) => row.serverName, render: (row) => <Link href={`/server/${row.serverId}`}>{row.serverName}</Link> },
  { id: 'version', title: 'Version', width: '90px', numeric: true, sortValue: (row) => row.version, render: (row) => row.version },
  { id: 'state', title: 'State', width: 'minmax(140px, 1fr)', sortValue: (row) => copyState(row).word, render: (row) => <StateMark tone={copyState(row).tone}>{copyState(row).word}</StateMark> },
  { id: 'proved', title: 'Proved', width: 'minmax(120px, 1fr)', sortValue: (row) => row.provedAt ?? 0, render: (row) => (row.provedAt === null ? <span className="dim">not yet</span> : <When at={row.provedAt} />) },
  { id: 'problem', title: 'Remark', width: 'minmax(140px, 1.6fr)', sortValue: (row) => row.problem ?? '', render: (row) => <span title={row.problem ?? undefined} style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>{row.problem}</span> },
];

export function CopiesTab({ image }: { image: ImageDetail }) {
  const numbers = new Map(image.versions.filter((version) => version.trashedAt === null).map((version) => [version.guid, version.number]));
  const rows = image.copies.flatMap((copy): Row[] => {
    const version = numbers.get(copy.versionGuid);
    return version === undefined ? [] : [{ ...copy, version }];
  });
  if (rows.length === 0) return <PageBody><EmptyState icon={null} title="Copies will be here: each version on each package server that holds it. Capturing a disk makes the first one." help="images" /></PageBody>;
  return <PageBody plain><DataTable label="Copies" columns={columns} rows={rows} rowKey={(row) => `${row.versionGuid} ${row.serverId}`} initialSort={{ column: 'version', descending: true }} /></PageBody>;
}
