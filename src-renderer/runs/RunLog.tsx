// The run's log: follows its end until one scrolls up, and follows again from the button or from the end.
import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTRPCClient } from '../api.ts';
import { shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Section } from '../ui/Page.tsx';
import { clockTime, exactTime } from '../ui/time.ts';
import classes from './RunPage.module.css';

const pollMs = 1000;
const nearEndPixels = 24;

export function RunLog({ id, live }: { id: string; live: boolean }) {
  const client = useTRPCClient();
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const log = useInfiniteQuery({
    queryKey: ['run log', id],
    queryFn: ({ pageParam }) => client.runs.log.query(pageParam === null ? { id } : { id, after: pageParam }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  });
  const { fetchNextPage } = log;
  // The log has no change events of its own: a running run's end is asked for each second, and once more when it is over.
  useEffect(() => {
    void fetchNextPage();
    if (!live) return;
    const timer = setInterval(() => void fetchNextPage(), pollMs);
    return () => clearInterval(timer);
  }, [live, fetchNextPage]);
  const lines = log.data?.pages.flatMap((page) => page.lines) ?? [];
  useLayoutEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [following, lines.length]);
  const onScroll = (): void => {
    const element = box.current;
    if (element) setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < nearEndPixels);
  };
  if (log.isError && log.data === undefined) return <Section title="Log"><ErrorBlock title="The log could not be read" error={shownError(log.error)} context={{ Run: id }} onRetry={() => void log.refetch()} /></Section>;
  return (
    <Section title="Log" aside={!following && <Button variant="subtle" h={22} px={6} onClick={() => setFollowing(true)}>Follow</Button>}>
      <div ref={box} className={classes['log']} role="log" aria-label="Log of this run" aria-live="off" aria-busy={log.isPending} tabIndex={0} onScroll={onScroll}>
        {lines.map((line, index) => <div key={index}><time title={exactTime(line.at)}>{clockTime(line.at)}</time><span>{line.text}</span></div>)}
        {log.data !== undefined && lines.length === 0 && <div className="dim">{live ? 'Nothing was logged yet.' : 'Nothing was logged.'}</div>}
      </div>
    </Section>
  );
}
