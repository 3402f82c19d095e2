// What happened to a computer's record: who did what when.
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';
import classes from './Computers.module.css';

export function ComputerHistory({ id }: { id: string }) {
  const trpc = useTRPC();
  const history = useQuery(trpc.computers.history.queryOptions({ computer: id }));
  if (history.data === undefined && history.isError) return <PageBody><ErrorBlock title="The history could not be read" error={shownError(history.error)} context={{ Computer: id }} onRetry={() => void history.refetch()} /></PageBody>;
  return (
    <PageBody>
      <ol className={classes['history']} aria-label="History" aria-busy={history.data === undefined}>
        {history.data === undefined && Array.from({ length: 6 }, (_, index) => <li key={index} aria-hidden><Skeleton h={10} w={90} /><Skeleton h={10} w={220 + ((index * 61) % 160)} /><span /></li>)}
        {history.data?.toSorted((left, right) => right.id - left.id).map((event) => (
          <li key={event.id}><span className="dim"><When at={event.at} /></span><span>{event.message}</span><span className="dim">{event.actor}</span></li>
        ))}
      </ol>
      {history.data?.length === 0 && <p className="dim">Nothing has happened to this record yet.</p>}
    </PageBody>
  );
}
