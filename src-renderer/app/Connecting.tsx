// What is shown before the first contact with the server: that it is being tried, when again, and what to check.
import { Button } from '@mantine/core';
import { Logo } from './Logo.tsx';
import { useConnection } from './connection.tsx';
import { useNow } from '../ui/useNow.ts';
import classes from './SignIn.module.css';

export function Connecting({ onSignOut }: { onSignOut: () => void }) {
  const connection = useConnection();
  const now = useNow();
  const lost = connection.state === 'lost';
  const seconds = lost ? Math.ceil((connection.nextTryAt - now) / 1000) : 0;
  return (
    <main className={classes['screen']}>
      <div className={classes['form']} role="status">
        <div className={classes['brand']}><Logo size={28} /><h1>Platen</h1></div>
        {lost ? (
          <>
            <p>The server at {location.host} does not answer. It may be starting, or stopped; this window goes on by itself as soon as it answers.</p>
            <p className="dim">{seconds > 0 ? `Trying again in ${seconds} s` : 'Trying again…'}</p>
            <Button variant="default" onClick={onSignOut}>Use another token</Button>
          </>
        ) : <p className="dim">Connecting to {location.host}…</p>}
      </div>
    </main>
  );
}
