// Owns how changes of jobs and folders are told in a few words, and what a copy is called. Pure.
import { taskSummary, type Task } from '#shared/model/job.ts';
import { isNameOverride, isPublished, withoutTag } from '#shared/model/menu.ts';

export type Editable = { name: string; description: string; showInPortal: boolean };

/** What a revision changed: "Renamed from “A” to “B”; published; tasks changed: 2 → 3". '' where nothing did. */
export function changeWords(before: Editable & { tasks?: readonly Task[] }, after: Editable & { tasks?: readonly Task[] }): string {
  const was = isPublished(before.name, before.showInPortal);
  const is = isPublished(after.name, after.showInPortal);
  const words = [
    before.name === after.name ? '' : `renamed from “${before.name}” to “${after.name}”`,
    before.description === after.description ? '' : after.description === '' ? 'portal text removed' : before.description === '' ? 'portal text set' : 'portal text changed',
    was === is ? '' : is ? 'published' : 'not published any more',
    was !== is || before.showInPortal === after.showInPortal ? '' : `switch “Show in portal” ${after.showInPortal ? 'on' : 'off'}`,
    taskWords(before.tasks ?? [], after.tasks ?? []),
  ].filter((word) => word !== '').join('; ');
  return words === '' ? '' : words[0]?.toUpperCase() + words.slice(1);
}

function taskWords(before: readonly Task[], after: readonly Task[]): string {
  const [was, is] = [before.map(textOf), after.map(textOf)];
  if (same(was, is)) return '';
  if (was.length !== is.length) return `tasks changed: ${was.length} → ${is.length}`;
  if (same(was.toSorted(), is.toSorted())) return 'tasks reordered';
  const changed = after.flatMap((task, index) => (was[index] === is[index] ? [] : [{ task, number: index + 1 }]));
  const [only] = changed;
  return changed.length === 1 && only !== undefined ? `task ${only.number} changed: ${taskSummary(only.task)}` : `tasks changed: ${changed.map(({ number }) => number).join(', ')}`;
}
/** The same for the same task, in whatever order its fields came in. */
function textOf(task: Task): string {
  return JSON.stringify(task, (_key, value: unknown) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value));
}
function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, index) => text === right[index]);
}

const MOST = 200;

/** "Win11 lab (copy)", "(copy 2)"…: without the tag, so that a copy is never published, and free among its neighbours. */
export function copyName(name: string, taken: ReadonlySet<string>): string {
  const base = withoutTag(name).replace(/ \(copy(?: \d+)?\)$/, '') || 'Job';
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? ' (copy)' : ` (copy ${number})`;
    const copy = withoutTag(`${clip(base, MOST - suffix.length)}${suffix}`);
    if (!taken.has(copy.toLowerCase())) return copy;
  }
}
/** What lies in a copied folder keeps its name, without the tag; a dummy job stays one: it publishes nothing. */
export function nameInCopy(name: string, kind: 'job' | 'folder'): string {
  if (kind === 'job' && isNameOverride(name)) return name;
  return withoutTag(name) || 'Folder';
}
/** Cuts between characters, not within one. */
function clip(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '').trimEnd();
}

/** "“Win11 lab”", "“A” and “B”", "“A” and 4 more": for messages and undo. */
export function listWords(names: readonly string[]): string {
  const [first = '', second = ''] = names;
  if (names.length === 2) return `“${first}” and “${second}”`;
  return names.length < 2 ? `“${first}”` : `“${first}” and ${names.length - 1} more`;
}
