// *Merge…*: two records that are one machine become one. Says what that means before it does it; it can be undone and split again.
import { Button, Modal, Select, Skeleton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { IconArrowRight } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { ComputerView } from '#shared/model/computer.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import type { ObjectDialog } from '../tree/objectDialogStore.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { When } from '../ui/When.tsx';
import { agreement } from './agreement.ts';
import { evidenceWords, hardwareName } from './computerWords.ts';
import { useComputerActions } from './useComputerActions.ts';
import classes from './Computers.module.css';

type Request = Extract<ObjectDialog, { kind: 'merge' }>;

export function MergeDialog({ request, onClose }: { request: Request | null; onClose: () => void }) {
  return (
    <Modal opened={request !== null} onClose={onClose} size={720} title={`Merge with ${request?.computer.name ?? ''}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      {request !== null && <Merge key={request.computer.id} request={request} onClose={onClose} />}
    </Modal>
  );
}

function Merge({ request, onClose }: { request: Request; onClose: () => void }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const actions = useComputerActions();
  const [otherId, setOtherId] = useState(request.with?.id ?? null);
  const [swapped, setSwapped] = useState(false);
  const mine = useQuery(trpc.computers.get.queryOptions({ computer: request.computer.id }));
  const other = useQuery(trpc.computers.get.queryOptions({ computer: otherId ?? '' }, { enabled: otherId !== null }));
  // The likeliest one is proposed, and what was seen before stays: the older record is the one that others know.
  const similar = mine.data?.similar[0];
  useEffect(() => { if (otherId === null && similar !== undefined) setOtherId(similar.id); }, [otherId, similar]);
  const [into, from] = swapped ? [other.data, mine.data] : [mine.data, other.data];
  const failed = [mine, other].find((query) => query.isError && query.data === undefined);
  return (
    <div className={classes['merge']}>
      <OtherRecord of={mine.data} value={otherId} known={other.data} onChange={setOtherId} />
      {failed !== undefined && <ErrorBlock title="This computer could not be read" error={shownError(failed.error)} onRetry={() => void failed.refetch()} />}
      {into === undefined || from === undefined ? (otherId !== null && failed === undefined && <Skeleton h={220} />) : <Preview into={into} from={from} />}
      <div className={classes['buttons']}>
        {into !== undefined && from !== undefined && <Button variant="subtle" color="gray" mr="auto" onClick={() => setSwapped(!swapped)}>Keep {from.name} instead</Button>}
        <Button variant="default" onClick={onClose}>Leave both</Button>
        <Button
          disabled={!connected || into === undefined || from === undefined}
          onClick={() => {
            if (into === undefined || from === undefined) return;
            onClose();
            void actions.merge({ item: `computer/${into.id}`, name: into.name }, { item: `computer/${from.id}`, name: from.name });
          }}
        >
          {into === undefined || from === undefined ? 'Merge' : `Merge ${from.name} into ${into.name}`}
        </Button>
      </div>
    </div>
  );
}

function OtherRecord({ of, value, known, onChange }: { of: ComputerView | undefined; value: string | null; known: ComputerView | undefined; onChange: (id: string | null) => void }) {
  const trpc = useTRPC();
  const [typed, setTyped] = useState('');
  const [settled] = useDebouncedValue(typed, 150);
  const asked = settled.trim() !== '' && settled !== known?.name;
  const found = useQuery(trpc.computers.list.queryOptions({ text: settled, limit: 30 }, { enabled: asked, placeholderData: keepPreviousData }));
  const options = new Map<string, string>();
  if (known !== undefined) options.set(known.id, known.name);
  for (const record of of?.similar ?? []) options.set(record.id, record.name);
  if (asked) for (const row of found.data ?? []) options.set(row.id, row.name);
  if (of !== undefined) options.delete(of.id);
  return (
    <Select
      label="Other record" description={(of?.similar.length ?? 0) > 0 ? 'Those whose firmware agrees with this one are offered first.' : 'Type a name, serial or MAC.'} data-autofocus={value === null || undefined} searchable clearable={false} checkIconPosition="right"
      data={[...options].map(([id, label]) => ({ value: id, label }))} value={value} onChange={onChange} onSearchChange={setTyped} filter={({ options: all }) => all} nothingFoundMessage={asked ? (found.isFetching ? 'Looking…' : 'No computer fits') : 'Type a name, serial or MAC'} placeholder="Name, serial, MAC"
    />
  );
}

function Preview({ into, from }: { into: ComputerView; from: ComputerView }) {
  const { same, different } = agreement(into.evidence, from.evidence);
  return (
    <>
      <div className={classes['preview']}><RecordBox title="goes into it" record={from} /><IconArrowRight size={18} aria-hidden /><RecordBox title="stays" record={into} /></div>
      <ul className={classes['means']} aria-label="What this means">
        <li>{into.name} keeps its name, group and address here. Runs and history of {from.name} go along with it.</li>
        <li>From then on the machine is recognised by what identifies either of them.</li>
        {same.length > 0 && <li>They agree in {inWords(same)}.</li>}
        {different.length > 0 && <li><strong>They differ in {inWords(different)}.</strong> That is usual after a new mainboard; two machines of one model differ there, too.</li>}
        <li>Nothing on any disk changes. Undo takes it back, and later <em>Split</em> on this computer’s page.</li>
      </ul>
    </>
  );
}

/** "system UUID, onboard MAC" */
function inWords(kinds: readonly (keyof typeof evidenceWords)[]): string {
  return kinds.map((kind) => evidenceWords[kind].charAt(0).toLowerCase() + evidenceWords[kind].slice(1)).join(', ');
}

function RecordBox({ title, record }: { title: string; record: ComputerView }) {
  return (
    <div className={classes['record']}>
      <span className="dim">{title}</span>
      <strong>{record.name}</strong>
      <span>{hardwareName(record)}</span>
      <span>{record.serial === '' ? 'no serial' : `Serial ${record.serial}`}</span>
      <span className="dim">{record.online ? 'connected now' : <>last seen <When at={record.lastSeenAt} /></>}</span>
    </div>
  );
}
