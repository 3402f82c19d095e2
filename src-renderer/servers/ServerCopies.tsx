// The versions that a package server holds or is to hold: state, proof, and what is wrong with one.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { MatrixRow, PackageServer } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { stateRank } from '../images/imageWords.ts';
import type { Worded } from '../images/imageWords.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { cellState } from './serverWords.ts';
import classes from './Servers.module.css';

type Cell = MatrixRow['cells'][number];
type Row = { row: MatrixRow; cell: Cell; state: Worded };

const columns: Column<Row>[] = [
  { id: 'image', title: 'Image', width: 'minmax(180px, 1.4fr)', sortValue: ({ row }) => row.imageName.toLocaleLowerCase(), render: ({ row }) => <Link href={`/image/${row.imageGuid}`}><MiddleText text={row.imageName} /></Link> },
  { id: 'version', title: 'Version', width: '64px', numeric: true, sortValue: ({ row }) => row.number, render: ({ row }) => row.number },
  { id: 'state', title: 'State', width: '140px', sortValue: ({ state }) => stateRank(state), render: ({ state }) => <StateMark tone={state.tone}>{state.word}</StateMark> },
  { id: 'proved', title: 'Proved', width: '130px', sortValue: ({ cell }) => cell.provedAt ?? 0, render: ({ cell }) => (cell.provedAt === null ? <span className="dim">not yet</span> : <When at={cell.provedAt} />) },
  { id: 'stored', title: 'Stored', width: '80px', numeric: true, sortValue: ({ row }) => row.storedBytes, render: ({ row }) => formatBytes(row.storedBytes) },
  { id: 'why', title: 'Remark', width: 'minmax(180px, 1.6fr)', sortValue: ({ row, cell }) => remark(row, cell), render: ({ row, cell, state }) => <span className={classes['cut']} title={remark(row, cell) || state.why}>{remark(row, cell) || (cell.state === 'absent' ? state.why : '')}</span> },
];

export function ServerCopies({ server }: { server: PackageServer }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.replication.matrix.queryOptions({ server: server.id }));
  if (query.data === undefined && query.isError) return <PageBody><ErrorBlock title="The copies of this server could not be read" error={shownError(query.error)} context={{ Server: server.id }} onRetry={() => void query.refetch()} /></PageBody>;
  const rows = query.data?.flatMap((row): Row[] => {
    const [cell] = row.cells;
    if (cell === undefined || (cell.state === 'absent' && !cell.assigned)) return [];
    return [{ row, cell, state: cellState(cell, server.moving.find((each) => each.versionGuid === row.versionGuid)) }];
  });
  if (rows?.length === 0) return <PageBody plain><EmptyState icon={null} title={server.state === 'revoked' || server.state === 'retired' ? 'It is out, so nobody knows any more which copies it holds.' : `Copies will be here: the versions that ${server.name} holds or is to hold. What goes there follows from each image’s scope.`} help="package-servers" /></PageBody>;
  return <PageBody plain><DataTable label="Copies" columns={columns} rows={rows} rowKey={({ row }) => row.versionGuid} initialSort={{ column: 'image', descending: false }} /></PageBody>;
}

function remark(row: MatrixRow, cell: Cell): string {
  if (cell.problem !== null) return cell.problem;
  if (row.pending) return 'Waits to be validated';
  return cell.assigned || cell.state === 'absent' ? '' : 'Not meant to be here any more; kept, and not kept up to date';
}
