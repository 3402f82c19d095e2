// Binds servers, sites, templates and the matrix to the API.
import { z } from 'zod';
import { historyEventSchema, imageRefSchema } from '#shared/model/image.ts';
import { consequenceSchema, joinTokenSchema, matrixRowSchema, movingSchema, packageServerSchema, scopes, siteInputSchema, siteSchema, siteTemplateSchema, subnetSchema, templateContentSchema, transferSchema } from '#shared/model/replication.ts';
import { undoableSchema } from '#shared/model/server.ts';
import { allowed, router } from '../api/trpc.ts';

/** An id, or a name where only one has it. */
const ref = z.string().min(1).max(200);
const name = z.string().trim().min(1, 'A server needs a name.').max(63).regex(/^[^\p{Cc}]+$/u);
const one = z.object({ server: ref });
const rate = z.number().int().min(1024).max(100_000_000_000).nullable();
const ruleSchema = z.object({ subnet: subnetSchema, serverId: z.string() });
const sourceSchema = z.object({ serverId: z.string(), name: z.string(), addresses: z.array(z.string()), reason: z.string() });

export const serversRouter = router({
  list: allowed('servers.read').output(z.array(packageServerSchema)).query(({ ctx }) => ctx.services.servers.list()),
  get: allowed('servers.read').input(one).output(packageServerSchema).query(({ ctx, input }) => ctx.services.servers.get(input.server)),
  history: allowed('servers.read').input(one).output(z.array(historyEventSchema)).query(({ ctx, input }) => ctx.services.servers.history(input.server)),
  /** A one-time token, shown once, with the command to run on the other machine. */
  add: allowed('servers.change').input(z.object({ name, site: ref.nullable().optional(), parent: ref.nullable().optional() })).output(joinTokenSchema)
    .mutation(({ ctx, input }) => ctx.services.servers.invite({ name: input.name, site: input.site ?? null, parent: input.parent ?? null }, ctx.actor)),
  rename: allowed('servers.change').input(one.extend({ name })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.servers.rename(input.server, input.name, ctx.actor)),
  /** Its site, and, of an edge server, the one it copies from. */
  setSite: allowed('servers.change').input(one.extend({ site: ref.nullable(), parent: ref.nullable() })).output(undoableSchema)
    .mutation(({ ctx, input }) => ctx.services.servers.place(input.server, { site: input.site, parent: input.parent }, ctx.actor)),
  setLimit: allowed('servers.change').input(one.extend({ bytesPerSecond: rate })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.servers.limit(input.server, input.bytesPerSecond, ctx.actor)),
  /** force: also one that owns images (lost or stolen). */
  revoke: allowed('servers.change').input(one.extend({ force: z.boolean().optional() })).mutation(({ ctx, input }) => ctx.services.servers.revoke(input.server, input.force ?? false, ctx.actor)),
  /** What is on its way, everywhere. */
  moving: allowed('servers.read').output(z.array(z.object({ serverId: z.string(), serverName: z.string(), moving: z.array(movingSchema) }))).query(({ ctx }) => ctx.services.servers.moving()),
  /** What came where, newest first, with the sources used. */
  transfers: allowed('servers.read').input(z.object({ server: ref.optional(), version: z.uuid().optional(), limit: z.number().int().min(1).max(1000).optional() }).optional()).output(z.array(transferSchema))
    .query(({ ctx, input }) => ctx.services.servers.transfers(input ?? {})),
  rules: allowed('servers.read').output(z.array(ruleSchema)).query(({ ctx }) => ctx.services.servers.rules()),
  /** All of them, in their order. */
  setRules: allowed('servers.change').input(z.object({ rules: z.array(z.object({ subnet: subnetSchema, server: ref })).max(1000) })).mutation(({ ctx, input }) => ctx.services.servers.setRules(input.rules, ctx.actor)),
  /** Which servers a computer at this address would read a version from, best first, and which would take its capture. */
  sources: allowed('servers.read').input(z.object({ address: z.string().max(45), version: z.uuid().optional() })).output(z.object({ sources: z.array(sourceSchema), capture: sourceSchema }))
    .query(({ ctx, input }) => ({ sources: input.version === undefined ? [] : ctx.services.servers.sourcesFor(input.address, input.version), capture: ctx.services.servers.captureTargetFor(input.address) })),
});

const site = z.object({ site: ref });
const template = z.object({ template: ref });
const templateName = z.string().trim().min(1, 'A template needs a name.').max(100);
const revisionSchema = z.object({ revision: z.number().int(), at: z.number().int(), actor: z.string(), content: templateContentSchema });
const published = undoableSchema.extend({ revision: z.number().int() });

export const sitesRouter = router({
  list: allowed('servers.read').output(z.array(siteSchema)).query(({ ctx }) => ctx.services.servers.sites.list()),
  get: allowed('servers.read').input(site).output(siteSchema).query(({ ctx, input }) => ctx.services.servers.sites.get(input.site)),
  history: allowed('servers.read').input(site).output(z.array(historyEventSchema)).query(({ ctx, input }) => ctx.services.servers.sites.history(input.site)),
  create: allowed('servers.change').input(siteInputSchema).output(undoableSchema.extend({ id: z.uuid() })).mutation(({ ctx, input }) => ctx.services.servers.sites.create(input, ctx.actor)),
  /** What is not named stays as it is. */
  save: allowed('servers.change').input(site.extend({ change: siteInputSchema.partial() })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.servers.sites.save(input.site, input.change, ctx.actor)),
  trash: allowed('servers.change').input(site).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.servers.sites.trash(input.site, ctx.actor)),

  templates: allowed('servers.read').output(z.array(siteTemplateSchema)).query(({ ctx }) => ctx.services.servers.templates.list()),
  template: allowed('servers.read').input(template).output(siteTemplateSchema).query(({ ctx, input }) => ctx.services.servers.templates.get(input.template)),
  createTemplate: allowed('servers.change').input(z.object({ name: templateName })).output(undoableSchema.extend({ id: z.uuid() })).mutation(({ ctx, input }) => ctx.services.servers.templates.create(input.name, ctx.actor)),
  saveDraft: allowed('servers.change').input(template.extend({ name: templateName.optional(), draft: templateContentSchema.optional() })).output(undoableSchema)
    .mutation(({ ctx, input }) => ctx.services.servers.templates.saveDraft(input.template, { name: input.name, draft: input.draft }, ctx.actor)),
  /** What publishing the draft would do, image by image and server by server. */
  previewTemplate: allowed('servers.read').input(template.extend({ content: templateContentSchema.optional() })).output(z.array(consequenceSchema)).query(({ ctx, input }) => ctx.services.servers.templates.preview(input.template, input.content)),
  publishTemplate: allowed('servers.change').input(template).output(published).mutation(({ ctx, input }) => ctx.services.servers.templates.publish(input.template, ctx.actor)),
  templateHistory: allowed('servers.read').input(template).output(z.array(revisionSchema)).query(({ ctx, input }) => ctx.services.servers.templates.history(input.template)),
  restoreTemplate: allowed('servers.change').input(template.extend({ revision: z.number().int().positive() })).output(published).mutation(({ ctx, input }) => ctx.services.servers.templates.restore(input.template, input.revision, ctx.actor)),
  trashTemplate: allowed('servers.change').input(template).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.servers.templates.trash(input.template, ctx.actor)),
});

const scopeChange = z.object({ images: z.array(imageRefSchema).min(1).max(10_000), scope: z.enum(scopes), servers: z.array(ref).max(1000).default([]) });

export const replicationRouter = router({
  /** A row for each version, with a cell for each server. */
  matrix: allowed('servers.read').input(z.object({ image: imageRefSchema.optional(), server: ref.optional(), trash: z.boolean().optional() }).optional()).output(z.array(matrixRowSchema))
    .query(({ ctx, input }) => ctx.services.servers.matrix.rows(input ?? {})),
  previewScope: allowed('servers.read').input(scopeChange).output(z.array(consequenceSchema)).query(({ ctx, input }) => ctx.services.servers.matrix.preview(input)),
  setScope: allowed('servers.change').input(scopeChange).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.servers.matrix.setScope(input, ctx.actor)),
});
