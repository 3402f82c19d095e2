// What came to a package server, with the sources that gave it, and what was done with the server itself.
import { useQuery } from '@tanstack/react-query';
import { Skeleton } from '@mantine/core';
import type { PackageServer, Transfer } from '#shared/model/replication.ts';
import { formatBytes, formatDuration, formatRate } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { transferChunks, transferState } from './serverWords.ts';
import classes from './Servers.module.css';

export function ServerHistory({ server }: { server: PackageServer }) {
  const trpc = useTRPC();
  const transfers = useQuery(trpc.servers.transfers.queryOptions({ server: server.id, limit: 100 }));
  const events = useQuery(trpc.servers.history.queryOptions({ server: server.id }));
  const failed = [transfers, events].find((query) => query.isError && query.data === undefined);
  if (failed !== undefined) return <PageBody><ErrorBlock title="The history of this server could not be read" error={shownError(failed.error)} context={{ Server: server.id }} onRetry={() => { void transfers.refetch(); void events.refetch(); }} /></PageBody>;
  return (
    <PageBody>
      <Section title="Transfers" aside={transfers.data?.length === 100 ? 'the newest 100' : undefined}>
        {transfers.data === undefined && <Skeleton h={120} />}
        {transfers.data?.length === 0 && <p className="dim">{server.isSelf ? 'Nothing was copied to this console: what it holds was captured here.' : 'Nothing was copied there yet.'}</p>}
        {transfers.data !== undefined && transfers.data.length > 0 && <Transfers transfers={transfers.data} />}
      </Section>
      <Section title="Changes">
        {events.data === undefined ? <Skeleton h={64} /> : events.data.length === 0 ? <p className="dim">Nothing was changed about this server yet.</p> : (
          <ol className={classes['events']} aria-label="Changes">
            {events.data.toSorted((left, right) => right.id - left.id).map((event) => <li key={event.id}><span className="dim"><When at={event.at} /></span><span>{event.message}</span><span className="dim">{event.actor}</span></li>)}
          </ol>
        )}
      </Section>
    </PageBody>
  );
}

function Transfers({ transfers }: { transfers: Transfer[] }) {
  return (
    <table className={classes['transfers']} aria-label="Transfers">
      <thead><tr><th scope="col">Ended</th><th scope="col">Version</th><th scope="col">Outcome</th><th scope="col" className="num">On the wire</th><th scope="col" className="num">Took</th><th scope="col">Chunks</th><th scope="col">Sources</th></tr></thead>
      <tbody>
        {transfers.map((transfer) => {
          const [state, seconds] = [transferState(transfer), (transfer.endedAt - transfer.startedAt) / 1000];
          return (
            <tr key={transfer.id}>
              <td className="dim"><When at={transfer.endedAt} /></td>
              <td>{transfer.imageName} <span className="dim">{transfer.number}</span></td>
              <td><StateMark tone={state.tone}>{state.word}</StateMark>{transfer.problem !== null && <small>{transfer.problem}</small>}</td>
              <td className="num">{formatBytes(transfer.wireBytes)}</td>
              <td className="num"><span title={seconds > 0 ? formatRate(transfer.wireBytes / seconds) : undefined}>{formatDuration(seconds)}</span></td>
              <td>{transferChunks(transfer)}</td>
              <td>{transfer.sources.length === 0 ? <span className="dim">none needed</span> : transfer.sources.map((source) => `${source.serverName} ${formatBytes(source.bytes)}`).join(', ')}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
