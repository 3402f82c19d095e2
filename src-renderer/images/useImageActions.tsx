// Owns what one can do to an image or a version: acts at once, offers undo, and keeps a failure at the object it concerns.
import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTRPC, useTRPCClient } from '../api.ts';
import { shownError } from '../errors.ts';
import type { ShownError } from '../errors.ts';
import { toastDone, toastFailed, toastUndo, withdrawUndo } from '../ui/toasts.tsx';
import { setObjectError } from './objectErrors.ts';

/** image: GUID. name: what it is called, for messages. version: only this one, else the whole image. */
export type Target = { image: string; name: string; version?: number };

export function useImageActions() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  return useMemo(() => {
    const ref = ({ image, version }: Target) => (version === undefined ? { image } : { image, version });
    const attempt = (target: Target, title: string, work: () => Promise<void>): void => void asked(target, title, false, work);
    /** Null, or why it could not be: said by whoever asked where that is who stays. */
    const asked = (target: Target, title: string, stay: boolean, work: () => Promise<void>): Promise<string | null> => {
      setObjectError(target.image, null);
      return work()
        .then(() => null, (thrown: unknown) => {
          const error = shownError(thrown);
          const why = `${error.message} (${error.short})`;
          if (stay) return why;
          // The object's page shows it in place; from anywhere else it has to be said here.
          setObjectError(target.image, { title, error });
          if (!location.hash.includes(target.image)) toastFailed(title, error);
          return why;
        })
        .finally(() => {
          void queries.invalidateQueries(trpc.images.pathFilter());
          void queries.invalidateQueries(trpc.tree.pathFilter());
        });
    };
    const restore = (target: Target): void => attempt(target, `Could not restore ${label(target)}`, async () => {
      await client.images.undelete.mutate(ref(target));
      withdrawUndo(trashKey(target));
      toastDone(`${label(target)} restored`);
    });
    return {
      restore,
      trash: (target: Target): void => attempt(target, `Could not move ${label(target)} to the trash`, async () => {
        await client.images.delete.mutate(ref(target));
        toastUndo(`${label(target)} moved to the trash`, trashKey(target), () => restore(target));
      }),
      /** Those that can't be are skipped, each with its reason. */
      trashMany: (targets: readonly Target[]): Promise<{ target: Target; reason: string }[] | ShownError> => inLots(targets, (lot) => client.images.deleteMany.mutate({ subjects: lot.map(ref) }))
        .then((answers) => {
          const [trashed, skipped] = [answers.flatMap((answer) => answer.trashed), answers.flatMap((answer) => answer.skipped)];
          const gone = targets.filter((target) => trashed.some((each) => each.image === target.image));
          const [first] = gone;
          if (first !== undefined) toastUndo(gone.length === 1 ? `${label(first)} moved to the trash` : `${gone.length} images moved to the trash`, `trash ${first.image} many`, () => { for (const target of gone) restore(target); });
          return skipped.flatMap(({ image, reason }) => targets.filter((target) => target.image === image).map((target) => ({ target, reason })));
        }, shownError)
        .finally(() => { for (const path of [trpc.images, trpc.tree, trpc.replication]) void queries.invalidateQueries(path.pathFilter()); }),
      purge: (target: Target, after?: () => void): void => {
        modals.openConfirmModal({
          title: `Delete ${label(target)} for good?`,
          children: <Text size="sm">Its content leaves the store now, unless other versions share it. It can’t be deployed or restored afterwards.</Text>,
          labels: { confirm: `Delete ${target.version === undefined ? 'image' : `version ${target.version}`} for good`, cancel: 'Keep' },
          confirmProps: { color: 'red' },
          cancelProps: { 'data-autofocus': true },
          onConfirm: () => attempt(target, `Could not delete ${label(target)}`, async () => {
            await client.images.purge.mutate(ref(target));
            withdrawUndo(trashKey(target));
            if (target.version === undefined) withdrawUndo(`name ${target.image}`);
            toastDone(`${label(target)} deleted for good`);
            after?.();
          }),
        });
      },
      verify: (target: Target): void => attempt(target, `Could not start verifying ${label(target)}`, async () => {
        await client.images.verify.mutate(ref(target));
      }),
      validate: (target: Target & { guid: string }): void => attempt(target, `Could not validate ${label(target)}`, async () => {
        await client.images.validate.mutate({ versionGuid: target.guid });
        toastDone(`${label(target)} is validated: it goes to the servers that are to hold this image`);
      }),
      /** To the trash; taken back it waits as before. */
      reject: (target: Target & { guid: string; reason: string }): void => attempt(target, `Could not reject ${label(target)}`, async () => {
        await client.images.reject.mutate({ versionGuid: target.guid, reason: target.reason });
        toastUndo(`${label(target)} rejected and moved to the trash`, trashKey(target), () => restore(target));
      }),
      setEnabled: (target: Target & { enabled: boolean }): void => attempt(target, `Could not ${target.enabled ? 'enable' : 'disable'} ${label(target)}`, async () => {
        await client.images.setEnabled.mutate({ ...ref(target), enabled: target.enabled });
      }),
      setProtected: (target: Target & { protected: boolean }): void => attempt(target, `Could not change the protection of ${label(target)}`, async () => {
        await client.images.setProtected.mutate({ image: target.image, protected: target.protected });
      }),
      rename: (change: { image: string; name: string; from: string }, stay = false): Promise<string | null> => asked({ image: change.image, name: change.from }, `Could not rename ${change.from}`, stay, async () => {
        await client.images.rename.mutate({ image: change.image, name: change.name });
        toastUndo(`Renamed to ${change.name}`, `name ${change.image}`, () => attempt({ image: change.image, name: change.name }, `Could not rename ${change.name}`, async () => { await client.images.rename.mutate({ image: change.image, name: change.from }); }));
      }),
      describe: (change: Target & { description: string }): void => attempt(change, `Could not change the description of ${change.name}`, async () => {
        await client.images.describe.mutate({ image: change.image, description: change.description });
      }),
      setNote: (change: Target & { version: number; note: string }): void => attempt(change, `Could not change the note of ${label(change)}`, async () => {
        await client.images.setNote.mutate({ image: change.image, version: change.version, note: change.note });
      }),
    };
  }, [client, queries, trpc]);
}

/** The server takes a thousand at a time. */
async function inLots<Item, Answer>(items: readonly Item[], ask: (lot: readonly Item[]) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < items.length; at += 1000) answers.push(await ask(items.slice(at, at + 1000)));
  return answers;
}

function trashKey(target: Target): string {
  return `trash ${target.image} ${target.version ?? ''}`;
}

function label(target: Target): string {
  return target.version === undefined ? target.name : `${target.name}, version ${target.version}`;
}
