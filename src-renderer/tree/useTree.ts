// Owns what the tree shows: children read when a branch is open where one can see it, and the expansion this browser remembers.
import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useLocalStorage } from '@mantine/hooks';
import { useLayoutEffect, useMemo, useState } from 'react';
import { useTRPC } from '../api.ts';
import { flatten, openBranches } from './treeModel.ts';
import type { Children } from './treeModel.ts';

export function useTree() {
  const trpc = useTRPC();
  const queries = useQueryClient();
  // Each window keeps its own; another one's is taken over only at the next start.
  const [expandedList, setExpandedList] = useLocalStorage<string[]>({ key: 'platen.tree.expanded', defaultValue: ['computers', 'jobs', 'images'], getInitialValueInEffect: false, sync: false });
  const expanded = useMemo(() => new Set(expandedList), [expandedList]);
  const [open, setOpen] = useState<readonly string[]>([]);
  const parents = useMemo(() => [null, ...open], [open]);
  const results = useQueries({
    queries: parents.map((parent) => trpc.tree.children.queryOptions({ parent })),
    combine: (all) => all.map((result): Children => {
      if (result.data !== undefined) return { nodes: result.data };
      return result.isError ? 'failed' : 'loading';
    }),
  });
  const rootState = results[0] ?? 'loading';
  const rows = useMemo(() => {
    const byParent = new Map(parents.map((parent, index) => [parent, results[index] ?? 'loading']));
    return flatten((parent) => byParent.get(parent) ?? 'loading', expanded);
  }, [parents, results, expanded]);
  useLayoutEffect(() => {
    const now = openBranches(rows);
    setOpen((before) => (before.length === now.length && before.every((id, index) => id === now[index]) ? before : now));
  }, [rows]);
  return {
    rows,
    rootState,
    retry: () => void queries.invalidateQueries(trpc.tree.pathFilter()),
    expand: (...ids: string[]) => setExpandedList((now) => (ids.every((id) => now.includes(id)) ? now : [...new Set([...now, ...ids])])),
    collapse: (id: string) => setExpandedList((now) => now.filter((other) => other !== id)),
  };
}
