// One computer: its heading with the name edited in place, what one most likely wants, and the tabs below.
import { ActionIcon, Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconDeviceDesktop, IconDots } from '@tabler/icons-react';
import { Fragment } from 'react';
import { Link } from 'wouter';
import { computerNameProblem } from '#shared/model/computer-name.ts';
import type { ComputerView } from '#shared/model/computer.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { NothingHere } from '../app/NothingHere.tsx';
import { BootTraces } from '../boot/BootTraces.tsx';
import { shownError } from '../errors.ts';
import { setObjectError, useObjectError } from '../images/objectErrors.ts';
import { openRunSheet } from '../jobs/runSheetStore.ts';
import { openObjectDialog } from '../tree/objectDialogStore.ts';
import { EditableText } from '../ui/EditableText.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, PageHead, PageHeadSkeleton, PageTabs } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { ComputerHistory } from './ComputerHistory.tsx';
import { ComputerOverview } from './ComputerOverview.tsx';
import { ComputerRuns } from './ComputerRuns.tsx';
import { stationOf } from './station.ts';
import { useComputerActions } from './useComputerActions.ts';
import { useRoomRuns } from './useRoomRuns.ts';
import classes from './Computers.module.css';

const icon = <IconDeviceDesktop size={18} stroke={1.6} />;
const tabs = [{ id: 'overview', title: 'Overview' }, { id: 'runs', title: 'Runs' }, { id: 'boot', title: 'Boot' }, { id: 'history', title: 'History' }];

export function ComputerPage({ id, tab }: { id: string; tab: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.computers.get.queryOptions({ computer: id }));
  const failure = useObjectError(`computer/${id}`);
  const computer = query.data;
  if (computer === undefined) {
    if (!query.isError) return <><PageHeadSkeleton icon={icon} documentTitle="Computer" /><PageTabs base={`/computer/${id}`} active={tab} tabs={tabs} /><PageBody><FactsSkeleton rows={10} /></PageBody></>;
    const shown = shownError(query.error);
    if (shown.code === 'not-found') return <NothingHere />;
    return <><PageHead icon={icon} title="Computer" documentTitle="Computer" /><PageBody><ErrorBlock title="This computer could not be read" error={shown} context={{ Computer: id }} onRetry={() => void query.refetch()} /></PageBody></>;
  }
  return (
    <>
      <Head computer={computer} />
      <PageTabs base={`/computer/${id}`} active={tab} tabs={tabs} />
      {failure !== undefined && <div className={classes['failure']} style={{ paddingTop: 16 }}><ErrorBlock title={failure.title} error={failure.error} context={{ Computer: `${computer.name} (${computer.id})` }} onDismiss={() => setObjectError(`computer/${id}`, null)} /></div>}
      {tab === 'runs' ? <ComputerRuns id={computer.id} /> : tab === 'boot' ? <BootTraces computer={computer} /> : tab === 'history' ? <ComputerHistory id={computer.id} /> : <ComputerOverview computer={computer} />}
    </>
  );
}

function Head({ computer }: { computer: ComputerView }) {
  const connected = useConnected();
  const actions = useComputerActions();
  const { byComputer, doneSince } = useRoomRuns();
  const { tone, words, run } = stationOf(computer, byComputer.get(computer.id) ?? null, doneSince);
  const item = { item: `computer/${computer.id}`, name: computer.name };
  const parent = computer.groupId === null ? 'group/new' : `group/${computer.groupId}`;
  const inTrash = computer.trashedAt !== null;
  return (
    <PageHead
      icon={icon} documentTitle={computer.name}
      title={<EditableText value={computer.name} label="Name" size="title" disabled={inTrash || !connected} check={(text) => (text.trim() === computer.name ? null : computerNameProblem(text.trim()))} onSave={(name) => void actions.rename(item, name)} />}
      state={
        <span className={classes['states']}>
          {inTrash ? <StateMark tone="trash">In the trash</StateMark> : <StateMark tone={computer.online ? 'ok' : 'off'}>{computer.online ? 'Connected' : 'Not connected'}</StateMark>}
          {run !== null && <Link href={`/run/${run.id}`}><StateMark tone={tone}>{words}</StateMark></Link>}
          <Place computer={computer} />
        </span>
      }
      actions={inTrash ? <Button disabled={!connected} onClick={() => void actions.restore([item])}>Restore</Button> : (
        <>
          <Button disabled={!connected} onClick={() => openRunSheet({ computers: [computer.id] })}>Run on…</Button>
          <Menu position="bottom-end" width={220}>
            <Menu.Target><ActionIcon aria-label="More commands" variant="default"><IconDots size={16} /></ActionIcon></Menu.Target>
            <Menu.Dropdown aria-label={`Commands for ${computer.name}`}>
              <Menu.Item disabled={!connected} onClick={() => openObjectDialog({ kind: 'move', items: [{ id: item.item, name: computer.name, parent }] })}>Move to…</Menu.Item>
              <Menu.Item disabled={!connected} onClick={() => openObjectDialog({ kind: 'merge', computer: { id: computer.id, name: computer.name } })}>Merge…</Menu.Item>
              <Menu.Divider />
              <Menu.Item disabled={!connected} onClick={() => void actions.trash([item])}>Move to trash</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
    />
  );
}

function Place({ computer }: { computer: ComputerView }) {
  if (computer.groupId === null) return <Link href="/group/new">New computers</Link>;
  return <span>{computer.path.map((group, index) => <Fragment key={group.id}>{index > 0 && <span className="dim"> / </span>}<Link href={`/group/${group.id}`}>{group.name}</Link></Fragment>)}</span>;
}
