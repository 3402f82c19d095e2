// The fake server's site templates: drafts, publishing with a made-up preview, revisions.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { templateContentSchema } from '#shared/model/replication.ts';
import type { Consequence, SiteTemplate, TemplateContent } from '#shared/model/replication.ts';
import type { Change } from '#shared/model/server.ts';
import { guidOf } from './fakeIds.ts';
import type { FakeUndo } from './fakeJobs.ts';
import { fail } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';
import type { FakeServers } from './fakeServers.ts';

export type FakeRevision = { templateId: string; revision: number; at: number; actor: string; content: TemplateContent };
type Parts = { made: FakeServers; undo: FakeUndo; changed: (entity: Change['entity'], id: string) => void };

export function addTemplates(made: FakeServers, now: number, images: readonly string[]): void {
  const [first = '', second = '', third = ''] = images;
  const rome = made.sites.find((site) => site.name === 'Rome');
  const id = guidOf('template Schools');
  const content = (...guids: string[]): TemplateContent => ({ images: guids, bytesPerSecond: 10e6, windows: [{ days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' }] });
  made.templates.push(
    { id, name: 'Schools', draft: content(first, third), published: content(first, second), revision: 2, siteIds: rome === undefined ? [] : [rome.id], createdAt: now },
    { id: guidOf('template Libraries'), name: 'Libraries', draft: { images: [], bytesPerSecond: null, windows: [] }, published: null, revision: 0, siteIds: [], createdAt: now },
  );
  if (rome !== undefined) Object.assign(rome, { templateId: id, templateName: 'Schools' });
  made.revisions.push({ templateId: id, revision: 1, at: now - 40 * 86_400_000, actor: 'anna', content: { images: [first], bytesPerSecond: null, windows: [] } }, { templateId: id, revision: 2, at: now - 2 * 86_400_000, actor: 'bert', content: content(first, second) });
}

const one = z.object({ template: z.string() });
export function templateProcedures({ guarded }: Procedures, { made, undo, changed }: Parts) {
  const find = (ref: string): SiteTemplate => made.templates.find((template) => template.id === ref) ?? fail(new AppError('not-found', `There is no site template "${ref}".`));
  const change = (template: SiteTemplate, wanted: Partial<SiteTemplate>): { undo: number } => {
    const before = { ...template };
    Object.assign(template, wanted);
    changed('site', template.id);
    return { undo: undo.keep(`Changed ${template.name}`, () => { Object.assign(template, before); changed('site', template.id); }) };
  };
  const publish = (template: SiteTemplate, content: TemplateContent): { undo: number; revision: number } => {
    const revision = template.revision + 1;
    made.revisions.push({ templateId: template.id, revision, at: Date.now(), actor: 'anna', content });
    return { ...change(template, { published: content, draft: content, revision }), revision };
  };
  return {
    templates: guarded.query(() => made.templates),
    template: guarded.input(one).query(({ input }) => find(input.template)),
    createTemplate: guarded.input(z.object({ name: z.string() })).mutation(({ input }) => {
      const template: SiteTemplate = { id: guidOf(`template ${input.name}`), name: input.name, draft: { images: [], bytesPerSecond: null, windows: [] }, published: null, revision: 0, siteIds: [], createdAt: Date.now() };
      made.templates.push(template);
      changed('site', template.id);
      return { id: template.id, undo: undo.keep(`Added ${input.name}`, () => { made.templates = made.templates.filter((each) => each.id !== template.id); changed('site', template.id); }) };
    }),
    saveDraft: guarded.input(one.extend({ name: z.string().optional(), draft: templateContentSchema.optional() })).mutation(({ input }) => change(find(input.template), { ...(input.name === undefined ? {} : { name: input.name }), ...(input.draft === undefined ? {} : { draft: input.draft }) })),
    previewTemplate: guarded.input(one.extend({ content: templateContentSchema.optional() })).query(({ input }): Consequence[] => {
      const template = find(input.template);
      const [before, after] = [template.published?.images ?? [], (input.content ?? template.draft).images];
      const name = (guid: string): string => made.matrix.find((row) => row.imageGuid === guid)?.imageName ?? guid;
      return [
        ...after.filter((guid) => !before.includes(guid)).map((guid): Consequence => ({ kind: 'gain', text: `${name(guid)} is copied to PS008: 1 version, at most 18.2 GB.`, imageGuid: guid, serverId: null })),
        ...before.filter((guid) => !after.includes(guid)).map((guid): Consequence => ({ kind: 'loss', text: `${name(guid)} is not kept up to date on PS008 any more. What is there stays there; nothing is deleted.`, imageGuid: guid, serverId: null })),
      ];
    }),
    publishTemplate: guarded.input(one).mutation(({ input }) => { const template = find(input.template); return publish(template, template.draft); }),
    templateHistory: guarded.input(one).query(({ input }) => made.revisions.filter((each) => each.templateId === input.template)),
    restoreTemplate: guarded.input(one.extend({ revision: z.number() })).mutation(({ input }) => {
      const content = made.revisions.find((each) => each.templateId === input.template && each.revision === input.revision)?.content ?? fail(new AppError('not-found', 'There is no such revision.'));
      return publish(find(input.template), content);
    }),
    trashTemplate: guarded.input(one).mutation(({ input }) => {
      const template = find(input.template);
      made.templates = made.templates.filter((each) => each !== template);
      changed('site', template.id);
      return { undo: undo.keep(`Deleted ${template.name}`, () => { made.templates.push(template); changed('site', template.id); }) };
    }),
  };
}
