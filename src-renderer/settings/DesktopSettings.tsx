// What only the desktop app has: starting at login, and looking for a newer version when asked. In a browser it says where it is set.
import { Button, Switch } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { DesktopBridge } from '#shared/desktop.ts';
import { SettingFrame } from './SettingInput.tsx';
import classes from './SettingsPage.module.css';

declare global {
  interface Window { desktop?: DesktopBridge }
}

export function DesktopSettings() {
  const { desktop } = window;
  if (desktop === undefined) return <p className="dim">Starting at login is set in the desktop app itself; this is a browser.</p>;
  return <><LaunchAtLogin desktop={desktop} /><Updates desktop={desktop} /></>;
}

function LaunchAtLogin({ desktop }: { desktop: DesktopBridge }) {
  const now = useQuery({ queryKey: ['launch at login'], queryFn: () => desktop.getLaunchAtLogin(), networkMode: 'always' });
  const set = useMutation({ mutationFn: (enabled: boolean) => desktop.setLaunchAtLogin(enabled), networkMode: 'always', onSettled: () => void now.refetch() });
  const reason = set.error?.message ?? now.error?.message ?? now.data?.reason ?? null;
  return (
    <SettingFrame field={{ key: 'launch', label: 'Start at login', explanation: 'Starts the desktop app in the tray when you sign in to this machine, so that its server is there.' }}>
      <Switch aria-label="Start at login" aria-describedby="setting-launch" size="sm" checked={now.data?.enabled ?? false} disabled={now.data === undefined || now.data.reason !== null || set.isPending} label={now.data?.enabled === true ? 'On' : 'Off'} onChange={(event) => set.mutate(event.currentTarget.checked)} />
      {reason !== null && <p className={classes['example']} role="status">{reason}</p>}
    </SettingFrame>
  );
}

function Updates({ desktop }: { desktop: DesktopBridge }) {
  const check = useMutation({ mutationFn: () => desktop.checkForUpdates(), networkMode: 'always' });
  return (
    <SettingFrame field={{ key: 'updates', label: 'Updates', explanation: `This is version ${desktop.version}. Nothing is looked for unless you ask.` }}>
      <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>Check for updates</Button>
      {(check.data !== undefined || check.error !== null) && <p className={classes['example']} role="status">{check.data?.message ?? check.error?.message}</p>}
    </SettingFrame>
  );
}
