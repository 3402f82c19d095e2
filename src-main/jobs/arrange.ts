// Owns what changes the place of jobs and folders, many at once: duplicate, move, to the trash and back; and the inverse of each.
import { AppError } from '#shared/errors.ts';
import { z } from 'zod';
import type { Events } from '../events/service.ts';
import type { Undo } from '../undo/service.ts';
import { idOf, MOST_LEVELS, type JobEdit, type Undoable } from './edit.ts';
import type { Folder, JobHead, JobsRepo } from './repo.ts';
import { thingOf, type Found, type JobTree } from './tree.ts';
import { copyName, listWords, nameInCopy } from './words.ts';

export type ArrangeParts = { repo: JobsRepo; tree: JobTree; edit: JobEdit; events: Events; undo: Undo; clock: () => number };

const MOST_COPIES = 5000;
const movedSchema = z.object({ items: z.array(z.object({ item: z.string(), from: z.string().nullable(), to: z.string().nullable() })) });
const trashedSchema = z.object({ items: z.array(z.string()), at: z.number() });

const placeOf = (found: Found): string | null => (found.kind === 'job' ? found.job.folderId : found.folder.parentId);
const itemOf = (found: Found): string => `${found.kind}/${thingOf(found).id}`;

export function openArrange({ repo, tree, edit, events, undo, clock }: ArrangeParts) {
  /** The things themselves; what lies in a folder that is among them goes with it, and is left out. */
  function tops(items: readonly string[]): Found[] {
    const found = new Map(items.map((item) => tree.find(item)).map((each) => [itemOf(each), each]));
    return [...found.values()].filter((each) => !tree.path(placeOf(each)).some((folder) => found.has(`folder/${folder.id}`)));
  }
  const names = (found: readonly Found[]): string => listWords(found.map((each) => thingOf(each).name));
  function tellAll(found: readonly Found[], places: readonly (string | null)[]): void {
    for (const each of found) events.changed(each.kind, thingOf(each).id);
    for (const place of new Set([...places, ...found.map(placeOf)])) events.changed('folder', place ?? 'root');
  }

  function setPlace(found: Found, place: string | null): void {
    if (found.kind === 'job') repo.moveJob(found.job.id, place);
    else repo.moveFolder(found.folder.id, place);
  }
  function setTrash(found: Found, at: number | null): void {
    if (found.kind === 'job') repo.setJobTrash(found.job.id, at);
    else repo.setFolderTrash(found.folder.id, at);
  }
  const record = (found: Found, actor: string, kind: string, message: string): void => events.record({ actor, entity: found.kind, id: thingOf(found).id, kind, message });
  const wordsOf = (place: string | null): string => (place === null ? 'the top' : `“${tree.pathWords(place)}”`);

  /** Folders below a folder, itself counted: how many levels it takes with it. */
  function height(folder: Folder): number {
    return 1 + Math.max(0, ...tree.living.at(folder.id).folders.map(height));
  }
  function refuseIntoItself(found: readonly Found[], target: Folder | null): void {
    const path = tree.path(target?.id ?? null);
    for (const each of found) {
      if (each.kind !== 'folder') continue;
      const { folder } = each;
      if (path.some(({ id }) => id === folder.id)) {
        throw new AppError('conflict', target?.id === folder.id ? `“${folder.name}” can't be moved into itself. Choose another folder.` : `“${folder.name}” can't be moved into “${target?.name}”, which lies in it. Move “${target?.name}” out first.`, { id: folder.id });
      }
      if (path.length + height(folder) > MOST_LEVELS) throw new AppError('conflict', `Folders nest at most ${MOST_LEVELS} deep, and “${folder.name}” would come deeper. Move it further up.`, { id: folder.id });
    }
  }
  /** @param moves with the place each is to have; inside the check that nothing is in the trash */
  function moveAll(moves: readonly { found: Found; to: string | null }[], by: { actor: string; prefix: string }): void {
    edit.changing(moves.map(({ found }) => thingOf(found).id), () => {
      for (const { found, to } of moves) {
        setPlace(found, to);
        record(found, by.actor, 'moved', `${by.prefix}oved from ${wordsOf(placeOf(found))} to ${wordsOf(to)}`);
      }
    });
    tellAll(moves.map(({ found }) => found), moves.map(({ to }) => to));
  }

  /** The folder with all below it, as new rows; @returns every copy as an item */
  function copyFolder(folder: Folder, as: { parentId: string | null; name: string }, by: { actor: string; left: { count: number } }): string[] {
    const { actor } = by;
    take(by.left);
    const id = edit.insertFolder({ parentId: as.parentId, name: as.name, description: folder.description, actor, message: `Copied from “${folder.name}”` });
    const { folders, jobs } = tree.living.at(folder.id);
    return [
      `folder/${id}`,
      ...jobs.map((job) => copyJob(job, { folderId: id, name: nameInCopy(job.name, 'job') }, by)),
      ...folders.flatMap((each) => copyFolder(each, { parentId: id, name: nameInCopy(each.name, 'folder') }, by)),
    ];
  }
  function copyJob(job: JobHead, as: { folderId: string | null; name: string }, by: { actor: string; left: { count: number } }): string {
    take(by.left);
    const message = `Copied from “${job.name}” (revision ${job.rev})`;
    return `job/${edit.insertJob({ folderId: as.folderId, name: as.name, description: job.description, tasks: repo.tasks(job.id), actor: by.actor, message })}`;
  }

  undo.register('jobs.moved', (payload, actor) => {
    const { items } = movedSchema.parse(payload);
    // One after the other: where the first has gone decides whether the next may go where it was.
    edit.changing(items.map(({ item }) => idOf(item)), () => {
      for (const { item, from, to } of items) {
        const found = tree.find(item);
        edit.refuseTrashed(found.kind, thingOf(found));
        if (placeOf(found) !== to) throw new AppError('conflict', `“${thingOf(found).name}” was moved again since, so this can't be undone any more. Move it by hand.`, { item });
        const folder = from === null ? null : tree.folder(`folder/${from}`);
        if (folder !== null) edit.refuseTrashed('folder', folder);
        refuseIntoItself([found], folder);
        moveAll([{ found, to: from }], { actor, prefix: 'Undone: m' });
      }
    });
  });
  undo.register('jobs.trashed', (payload, actor) => {
    const { items, at } = trashedSchema.parse(payload);
    const found = items.map((item) => tree.find(item));
    const other = found.find((each) => thingOf(each).trashedAt !== at);
    if (other !== undefined) throw new AppError('conflict', `“${thingOf(other).name}” was taken out of the trash since${thingOf(other).trashedAt === null ? '' : ', and put there again'}. Nothing was changed.`, { item: itemOf(other) });
    takeOut(found, actor);
  });
  undo.register('jobs.untrashed', (payload, actor) => {
    const { items, since = [] } = z.object({ items: z.array(z.string()), since: z.array(z.number()).optional() }).parse(payload);
    const found = items.map((item) => tree.find(item));
    for (const each of found) edit.refuseTrashed(each.kind, thingOf(each));
    // In the trash since when it was: what was put there then can still be taken back after this.
    putIn(found, actor, (index) => since[index]);
  });

  function putIn(found: readonly Found[], actor: string, since: (index: number) => number | undefined = () => undefined): number {
    const at = clock();
    edit.changing(found.map((each) => thingOf(each).id), () => {
      for (const [index, each] of found.entries()) {
        setTrash(each, since(index) ?? at);
        record(each, actor, 'trashed', 'Moved to the trash');
      }
    });
    tellAll(found, []);
    return at;
  }
  function takeOut(found: readonly Found[], actor: string): void {
    for (const each of found) {
      const above = tree.trashedAbove(placeOf(each));
      if (above !== null && !found.some((other) => other.kind === 'folder' && other.folder.id === above.id)) {
        throw new AppError('conflict', `“${thingOf(each).name}” lies in the folder “${above.name}”, which is in the trash itself. Take that folder out first.`, { item: itemOf(each), folderId: above.id });
      }
    }
    edit.changing(found.map((each) => thingOf(each).id), () => {
      for (const each of found) {
        setTrash(each, null);
        record(each, actor, 'untrashed', 'Taken out of the trash');
      }
    });
    tellAll(found, []);
  }

  return {
    duplicate(items: readonly string[], actor: string): Undoable & { items: string[] } {
      const found = tops(items);
      for (const each of found) edit.refuseTrashed(each.kind, thingOf(each));
      const ids: string[] = [];
      const done = edit.changing(ids, () => {
        const by = { actor, left: { count: MOST_COPIES } };
        const taken = new Map<string | null, Set<string>>();
        const made = found.map((each) => {
          const name = copyName(thingOf(each).name, takenIn(placeOf(each), taken));
          taken.get(placeOf(each))?.add(name.toLowerCase());
          return each.kind === 'job' ? [copyJob(each.job, { folderId: each.job.folderId, name }, by)] : copyFolder(each.folder, { parentId: each.folder.parentId, name }, by);
        });
        ids.push(...made.flat().map(idOf));
        return { items: made.flatMap(([top = '']) => [top]), undo: undo.keep('made', { actor, label: `Copied ${names(found)}`, payload: edit.asMade(made.flat()) }) };
      });
      tellAll(done.items.map((item) => tree.find(item)), []);
      return done;
    },
    move(change: { items: readonly string[]; folder: string | null }, actor: string): Undoable {
      const target = edit.target(change.folder);
      const found = tops(change.items);
      for (const each of found) edit.refuseTrashed(each.kind, thingOf(each));
      refuseIntoItself(found, target);
      const to = target?.id ?? null;
      const moves = found.filter((each) => placeOf(each) !== to).map((each) => ({ found: each, to }));
      if (moves.length === 0) return { undo: null };
      return edit.changing(moves.map((each) => thingOf(each.found).id), () => {
        moveAll(moves, { actor, prefix: 'M' });
        const payload = { items: moves.map((each) => ({ item: itemOf(each.found), from: placeOf(each.found), to })) };
        return { undo: undo.keep('jobs.moved', { actor, label: `Moved ${names(found)} to ${wordsOf(to)}`, payload }) };
      });
    },
    /** What is there already is left alone. */
    trash(items: readonly string[], actor: string): Undoable {
      const found = tops(items).filter((each) => tree.isLiving(thingOf(each)));
      if (found.length === 0) return { undo: null };
      return edit.changing(found.map((each) => thingOf(each).id), () => {
        const at = putIn(found, actor);
        return { undo: undo.keep('jobs.trashed', { actor, label: `Moved ${names(found)} to the trash`, payload: { items: found.map(itemOf), at } }) };
      });
    },
    untrash(items: readonly string[], actor: string): Undoable {
      const found = items.map((item) => tree.find(item)).filter((each) => thingOf(each).trashedAt !== null);
      if (found.length === 0) return { undo: null };
      return edit.changing(found.map((each) => thingOf(each).id), () => {
        takeOut(found, actor);
        return { undo: undo.keep('jobs.untrashed', { actor, label: `Took ${names(found)} out of the trash`, payload: { items: found.map(itemOf), since: found.map((each) => thingOf(each).trashedAt) } }) };
      });
    },
  };

  function takenIn(place: string | null, kept: Map<string | null, Set<string>>): Set<string> {
    let taken = kept.get(place);
    if (taken === undefined) {
      const { folders, jobs } = tree.living.at(place);
      kept.set(place, taken = new Set([...folders, ...jobs].map((each) => each.name.toLowerCase())));
    }
    return taken;
  }
}

function take(left: { count: number }): void {
  left.count--;
  if (left.count < 0) throw new AppError('conflict', `That are more than ${MOST_COPIES} copies at once, so nothing was copied. Copy parts of it.`, { most: MOST_COPIES });
}
