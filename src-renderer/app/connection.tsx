// Owns what components know of the connection: whether actions can work now, and the banner that says when it will be tried again.
import { createContext, use, useSyncExternalStore } from 'react';
import { IconPlugConnectedX } from '@tabler/icons-react';
import type { Connection, Link } from '../client.ts';
import { useNow } from '../ui/useNow.ts';
import classes from './Frame.module.css';

export const LinkContext = createContext<Link | null>(null);

export function useConnection(): Connection {
  const link = use(LinkContext);
  if (link === null) throw new Error('The connection is used outside of its provider.');
  return useSyncExternalStore(link.subscribe, link.snapshot);
}
/** Actions are offered only while the server can be reached: nothing is queued to happen later behind one's back. */
export function useConnected(): boolean {
  return useConnection().state === 'open';
}

export function OfflineBanner() {
  const connection = useConnection();
  const now = useNow();
  if (connection.state !== 'lost') return null;
  const seconds = Math.ceil((connection.nextTryAt - now) / 1000);
  return (
    <div className={classes['offline']} role="status">
      <IconPlugConnectedX size={16} aria-hidden />
      <span>The connection to the server is lost. What you see is the last that was known.</span>
      <span className={classes['countdown']}>{seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again…'}</span>
    </div>
  );
}
