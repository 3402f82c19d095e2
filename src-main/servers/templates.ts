// Owns site templates: a draft that changes nothing, publishing with its consequences told before, and every revision to go back to.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { templateContentSchema, type Consequence, type SiteTemplate, type TemplateContent } from '#shared/model/replication.ts';
import { changedSince, type ServersParts, type Undoable } from './parts.ts';
import type { SiteRepo, TemplateRow } from './sites-repo.ts';

type Parts = Pick<ServersParts, 'events' | 'undo' | 'clock'> & { sites: SiteRepo; replan: () => void; consequencesOf: (templateId: string, content: TemplateContent) => Consequence[] };
export type TemplateRevision = { revision: number; at: number; actor: string; content: TemplateContent };

export const emptyContent: TemplateContent = { images: [], bytesPerSecond: null, windows: [] };
const draftSchema = z.object({ id: z.string(), before: z.object({ name: z.string(), draft: z.string() }), after: z.object({ name: z.string(), draft: z.string() }) });
const publishedSchema = z.object({ id: z.string(), revision: z.number(), before: templateContentSchema.nullable() });
const trashedSchema = z.object({ id: z.string(), at: z.number() });

export function openTemplates({ sites, events, undo, clock, replan, consequencesOf }: Parts) {
  function find(ref: string): TemplateRow {
    const row = sites.templates().find((each) => each.id === ref.toLowerCase() || each.name.toLowerCase() === ref.trim().toLowerCase());
    if (row === undefined) throw new AppError('not-found', `There is no site template "${ref}". "platen site template list" shows those there are.`, { template: ref });
    return row;
  }
  function requireFree(name: string, exceptId: string | null): void {
    const other = sites.templates().find((row) => row.id !== exceptId && row.name.toLowerCase() === name.toLowerCase());
    if (other !== undefined) throw new AppError('conflict', `A site template is called "${other.name}" already. Choose another name.`, { template: other.id });
  }
  const view = (row: TemplateRow): SiteTemplate => ({
    id: row.id, name: row.name, draft: readContent(row.draft) ?? emptyContent, published: readContent(row.published), revision: row.revision, siteIds: sites.sitesOf(row.id).map((site) => site.id), createdAt: row.created_at,
  });
  const told = (row: { id: string }): void => {
    events.changed('site', row.id);
    for (const site of sites.sitesOf(row.id)) events.changed('site', site.id);
    replan();
  };
  const record = (id: string, actor: string, kind: string, message: string, data: Record<string, unknown> = {}): void => events.record({ actor, entity: 'site', id, kind, message, data });
  const living = (id: string, what: string): TemplateRow => {
    const row = sites.template(id);
    if (row === undefined || row.trashed_at !== null) throw changedSince(what);
    return row;
  };

  undo.register('site-template.create', (payload, actor) => {
    const { id } = trashedSchema.omit({ at: true }).parse(payload);
    const row = living(id, 'that site template');
    if (row.revision > 0 || sites.sitesOf(id).length > 0 || row.draft !== JSON.stringify(emptyContent)) throw changedSince(`the site template "${row.name}"`);
    sites.trashTemplate(id, clock());
    record(id, actor, 'removed', `The site template "${row.name}" was taken back`);
    told(row);
  });
  undo.register('site-template.draft', (payload, actor) => {
    const { id, before, after } = draftSchema.parse(payload);
    const row = living(id, `the site template "${after.name}"`);
    if (row.name !== after.name || row.draft !== after.draft) throw changedSince(`the site template "${after.name}"`);
    requireFree(before.name, id);
    sites.saveTemplate({ id, ...before });
    record(id, actor, 'changed-back', `The draft of "${before.name}" is as before`);
    told(row);
  });
  undo.register('site-template.publish', (payload, actor) => {
    const { id, revision, before } = publishedSchema.parse(payload);
    const row = living(id, 'that site template');
    // Going back is published like anything else: sites see revisions that only rise.
    if (row.revision !== revision || !sites.publish({ id, from: revision, content: JSON.stringify(before ?? emptyContent), at: clock(), actor })) throw changedSince(`the site template "${row.name}"`);
    record(id, actor, 'published', `"${row.name}" is as before revision ${revision}`, { revision: revision + 1 });
    told(row);
  });
  undo.register('site-template.trash', (payload, actor) => {
    const { id, at } = trashedSchema.parse(payload);
    const row = sites.template(id);
    if (row === undefined || row.trashed_at !== at) throw changedSince('that site template');
    requireFree(row.name, id);
    sites.trashTemplate(id, null);
    record(id, actor, 'restored', `The site template "${row.name}" is there again`);
    told(row);
  });

  function publish(row: TemplateRow, content: TemplateContent, { actor, message }: { actor: string; message: string }): Undoable & { revision: number } {
    const kept = sites.transaction(() => {
      if (!sites.publish({ id: row.id, from: row.revision, content: JSON.stringify(content), at: clock(), actor })) throw new AppError('conflict', `"${row.name}" was published by somebody else meanwhile. Look at it again first.`, { template: row.id });
      sites.saveTemplate({ id: row.id, name: row.name, draft: JSON.stringify(content) });
      record(row.id, actor, 'published', message, { revision: row.revision + 1 });
      return undo.keep('site-template.publish', { actor, label: `Published ${row.name}`, payload: { id: row.id, revision: row.revision + 1, before: readContent(row.published) } });
    });
    told(row);
    return { undo: kept, revision: row.revision + 1 };
  }

  return {
    list: (): SiteTemplate[] => sites.templates().map(view),
    get: (ref: string): SiteTemplate => view(find(ref)),
    create(name: string, actor: string): Undoable & { id: string } {
      const id = randomUUID();
      const kept = sites.transaction(() => {
        requireFree(name, null);
        sites.insertTemplate({ id, name, draft: JSON.stringify(emptyContent), now: clock() });
        record(id, actor, 'created', `The site template "${name}" was made`);
        return undo.keep('site-template.create', { actor, label: `Made the site template ${name}`, payload: { id } });
      });
      told({ id });
      return { id, undo: kept };
    },
    /** A draft moves nothing until it is published. */
    saveDraft(ref: string, change: { name?: string | undefined; draft?: TemplateContent | undefined }, actor: string): Undoable {
      const row = find(ref);
      const [before, after] = [{ name: row.name, draft: row.draft }, { name: change.name ?? row.name, draft: change.draft === undefined ? row.draft : JSON.stringify(change.draft) }];
      if (before.name === after.name && before.draft === after.draft) return { undo: null };
      const kept = sites.transaction(() => {
        requireFree(after.name, row.id);
        sites.saveTemplate({ id: row.id, ...after });
        record(row.id, actor, 'drafted', before.draft === after.draft ? `Renamed from "${before.name}" to "${after.name}"` : 'The draft was changed; nothing moves before it is published');
        return undo.keep('site-template.draft', { actor, label: `Changed the site template ${after.name}`, payload: { id: row.id, before, after } });
      });
      told(row);
      return { undo: kept };
    },
    /** What publishing the draft (or this content) would do, before it does. */
    preview(ref: string, content?: TemplateContent): Consequence[] {
      const row = find(ref);
      return consequencesOf(row.id, content ?? view(row).draft);
    },
    publish(ref: string, actor: string): Undoable & { revision: number } {
      const row = find(ref);
      const { draft, published } = view(row);
      if (row.revision > 0 && JSON.stringify(draft) === JSON.stringify(published)) return { undo: null, revision: row.revision };
      return publish(row, draft, { actor, message: `Revision ${row.revision + 1} was published: ${draft.images.length === 1 ? '1 image' : `${draft.images.length} images`}` });
    },
    history: (ref: string): TemplateRevision[] => sites.revisions(find(ref).id).map((row) => ({ revision: row.revision, at: row.at, actor: row.actor, content: readContent(row.content) ?? emptyContent })),
    /** An earlier revision is published again, as a new one. */
    restore(ref: string, revision: number, actor: string): Undoable & { revision: number } {
      const row = find(ref);
      const content = readContent(sites.revision(row.id, revision)?.content ?? null);
      if (content === null) throw new AppError('not-found', `"${row.name}" has no revision ${revision}. Its history shows those there are.`, { template: row.id, revision });
      return publish(row, content, { actor, message: `Revision ${row.revision + 1} was published: as revision ${revision}` });
    },
    trash(ref: string, actor: string): Undoable {
      const row = find(ref);
      const used = sites.sitesOf(row.id);
      if (used.length > 0) throw new AppError('conflict', `${used.map((site) => `"${site.name}"`).join(', ')} ${used.length === 1 ? 'follows' : 'follow'} the template "${row.name}". Give ${used.length === 1 ? 'it' : 'them'} another one, or none, first.`, { template: row.id });
      const kept = sites.transaction(() => {
        const at = clock();
        sites.trashTemplate(row.id, at);
        record(row.id, actor, 'trashed', `The site template "${row.name}" was deleted`);
        return undo.keep('site-template.trash', { actor, label: `Deleted the site template ${row.name}`, payload: { id: row.id, at } });
      });
      told(row);
      return { undo: kept };
    },
  };
}

export function readContent(text: string | null): TemplateContent | null {
  if (text === null) return null;
  try {
    return templateContentSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
