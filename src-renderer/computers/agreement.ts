// Pure: in what two records of computers agree and in what they contradict each other.
import type { ComputerView } from '#shared/model/computer.ts';

type Evidence = ComputerView['evidence'];
type Kind = Evidence[number]['kind'];

/** What both know, with a value in common or with none. What is shared by many computers says nothing. */
export function agreement(left: Evidence, right: Evidence): { same: Kind[]; different: Kind[] } {
  const values = (of: Evidence): Map<Kind, Set<string>> => {
    const found = new Map<Kind, Set<string>>();
    for (const each of of) if (!each.shared) found.set(each.kind, (found.get(each.kind) ?? new Set()).add(each.value));
    return found;
  };
  const [mine, theirs] = [values(left), values(right)];
  const both = [...mine.keys()].filter((kind) => theirs.has(kind));
  const agrees = (kind: Kind): boolean => [...(mine.get(kind) ?? [])].some((value) => theirs.get(kind)?.has(value) === true);
  return { same: both.filter(agrees), different: both.filter((kind) => !agrees(kind)) };
}
