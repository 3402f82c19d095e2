// A computer's tab Boot: what it gets when it starts from the network, and its last boots.
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import type { ComputerView } from '#shared/model/computer.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, Section } from '../ui/Page.tsx';
import { RadioRows } from './RadioRows.tsx';
import { TraceList, TracesSkeleton } from './TraceList.tsx';
import { useBootOverride } from './useBootActions.ts';
import classes from './Boot.module.css';

const most = 20;

export function BootTraces({ computer }: { computer: ComputerView }) {
  const trpc = useTRPC();
  const traces = useQuery(trpc.boot.traces.queryOptions({ computer: computer.id, limit: most }));
  return (
    <PageBody>
      <Section title="Last boots from the network" aside={<Link href="/boot/boots">Boots of all computers</Link>}>
        {traces.isError && traces.data === undefined && <ErrorBlock title="The boots of this computer could not be read" error={shownError(traces.error)} context={{ Computer: computer.id }} onRetry={() => void traces.refetch()} />}
        {traces.isPending && <TracesSkeleton rows={3} />}
        {traces.data !== undefined && (traces.data.length === 0 ? <NoBoots name={computer.name} /> : <TraceList traces={traces.data} label="Last boots" named={false} />)}
      </Section>
      {computer.trashedAt === null && <Section title="What it gets" aside={<Link href="/boot/settings">Settings of network boot</Link>}><BootChoice id={computer.id} name={computer.name} /></Section>}
    </PageBody>
  );
}

function NoBoots({ name }: { name: string }) {
  const trpc = useTRPC();
  const { data: status } = useQuery(trpc.boot.status.queryOptions());
  return (
    <div className={classes['teach']}>
      <p className="dim">Platen has not seen {name} start from the network. Each boot will be here stage by stage, or with where it stopped and what to try.</p>
      {status !== undefined && status.state !== 'serving' && <p>Network boot does not serve at the moment. <Link href="/boot">Open network boot</Link></p>}
    </div>
  );
}

type Choice = 'settings' | 'portal' | 'local-disk' | 'ignore';
const words: Record<Choice, string> = { settings: 'as the settings say', portal: 'always the portal', 'local-disk': 'always its disk', ignore: 'left alone' };
const rows: { value: Choice; title: string; text: string }[] = [
  { value: 'settings', title: 'As the settings say', text: 'It waits a few seconds for the key “i”, which opens the portal, and then starts from its own disk.' },
  { value: 'portal', title: 'Always the portal', text: 'Every boot from the network opens the portal at once: for a computer on the workbench.' },
  { value: 'local-disk', title: 'Always its disk', text: 'No wait and no key: the loader starts its own disk at once.' },
  { value: 'ignore', title: 'Leave it alone', text: 'It is not answered at all, so its firmware goes on by itself. Runs that wait for it don’t start either.' },
];

/** A run that waits for it goes first, whatever is chosen here, except where it is left alone. */
function BootChoice({ id, name }: { id: string; name: string }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const query = useQuery(trpc.boot.override.queryOptions({ computer: id }));
  const [failure, setFailure] = useState<ShownError | null>(null);
  const set = useBootOverride();
  if (query.isError && query.data === undefined) return <ErrorBlock title="What this computer gets could not be read" error={shownError(query.error)} context={{ Computer: id }} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <div aria-busy>{rows.map((row) => <Skeleton key={row.value} h={32} my={11} w="70%" aria-hidden />)}</div>;
  const { override } = query.data;
  const asChoice = (value: typeof override): Choice => value ?? 'settings';
  const choose = async (choice: Choice): Promise<void> => setFailure(await set({ id, name }, choice === 'settings' ? null : choice, (value) => words[asChoice(value)], override));
  return (
    <>
      {failure !== null && <ErrorBlock title="What it gets could not be changed" error={failure} context={{ Computer: id }} onDismiss={() => setFailure(null)} />}
      <div className={classes['facts']}><RadioRows label="What it gets" value={asChoice(override)} rows={rows} disabled={!connected} onChange={(choice) => void choose(choice)} /></div>
      <p className="dim">A run that waits for this computer starts at its next boot whichever of the first three is chosen.</p>
    </>
  );
}
