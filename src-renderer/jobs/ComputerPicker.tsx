// Computers and groups to choose from: one field that searches by name, serial or address, a list chosen from by click, or by arrow
// keys and Enter. Several may be chosen.
import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { IconSearch, IconSquare, IconSquareCheckFilled } from '@tabler/icons-react';
import { useCallback, useEffect, useId, useMemo, useRef, useState } from 'react';
import type { Group } from '#shared/model/computer.ts';
import { compareNames } from '#shared/model/menu.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { NodeIcon } from '../tree/NodeIcon.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { pickerKey, playKeys } from './pickerKeys.ts';
import type { PickerKey } from './pickerKeys.ts';
import { takeEarlyKeys } from './runSheetStore.ts';
import { countOf } from './startWords.ts';
import classes from './RunSheet.module.css';

export type ChosenComputers = { computers: ReadonlySet<string>; groups: ReadonlySet<string> };
type Choice = { kind: 'groups' | 'computers'; id: string; name: string; detail: string; online: boolean | null };

const mostShown = 200;
const none: readonly PickerKey[] = [];

export function ComputerPicker({ chosen, autoFocus, onChange }: { chosen: ChosenComputers; autoFocus: boolean; onChange: (chosen: ChosenComputers) => void }) {
  const trpc = useTRPC();
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed.trim(), 120);
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();
  const groups = useQuery(trpc.computers.groups.queryOptions());
  const computers = useQuery(trpc.computers.list.queryOptions({ limit: mostShown + 1, ...(text === '' ? {} : { text }) }, { placeholderData: keepPreviousData }));
  const choices = useMemo((): Choice[] => [
    ...groupChoices(groups.data ?? [], text),
    ...(computers.data ?? []).slice(0, mostShown).map((computer): Choice => ({ kind: 'computers', id: computer.id, name: computer.name, detail: [computer.model, computer.serial].filter((part) => part !== '').join(' · '), online: computer.online })),
  ], [groups.data, computers.data, text]);
  const settled = typed.trim() === text && computers.data !== undefined && !computers.isPlaceholderData;
  /** Pressed before the list was there, some even before this field was. */
  const [early, setEarly] = useState<readonly PickerKey[]>(none);
  const place = Math.min(active, choices.length - 1);
  const toggle = useCallback((...wanted: readonly Choice[]): void => {
    const next = { computers: new Set(chosen.computers), groups: new Set(chosen.groups) };
    for (const { kind, id } of wanted) if (!next[kind].delete(id)) next[kind].add(id);
    onChange(next);
  }, [chosen, onChange]);
  const play = useCallback((keys: readonly PickerKey[]): void => {
    const played = playKeys(keys, place, choices.length);
    setActive(played.place);
    list.current?.children[played.place]?.scrollIntoView({ block: 'nearest' });
    const entered = played.entered.flatMap((at) => choices[at] ?? []);
    if (entered.length > 0) toggle(...entered);
  }, [choices, place, toggle]);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const key = pickerKey(event.key);
    if (key === null) return;
    event.preventDefault();
    if (settled && early.length === 0) play([key]);
    else setEarly([...early, key]);
  };
  useEffect(() => {
    if (early.length === 0 || !settled || groups.data === undefined) return;
    setEarly(none);
    play(early);
  }, [early, settled, groups.data, play]);
  const takeEarly = (): void => {
    const { keys, text: before } = takeEarlyKeys();
    if (before !== '') { setTyped((now) => now + before); setActive(0); }
    if (keys.length > 0) setEarly((now) => [...now, ...keys]);
  };
  const count = chosen.computers.size + chosen.groups.size;
  const failed = computers.isError && computers.data === undefined;
  const empty = computers.data?.length === 0 && text === '' && (groups.data ?? []).length === 0;
  return (
    <section className={classes['picker']} aria-label="Computers">
      <div className={classes['pickerHead']}>
        <TextInput
          label="Computers and groups" placeholder="Search by name, serial or address" leftSection={<IconSearch size={14} />} value={typed} {...(autoFocus ? { 'data-autofocus': true } : {})}
          role="combobox" aria-expanded aria-autocomplete="list" aria-controls={listId} {...(choices[place] === undefined ? {} : { 'aria-activedescendant': `${listId}-${place}` })}
          onChange={(event) => { setTyped(event.currentTarget.value); setActive(0); }} onKeyDown={onKeyDown} onFocus={takeEarly}
        />
        {count > 0 && <Button variant="subtle" color="gray" onClick={() => onChange({ computers: new Set(), groups: new Set() })}>Choose none ({count})</Button>}
      </div>
      {failed && <ErrorBlock title="The computers could not be read" error={shownError(computers.error)} onRetry={() => void computers.refetch()} />}
      {empty && <p className="dim">There are no computers yet. One appears here when it first boots into Platen, or when the agent is started on it.</p>}
      {!failed && !empty && (
        <div ref={list} id={listId} role="listbox" aria-label="Computers and groups" aria-multiselectable aria-busy={computers.data === undefined} className={classes['list']} tabIndex={-1}>
          {choices.map((choice, index) => {
            const isChosen = chosen[choice.kind].has(choice.id);
            return (
              <div key={`${choice.kind} ${choice.id}`} id={`${listId}-${index}`} role="option" aria-selected={isChosen} className={classes['choiceRow']} data-active={index === place} onClick={() => { setActive(index); toggle(choice); }}>
                {isChosen ? <IconSquareCheckFilled size={16} className={classes['checked']} aria-hidden /> : <IconSquare size={16} stroke={1.4} aria-hidden />}
                <NodeIcon kind={choice.kind === 'groups' ? 'group' : 'computer'} size={16} />
                <span className={classes['choiceName']}>{choice.name}</span>
                <span className={classes['choiceDetail']}>{choice.detail}</span>
                {choice.online !== null && <StateMark tone={choice.online ? 'ok' : 'wait'}>{choice.online ? 'Online' : 'Offline'}</StateMark>}
              </div>
            );
          })}
          {choices.length === 0 && computers.data !== undefined && <p className={classes['nothing']}>Nothing has this in its name, serial or address.</p>}
        </div>
      )}
      {!failed && !empty && <p className={classes['hint']}><kbd>↑</kbd> <kbd>↓</kbd> go through the list, <kbd>Enter</kbd> chooses</p>}
      {(computers.data?.length ?? 0) > mostShown && <p className="dim">The first {mostShown} computers. Type to find others, or choose a group.</p>}
    </section>
  );
}

/** Groups by their path, "Building A / Room 12", as far as it has the text. */
function groupChoices(groups: readonly Group[], text: string): Choice[] {
  const byId = new Map(groups.map((group) => [group.id, group]));
  const pathOf = (group: Group, depth = 0): string => {
    const parent = group.parentId === null || depth > 30 ? undefined : byId.get(group.parentId);
    return parent === undefined ? group.name : `${pathOf(parent, depth + 1)} / ${group.name}`;
  };
  return groups.filter((group) => group.trashedAt === null).map((group): Choice => ({ kind: 'groups', id: group.id, name: pathOf(group), detail: `${countOf(group.computerCount, 'computer')}, ${group.onlineCount} online`, online: null }))
    .filter((choice) => choice.name.toLocaleLowerCase().includes(text.toLocaleLowerCase())).toSorted((left, right) => compareNames(left.name, right.name));
}
