// Owns the session token and the one WebSocket to the server, and says what state that connection is in.
// The token lives in sessionStorage (this tab alone) and never stays in the address.
import { createWSClient } from '@trpc/client';
import { onlineManager } from '@tanstack/react-query';

const storageKey = 'platen.token';

/** Takes `#token=…` out of the address, so that it gets into no bookmark, history entry or screenshot. */
export function takeToken(): string | null {
  const found = /^#token=([^&]+)/.exec(location.hash)?.[1];
  if (found !== undefined) {
    sessionStorage.setItem(storageKey, decodeURIComponent(found));
    history.replaceState(null, '', `${location.pathname}${location.search}#/`);
  }
  return sessionStorage.getItem(storageKey);
}
export function currentToken(): string {
  return sessionStorage.getItem(storageKey) ?? '';
}
export function keepToken(token: string): void {
  sessionStorage.setItem(storageKey, token);
}
export function forgetToken(): void {
  sessionStorage.removeItem(storageKey);
}

/** `refused`: the server answers, but not to this token. */
export type Connection =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'lost'; since: number; nextTryAt: number }
  | { state: 'refused' };

/** Half a second, then doubling up to ten: a restarted server is found again while one still looks at the banner. */
export function retryDelayMs(attempt: number): number {
  return Math.min(500 * 2 ** attempt, 10_000);
}

export type Link = ReturnType<typeof openLink>;

export function openLink(token: string) {
  let connection: Connection = { state: 'connecting' };
  let failures = 0;
  const listeners = new Set<() => void>();
  const set = (next: Connection): void => {
    connection = next;
    // Queries wait while offline and fetch again by themselves as soon as the connection is back.
    onlineManager.setOnline(next.state === 'open' || next.state === 'connecting');
    for (const listener of listeners) listener();
  };
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const wsClient = createWSClient({
    url: `${scheme}://${location.host}/api`,
    connectionParams: () => ({ token }),
    keepAlive: { enabled: true, intervalMs: 5000, pongTimeoutMs: 4000 },
    retryDelayMs: (attempt) => {
      const delay = retryDelayMs(attempt);
      if (connection.state === 'refused') return delay;
      const since = connection.state === 'lost' ? connection.since : Date.now();
      set({ state: 'lost', since, nextTryAt: Date.now() + delay });
      failures = attempt;
      // A browser doesn't say why an upgrade was refused; a server that answers here but not there did not like the token.
      if (failures >= 2) void serverAnswers().then((answers) => { if (answers && failures >= 2 && connection.state === 'lost') set({ state: 'refused' }); });
      return delay;
    },
    onOpen: () => {
      failures = 0;
      set({ state: 'open' });
    },
  });
  return {
    wsClient,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
    snapshot: () => connection,
    refuse: () => set({ state: 'refused' }),
    close: () => wsClient.close(),
  };
}

async function serverAnswers(): Promise<boolean> {
  try {
    return (await fetch('/health', { cache: 'no-store', signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
