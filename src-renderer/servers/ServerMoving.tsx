// What is on its way to a package server, in its order: how far, how fast, how long, from whom; and why what waits does.
import { useQuery } from '@tanstack/react-query';
import { IconTransfer } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { Moving, PackageServer } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { ProgressBar } from '../ui/Bars.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { PageBody } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { movingState, movingWords } from './serverWords.ts';
import classes from './Servers.module.css';

export function ServerMoving({ server }: { server: PackageServer }) {
  const trpc = useTRPC();
  const names = new Map((useQuery(trpc.servers.list.queryOptions()).data ?? []).map((each) => [each.id, each.name]));
  if (server.moving.length === 0) return <PageBody plain><EmptyState icon={<IconTransfer size={32} stroke={1.4} />} title={server.neededBytes > 0 ? `${formatBytes(server.neededBytes)} are still to come to ${server.name}, and nothing moves at the moment${server.connected ? '.' : ': it is not connected.'}` : `Nothing is on its way to ${server.name}. It holds what it is to hold.`} help="package-servers" /></PageBody>;
  return (
    <PageBody>
      <ol className={classes['moving']} aria-label="Moving">
        {server.moving.map((moving) => (
          <li key={moving.versionGuid}>
            <span><Link href={`/image/${moving.imageGuid}`}>{moving.imageName}</Link> <span className="dim">version {moving.number}</span></span>
            <StateMark tone={movingState(moving).tone}>{movingState(moving).word}</StateMark>
            <span className={classes['progress']}>
              {moving.state !== 'queued' && <ProgressBar fraction={moving.totalBytes === 0 ? null : moving.doneBytes / moving.totalBytes} label={`${moving.imageName} version ${moving.number}`} />}
              <small>{movingWords(moving)}</small>
              {moving.sources.length > 0 && <small>from {sourcesOf(moving, names)}</small>}
            </span>
          </li>
        ))}
      </ol>
    </PageBody>
  );
}

/** "PS009 (4.1 GB), Anna's lab (300 MB)": who gave most first. */
function sourcesOf(moving: Moving, names: ReadonlyMap<string, string>): string {
  return moving.sources.toSorted((left, right) => right.bytes - left.bytes).map((source) => `${names.get(source.serverId) ?? 'a server that is gone'} (${formatBytes(source.bytes)})`).join(', ');
}
