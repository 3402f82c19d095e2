// What the sheet would run: one job's tasks, or the jobs of a folder in order; and the choice of a job where none was given.
import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { compareNames } from '#shared/model/menu.ts';
import type { StartPreview } from '#shared/model/run.ts';
import { useTRPC } from '../api.ts';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { countOf } from './startWords.ts';
import classes from './RunSheet.module.css';

export function WhatRuns({ preview }: { preview: StartPreview }) {
  const [only] = preview.jobs;
  const isFolder = preview.jobs.length !== 1;
  return (
    <section className={classes['what']} aria-label="What runs">
      <h2><NodeIcon kind={isFolder ? 'folder' : 'job'} size={16} /> {preview.title} {isFolder && <span className="dim">{preview.jobs.length === 0 ? 'no jobs' : `${countOf(preview.jobs.length, 'job')}, one after another`}</span>}</h2>
      {!isFolder && only !== undefined ? <Tasks tasks={only.tasks} /> : (
        <ol className={classes['jobs']}>
          {preview.jobs.map((job) => <li key={job.id}><span>{job.name}</span><small>{job.tasks.join(' · ')}</small></li>)}
        </ol>
      )}
    </section>
  );
}

function Tasks({ tasks }: { tasks: readonly string[] }) {
  if (tasks.length === 0) return <p className="dim">It has no tasks.</p>;
  return <ol className={classes['tasks']}>{tasks.map((task, index) => <li key={index}>{task}</li>)}</ol>;
}

type Option = { value: string; label: string };
const mostShown = 200;

/** Jobs, and folders by name as they are typed; a folder runs every job in it. */
export function JobPicker({ value, autoFocus, onChange }: { value: string | null; autoFocus: boolean; onChange: (what: string | null) => void }) {
  const trpc = useTRPC();
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), 150);
  const jobs = useQuery(trpc.jobs.list.queryOptions({}));
  const root = useQuery(trpc.jobs.folder.queryOptions({ folder: null }));
  const hits = useQuery(trpc.search.find.queryOptions({ text, limit: 50 }, { enabled: text.length > 1 }));
  const problems = new Map(jobs.data?.map((job) => [`job/${job.id}`, job.problem]));
  const folders = new Map([...(root.data?.folders ?? []).map((folder): [string, string] => [`folder/${folder.id}`, folder.name]), ...(hits.data ?? []).filter((hit) => hit.kind === 'folder').map((hit): [string, string] => [hit.id, hit.name])]);
  const option = ([id, name]: [string, string]): Option => ({ value: id, label: name });
  const byName = (left: Option, right: Option): number => compareNames(left.label, right.label);
  return (
    <Select
      label="Job or folder" placeholder={jobs.data?.length === 0 ? 'There are no jobs yet' : 'Choose what to run'} searchable limit={mostShown} maxDropdownHeight={300} nothingFoundMessage="No job or folder has this in its name" value={value} onChange={onChange} onSearchChange={setTyped} {...(autoFocus ? { 'data-autofocus': true } : {})}
      error={jobs.isError ? 'The jobs could not be read. Close this and try again.' : null}
      data={[{ group: 'Jobs', items: (jobs.data ?? []).map((job): Option => ({ value: `job/${job.id}`, label: job.name })).toSorted(byName) }, { group: 'Folders, with every job in them', items: [...folders].map(option).toSorted(byName) }]}
      renderOption={({ option: shown }) => {
        const problem = problems.get(shown.value) ?? null;
        return <span className={classes['option']}><NodeIcon kind={shown.value.startsWith('folder/') ? 'folder' : 'job'} size={16} /><span>{shown.label}</span>{problem !== null && <StateMark tone="warn">{problem}</StateMark>}</span>;
      }}
    />
  );
}
