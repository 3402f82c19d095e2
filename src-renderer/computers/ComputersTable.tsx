// A list of computers in which several are chosen and moved, run on, or deleted together; rows can be dragged into the tree's groups.
import { Button } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import type { ComputerRow } from '#shared/model/computer.ts';
import { useConnected } from '../app/connection.tsx';
import { openRunSheet } from '../jobs/runSheetStore.ts';
import { armDrag, dropPlace } from '../tree/dragStore.ts';
import type { DragItem } from '../tree/dropRules.ts';
import { openObjectDialog } from '../tree/objectDialogStore.ts';
import { DataTable } from '../ui/DataTable.tsx';
import { computerColumns } from './computerColumns.tsx';
import type { Station } from './station.ts';
import { useComputerActions } from './useComputerActions.ts';
import classes from './Computers.module.css';

type Props = { label: string; stations: Station[] | undefined; groupName?: ((id: string | null) => string) | null; inTrash?: boolean };
const none: ReadonlySet<string> = new Set();

export function ComputersTable({ label, stations, groupName = null, inTrash = false }: Props) {
  const [, navigate] = useLocation();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(none);
  // Computers that left the list meanwhile fall out of the choice by themselves.
  const meant = useMemo(() => (chosen.size === 0 ? [] : (stations ?? []).filter(({ computer }) => chosen.has(computer.id)).map(({ computer }) => computer)), [stations, chosen]);
  const toggle = useCallback((computer: ComputerRow, on: boolean): void => setChosen((now) => { const next = new Set(now); if (on) next.add(computer.id); else next.delete(computer.id); return next; }), []);
  const columns = useMemo(() => computerColumns(chosen, toggle, groupName), [chosen, toggle, groupName]);
  const all = stations?.length ?? 0;
  return (
    <>
      {meant.length > 0 && <ChosenBar meant={meant} all={all} inTrash={inTrash} onAll={() => setChosen(new Set(stations?.map(({ computer }) => computer.id)))} onNone={() => setChosen(none)} />}
      <DataTable
        label={label} columns={columns} rows={stations} rowKey={({ computer }) => computer.id} onOpen={({ computer }) => navigate(`/computer/${computer.id}`)}
        rowProps={({ computer }) => ({
          ...dropPlace({ id: `computer/${computer.id}`, name: computer.name, path: [] }),
          onPointerDown: (event) => { if (!inTrash && !isControl(event.target)) armDrag(event, () => (chosen.has(computer.id) ? meant : [computer]).map(asItem)); },
        })}
      />
    </>
  );
}

function ChosenBar({ meant, all, inTrash, onAll, onNone }: { meant: ComputerRow[]; all: number; inTrash: boolean; onAll: () => void; onNone: () => void }) {
  const connected = useConnected();
  const actions = useComputerActions();
  const items = meant.map(({ id, name }) => ({ item: `computer/${id}`, name }));
  return (
    <div className={classes['chosen']} role="region" aria-label="Chosen computers">
      <span>{meant.length === 1 ? '1 computer chosen' : `${meant.length} computers chosen`}</span>
      {inTrash ? <Button disabled={!connected} onClick={() => { void actions.restore(items); onNone(); }}>Restore</Button> : (
        <>
          <Button variant="default" disabled={!connected} onClick={() => openRunSheet({ computers: meant.map(({ id }) => id) })}>Run on them…</Button>
          <Button variant="default" disabled={!connected} onClick={() => openObjectDialog({ kind: 'move', items: meant.map(asItem) })}>Move to…</Button>
          <Button variant="default" disabled={!connected} onClick={() => { void actions.trash(items); onNone(); }}>Move to trash</Button>
        </>
      )}
      {meant.length < all && <Button variant="subtle" color="gray" onClick={onAll}>Choose all {all}</Button>}
      <Button variant="subtle" color="gray" onClick={onNone}>Choose none</Button>
    </div>
  );
}

function asItem({ id, name, groupId }: ComputerRow): DragItem {
  return { id: `computer/${id}`, name, parent: groupId === null ? 'group/new' : `group/${groupId}` };
}
function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest('button, input') !== null;
}
