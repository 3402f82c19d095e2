// The last boots of all computers, live; narrowed to those with problems, or by computer.
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconNetwork, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import type { BootStatus, BootTrace } from '#shared/model/boot.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody } from '../ui/Page.tsx';
import { TraceList, TracesSkeleton } from './TraceList.tsx';
import classes from './Boot.module.css';

const most = 100;

export function BootsTab({ status }: { status: BootStatus | undefined }) {
  const trpc = useTRPC();
  const traces = useQuery(trpc.boot.traces.queryOptions({ limit: most }));
  const [shown, setShown] = useState<'all' | 'problems'>('all');
  const [text, setText] = useState('');
  const all = traces.data;
  if (all === undefined && traces.isError) return <PageBody><ErrorBlock title="The boots could not be read" error={shownError(traces.error)} onRetry={() => void traces.refetch()} /></PageBody>;
  if (all?.length === 0) return <PageBody plain><EmptyState icon={<IconNetwork size={32} stroke={1.4} />} title={status?.state === 'serving' ? 'Nothing has started from the network yet. Switch a computer on and choose its network adapter in the firmware’s boot menu (often F12): it appears here within a second, stage by stage.' : 'Every computer that starts from the network will be here, stage by stage: from its first question to the agent’s hello, or to where it stopped, with what to try.'} help="network-boot" /></PageBody>;
  const problems = all?.filter(hasProblem) ?? [];
  const listed = (shown === 'problems' ? problems : all ?? []).filter((trace) => fits(trace, text));
  return (
    <PageBody>
      <div className={classes['bar']} role="search" aria-label="Narrow the boots">
        <TextInput className={classes['search'] ?? ''} size="xs" aria-label="Filter boots" placeholder="Computer, MAC, address, firmware" leftSection={<IconSearch size={14} />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <SegmentedControl size="xs" classNames={{ label: classes['segment'] ?? '' }} aria-label="Which boots" value={shown} onChange={(value) => setShown(value === 'problems' ? 'problems' : 'all')} data={[{ value: 'all', label: 'All' }, { value: 'problems', label: problems.length === 0 ? 'With problems' : `With problems ${problems.length}` }]} />
      </div>
      {all === undefined ? <TracesSkeleton rows={6} /> : listed.length > 0 ? <TraceList traces={listed} label="Boots" named /> : (
        <EmptyState icon={<IconNetwork size={32} stroke={1.4} />} title={shown === 'problems' && text.trim() === '' ? 'None of the last boots had a problem.' : 'No boot fits.'}><Button variant="default" onClick={() => { setShown('all'); setText(''); }}>Show all</Button></EmptyState>
      )}
      {all !== undefined && all.length >= most && <p className="dim">The newest {most}. Those of one computer are on its page, under Boot.</p>}
    </PageBody>
  );
}

function hasProblem(trace: BootTrace): boolean {
  return (trace.outcome === 'stopped' && trace.stoppedAt !== null) || trace.events.some((event) => event.problem);
}
function fits(trace: BootTrace, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return wanted === '' || [trace.computerName, trace.mac, trace.address, trace.firmware].some((value) => value.toLowerCase().includes(wanted));
}
