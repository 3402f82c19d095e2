// Owns what one can do to network boot: switch it, build the environment, change settings, and what a computer gets; with undo, and a
// failure kept for the page that shows it.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { BootChoice, BootSettingsView, BootStatus } from '#shared/model/boot.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { toastDone, toastFailed, toastUndo } from '../ui/toasts.tsx';

export type BootFailure = { title: string; error: ShownError };
export type BootActions = ReturnType<typeof useBootActions>;

export function useBootActions() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [busy, setBusy] = useState<'choose' | 'build' | null>(null);
  const [failure, setFailure] = useState<BootFailure | null>(null);
  const acts = useMemo(() => {
    const attempt = async (what: 'choose' | 'build', title: string, work: () => Promise<BootStatus>): Promise<boolean> => {
      setBusy(what);
      setFailure(null);
      try {
        queries.setQueryData(trpc.boot.status.queryKey(), await work());
        return true;
      } catch (error) {
        setFailure({ title, error: shownError(error) });
        return false;
      } finally {
        setBusy(null);
        for (const filter of [trpc.boot.pathFilter(), trpc.status.pathFilter(), trpc.tree.pathFilter()]) void queries.invalidateQueries(filter);
      }
    };
    const choose = (wanted: BootChoice, before: BootChoice): Promise<boolean> => attempt('choose', wanted.mode === 'off' ? 'Network boot could not be switched off' : 'Network boot could not be started', () => client.boot.choose.mutate(wanted)).then((did) => {
      if (did) toastUndo(wanted.mode === 'off' ? 'Network boot switched off' : `Network boot serves on ${wanted.adapter}`, 'boot', () => void choose(before, wanted));
      return did;
    });
    return {
      choose,
      /** The same again: it had stopped. */
      startAgain: (choice: BootChoice): Promise<boolean> => attempt('choose', 'Network boot could not be started', () => client.boot.choose.mutate(choice)).then((did) => {
        if (did) toastDone(`Network boot serves on ${choice.adapter}`);
        return did;
      }),
      build: (): Promise<boolean> => attempt('build', 'The boot environment could not be built', () => client.boot.build.mutate({})),
      dismiss: () => setFailure(null),
    };
  }, [client, queries, trpc]);
  return { ...acts, busy, failure };
}

type Override = 'portal' | 'local-disk' | 'ignore' | null;
export function useBootOverride() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  return useMemo(() => {
    const set = async ({ id, name }: { id: string; name: string }, override: Override, words: (override: Override) => string, before: Override): Promise<ShownError | null> => {
      const key = trpc.boot.override.queryKey({ computer: id });
      queries.setQueryData(key, { override });
      try {
        await client.boot.setOverride.mutate({ computer: id, override });
        toastUndo(`${name} at the next boot: ${words(override)}`, `computer/${id}`, () => void set({ id, name }, before, words, override).then((error) => { if (error !== null) toastFailed(`Could not undo what ${name} gets at boot`, error); }));
        return null;
      } catch (error) {
        queries.setQueryData(key, { override: before });
        return shownError(error);
      }
    };
    return set;
  }, [client, queries, trpc]);
}

export type SettingsPatch = { [Key in keyof BootSettingsView]?: BootSettingsView[Key] };
export function useBootSettings() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  return useMemo(() => async (patch: SettingsPatch): Promise<ShownError | null> => {
    try {
      queries.setQueryData(trpc.boot.status.queryKey(), await client.boot.setSettings.mutate(patch));
      return null;
    } catch (error) {
      return shownError(error);
    }
  }, [client, queries, trpc]);
}
