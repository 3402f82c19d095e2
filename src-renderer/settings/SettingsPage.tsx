// The server's settings, grouped, each with what it does; a change is kept when one leaves the field, and says so. The portal's are
// under the menu as a technician sees it now. Beside them what concerns the server as a whole: its backup, and taking in a folder of packs.
import { useQuery } from '@tanstack/react-query';
import { IconSettings } from '@tabler/icons-react';
import { useTRPC } from '../api.ts';
import { useConnection } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { PortalPreview } from '../portalPreview/PortalPreview.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { FactsSkeleton } from '../ui/Facts.tsx';
import { PageBody, PageHead, PageTabs, Section } from '../ui/Page.tsx';
import { StateMark } from '../ui/StateMark.tsx';
import { BackupTab } from './BackupTab.tsx';
import { DesktopSettings } from './DesktopSettings.tsx';
import { ImportTab } from './ImportTab.tsx';
import { ServerFacts } from './ServerFacts.tsx';
import { settingGroups } from './settingFields.ts';
import type { SettingGroup } from './settingFields.ts';
import { SettingInput, SettingSkeleton } from './SettingInput.tsx';
import type { Settings } from '#shared/model/server.ts';
import classes from './SettingsPage.module.css';

const tabs = [{ id: 'settings', title: 'Settings' }, { id: 'backup', title: 'Backup' }, { id: 'import', title: 'Import' }];

export function SettingsPage({ tab }: { tab: string }) {
  const trpc = useTRPC();
  const connection = useConnection();
  const status = useQuery(trpc.status.get.queryOptions());
  return (
    <>
      <PageHead
        icon={<IconSettings size={18} stroke={1.6} />} title="Settings" documentTitle="Settings"
        state={connection.state === 'open' ? <StateMark tone="ok">Connected{status.data !== undefined && ` to ${status.data.name}`}</StateMark> : <StateMark tone="warn">Not connected: nothing can be changed now</StateMark>}
      />
      <PageTabs base="/settings" active={tab} tabs={tabs} />
      {tab === 'backup' ? <BackupTab /> : tab === 'import' ? <ImportTab /> : <Groups />}
    </>
  );
}

function Groups() {
  const trpc = useTRPC();
  const settings = useQuery(trpc.settings.get.queryOptions());
  const status = useQuery(trpc.status.get.queryOptions());
  const failed = settings.isError && settings.data === undefined;
  return (
    <PageBody>
      {failed && <ErrorBlock title="The settings could not be read" error={shownError(settings.error)} onRetry={() => void settings.refetch()} />}
      {!failed && settingGroups.map((group) => (
        <Section key={group.id} title={group.title}>
          {group.id === 'portal'
            ? <div className={classes['portal']}><Fields group={group} settings={settings.data} /><div className={classes['preview']}>{settings.data !== undefined && <PortalPreview item={null} />}</div></div>
            : <Fields group={group} settings={settings.data} />}
          {group.id === 'server' && (status.data === undefined ? <FactsSkeleton rows={5} /> : <ServerFacts status={status.data} />)}
          {group.id === 'desktop' && <div className={classes['fields']}><DesktopSettings /></div>}
        </Section>
      ))}
    </PageBody>
  );
}

function Fields({ group, settings }: { group: SettingGroup; settings: Settings | undefined }) {
  return (
    <div className={classes['fields']} aria-busy={settings === undefined}>
      {group.fields.map((field) => (settings === undefined ? <SettingSkeleton key={field.key} field={field} /> : <SettingInput key={field.key} field={field} settings={settings} />))}
    </div>
  );
}
