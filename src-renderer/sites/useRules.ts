// Owns how the source rules are changed: all of them at once, in their order, with the list before as the way back.
import { useMemo } from 'react';
import { useTRPCClient } from '../api.ts';
import type { ApiOutputs, useTRPC } from '../api.ts';
import { useAttempt } from '../app/useAttempt.ts';
import { toastUndo } from '../ui/toasts.tsx';

export type Rule = ApiOutputs['servers']['rules'][number];
const stale = (trpc: ReturnType<typeof useTRPC>) => [trpc.servers.pathFilter()];

export function useRules() {
  const client = useTRPCClient();
  const { attempt, busy, failure, dismiss } = useAttempt<'save'>(stale);
  const save = useMemo(() => {
    const set = (rules: readonly Rule[], title: string): Promise<boolean> => attempt('save', title, async () => {
      await client.servers.setRules.mutate({ rules: rules.map((rule) => ({ subnet: rule.subnet, server: rule.serverId })) });
      return true;
    }).then((done) => done === true);
    return async (rules: readonly Rule[], before: readonly Rule[], message: string): Promise<boolean> => {
      const done = await set(rules, 'The rules could not be changed');
      if (done) toastUndo(message, 'rules', () => void set(before, `“${message}” could not be taken back`));
      return done;
    };
  }, [attempt, client]);
  return { save, busy: busy !== null, failure, dismiss };
}
