// Owns what is asked of all living computers at once, in memory: who has a text, in the order of names, and how many are in each
// group. Read at the first question; a record whose row was written is read again at the next one, so a change that did not
// happen after all (a transaction taken back) leaves nothing wrong here.
import type { Database } from '../db/database.ts';

type Entry = { id: string; key: string; group_id: string | null; /** Name first, then numbers and addresses, in small letters; a line each. */ found_by: string };
export type Living = ReturnType<typeof openLiving>;

/** From so many changed records on it is quicker to read all. */
const REREAD = 500;
const columns = 'id, name_key AS key, group_id, found_by';
const living = 'merged_into IS NULL AND trashed_at IS NULL';

export function openLiving(db: Database) {
  /** In the order of names. */
  let sorted: Entry[] | null = null;
  let byId = new Map<string, Entry>();
  /** Written in this turn, perhaps within a transaction that is taken back yet (they never outlast a turn): read again at every question. */
  const unsettled = new Set<string>();
  /** Written before: read again once. */
  const stale = new Set<string>();

  const before = (left: Entry, right: Entry): boolean => left.key < right.key || (left.key === right.key && left.id < right.id);
  function readAll(): Entry[] {
    const entries = db.all<Entry>(`SELECT ${columns} FROM computer WHERE ${living} ORDER BY name_key, id`).sort((left, right) => (before(left, right) ? -1 : 1));
    byId = new Map(entries.map((entry) => [entry.id, entry]));
    return entries;
  }
  /** Where it is, or would be. */
  function placeOf(entries: readonly Entry[], wanted: Entry): number {
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = entries[middle];
      if (at !== undefined && before(at, wanted)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  function reread(entries: Entry[], id: string): void {
    const old = byId.get(id);
    if (old !== undefined) {
      const place = placeOf(entries, old);
      entries.splice(entries[place] === old ? place : entries.indexOf(old), 1);
    }
    const now = db.get<Entry>(`SELECT ${columns} FROM computer WHERE id = :id AND ${living}`, { id });
    if (now === undefined) byId.delete(id);
    else {
      entries.splice(placeOf(entries, now), 0, now);
      byId.set(id, now);
    }
  }
  function all(): readonly Entry[] {
    if (sorted === null || stale.size + unsettled.size > REREAD) sorted = readAll();
    else for (const id of new Set([...stale, ...unsettled])) reread(sorted, id);
    stale.clear();
    return sorted;
  }

  return {
    /** This row was written. */
    touch(id: string): void {
      if (unsettled.size === 0) {
        queueMicrotask(() => {
          for (const each of unsettled) stale.add(each);
          unsettled.clear();
        });
      }
      unsettled.add(id);
    },
    count: (): number => all().length,
    countByGroup(): Map<string | null, number> {
      const counts = new Map<string | null, number>();
      for (const { group_id } of all()) counts.set(group_id, (counts.get(group_id) ?? 0) + 1);
      return counts;
    },
    groupOf: (id: string): string | null | undefined => (all(), byId.get(id)?.group_id),
    /** Ids of those that have the text, in the order of names; null where there are more than `most`. */
    having(text: string, most: number): string[] | null {
      const ids: string[] = [];
      for (const entry of all()) {
        if (entry.found_by.includes(text) && ids.push(entry.id) > most) return null;
      }
      return ids;
    },
    /** Those whose name begins with the text, then those that have it anywhere. */
    best(text: string, limit: number): string[] {
      const [first, others]: [string[], string[]] = [[], []];
      for (const entry of all()) {
        if (entry.found_by.startsWith(text)) first.push(entry.id);
        else if (others.length < limit && entry.found_by.includes(text)) others.push(entry.id);
        if (first.length === limit) return first;
      }
      return [...first, ...others].slice(0, limit);
    },
    /** The line in which the text is, as it is kept. */
    lineOf: (id: string, text: string): string | undefined => (all(), byId.get(id)?.found_by.split('\n').find((line) => line.includes(text))),
  };
}
