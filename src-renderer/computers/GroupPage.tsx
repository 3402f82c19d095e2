// One group: its computers as they stand in the room, or as a list; who needs a person first. "new" is *New computers*.
import { ActionIcon, Button, Menu, SegmentedControl } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { IconDots, IconFolder, IconFolderPlus } from '@tabler/icons-react';
import { Fragment, useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import type { GroupDetail } from '#shared/model/computer.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { shownError } from '../errors.ts';
import { setObjectError, useObjectError } from '../images/objectErrors.ts';
import { openRunSheet } from '../jobs/runSheetStore.ts';
import { openObjectDialog } from '../tree/objectDialogStore.ts';
import { useNodeCommands } from '../tree/useNodeCommands.ts';
import { EditableText } from '../ui/EditableText.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead, PageHeadSkeleton } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { ComputersTable } from './ComputersTable.tsx';
import { RoomGrid } from './RoomTiles.tsx';
import { inRoomOrder, summaryOf } from './station.ts';
import type { Station } from './station.ts';
import { useGroupNames } from './useGroupNames.ts';
import { useComputerActions } from './useComputerActions.ts';
import { useStations } from './useStations.ts';
import classes from './Computers.module.css';

const icon = <IconFolder size={18} stroke={1.6} />;

export function GroupPage({ id }: { id: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.computers.group.queryOptions({ group: id }));
  const group = query.data;
  if (group === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Group" /><PageBody plain><ComputersTable label="Computers" stations={undefined} /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Group" documentTitle="Group" /><PageBody><ErrorBlock title="This group could not be read" error={shown} context={{ Group: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  return group.trashedAt === null ? <Group group={group} /> : <Deleted name={group.name} />;
}

function Group({ group }: { group: GroupDetail }) {
  const [view, setView] = useLocalStorage<'room' | 'list'>({ key: 'platen.group.view', defaultValue: 'room', getInitialValueInEffect: false, sync: false });
  const item = `group/${group.id}`;
  const { stations, error, retry } = useStations({ group: group.id, deep: true });
  const groupName = useGroupNames();
  const failure = useObjectError(item);
  const ordered = useMemo(() => stations && inRoomOrder(stations), [stations]);
  return (
    <>
      <Head group={group} stations={ordered} />
      <PageBody plain>
        <Path group={group} view={view} onView={setView} hasComputers={(ordered?.length ?? 1) > 0} />
        {failure !== undefined && <div className={classes['failure']}><ErrorBlock title={failure.title} error={failure.error} context={{ Group: `${group.name} (${group.id})` }} onDismiss={() => setObjectError(item, null)} /></div>}
        {group.groups.length > 0 && <ul className={classes['groups']} aria-label="Groups in it">{group.groups.map((each) => <li key={each.id}><Link href={`/group/${each.id}`}><IconFolder size={16} stroke={1.6} aria-hidden />{each.name} <span className="dim">{each.onlineCount} of {each.computerCount} connected</span></Link></li>)}</ul>}
        {error !== null && <div className={classes['failure']}><ErrorBlock title="The computers of this group could not be read" error={shownError(error)} onRetry={retry} /></div>}
        {ordered?.length === 0 && <EmptyState icon={<IconFolderPlus size={32} stroke={1.4} />} title={`The computers of ${group.name} will be here. Drag them here from New computers or from another group, or choose them in a list and move them.`}><Button component={Link} href="/group/new" variant="default">Open New computers</Button></EmptyState>}
        {error === null && ordered?.length !== 0 && (view === 'room' && ordered !== undefined ? <RoomGrid label={`Computers of ${group.name}`} stations={ordered} /> : <ComputersTable label={`Computers of ${group.name}`} stations={ordered} groupName={group.groupCount > 0 ? groupName : null} />)}
      </PageBody>
    </>
  );
}

function Deleted({ name }: { name: string }) {
  return (
    <>
      <PageHead icon={icon} title={name} documentTitle={name} state={<StateMark tone="trash">Deleted</StateMark>} />
      <PageBody plain><EmptyState icon={<IconFolder size={32} stroke={1.4} />} title={`The group ${name} was deleted. The computers that were in it are in New computers, unless they have been moved since.`}><Button component={Link} href="/group/new" variant="default">Open New computers</Button></EmptyState></PageBody>
    </>
  );
}

function Head({ group, stations }: { group: GroupDetail; stations: Station[] | undefined }) {
  const connected = useConnected();
  const actions = useComputerActions();
  const commands = useNodeCommands();
  const [, navigate] = useLocation();
  const item = { item: `group/${group.id}`, name: group.name };
  const parent = group.parentId === null ? 'computers' : `group/${group.parentId}`;
  const check = (text: string): string | null => (text.trim() === '' ? 'A group needs a name.' : text.trim().length > 100 ? 'A name has at most 100 characters.' : null);
  return (
    <PageHead
      icon={icon} documentTitle={group.name}
      title={<EditableText value={group.name} label="Name" size="title" check={check} disabled={!connected} onSave={(name) => void actions.rename(item, name)} />}
      state={<RoomState group={group} stations={stations} />}
      actions={
        <>
          <Button disabled={!connected || group.computerCount === 0} onClick={() => openRunSheet({ groups: [group.id] })}>Run on…</Button>
          <Menu position="bottom-end" width={220}>
            <Menu.Target><ActionIcon aria-label="More commands" variant="default"><IconDots size={16} /></ActionIcon></Menu.Target>
            <Menu.Dropdown aria-label={`Commands for ${group.name}`}>
              <Menu.Item disabled={!connected} onClick={() => void commands.create('group', item.item).then((made) => { if (made !== null) navigate(`/${made}`); })}>New group in it</Menu.Item>
              <Menu.Item disabled={!connected} onClick={() => openObjectDialog({ kind: 'move', items: [{ id: item.item, name: group.name, parent }] })}>Move to…</Menu.Item>
              <Menu.Divider />
              <Menu.Item disabled={!connected} onClick={() => void actions.trash([item]).then((done) => { if (done) navigate(`/${parent}`); })}>Delete group</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      }
    />
  );
}

function RoomState({ group, stations }: { group: GroupDetail; stations: Station[] | undefined }) {
  if (stations === undefined) return <span className="dim">{group.onlineCount} of {group.computerCount} connected</span>;
  const { computers, online, running, waiting, trouble } = summaryOf(stations);
  if (computers === 0) return <span className="dim">No computers</span>;
  return (
    <span className={classes['states']}>
      <span className="dim">{online} of {computers} connected</span>
      {trouble > 0 && <StateMark tone="warn">{trouble === 1 ? '1 needs attention' : `${trouble} need attention`}</StateMark>}
      {running > 0 && <StateMark tone="run">{running} running</StateMark>}
      {waiting > 0 && <StateMark tone="wait">{waiting} waiting</StateMark>}
    </span>
  );
}

function Path({ group, view, onView, hasComputers }: { group: GroupDetail; view: 'room' | 'list'; onView: (view: 'room' | 'list') => void; hasComputers: boolean }) {
  const connected = useConnected();
  const actions = useComputerActions();
  return (
    <div className={classes['bar']}>
      <nav className={classes['crumbs']} aria-label="Where it is">
        <Link href="/computers">Computers</Link>
        {group.path.map((each) => <Fragment key={each.id}><span aria-hidden>/</span><Link href={`/group/${each.id}`}>{each.name}</Link></Fragment>)}
      </nav>
      <EditableText value={group.description} label="Description" placeholder="Add a description" disabled={!connected} onSave={(text) => void actions.describeGroup({ item: `group/${group.id}`, name: group.name }, text)} />
      {hasComputers && <SegmentedControl className={classes['count'] ?? ''} size="xs" aria-label="Shown as" value={view} onChange={(value) => onView(value === 'list' ? 'list' : 'room')} data={[{ value: 'room', label: 'Room' }, { value: 'list', label: 'List' }]} />}
    </div>
  );
}
