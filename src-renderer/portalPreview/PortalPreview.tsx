// The portal's menu as a technician would see it now, drawn as the text screen it is; live, since it is asked of the server.
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { itemsOf } from '#shared/model/menu.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { menuScreen } from './menuScreen.ts';
import classes from './PortalPreview.module.css';

const example = { computerName: 'LAB12-07', model: 'Latitude 5420', serial: '7XK2M33', address: '192.168.10.57', clock: '12:04:31' };

/** @param item "job/<id>" or "folder/<id>": its line is highlighted */
export function PortalPreview({ item }: { item: string | null }) {
  const trpc = useTRPC();
  const { data: status } = useQuery(trpc.status.get.queryOptions());
  const preview = useQuery(trpc.portal.preview.queryOptions());
  if (preview.data === undefined) {
    return preview.isError ? <ErrorBlock title="The portal’s menu could not be read" error={shownError(preview.error)} onRetry={() => void preview.refetch()} /> : <Skeleton className={classes['loading'] ?? ''} />;
  }
  const { settings, menu } = preview.data;
  const screen = menuScreen(settings, menu, item, { ...example, serverName: status?.name ?? 'Platen' });
  const chosen = itemsOf(menu).find((each) => each.id === item);
  const label = `The portal’s menu: ${screen.count} lines. ${chosen === undefined ? 'This is not one of them.' : `“${chosen.label}” is line ${screen.place}: ${chosen.problem ?? chosen.effect}.`}`;
  return (
    <figure className={classes['figure']}>
      <figcaption>As a technician sees it</figcaption>
      <div className={classes['screen']} role="img" aria-label={label} data-color={settings.portalColor}>
        {screen.lines.map((line, row) => <div key={row}>{line.map((piece, at) => <span key={at} className={classes[piece.ink]}>{piece.text}</span>)}</div>)}
      </div>
    </figure>
  );
}
