// Owns what the tree shows: children fetched when a node is first opened, and the expansion this browser remembers.
import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useLocalStorage } from '@mantine/hooks';
import { useMemo } from 'react';
import { treeNodeSchema } from '#shared/model/server.ts';
import type { TreeNode } from '#shared/model/server.ts';
import { useTRPC } from '../api.ts';
import { flatten } from './treeModel.ts';
import type { Children } from './treeModel.ts';

/** Kinds of nodes that this console has a page for; others are left out. */
const shownKinds: ReadonlySet<TreeNode['kind']> = new Set(treeNodeSchema.shape.kind.options.filter((kind) => kind !== 'jobs' && kind !== 'boot'));

export function useTree() {
  const trpc = useTRPC();
  const queries = useQueryClient();
  const [expandedList, setExpandedList] = useLocalStorage<string[]>({ key: 'platen.tree.expanded', defaultValue: ['images', 'computers'], getInitialValueInEffect: false });
  const expanded = useMemo(() => new Set(expandedList), [expandedList]);
  const parents = useMemo(() => [null, ...expandedList], [expandedList]);
  const results = useQueries({
    queries: parents.map((parent) => trpc.tree.children.queryOptions({ parent })),
    combine: (all) => all.map((result): Children => {
      if (result.data !== undefined) return { nodes: result.data.filter((node) => shownKinds.has(node.kind)) };
      return result.isError ? 'failed' : 'loading';
    }),
  });
  const rootState = results[0] ?? 'loading';
  const rows = useMemo(() => {
    const byParent = new Map(parents.map((parent, index) => [parent, results[index] ?? 'loading']));
    return flatten((parent) => byParent.get(parent) ?? 'loading', expanded);
  }, [parents, results, expanded]);
  return {
    rows,
    rootState,
    retry: () => void queries.invalidateQueries(trpc.tree.pathFilter()),
    expand: (id: string) => setExpandedList((now) => (now.includes(id) ? now : [...now, id])),
    collapse: (id: string) => setExpandedList((now) => now.filter((other) => other !== id)),
  };
}
