// Binds imports of other stores' folders to the API.
import { importRequestSchema, importSchema } from '#shared/model/import.ts';
import { allowed, router } from '../api/trpc.ts';

export const importsRouter = router({
  start: allowed('images.change').input(importRequestSchema).output(importSchema).mutation(({ ctx, input }) => ctx.services.importing.start(input, ctx.actor)),
  get: allowed('images.read').output(importSchema.nullable()).query(({ ctx }) => ctx.services.importing.get()),
  cancel: allowed('images.change').output(importSchema.nullable()).mutation(({ ctx }) => ctx.services.importing.cancel()),
});
