// Owns what groups are called where their place matters: with the groups they lie in.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { useTRPC } from '../api.ts';

/** What a group is called, with the groups it lies in: "Main building / Room 12". */
export function useGroupNames(): (id: string | null) => string {
  const trpc = useTRPC();
  const { data } = useQuery(trpc.computers.groups.queryOptions());
  const paths = useMemo(() => {
    const byId = new Map((data ?? []).map((group) => [group.id, group]));
    const known = new Map<string, string>();
    for (const group of data ?? []) {
      const names = [group.name];
      for (let parent = byId.get(group.parentId ?? ''); parent !== undefined && names.length < 32; parent = byId.get(parent.parentId ?? '')) names.unshift(parent.name);
      known.set(group.id, names.join(' / '));
    }
    return known;
  }, [data]);
  return useCallback((id) => (id === null ? 'New computers' : (paths.get(id) ?? '…')), [paths]);
}
