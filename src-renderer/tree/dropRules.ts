// Pure: what dropping objects on another one means, in words that are shown before it is dropped, or why it can't be. Jobs on
// computers (or the other way round) only ever open the sheet that asks; computers and jobs on a place move there.
import { isComputerItem, isJobItem, keyOf, kindOf } from './nodePlaces.ts';

/** parent: the node it lies in now, as far as known. */
export type DragItem = { id: string; name: string; parent: string | null };
/** path: the nodes it lies in, from the root on. */
export type DropTarget = { id: string; name: string; path: readonly string[] };
export type Drop =
  | { act: 'run'; what: string; computers: string[]; groups: string[] }
  | { act: 'move-computers' | 'move-jobs'; to: { id: string | null; name: string } };
export type Verdict = { words: string; drop: Drop | null };

export function judgeDrop(items: readonly DragItem[], target: DropTarget): Verdict {
  if (items.length === 0 || items.some((item) => item.id === target.id)) return refused('');
  const [jobs, computers] = [items.every((item) => isJobItem(item.id)), items.every((item) => isComputerItem(item.id))];
  if (jobs) return isComputerItem(target.id) ? runOn(items, target) : moveJobs(items, target);
  if (computers) return isJobItem(target.id) && kindOf(target.id) === 'job' ? runHere(items, target) : moveComputers(items, target);
  return refused('Drag computers and jobs apart: they go to different places.');
}

function runOn(items: readonly DragItem[], target: DropTarget): Verdict {
  const [only] = items;
  if (only === undefined || items.length > 1) return refused('Run one job at a time. A folder runs all jobs in it.');
  const id = keyOf(target.id) ?? '';
  const isComputer = kindOf(target.id) === 'computer';
  return { words: `Run ${only.name} on ${target.name}…`, drop: { act: 'run', what: only.id, computers: isComputer ? [id] : [], groups: isComputer ? [] : [id] } };
}

function runHere(items: readonly DragItem[], target: DropTarget): Verdict {
  const ids = (kind: string): string[] => items.filter((item) => kindOf(item.id) === kind).map((item) => keyOf(item.id) ?? '');
  return { words: `Run ${target.name} on ${nameOf(items)}…`, drop: { act: 'run', what: target.id, computers: ids('computer'), groups: ids('group') } };
}

function moveJobs(items: readonly DragItem[], target: DropTarget): Verdict {
  const isRoot = target.id === 'jobs';
  if (!isRoot && kindOf(target.id) !== 'folder') return refused(kindOf(target.id) === 'job' ? 'A job holds no other jobs. Drop it on a folder.' : 'Jobs go into folders, or on a computer or group to run them.');
  return moved(items, target, { act: 'move-jobs', to: { id: isRoot ? null : keyOf(target.id), name: target.name } });
}

function moveComputers(items: readonly DragItem[], target: DropTarget): Verdict {
  const hasGroups = items.some((item) => kindOf(item.id) === 'group');
  const hasComputers = items.some((item) => kindOf(item.id) === 'computer');
  const move = (id: string | null): Verdict => moved(items, target, { act: 'move-computers', to: { id, name: target.name } });
  if (target.id === 'computers') return hasComputers ? refused('Drop computers on a group. Those in no group are in New computers.') : move(null);
  if (target.id === 'group/new') return hasGroups ? refused('New computers holds computers only.') : move(null);
  if (kindOf(target.id) === 'group') return move(keyOf(target.id));
  return refused(kindOf(target.id) === 'computer' ? 'Computers go into groups. To join two records of one machine, use Merge… in its menu.' : 'Computers go into groups, or on a job to run it on them.');
}

function moved(items: readonly DragItem[], target: DropTarget, drop: Drop): Verdict {
  if (items.some((item) => target.path.includes(item.id))) return refused(`${nameOf(items.filter((item) => target.path.includes(item.id)))} can’t go into itself.`);
  if (items.every((item) => item.parent === target.id)) return refused(`${items.length === 1 ? 'It is' : 'They are'} in ${target.name} already.`);
  return { words: `Move ${nameOf(items)} to ${target.name}`, drop };
}

export function nameOf(items: readonly DragItem[]): string {
  if (items.length === 1) return items[0]?.name ?? '';
  const words: Record<string, string> = { computer: 'computers', group: 'groups', job: 'jobs', folder: 'folders' };
  const kinds = new Set(items.map((item) => kindOf(item.id)));
  const [kind] = kinds;
  return `${items.length} ${kinds.size === 1 && kind !== undefined ? (words[kind] ?? 'objects') : 'objects'}`;
}
function refused(words: string): Verdict {
  return { words, drop: null };
}
