// All computers, whatever group they are in: narrowed by text and state, several chosen at once.
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconDevicesPc, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { useNodeCommands } from '../tree/useNodeCommands.ts';
import { Command } from '../ui/CopyText.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { PageBody, PageHead } from '../ui/Page.tsx';
import { ComputersTable } from './ComputersTable.tsx';
import { useGroupNames } from './useGroupNames.ts';
import type { StationFilter } from './useStations.ts';
import { useStations } from './useStations.ts';
import classes from './Computers.module.css';

const shows = { all: {}, online: { online: true }, offline: { online: false }, trash: { trash: true } } satisfies Record<string, StationFilter>;
type Shown = keyof typeof shows;
const shownWords: Record<Shown, string> = { all: 'All', online: 'Connected', offline: 'Not connected', trash: 'In the trash' };
const nothing: Record<Shown, string> = { all: 'No computer has this in its name, serial, model, address or MAC.', online: 'No computer that is connected fits.', offline: 'Every computer that fits is connected.', trash: 'No computer is in the trash.' };

export function ComputersPage() {
  const connected = useConnected();
  const commands = useNodeCommands();
  const [, navigate] = useLocation();
  const [shown, setShown] = useState<Shown>('all');
  const [text, setText] = useState('');
  const [settled] = useDebouncedValue(text, 120);
  const { stations, error, retry } = useStations({ ...shows[shown], text: settled });
  const groupName = useGroupNames();
  const count = stations?.length;
  const narrowed = shown !== 'all' || settled.trim() !== '';
  const empty = count === 0 && !narrowed;
  return (
    <>
      <PageHead
        icon={<IconDevicesPc size={18} stroke={1.6} />} title="Computers" documentTitle="Computers" state={count !== undefined && !empty && <span className="dim">{count.toLocaleString('en')}{narrowed ? ' shown' : ''}</span>}
        actions={<Button variant={empty ? 'default' : 'filled'} disabled={!connected} onClick={() => void commands.create('group', 'computers').then((made) => { if (made !== null) navigate(`/${made}`); })}>New group</Button>}
      />
      <PageBody plain>
        {!empty && error === null && (
          <div className={classes['bar']} role="search" aria-label="Narrow the computers">
            <TextInput className={classes['search'] ?? ''} size="xs" aria-label="Filter computers" placeholder="Name, serial, model, address, MAC" leftSection={<IconSearch size={14} />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
            <SegmentedControl size="xs" aria-label="Which computers" value={shown} onChange={(value) => { if (value in shows) setShown(value as Shown); }} data={Object.entries(shownWords).map(([value, label]) => ({ value, label }))} />
          </div>
        )}
        {error !== null && <div style={{ padding: 24 }}><ErrorBlock title="The computers could not be read" error={shownError(error)} onRetry={retry} /></div>}
        {empty && <EmptyState icon={<IconDevicesPc size={32} stroke={1.4} />} title="Computers will be here as soon as the portal or an agent has run on them once. This command runs the portal in any terminal of a computer." help="computers"><Command text="platen agent portal" /></EmptyState>}
        {error === null && !empty && count !== 0 && <ComputersTable key={shown} label="Computers" stations={stations} groupName={groupName} inTrash={shown === 'trash'} />}
        {count === 0 && narrowed && <EmptyState icon={<IconDevicesPc size={32} stroke={1.4} />} title={nothing[shown]}><Button variant="default" onClick={() => { setText(''); setShown('all'); }}>Show all</Button></EmptyState>}
      </PageBody>
    </>
  );
}
