// Owns what one can do to computers and their groups from anywhere (tree, pages, palette): acts at once, offers undo, and keeps a
// failure at the object it concerns. Items are addresses: "computer/<id>", "group/<id>".
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTRPC, useTRPCClient } from '../api.ts';
import { useOfferUndo } from '../app/undo.ts';
import type { Undoable } from '../app/undo.ts';
import { shownError } from '../errors.ts';
import { setObjectError } from '../images/objectErrors.ts';
import { toastFailed } from '../ui/toasts.tsx';

/** name: what it is called, for messages. */
export type ComputerItem = { item: string; name: string };

export function useComputerActions() {
  const client = useTRPCClient();
  const trpc = useTRPC();
  const queries = useQueryClient();
  const offer = useOfferUndo();
  return useMemo(() => {
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
        for (const filter of [trpc.computers.pathFilter(), trpc.tree.pathFilter()]) void queries.invalidateQueries(filter);
      }
    };
    const did = (answer: unknown): boolean => answer !== null;
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
      rename: ({ item, name: from }: ComputerItem, name: string, stay = false): Promise<string | null> => asked(item, `Could not rename ${from}`, stay, async () => {
        const { kind, id } = partsOf(item);
        const change = kind === 'group' ? await client.computers.saveGroup.mutate({ group: id, name }) : await client.computers.rename.mutate({ computer: id, name });
        offer(`${from} renamed to ${name}`, item, [change]);
      }),
      describeGroup: ({ item, name }: ComputerItem, description: string): Promise<boolean> => attempt(item, `Could not change the description of ${name}`, async () => {
        offer(`Description of ${name} changed`, item, [await client.computers.saveGroup.mutate({ group: partsOf(item).id, description })]);
      }).then(did),
      /** To a group; null: computers to *New computers*, groups to the top. */
      move: (items: readonly ComputerItem[], to: { id: string | null; name: string }): Promise<boolean> => attempt(aboutOf(items), `Could not move ${several(items)}`, async () => {
        const changes: Undoable[] = [];
        const [computers, groups] = [idsOf(items, 'computer'), idsOf(items, 'group')];
        if (computers.length > 0) changes.push(await client.computers.move.mutate({ computers, group: to.id }));
        if (groups.length > 0) changes.push(await client.computers.moveGroup.mutate({ groups, parent: to.id }));
        offer(`${several(items)} moved to ${to.name}`, aboutOf(items), changes);
      }).then(did),
      trash: (items: readonly ComputerItem[]): Promise<boolean> => attempt(aboutOf(items), `Could not move ${several(items)} to the trash`, async () => {
        const changes: Undoable[] = [];
        const [computers, groups] = [idsOf(items, 'computer'), idsOf(items, 'group')];
        if (computers.length > 0) changes.push(await client.computers.trash.mutate({ computers }));
        if (groups.length > 0) changes.push(await client.computers.trashGroup.mutate({ groups }));
        offer(groups.length > 0 && computers.length === 0 ? `${several(items)} deleted; computers in it are in New computers` : `${several(items)} moved to the trash`, aboutOf(items), changes);
      }).then(did),
      restore: (items: readonly ComputerItem[]): Promise<boolean> => attempt(aboutOf(items), `Could not restore ${several(items)}`, async () => {
        offer(`${several(items)} restored`, aboutOf(items), [await client.computers.untrash.mutate({ computers: idsOf(items, 'computer') })]);
      }).then(did),
      merge: (into: ComputerItem, from: ComputerItem): Promise<boolean> => attempt(into.item, `Could not merge ${from.name} into ${into.name}`, async () => {
        offer(`${from.name} merged into ${into.name}`, into.item, [await client.computers.merge.mutate({ into: partsOf(into.item).id, from: partsOf(from.item).id })]);
      }).then(did),
      split: (into: ComputerItem, merged: { id: string; name: string }): Promise<boolean> => attempt(into.item, `Could not split ${merged.name} from ${into.name}`, async () => {
        offer(`${merged.name} is a record of its own again`, into.item, [await client.computers.split.mutate({ merged: merged.id })]);
      }).then(did),
      /** The new group's address, or null where it failed. */
      createGroup: (group: { parent: string | null; name: string }): Promise<string | null> => attempt(group.parent === null ? 'computers' : `group/${group.parent}`, `Could not make the group “${group.name}”`, async () => {
        const made = await client.computers.createGroup.mutate(group);
        offer(`Group “${group.name}” made`, `group/${made.id}`, [made]);
        return `group/${made.id}`;
      }),
    };
  }, [client, offer, queries, trpc]);
}

function partsOf(item: string): { kind: string; id: string } {
  const [kind = '', id = ''] = item.split('/');
  return { kind, id };
}
function idsOf(items: readonly ComputerItem[], kind: 'computer' | 'group'): string[] {
  return items.filter(({ item }) => item.startsWith(`${kind}/`)).map(({ item }) => partsOf(item).id);
}
function aboutOf(items: readonly ComputerItem[]): string {
  return items[0]?.item ?? 'computers';
}
/** "LAB12-01", "3 computers", "2 groups", "1 group and 3 computers" */
export function several(items: readonly ComputerItem[]): string {
  if (items.length === 1) return items[0]?.name ?? '';
  const count = (amount: number, word: string): string[] => (amount === 0 ? [] : [`${amount} ${word}${amount === 1 ? '' : 's'}`]);
  return [...count(idsOf(items, 'group').length, 'group'), ...count(idsOf(items, 'computer').length, 'computer')].join(' and ');
}
