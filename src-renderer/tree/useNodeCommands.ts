// Owns what one can do to nodes of the tree by their addresses, whatever they stand for: each feature's own actions do it.
import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTRPC } from '../api.ts';
import { useComputerActions } from '../computers/useComputerActions.ts';
import { useImageActions } from '../images/useImageActions.tsx';
import { openRunSheet } from '../jobs/runSheetStore.ts';
import { useJobActions } from '../jobs/useJobActions.tsx';
import type { DragItem, Drop } from './dropRules.ts';
import { freeName } from './freeName.ts';
import { imageOfNode, isComputerItem, isJobItem, isObject, keyOf, kindOf } from './nodePlaces.ts';

export function useNodeCommands() {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const images = useImageActions();
  const jobs = useJobActions();
  const computers = useComputerActions();
  return useMemo(() => {
    const asItems = (nodes: readonly DragItem[]) => nodes.map(({ id, name }) => ({ item: id, name }));
    const unused = async (parent: string, wanted: string): Promise<string> => {
      const siblings = await queries.fetchQuery(trpc.tree.children.queryOptions({ parent })).catch(() => []);
      return freeName(wanted, siblings.map((node) => node.name));
    };
    return {
      /** @param stay who asked shows the answer, why it could not be; else it is a message. */
      rename: async (node: DragItem, name: string, stay: boolean): Promise<string | null> => {
        const image = imageOfNode(node.id);
        if (image !== null) return images.rename({ image, name, from: node.name }, stay);
        if (isJobItem(node.id)) return jobs.rename({ item: node.id, name: node.name }, name, stay);
        return isComputerItem(node.id) ? computers.rename({ item: node.id, name: node.name }, name, stay) : null;
      },
      trash: (nodes: readonly DragItem[]): void => {
        const [ofJobs, ofComputers] = [nodes.filter((node) => isJobItem(node.id)), nodes.filter((node) => isComputerItem(node.id))];
        if (ofJobs.length > 0) void jobs.trash(asItems(ofJobs));
        if (ofComputers.length > 0) void computers.trash(asItems(ofComputers));
        for (const node of nodes) {
          const image = imageOfNode(node.id);
          if (image !== null) images.trash({ image, name: node.name });
        }
      },
      duplicate: (nodes: readonly DragItem[]): Promise<string[] | null> => jobs.duplicate(asItems(nodes.filter((node) => isJobItem(node.id)))),
      /** Opens the sheet; what is not among the nodes is asked for there. */
      run: (nodes: readonly DragItem[]): void => {
        const ids = (kind: string): string[] => nodes.filter((node) => kindOf(node.id) === kind).map((node) => keyOf(node.id) ?? '');
        const what = nodes.find((node) => isJobItem(node.id))?.id;
        openRunSheet({ ...(what === undefined ? {} : { what }), ...(ids('computer').length > 0 ? { computers: ids('computer') } : {}), ...(ids('group').length > 0 ? { groups: ids('group') } : {}) });
      },
      drop: (drop: Drop, nodes: readonly DragItem[]): void => {
        if (drop.act === 'run') openRunSheet({ what: drop.what, computers: drop.computers, groups: drop.groups });
        else if (drop.act === 'move-jobs') void jobs.move(asItems(nodes), drop.to);
        else void computers.move(asItems(nodes), drop.to);
      },
      /** The new node's address, or null where it failed. parent: "computers", "group/<id>", "jobs", "folder/<id>". */
      create: async (what: 'group' | 'folder' | 'job', parent: string): Promise<string | null> => {
        const name = await unused(parent, `New ${what}`);
        const place = keyOf(parent);
        if (what === 'group') return computers.createGroup({ parent: place, name });
        return what === 'folder' ? jobs.createFolder({ parent: place, name }) : jobs.create({ folder: place, name });
      },
    };
  }, [computers, images, jobs, queries, trpc]);
}
export type NodeCommands = ReturnType<typeof useNodeCommands>;

/** What a selection can be asked to do; empty where the objects differ too much. */
export type Abilities = { run: boolean; rename: boolean; duplicate: boolean; move: boolean; merge: boolean; trash: boolean; newGroup: boolean; newJob: boolean };
export function abilitiesOf(ids: readonly string[]): Abilities {
  const every = (test: (id: string) => boolean): boolean => ids.length > 0 && ids.every(test);
  const one = ids.length === 1 ? (ids[0] ?? '') : '';
  return {
    run: every(isComputerItem) || isJobItem(one), rename: isObject(one), duplicate: every(isJobItem), move: every(isJobItem) || every(isComputerItem),
    merge: kindOf(one) === 'computer' || (ids.length === 2 && every((id) => kindOf(id) === 'computer')), trash: every(isObject),
    newGroup: one === 'computers' || kindOf(one) === 'group', newJob: one === 'jobs' || kindOf(one) === 'folder',
  };
}
