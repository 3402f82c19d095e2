// Composes the console: theme, connection, queries, then the frame. Without a token there is only the sign-in screen.
import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createTRPCClient, wsLink } from '@trpc/client';
import { useEffect, useState } from 'react';
import { Router } from 'wouter';
import { useHashLocation } from 'wouter/use-hash-location';
import { TRPCProvider } from '../api.ts';
import type { AppRouter } from '../api.ts';
import { forgetToken, keepToken, openLink, takeToken } from '../client.ts';
import { isConnectionError } from '../errors.ts';
import { LinkContext } from './connection.tsx';
import { Frame } from './Frame.tsx';
import { SignIn } from './SignIn.tsx';
import { cssVariables, theme } from './theme.ts';

export function App() {
  const [token, setToken] = useState(takeToken);
  const [rejected, setRejected] = useState(false);
  const signIn = (text: string): void => {
    keepToken(text);
    setRejected(false);
    setToken(text);
  };
  const signOut = (wasRejected: boolean): void => {
    forgetToken();
    setRejected(wasRejected);
    setToken(null);
  };
  // A second address with a token pasted into the same tab signs in anew.
  useEffect(() => {
    const onHash = (): void => { if (location.hash.startsWith('#token=')) setToken(takeToken()); };
    addEventListener('hashchange', onHash);
    return () => removeEventListener('hashchange', onHash);
  }, []);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" limit={4} containerWidth={420} />
      {token === null ? <SignIn rejected={rejected} onToken={signIn} /> : <Session key={token} token={token} onSignOut={signOut} />}
    </MantineProvider>
  );
}

function Session({ token, onSignOut }: { token: string; onSignOut: (rejected: boolean) => void }) {
  const [session, setSession] = useState<ReturnType<typeof startSession> | null>(null);
  useEffect(() => {
    const started = startSession(token);
    setSession(started);
    return () => { void started.link.close(); };
  }, [token]);
  if (session === null) return null;
  return (
    <LinkContext value={session.link}>
      <QueryClientProvider client={session.queryClient}>
        <TRPCProvider queryClient={session.queryClient} trpcClient={session.trpcClient}>
          <Router hook={useHashLocation}>
            <ModalsProvider>
              <Frame onSignOut={onSignOut} />
            </ModalsProvider>
          </Router>
        </TRPCProvider>
      </QueryClientProvider>
    </LinkContext>
  );
}

function startSession(token: string) {
  const link = openLink(token);
  const queryClient = new QueryClient({
    defaultOptions: {
      queries: {
        // The server says what changed, so nothing grows old by time alone.
        staleTime: Infinity,
        gcTime: 10 * 60_000,
        refetchOnWindowFocus: false,
        retry: (_count, error) => isConnectionError(error),
        retryDelay: 300,
      },
    },
  });
  return { link, queryClient, trpcClient: createTRPCClient<AppRouter>({ links: [wsLink({ client: link.wsClient })] }) };
}
