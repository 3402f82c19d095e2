// Rows chosen by their checkboxes: which ones, and the column that shows it. What is not shown any more is not chosen any more.
import { Checkbox } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { Column } from './DataTable.tsx';

export type Selection = { chosen: ReadonlySet<string>; toggle: (key: string) => void; set: (keys: Iterable<string>) => void };

/** @param shown the keys one can choose among now; undefined while they are not known */
export function useSelection(shown: readonly string[] | undefined): Selection {
  const [wanted, setWanted] = useState<ReadonlySet<string>>(new Set());
  const chosen = useMemo(() => {
    const there = shown === undefined ? null : new Set(shown);
    return new Set([...wanted].filter((key) => there === null || there.has(key)));
  }, [shown, wanted]);
  return useMemo(() => ({ chosen, set: (keys) => setWanted(new Set(keys)), toggle: (key) => setWanted(new Set(chosen.has(key) ? [...chosen].filter((each) => each !== key) : [...chosen, key])) }), [chosen]);
}

/** @param keyOf what is chosen with a row; several rows may share it */
export function selectColumn<Row>({ selection, shown, keyOf, nameOf }: { selection: Selection; shown: readonly string[]; keyOf: (row: Row) => string; nameOf: (row: Row) => string }): Column<Row> {
  const all = shown.length > 0 && selection.chosen.size === new Set(shown).size;
  return {
    id: 'choose', title: 'Choose', width: '18px',
    head: <Checkbox size="xs" aria-label="Choose all that are shown" checked={all} indeterminate={!all && selection.chosen.size > 0} disabled={shown.length === 0} onChange={() => selection.set(all ? [] : shown)} />,
    render: (row) => <Checkbox size="xs" aria-label={`Choose ${nameOf(row)}`} checked={selection.chosen.has(keyOf(row))} onChange={() => selection.toggle(keyOf(row))} />,
  };
}
