// *Move to…*: the same as dragging, by keyboard: type a few letters of the place, choose with the arrows, Enter moves.
import { Modal, Skeleton, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { JobFolder } from '#shared/model/job.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { NodeIcon } from './NodeIcon.tsx';
import { nameOf } from './dropRules.ts';
import type { DragItem } from './dropRules.ts';
import { isJobItem, kindOf } from './nodePlaces.ts';
import { choicesFor, inTreeOrder } from './places.ts';
import type { Choice, Place } from './places.ts';
import { useNodeCommands } from './useNodeCommands.ts';
import classes from './MoveDialog.module.css';

export function MoveDialog({ items, onClose }: { items: readonly DragItem[] | null; onClose: () => void }) {
  return (
    <Modal opened={items !== null} onClose={onClose} size={520} title={`Move ${items === null ? '' : nameOf(items)} to…`} closeButtonProps={{ 'aria-label': 'Close' }}>
      {items !== null && <Places items={items} onClose={onClose} />}
    </Modal>
  );
}

function Places({ items, onClose }: { items: readonly DragItem[]; onClose: () => void }) {
  const commands = useNodeCommands();
  const [filter, setFilter] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const places = usePlaces(items.every((item) => isJobItem(item.id)) ? 'folder' : 'group');
  const choices = useMemo(() => places.data && choicesFor(items, places.data, filter), [items, places.data, filter]);
  const [hurried, setHurried] = useState(false);
  const current = Math.min(at, (choices?.length ?? 1) - 1);
  useEffect(() => { list.current?.children[current]?.scrollIntoView({ block: 'nearest' }); }, [current]);
  const move = (choice: Choice | undefined): void => {
    // Enter before the places are there means the first that fits, once they are.
    if (choice === undefined) return setHurried(choices === undefined);
    onClose();
    commands.drop(choice.drop, items);
  };
  useEffect(() => { if (hurried && choices !== undefined) move(choices[current]); });
  const keyDown = (event: React.KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) setAt(Math.max(0, Math.min((choices?.length ?? 1) - 1, current + step)));
    else if (event.key === 'Enter') move(choices?.[current]);
    else return;
    event.preventDefault();
  };
  return (
    <div className={classes['dialog']}>
      <TextInput
        data-autofocus aria-label="Filter places" placeholder="Type to filter" leftSection={<IconSearch size={16} />} value={filter} onChange={(event) => { setFilter(event.currentTarget.value); setAt(0); }} onKeyDown={keyDown}
        role="combobox" aria-expanded aria-controls="move-places" {...(choices?.[current] === undefined ? {} : { 'aria-activedescendant': `move-place-${current}` })}
      />
      {places.isError && <ErrorBlock title="The places could not be read" error={shownError(places.error)} onRetry={() => void places.refetch()} />}
      <ul ref={list} id="move-places" role="listbox" aria-label="Places" className={classes['places']} aria-busy={choices === undefined}>
        {choices === undefined && !places.isError && Array.from({ length: 5 }, (_, index) => <li key={index} aria-hidden><Skeleton h={10} w={140 + ((index * 47) % 90)} /></li>)}
        {choices?.map((choice, index) => (
          <li key={choice.id} id={`move-place-${index}`} role="option" aria-selected={index === current} onClick={() => move(choice)} onPointerMove={() => setAt(index)}>
            <NodeIcon kind={choice.id === 'computers' || choice.id === 'jobs' ? choice.id : choice.id === 'group/new' ? 'new-computers' : kindOf(choice.id) === 'folder' ? 'folder' : 'group'} size={16} />
            <span className={classes['name']}>{choice.name}</span><span className="dim">{choice.where}</span>
          </li>
        ))}
      </ul>
      {choices?.length === 0 && <p className="dim">{filter.trim() === '' ? 'There is no other place to move to yet. Make a group or folder first.' : 'No place has this in its name.'}</p>}
    </div>
  );
}

function usePlaces(kind: 'group' | 'folder') {
  const trpc = useTRPC();
  const queries = useQueryClient();
  return useQuery({
    queryKey: [...trpc.tree.pathKey(), 'places', kind],
    gcTime: 0,
    queryFn: async (): Promise<Place[]> => {
      if (kind === 'group') {
        const [root, ...groups] = inTreeOrder('group', await queries.fetchQuery({ ...trpc.computers.groups.queryOptions(), staleTime: 0 }), { id: 'computers', name: 'Computers' });
        return [...(root === undefined ? [] : [root]), { id: 'group/new', name: 'New computers', path: [{ id: 'computers', name: 'Computers' }] }, ...groups];
      }
      const all: JobFolder[] = [];
      const read = async (folder: string | null): Promise<void> => {
        const { folders } = await queries.fetchQuery({ ...trpc.jobs.folder.queryOptions({ folder }), staleTime: 0 });
        all.push(...folders);
        await Promise.all(folders.filter((each) => each.folderCount > 0).map((each) => read(each.id)));
      };
      await read(null);
      return inTreeOrder('folder', all, { id: 'jobs', name: 'Jobs' });
    },
  });
}
