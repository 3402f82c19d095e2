// The header: product menu, what is being served where, search, theme, keys, user.
import { ActionIcon, Button, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconChevronDown, IconHelp, IconMoon, IconSearch, IconSun } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import { useTRPC } from '../api.ts';
import { stateWords } from '../boot/bootWords.ts';
import { openCaptureDialog } from '../images/captureDialogStore.ts';
import { StateMark } from '../ui/StateMark.tsx';
import { useConnection } from './connection.tsx';
import { Logo } from './Logo.tsx';
import { openPalette } from './Palette.tsx';
import classes from './Header.module.css';

export function Header({ actor, onKeys, onSignOut }: { actor: string; onKeys: () => void; onSignOut: () => void }) {
  const [, navigate] = useLocation();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  return (
    <div className={classes['header']} role="region" aria-label="Server and session">
      <Menu position="bottom-start" width={230}>
        <Menu.Target>
          <Button variant="subtle" color="gray" className={classes['product'] ?? ''} leftSection={<Logo />} rightSection={<IconChevronDown size={14} />}>Platen</Button>
        </Menu.Target>
        <Menu.Dropdown aria-label="Platen">
          <Menu.Item onClick={() => navigate('/')}>Home</Menu.Item>
          <Menu.Item onClick={() => openCaptureDialog()}>Capture a disk…</Menu.Item>
          <Menu.Divider />
          <Menu.Item onClick={() => navigate('/trash')}>Trash</Menu.Item>
          <Menu.Item onClick={() => navigate('/settings')}>Settings</Menu.Item>
          <Menu.Item onClick={() => navigate('/help/images')}>Help</Menu.Item>
          <Menu.Item onClick={onKeys} rightSection={<kbd>?</kbd>}>Keys</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Serving />
      <button type="button" className={classes['search']} onClick={openPalette}>
        <IconSearch size={14} aria-hidden /><span>Search or run a command</span><kbd>Ctrl K</kbd>
      </button>
      <div className={classes['right']}>
        <Tooltip label={scheme === 'dark' ? 'Light' : 'Dark'}>
          <ActionIcon aria-label={scheme === 'dark' ? 'Use the light theme' : 'Use the dark theme'} onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}>
            {scheme === 'dark' ? <IconSun size={18} stroke={1.6} /> : <IconMoon size={18} stroke={1.6} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Keys"><ActionIcon aria-label="List of keys" onClick={onKeys}><IconHelp size={18} stroke={1.6} /></ActionIcon></Tooltip>
        <Menu position="bottom-end" width={220}>
          <Menu.Target><Button variant="subtle" color="gray" className={classes['user'] ?? ''} rightSection={<IconChevronDown size={14} />}>{actor === '' ? '…' : actor}</Button></Menu.Target>
          <Menu.Dropdown aria-label="Session">
            <Menu.Label>Signed in as {actor}</Menu.Label>
            <Menu.Item onClick={onSignOut}>Sign out of this window</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    </div>
  );
}

function Serving() {
  const trpc = useTRPC();
  const connection = useConnection();
  const { data: status } = useQuery(trpc.status.get.queryOptions());
  const { data: boot } = useQuery(trpc.boot.status.queryOptions());
  if (connection.state !== 'open') return <span className={classes['serving']}><StateMark tone="warn">Not connected</StateMark></span>;
  if (status === undefined) return <span className={classes['serving']} />;
  const address = status.addresses[0]?.replace(/^https?:\/\//, '');
  const title = status.addresses.length > 0 ? status.addresses.join('\n') : `http://127.0.0.1:${status.httpPort}`;
  if (boot?.state === 'stopped') return <Link href="/boot" className={classes['serving']} title={boot.problem ?? title}><StateMark tone="warn"><span className={classes['servingText']}>Network boot has stopped</span></StateMark></Link>;
  if (boot?.state === 'serving') return <Link href="/boot" className={classes['serving']} title={title}><StateMark tone="ok"><span className={classes['servingText']}>{stateWords(boot)}</span></StateMark></Link>;
  return <span className={classes['serving']} title={title}><StateMark tone="ok"><span className={classes['servingText']}>Serving {address ?? 'this machine only'}</span></StateMark></span>;
}
