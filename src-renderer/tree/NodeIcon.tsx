// The icon of each kind of object, the same in tree, headings, tables and the command palette.
import { IconActivity, IconBriefcase, IconDeviceDesktop, IconDeviceDesktopPlus, IconDevicesPc, IconDisc, IconFolder, IconHelp, IconHome, IconMapPin, IconNetwork, IconPlayerPlay, IconServer, IconSettings, IconStack2, IconTrash } from '@tabler/icons-react';
import type { TreeNode } from '#shared/model/server.ts';

const icons = {
  computers: IconDevicesPc, computer: IconDeviceDesktop, group: IconFolder, 'new-computers': IconDeviceDesktopPlus, folder: IconFolder, job: IconPlayerPlay, jobs: IconBriefcase, images: IconStack2, image: IconDisc, servers: IconServer,
  server: IconServer, site: IconMapPin, boot: IconNetwork, activity: IconActivity, run: IconPlayerPlay, trash: IconTrash, home: IconHome, settings: IconSettings, help: IconHelp,
} as const;
export type IconKind = TreeNode['kind'] | 'home' | 'settings' | 'help';

export function NodeIcon({ kind, size = 18 }: { kind: IconKind; size?: number }) {
  const Icon = icons[kind];
  return <Icon size={size} stroke={1.6} aria-hidden />;
}
