// What narrows Activity: text over what is shown, state, and one computer or job, found by the server's own search.
import { ActionIcon, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { RunView } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { stateFilters, stateFilterWords } from './activityFilters.ts';
import type { ActivityFilters, StateFilter } from './activityFilters.ts';
import classes from './ActivityPage.module.css';

type Props = { filters: ActivityFilters; rows: RunView[]; onChange: (change: Partial<ActivityFilters>) => void };

export function ActivityBar({ filters, rows, onChange }: Props) {
  const [text, setText] = useState(filters.text);
  const [settled] = useDebouncedValue(text, 150);
  useEffect(() => { if (settled !== filters.text) onChange({ text: settled }); /* only typing narrows; a link from elsewhere sets it below */ }, [settled]); // eslint-disable-line
  useEffect(() => setText(filters.text), [filters.text]);
  return (
    <div className={classes['filters']} role="search" aria-label="Narrow the runs">
      <TextInput className={classes['search'] ?? ''} size="xs" aria-label="Text" placeholder="Name, computer, error" leftSection={<IconSearch size={14} />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      <Select
        className={classes['state'] ?? ''} size="xs" aria-label="State" data={stateFilters.map((value) => ({ value, label: stateFilterWords[value] }))} value={filters.state} allowDeselect={false} checkIconPosition="right"
        onChange={(value) => { if (value !== null) onChange({ state: value as StateFilter }); }}
      />
      <Subject filters={filters} rows={rows} onChange={onChange} />
      {filters.batch !== null && <span className={classes['batch']}>Started together <ActionIcon size={22} aria-label="Show runs not started together, too" onClick={() => onChange({ batch: null })}><IconX size={14} /></ActionIcon></span>}
    </div>
  );
}

/** "computer/<id>" or "job/<id>". */
function Subject({ filters, rows, onChange }: Props) {
  const trpc = useTRPC();
  const [typed, setTyped] = useState('');
  const [settled] = useDebouncedValue(typed, 150);
  const value = filters.computer !== null ? `computer/${filters.computer}` : filters.job !== null ? `job/${filters.job}` : null;
  const chosenName = value === null ? '' : (filters.computer !== null ? rows[0]?.computerName : rows[0]?.jobName) ?? value;
  const isSearching = settled.trim() !== '' && settled !== chosenName;
  const hits = useQuery(trpc.search.find.queryOptions({ text: settled, limit: 40 }, { enabled: isSearching, placeholderData: keepPreviousData }));
  const found = isSearching ? (hits.data ?? []).flatMap((hit) => (hit.kind === 'computer' || hit.kind === 'job' ? [{ value: hit.id, label: hit.kind === 'job' ? `Job ${hit.name}` : hit.name }] : [])) : [];
  const chosen = value === null || found.some((hit) => hit.value === value) ? [] : [{ value, label: chosenName }];
  return (
    <Select
      className={classes['subject'] ?? ''} size="xs" aria-label="Computer or job" placeholder="Computer or job" data={[...chosen, ...found]} value={value} searchable clearable checkIconPosition="right"
      filter={({ options }) => options} nothingFoundMessage={isSearching ? (hits.isFetching ? 'Looking…' : 'Nothing has this name') : 'Type a name'} onSearchChange={setTyped}
      clearButtonProps={{ 'aria-label': 'Any computer and job' }}
      onChange={(id) => {
        const [kind, key] = [id?.slice(0, id.indexOf('/')), id?.slice(id.indexOf('/') + 1) ?? null];
        onChange({ computer: kind === 'computer' ? key : null, job: kind === 'job' ? key : null });
      }}
    />
  );
}
