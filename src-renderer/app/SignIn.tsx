// The screen without a token: asks for the one the server printed. The token stays in this tab only.
import { Button, PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { Logo } from './Logo.tsx';
import classes from './SignIn.module.css';

export function SignIn({ rejected, onToken }: { rejected: boolean; onToken: (token: string) => void }) {
  const [token, setToken] = useState('');
  const [wrong, setWrong] = useState<string | null>(rejected ? 'The server does not accept this token. Tokens end a day after their server was last running; use the one it printed at its last start.' : null);
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    const text = /(platen1\.[\w-]+\.[\w-]+)/.exec(token)?.[1] ?? token.trim();
    if (text === '') setWrong('Paste the token first.');
    else onToken(text);
  };
  return (
    <main className={classes['screen']}>
      <form className={classes['form']} onSubmit={submit}>
        <div className={classes['brand']}><Logo size={28} /><h1>Platen</h1></div>
        <p>Paste the token of this server, or the whole address it printed when it started. Whoever has it may do everything.</p>
        <PasswordInput label="Token" placeholder="platen1.…" value={token} error={wrong} data-autofocus autoFocus autoComplete="off" spellCheck={false} visibilityToggleButtonProps={{ 'aria-label': 'Show the token' }} onChange={(event) => { setToken(event.currentTarget.value); setWrong(null); }} />
        <Button type="submit" h={34}>Sign in</Button>
        <p className="dim">While the server runs, the token is also in <span className="mono">server.json</span> in its data folder, for the user who runs it.</p>
      </form>
    </main>
  );
}
