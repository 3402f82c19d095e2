// The content of the sheet for one request: what and where are chosen here where they were not given.
import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { StartPreview } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import type { ShownError } from '../errors.ts';
import { shownError } from '../errors.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { ErrorBlock, WarningLine } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { ComputerPicker } from './ComputerPicker.tsx';
import type { ChosenComputers } from './ComputerPicker.tsx';
import { closeRunSheet } from './runSheetStore.ts';
import type { RunSheetRequest } from './runSheetStore.ts';
import { countOf, disksErased, startRows, startSummary, startVerb } from './startWords.ts';
import type { StartRow, WhenBusy } from './startWords.ts';
import { useStart } from './useStart.tsx';
import { JobPicker, WhatRuns } from './WhatRuns.tsx';
import classes from './RunSheet.module.css';

const columns: Column<StartRow>[] = [
  { id: 'name', title: 'Computer', width: 'minmax(92px, 0.6fr)', render: (row) => <MiddleText text={row.computerName} /> },
  { id: 'when', title: 'Starts', width: 'minmax(170px, 1fr)', render: (row) => <span title={row.when} className={classes['when']}><StateMark tone={row.tone}>{row.when}</StateMark></span> },
];
const erasedColumn: Column<StartRow> = { id: 'erases', title: 'Will be erased', width: 'minmax(250px, 1.5fr)', render: (row) => (!row.runs || row.erases.length === 0 ? <span className="dim">{row.runs ? 'Not known yet' : 'Nothing'}</span> : <MiddleText text={row.erases.join('; ')} />) };

export function RunSheetBody({ request }: { request: RunSheetRequest }) {
  const trpc = useTRPC();
  const connected = useConnected();
  const [what, setWhat] = useState<string | null>(request.what ?? null);
  const [chosen, setChosen] = useState<ChosenComputers>({ computers: new Set(request.computers), groups: new Set(request.groups) });
  const given = chosen.computers.size + chosen.groups.size > 0;
  const [picking, setPicking] = useState(!given);
  const [busy, setBusy] = useState<WhenBusy>('queue');
  const [failure, setFailure] = useState<ShownError | null>(null);
  const target = useMemo(() => ({ what: what ?? '', computers: [...chosen.computers], groups: [...chosen.groups] }), [what, chosen]);
  const query = useQuery(trpc.jobs.preview.queryOptions(target, { enabled: what !== null, placeholderData: keepPreviousData }));
  const preview = what === null ? undefined : query.data;
  const rows = useMemo(() => (preview === undefined ? [] : startRows(preview, busy)), [preview, busy]);
  const { start, starting } = useStart(setFailure);
  const current = preview !== undefined && !query.isPlaceholderData;
  const ready = current && connected && !starting && preview.problem === null && rows.some((row) => row.runs);
  const begin = (): void => { if (preview !== undefined && what !== null) void start({ ...target, what, busy }, preview.title); };
  return (
    <>
      <div className={classes['scroll']}>
        {request.what === undefined && <JobPicker value={what} autoFocus onChange={setWhat} />}
        {what !== null && query.isError && preview === undefined && <ErrorBlock title="What this would do could not be found out" error={shownError(query.error)} onRetry={() => void query.refetch()} />}
        {what !== null && preview === undefined && !query.isError && <div aria-hidden className={classes['loading']}><Skeleton h={12} w={220} /><Skeleton h={12} w={420} /><Skeleton h={12} w={360} /></div>}
        {preview !== undefined && <WhatRuns preview={preview} />}
        {preview !== undefined && given && preview.problem !== null && <WarningLine>It can’t be started: {preview.problem}</WarningLine>}
        <div className={classes['split']} data-split={picking && given}>
          {picking ? <ComputerPicker chosen={chosen} autoFocus={request.what !== undefined} onChange={setChosen} /> : (
            <div className={classes['chosen']}><span>{preview === undefined ? '' : countOf(preview.computers.length, 'computer')}</span><Button variant="default" onClick={() => setPicking(true)}>Change…</Button></div>
          )}
          {preview !== undefined && given && <Where preview={preview} rows={rows} busy={busy} onBusy={setBusy} />}
        </div>
        {failure !== null && <ErrorBlock title="It could not be started" error={failure} onDismiss={() => setFailure(null)} />}
      </div>
      <div className={classes['footer']}>
        <span className={classes['sum']} role="status">{preview === undefined ? (what === null ? 'Choose what to run.' : '') : !given ? 'Choose computers or groups.' : startSummary(rows)}</span>
        <Button variant="default" onClick={closeRunSheet} {...(preview?.erases === true && !picking ? { 'data-autofocus': true } : {})}>Cancel</Button>
        <Button disabled={!ready} loading={starting} {...(preview?.erases === true ? { color: 'red' } : {})} onClick={begin}>{preview === undefined || !given ? 'Run' : startVerb(preview, rows)}</Button>
      </div>
    </>
  );
}

function Where({ preview, rows, busy, onBusy }: { preview: StartPreview; rows: readonly StartRow[]; busy: WhenBusy; onBusy: (busy: WhenBusy) => void }) {
  const busyCount = rows.filter((row) => row.busyWith !== null && row.problem === null).length;
  const disks = disksErased(rows);
  return (
    <section className={classes['where']} aria-label="Where it runs">
      {preview.erases && disks > 0 && <WarningLine>Everything on {disks === 1 ? 'this disk' : `these ${disks} disks`} is replaced. That can’t be undone.</WarningLine>}
      {rows.length > 0 && (
        <div className={classes['table']} style={{ height: Math.min(rows.length * 32 + 34, 290) }}><DataTable label="Computers it runs on" columns={preview.erases ? [...columns, erasedColumn] : columns} rows={[...rows]} rowKey={(row) => row.computerId} /></div>
      )}
      {busyCount > 0 && (
        <div className={classes['choice']}>
          <span id="run-busy">{busyCount === 1 ? 'On the computer that is busy' : `On the ${busyCount} computers that are busy`}</span>
          <SegmentedControl size="xs" classNames={{ label: classes['segment'] ?? '' }} aria-labelledby="run-busy" value={busy} data={[{ value: 'queue', label: 'Run afterwards' }, { value: 'skip', label: 'Skip' }]} onChange={(value) => onBusy(value === 'skip' ? 'skip' : 'queue')} />
        </div>
      )}
    </section>
  );
}
