// Follows the server as any client does, over its API: which runs are active and how they change, the machine's addresses, what
// happens when the window is closed. It reconnects for as long as it is open, and decides nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunView } from '#shared/model/run.ts';
import { isFinal } from '#shared/model/run.ts';
import type { Settings } from '#shared/model/server.ts';
import { connect } from '../cli/client.ts';
import type { Api } from '../cli/client.ts';
import { locateServer } from '../cli/locate.ts';
import type { Attachment } from './attach.ts';

export type Listener = {
  /** Runs as they are now, and as they were when they were last heard of. */
  runs(now: RunView[], before: ReadonlyMap<string, RunView>): void;
  addresses(addresses: string[]): void;
};
export type Watch = {
  active(): RunView[];
  settings(): Pick<Settings, 'whenClosed'>;
  setWhenClosed(whenClosed: Settings['whenClosed']): Promise<void>;
  close(): void;
};

const retryMs = 1000;
const statusEveryMs = 10_000;
const mostActive = 1000;
/** Ended while nobody listened: asked for one by one, so not for a whole room. */
const mostAsked = 50;

export function watchServer(server: Attachment, listener: Listener): Watch {
  const ended = new AbortController();
  let known = new Map<string, RunView>();
  let whenClosed: Settings['whenClosed'] = 'ask';
  let api: Api | null = null;

  const heard = (runs: RunView[]): void => {
    const before = known;
    known = new Map(before);
    for (const run of runs) known.set(run.id, run);
    listener.runs(runs, before);
    for (const run of runs) if (isFinal(run.state)) known.delete(run.id);
  };
  async function refresh(calls: Api): Promise<void> {
    const active = await calls.runs.list.query({ active: true, limit: mostActive });
    const gone = [...known.keys()].filter((id) => !active.some((run) => run.id === id)).slice(0, mostAsked);
    const finished = await Promise.all(gone.map((id) => calls.runs.get.query({ id }).catch(() => null)));
    // Those not asked for one by one are forgotten: they ended, and nothing is known of how.
    known = new Map([...known].filter(([id]) => active.some((run) => run.id === id) || gone.includes(id)));
    heard([...active, ...finished.filter((run) => run !== null)]);
  }
  async function ask(calls: Api): Promise<void> {
    listener.addresses((await calls.status.get.query()).addresses);
  }
  async function follow(calls: Api, lost: Promise<never>): Promise<never> {
    const failed = Promise.withResolvers<never>();
    const onError = failed.reject;
    const subscriptions = [
      calls.runs.watch.subscribe(undefined, { onData: (run) => heard([run]), onError }),
      calls.changes.watch.subscribe(undefined, {
        onError,
        onData: (changes) => {
          if (changes.some((change) => change.entity === 'run')) refresh(calls).catch(onError);
          if (changes.some((change) => change.entity === 'settings')) calls.settings.get.query().then((settings) => { whenClosed = settings.whenClosed; }, onError);
        },
      }),
    ];
    // A machine's address changes without a word from the server.
    const timer = setInterval(() => void ask(calls).catch(onError), statusEveryMs);
    try {
      whenClosed = (await calls.settings.get.query()).whenClosed;
      await refresh(calls);
      await ask(calls);
      return await Promise.race([failed.promise, lost]);
    } finally {
      clearInterval(timer);
      for (const subscription of subscriptions) subscription.unsubscribe();
    }
  }
  async function keepFollowing(): Promise<void> {
    while (!ended.signal.aborted) {
      const connection = await locateServer({ server: server.url, token: server.token, dataFolder: '' }).then(connect).catch(() => null);
      if (connection !== null) {
        const stop = (): void => void connection.close();
        ended.signal.addEventListener('abort', stop, { once: true });
        api = connection.api;
        if (ended.signal.aborted) stop();
        // What went wrong is the console's to show; here it only means asking again.
        await follow(connection.api, connection.lost).catch(() => undefined);
        api = null;
        ended.signal.removeEventListener('abort', stop);
        await connection.close();
      }
      await sleep(retryMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  }
  void keepFollowing();
  return {
    active: () => [...known.values()].filter((run) => !isFinal(run.state)),
    settings: () => ({ whenClosed }),
    setWhenClosed: async (value) => {
      whenClosed = value;
      await api?.settings.set.mutate({ whenClosed: value });
    },
    close: () => ended.abort(),
  };
}
