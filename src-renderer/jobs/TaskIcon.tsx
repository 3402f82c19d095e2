// The icon of each kind of task, the same in rows, menus and history.
import { IconCamera, IconDownload, IconMessage2, IconPower, IconTerminal2 } from '@tabler/icons-react';
import type { Task } from '#shared/model/job.ts';

const icons = { deploy: IconDownload, capture: IconCamera, script: IconTerminal2, message: IconMessage2, power: IconPower } as const;

export function TaskIcon({ task, size = 16 }: { task: Pick<Task, 'type'>; size?: number }) {
  const Icon = icons[task.type];
  return <Icon size={size} stroke={1.6} aria-hidden />;
}
