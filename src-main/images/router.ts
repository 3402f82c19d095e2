// Binds images to the API.
import { z } from 'zod';
import { historyEventSchema, imageDetailSchema, imageNameSchema, imageRefSchema, imageSummarySchema, timestamp, versionDetailSchema, versionRefSchema } from '#shared/model/image.ts';
import { channelNames, imageKinds } from '#shared/model/replication.ts';
import { allowed, router } from '../api/trpc.ts';

const oneImage = z.object({ image: imageRefSchema });
const oneVersion = z.object({ image: imageRefSchema, version: z.number().int().positive() });
const nothing = z.object({});
const undoable = z.object({ undo: z.number().int().nullable() });

export const imagesRouter = router({
  list: allowed('images.read').input(z.object({ trash: z.boolean().optional() }).optional()).output(z.array(imageSummarySchema)).query(({ ctx, input }) => ctx.services.images.list(input?.trash)),
  get: allowed('images.read').input(oneImage).output(imageDetailSchema).query(({ ctx, input }) => ctx.services.images.get(input.image)),
  version: allowed('images.read').input(oneVersion).output(versionDetailSchema).query(({ ctx, input }) => ctx.services.images.version(input.image, input.version)),
  history: allowed('images.read').input(oneImage).output(z.array(historyEventSchema)).query(({ ctx, input }) => ctx.services.images.history(input.image)),
  rename: allowed('images.change').input(oneImage.extend({ name: imageNameSchema })).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.rename(input.image, input.name, ctx.actor);
    return {};
  }),
  describe: allowed('images.change').input(oneImage.extend({ description: z.string().max(10_000) })).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.describe(input.image, input.description, ctx.actor);
    return {};
  }),
  setNote: allowed('images.change').input(oneVersion.extend({ note: z.string().max(10_000) })).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.setNote(input, input.note, ctx.actor);
    return {};
  }),
  setEnabled: allowed('images.change').input(versionRefSchema.extend({ enabled: z.boolean() })).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.setEnabled(input, input.enabled, ctx.actor);
    return {};
  }),
  setProtected: allowed('images.change').input(oneImage.extend({ protected: z.boolean() })).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.setProtected(input.image, input.protected, ctx.actor);
    return {};
  }),
  verify: allowed('images.change').input(versionRefSchema).output(z.object({ started: z.array(z.number()) })).mutation(({ ctx, input }) => ctx.services.images.verify(input, ctx.actor)),
  delete: allowed('images.delete').input(versionRefSchema).output(z.object({ trashed: z.object({ image: z.string(), version: z.number().optional() }), deleteAfter: timestamp }))
    .mutation(({ ctx, input }) => ctx.services.images.delete(input, ctx.actor)),
  deleteMany: allowed('images.delete').input(z.object({ subjects: z.array(versionRefSchema).min(1).max(1000) }))
    .output(z.object({ trashed: z.array(z.object({ image: z.string(), name: z.string(), version: z.number().nullable(), deleteAfter: timestamp })), skipped: z.array(z.object({ image: z.string(), version: z.number().nullable(), reason: z.string() })) }))
    .mutation(({ ctx, input }) => ctx.services.images.deleteMany(input.subjects, ctx.actor)),
  undelete: allowed('images.change').input(versionRefSchema).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.undelete(input, ctx.actor);
    return {};
  }),
  purge: allowed('images.delete').input(versionRefSchema).output(nothing).mutation(async ({ ctx, input }) => {
    await ctx.services.images.purge(input, ctx.actor);
    return {};
  }),
  setKind: allowed('images.change').input(oneImage.extend({ kind: z.enum(imageKinds) })).output(undoable).mutation(({ ctx, input }) => ctx.services.images.setKind(input.image, input.kind, ctx.actor)),
  setPriority: allowed('images.change').input(oneImage.extend({ priority: z.number().int().min(-100).max(100) })).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.setPriority(input.image, input.priority, ctx.actor);
    return {};
  }),
  /** version null: the channel names none any more. */
  setChannel: allowed('images.change').input(oneImage.extend({ channel: z.enum(channelNames), version: z.number().int().positive().nullable() })).output(undoable)
    .mutation(({ ctx, input }) => ctx.services.images.setChannel(input.image, input, ctx.actor)),
  promote: allowed('images.change').input(oneImage).output(undoable).mutation(({ ctx, input }) => ctx.services.images.promote(input.image, ctx.actor)),
  rollBack: allowed('images.change').input(oneImage.extend({ channel: z.enum(channelNames) })).output(undoable).mutation(({ ctx, input }) => ctx.services.images.rollBack(input.image, input.channel, ctx.actor)),
  validate: allowed('images.change').input(z.object({ versionGuid: z.uuid() })).output(nothing).mutation(({ ctx, input }) => {
    ctx.services.images.validate(input.versionGuid, ctx.actor);
    return {};
  }),
  reject: allowed('images.delete').input(z.object({ versionGuid: z.uuid(), reason: z.string().trim().max(1000).default('') })).output(z.object({ deleteAfter: timestamp }))
    .mutation(({ ctx, input }) => ctx.services.images.reject(input.versionGuid, input.reason, ctx.actor)),
});
