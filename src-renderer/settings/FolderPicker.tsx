// Picks a job folder by walking down from the root; the way down stays visible, and *all jobs* is one of the choices.
import { Button, Popover, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconChevronDown, IconChevronRight, IconFolder } from '@tabler/icons-react';
import { useState } from 'react';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import classes from './FolderPicker.module.css';

type Props = { value: string | null; onChange: (id: string | null) => void; disabled: boolean; 'aria-label': string; 'aria-describedby': string };

export function FolderPicker({ value, onChange, disabled, ...described }: Props) {
  const trpc = useTRPC();
  const [opened, setOpened] = useState(false);
  const chosen = useQuery(trpc.jobs.folder.queryOptions({ folder: value }, { enabled: value !== null }));
  const name = value === null ? 'All jobs' : chosen.data?.name ?? (chosen.isError ? 'A folder that is gone' : '…');
  const choose = (id: string | null): void => { setOpened(false); onChange(id); };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" width={320} trapFocus withinPortal={false} shadow="md">
      <Popover.Target>
        <Button
          variant="default" w={240} justify="space-between" disabled={disabled} aria-haspopup="dialog" aria-expanded={opened} aria-label={`${described['aria-label']}: ${name}`} aria-describedby={described['aria-describedby']}
          rightSection={<IconChevronDown size={14} />} onClick={() => setOpened(!opened)}
        >
          {name}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={described['aria-label']} p={8}>{opened && <Walk start={chosen.data?.path.at(-1)?.id ?? null} value={value} onChoose={choose} />}</Popover.Dropdown>
    </Popover>
  );
}

function Walk({ start, value, onChoose }: { start: string | null; value: string | null; onChoose: (id: string | null) => void }) {
  const trpc = useTRPC();
  const [at, setAt] = useState(start);
  const folder = useQuery(trpc.jobs.folder.queryOptions({ folder: at }));
  if (folder.isError) return <p role="alert">{shownError(folder.error).message}</p>;
  const steps = folder.data === undefined ? [] : [{ id: null, name: 'All jobs' }, ...folder.data.path, ...(at === null ? [] : [{ id: at, name: folder.data.name }])];
  return (
    <div className={classes['walk']} aria-busy={folder.data === undefined}>
      <nav className={classes['steps']} aria-label="Folders above">
        {folder.data === undefined ? <Skeleton h={20} /> : steps.map((step, index) => (
          <span key={step.id ?? 'root'}>{index > 0 && <IconChevronRight size={12} aria-hidden />}<button type="button" aria-current={index === steps.length - 1 ? 'location' : undefined} onClick={() => setAt(step.id)}>{step.name}</button></span>
        ))}
      </nav>
      <ul className={classes['folders']}>
        {folder.data?.folders.map((each) => (
          <li key={each.id}>
            <button type="button" data-autofocus={each.id === value || undefined} onClick={() => onChoose(each.id)}><IconFolder size={16} stroke={1.6} aria-hidden />{each.name}</button>
            {each.folderCount > 0 && <button type="button" aria-label={`Folders in ${each.name}`} onClick={() => setAt(each.id)}><IconChevronRight size={16} aria-hidden /></button>}
          </li>
        ))}
        {folder.data?.folders.length === 0 && <li className="dim">No folders here</li>}
      </ul>
      <Button variant="default" onClick={() => onChoose(at)}>{at === null ? 'Offer all jobs' : `Choose ${folder.data?.name ?? ''}`}</Button>
    </div>
  );
}
