// Binds computers and their groups to the API.
import { z } from 'zod';
import { computerRowSchema, computerSchema, groupDetailSchema, groupSchema } from '#shared/model/computer.ts';
import { historyEventSchema } from '#shared/model/image.ts';
import { undoableSchema } from '#shared/model/server.ts';
import { allowed, router } from '../api/trpc.ts';

/** An id, or a name where only one has it. */
const ref = z.string().min(1).max(200);
const one = z.object({ computer: ref });
const computerName = z.string().trim().min(1).max(200);
const groupName = z.string().trim().min(1, 'A group needs a name.').max(100).regex(/^[^\p{Cc}]+$/u);

export const computersRouter = router({
  /** Sorted by name. group: an id, "new" for those in none; deep: subgroups too. text: in name, serial, model, address or MAC. */
  list: allowed('computers.read')
    .input(z.object({ group: z.string().max(100).optional(), deep: z.boolean().optional(), text: z.string().max(200).optional(), online: z.boolean().optional(), trash: z.boolean().optional(), after: z.string().max(300).optional(), limit: z.number().int().min(1).max(100_000).optional() }).optional())
    .output(z.array(computerRowSchema)).query(({ ctx, input }) => ctx.services.computers.list(input ?? {})),
  get: allowed('computers.read').input(one).output(computerSchema).query(({ ctx, input }) => ctx.services.computers.get(input.computer)),
  history: allowed('computers.read').input(one).output(z.array(historyEventSchema)).query(({ ctx, input }) => ctx.services.computers.history(input.computer)),
  rename: allowed('computers.change').input(one.extend({ name: computerName })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.rename(input.computer, input.name, ctx.actor)),
  /** group null: back to *New computers*. */
  move: allowed('computers.change').input(z.object({ computers: z.array(ref).min(1).max(20_000), group: ref.nullable() })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.move(input, ctx.actor)),
  /** `from` becomes part of `into`: evidence, runs and history go along. Refused while a run is under way on `from`. */
  merge: allowed('computers.change').input(z.object({ into: ref, from: ref })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.merge(input, ctx.actor)),
  /** Takes a merged record out again, as it was. */
  split: allowed('computers.change').input(z.object({ merged: z.uuid() })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.split(input.merged, ctx.actor)),
  trash: allowed('computers.change').input(z.object({ computers: z.array(ref).min(1).max(20_000) })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.trash(input.computers, ctx.actor)),
  untrash: allowed('computers.change').input(z.object({ computers: z.array(ref).min(1).max(20_000) })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.untrash(input.computers, ctx.actor)),

  groups: allowed('computers.read').output(z.array(groupSchema)).query(({ ctx }) => ctx.services.computers.groups()),
  group: allowed('computers.read').input(z.object({ group: ref })).output(groupDetailSchema).query(({ ctx, input }) => ctx.services.computers.group(input.group)),
  createGroup: allowed('computers.change').input(z.object({ parent: ref.nullable(), name: groupName })).output(undoableSchema.extend({ id: z.uuid() })).mutation(({ ctx, input }) => ctx.services.computers.createGroup(input, ctx.actor)),
  saveGroup: allowed('computers.change').input(z.object({ group: z.uuid(), name: groupName.optional(), description: z.string().trim().max(500).optional() })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.saveGroup(input, ctx.actor)),
  moveGroup: allowed('computers.change').input(z.object({ groups: z.array(z.uuid()).min(1).max(1000), parent: ref.nullable() })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.moveGroups(input, ctx.actor)),
  /** Its computers go back to *New computers*; undo puts everything back. */
  trashGroup: allowed('computers.change').input(z.object({ groups: z.array(z.uuid()).min(1).max(1000) })).output(undoableSchema).mutation(({ ctx, input }) => ctx.services.computers.trashGroups(input.groups, ctx.actor)),
});
