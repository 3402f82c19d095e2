// Owns what one can do to jobs and their folders from anywhere (tree, pages, palette): acts at once, offers undo, and keeps a
// failure at the object it concerns. Items are addresses: "job/<id>", "folder/<id>"; a folder of null is the root.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Task } from '#shared/model/job.ts';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import type { Undoable } from '../app/undo.ts';
import { shownError } from '../errors.ts';
import { setObjectError } from '../images/objectErrors.ts';
import { toastDone, toastFailed, withdrawUndo } from '../ui/toasts.tsx';

/** name: what it is called, for messages. */
export type JobItem = { item: string; name: string };

export function useJobActions() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const offerUndo = useOfferUndo();
  return useMemo(() => {
    const refresh = (): void => {
      for (const filter of [trpc.jobs.pathFilter(), trpc.portal.pathFilter(), trpc.tree.pathFilter()]) void queries.invalidateQueries(filter);
    };
    /** The answer, or null where it failed; the failure is shown at the object, and as a message anywhere else. */
    const attempt = async <Answer,>(about: string, title: string, work: () => Promise<Answer>): Promise<Answer | null> => {
      setObjectError(about, null);
      try {
        return await work();
      } catch (thrown) {
        const error = shownError(thrown);
        setObjectError(about, { title, error });
        if (!location.hash.includes(about)) toastFailed(title, error);
        return null;
      } finally {
        refresh();
      }
    };
    const offer = (message: string, about: string, change: Undoable): void => offerUndo(message, about, [change]);
    const several = (items: readonly JobItem[]): string => (items.length === 1 ? (items[0]?.name ?? '') : `${items.length} items`);
    const aboutOf = (items: readonly JobItem[]): string => items[0]?.item ?? 'jobs';
    const ids = (items: readonly JobItem[]): string[] => items.map((each) => each.item);
    /** Null, or why it could not be: said by whoever asked where that is who stays, else as any failure. */
    const asked = async (about: string, title: string, stay: boolean, work: () => Promise<void>): Promise<string | null> => {
      let why: string | null = null;
      await attempt(about, title, async () => {
        try {
          await work();
        } catch (thrown) {
          const error = shownError(thrown);
          why = `${error.message} (${error.short})`;
          if (!stay) throw thrown;
        }
      });
      return why;
    };
    return {
      /** The new job's address, or null where it failed. */
      create: (job: { folder: string | null; name: string; tasks?: Task[] }): Promise<string | null> => attempt(placeOf(job.folder), `Could not make the job “${job.name}”`, async () => {
        const made = await client.jobs.create.mutate(job);
        offer(`Job “${job.name}” made`, `job/${made.id}`, made);
        return `job/${made.id}`;
      }),
      createFolder: (folder: { parent: string | null; name: string }): Promise<string | null> => attempt(placeOf(folder.parent), `Could not make the folder “${folder.name}”`, async () => {
        const made = await client.jobs.createFolder.mutate(folder);
        offer(`Folder “${folder.name}” made`, `folder/${made.id}`, made);
        return `folder/${made.id}`;
      }),
      rename: ({ item, name: from }: JobItem, name: string, stay = false): Promise<string | null> => asked(item, `Could not rename ${from}`, stay, async () => {
        const [kind, id = ''] = item.split('/');
        offer(`Renamed to ${name}`, item, kind === 'folder' ? await client.jobs.saveFolder.mutate({ id, name }) : await client.jobs.save.mutate({ id, name }));
      }),
      /** What was made, as addresses; copies are never published. */
      duplicate: (items: readonly JobItem[]): Promise<string[] | null> => attempt(aboutOf(items), `Could not duplicate ${several(items)}`, async () => {
        const made = await client.jobs.duplicate.mutate({ items: ids(items) });
        offer(`${several(items)} duplicated, not in the portal`, made.items[0] ?? 'jobs', made);
        return made.items;
      }),
      move: (items: readonly JobItem[], folder: { id: string | null; name: string }): Promise<boolean> => attempt(aboutOf(items), `Could not move ${several(items)}`, async () => {
        offer(`${several(items)} moved to ${folder.name}`, aboutOf(items), await client.jobs.move.mutate({ items: ids(items), folder: folder.id }));
      }).then((answer) => answer !== null),
      trash: (items: readonly JobItem[]): Promise<boolean> => attempt(aboutOf(items), `Could not move ${several(items)} to the trash`, async () => {
        offer(`${several(items)} moved to the trash`, `trash ${aboutOf(items)}`, await client.jobs.trash.mutate({ items: ids(items) }));
      }).then((answer) => answer !== null),
      restore: (items: readonly JobItem[]): Promise<boolean> => attempt(aboutOf(items), `Could not restore ${several(items)}`, async () => {
        await client.jobs.untrash.mutate({ items: ids(items) });
        withdrawUndo(`trash ${aboutOf(items)}`);
        toastDone(`${several(items)} restored`);
      }).then((answer) => answer !== null),
      /** Makes an earlier revision the newest again. */
      restoreRevision: ({ item, name, rev }: JobItem & { rev: number }): Promise<boolean> => attempt(item, `Could not restore revision ${rev} of ${name}`, async () => {
        offer(`Revision ${rev} of ${name} restored`, item, await client.jobs.restore.mutate({ id: item.split('/')[1] ?? '', rev }));
      }).then((answer) => answer !== null),
      setShowInPortal: ({ item, name, show }: JobItem & { show: boolean }): Promise<boolean> => attempt(item, `Could not change what the portal shows of ${name}`, async () => {
        const [kind, id = ''] = item.split('/');
        const change = { id, showInPortal: show };
        offer(`${name} is ${show ? 'shown in' : 'no longer shown in'} the portal`, item, kind === 'folder' ? await client.jobs.saveFolder.mutate(change) : await client.jobs.save.mutate(change));
      }).then((answer) => answer !== null),
      describe: ({ item, name, description }: JobItem & { description: string }): Promise<boolean> => attempt(item, `Could not change the portal text of ${name}`, async () => {
        const [kind, id = ''] = item.split('/');
        offer(`Portal text of ${name} changed`, item, kind === 'folder' ? await client.jobs.saveFolder.mutate({ id, description }) : await client.jobs.save.mutate({ id, description }));
      }).then((answer) => answer !== null),
    };
  }, [client, offerUndo, queries, trpc]);
}

function placeOf(folder: string | null): string {
  return folder === null ? 'jobs' : `folder/${folder}`;
}
