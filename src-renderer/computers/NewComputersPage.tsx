// *New computers*: those in no group yet, what that means, and the way out of it.
import { Button } from '@mantine/core';
import { IconDeviceDesktopPlus } from '@tabler/icons-react';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { openObjectDialog } from '../tree/objectDialogStore.ts';
import { Command } from '../ui/CopyText.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { ComputersTable } from './ComputersTable.tsx';
import { useStations } from './useStations.ts';
import classes from './Computers.module.css';

export function NewComputersPage() {
  const connected = useConnected();
  const { stations, error, retry } = useStations({ group: 'new' });
  const unnamed = stations?.filter(({ computer }) => !computer.named).length ?? 0;
  const all = (stations ?? []).map(({ computer }) => ({ id: `computer/${computer.id}`, name: computer.name, parent: 'group/new' }));
  return (
    <>
      <PageHead
        icon={<IconDeviceDesktopPlus size={18} stroke={1.6} />} title="New computers" documentTitle="New computers"
        state={stations !== undefined && stations.length > 0 && <span className="dim">{stations.length}{unnamed > 0 && ` · ${unnamed} not named yet`}</span>}
        actions={all.length > 0 && <Button disabled={!connected} onClick={() => openObjectDialog({ kind: 'move', items: all })}>{all.length === 1 ? 'Move it to a group…' : 'Move all to a group…'}</Button>}
      />
      <PageBody plain>
        {error !== null && <div style={{ padding: 24 }}><ErrorBlock title="The computers could not be read" error={shownError(error)} onRetry={retry} /></div>}
        {error === null && stations?.length !== 0 && <p className={`dim ${classes['about']}`}>A computer comes here the first time it is seen, recognised by its firmware rather than by a network card. Give it a name, and move it to the group of its room.</p>}
        {stations?.length === 0 && <EmptyState icon={<IconDeviceDesktopPlus size={32} stroke={1.4} />} title="No computer waits for its place. One comes here the first time the portal or an agent runs on it; this command runs the portal in any terminal of a computer." help="computers"><Command text="platen agent portal" /></EmptyState>}
        {error === null && stations?.length !== 0 && <ComputersTable label="New computers" stations={stations} />}
      </PageBody>
    </>
  );
}
