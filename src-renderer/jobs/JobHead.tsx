// The heading row of a job or folder: name edited in place, whether the portal shows it, where it lies, and what one can do to it.
import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconDeviceDesktopShare, IconDots } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { jobNameSchema } from '#shared/model/job.ts';
import { useConnected } from '../app/connection.tsx';
import { openObjectDialog } from '../tree/objectDialogStore.ts';
import { EditableText } from '../ui/EditableText.tsx';
import { PageHead } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import type { Tone } from '../ui/StateMark.tsx';
import { forgetJustMade, isJustMade, markJustMade } from './justMade.ts';
import { useJobActions } from './useJobActions.tsx';
import classes from './JobPage.module.css';

type Props = {
  /** "job/<id>" or "folder/<id>" */
  item: string; name: string; icon: React.ReactNode; inTrash: boolean; path: readonly { id: string; name: string }[];
  published: boolean; showInPortal: boolean;
  state: { tone: Tone; words: string } | null;
  /** Before Duplicate and the menu. */
  actions: React.ReactNode;
};

export function JobHead({ item, name, icon, inTrash, path, published, showInPortal, state, actions }: Props) {
  const does = useJobActions();
  const connected = useConnected();
  const [, navigate] = useLocation();
  const [editing] = useState(() => isJustMade(item));
  useEffect(forgetJustMade, []);
  const self = { item, name };
  const parent = path.at(-1);
  const check = (text: string): string | null => jobNameSchema.safeParse(text).error?.issues[0]?.message ?? null;
  const duplicate = async (): Promise<void> => {
    const [made] = (await does.duplicate([self])) ?? [];
    if (made === undefined) return;
    markJustMade(made);
    navigate(`/${made}`);
  };
  const move = (): void => openObjectDialog({ kind: 'move', items: [{ id: item, name, parent: parent === undefined ? 'jobs' : `folder/${parent.id}` }] });
  return (
    <PageHead
      icon={icon} documentTitle={name}
      title={<EditableText value={name} label="Name" size="title" check={check} disabled={inTrash || !connected} editing={editing} onSave={(next) => void does.rename(self, next)} />}
      state={
        <span className={classes['state']}>
          {published && !inTrash && <Link href={`/${item}/portal`} className={classes['chip'] ?? ''}><IconDeviceDesktopShare size={14} aria-hidden /> In portal</Link>}
          {inTrash ? <StateMark tone="trash">In the trash</StateMark> : state !== null && <StateMark tone={state.tone}>{state.words}</StateMark>}
          <span className={classes['path']}>in {path.length === 0 ? <Link href="/jobs">Jobs</Link> : path.map((each, index) => <span key={each.id}>{index > 0 && ' / '}<Link href={`/folder/${each.id}`}>{each.name}</Link></span>)}</span>
        </span>
      }
      actions={inTrash ? <Button disabled={!connected} onClick={() => void does.restore([self])}>Restore</Button> : (
        <>
          {actions}
          <Button variant="default" disabled={!connected} onClick={() => void duplicate()}>Duplicate</Button>
          <Menu position="bottom-end" width={220}>
            <Menu.Target><ActionIcon aria-label="More commands" variant="default"><IconDots size={16} /></ActionIcon></Menu.Target>
            <Menu.Dropdown aria-label={`Commands for ${name}`}>
              <Menu.Item disabled={!connected} onClick={() => void does.setShowInPortal({ ...self, show: !showInPortal })}>{showInPortal ? 'Stop showing in portal' : 'Show in portal'}</Menu.Item>
              <Menu.Item disabled={!connected} onClick={move}>Move to…</Menu.Item>
              <Menu.Divider />
              <Menu.Item disabled={!connected} onClick={() => void does.trash([self])}>Move to trash</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </>
      )}
    />
  );
}
