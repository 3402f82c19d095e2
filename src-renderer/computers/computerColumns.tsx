// The columns of every list of computers, and the box by which several are chosen.
import { Checkbox } from '@mantine/core';
import { Link } from 'wouter';
import type { ComputerRow } from '#shared/model/computer.ts';
import type { Column } from '../ui/DataTable.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { When } from '../ui/When.tsx';
import { shortModel } from './computerWords.ts';
import type { Station } from './station.ts';
import classes from './Computers.module.css';

export function computerColumns(chosen: ReadonlySet<string>, onChoose: (computer: ComputerRow, on: boolean) => void, groupName: ((id: string | null) => string) | null): Column<Station>[] {
  const group: Column<Station>[] = groupName === null ? [] : [{ id: 'group', title: 'Group', width: 'minmax(104px, 1fr)', sortValue: ({ computer }) => groupName(computer.groupId), render: ({ computer }) => <Link href={`/group/${computer.groupId ?? 'new'}`} title={groupName(computer.groupId)}><span className={classes['cut']}>{groupName(computer.groupId).split(' / ').at(-1)}</span></Link> }];
  return [
    { id: 'choose', title: '', width: '20px', render: ({ computer }) => <Checkbox size="xs" aria-label={`Choose ${computer.name}`} checked={chosen.has(computer.id)} onChange={(event) => onChoose(computer, event.currentTarget.checked)} /> },
    { id: 'name', title: 'Name', width: 'minmax(100px, 1.2fr)', sortValue: ({ computer }) => computer.name, render: ({ computer }) => <Link href={`/computer/${computer.id}`} draggable={false}><MiddleText text={computer.name} /></Link> },
    { id: 'state', title: 'State', width: 'minmax(158px, 1fr)', sortValue: ({ rank, words }) => `${rank} ${words}`, render: ({ tone, words }) => <StateMark tone={tone}>{words}</StateMark> },
    ...group,
    { id: 'hardware', title: 'Hardware', width: 'minmax(116px, 1.2fr)', sortValue: ({ computer }) => computer.model, render: ({ computer }) => <span className={classes['cut']} title={computer.model}>{shortModel(computer.model) || '–'}</span> },
    { id: 'serial', title: 'Serial', width: 'minmax(76px, 0.8fr)', sortValue: ({ computer }) => computer.serial, render: ({ computer }) => <MiddleText text={computer.serial || '–'} /> },
    { id: 'address', title: 'Address', width: '102px', sortValue: ({ computer }) => computer.address, render: ({ computer }) => computer.address || '–' },
    { id: 'seen', title: 'Last seen', width: '110px', sortValue: ({ computer }) => (computer.online ? Number.MAX_SAFE_INTEGER : computer.lastSeenAt), render: ({ computer }) => (computer.online ? 'now' : <When at={computer.lastSeenAt} />) },
  ];
}
