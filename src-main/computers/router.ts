// Binds computers to the API.
import { z } from 'zod';
import { computerSchema } from '#shared/model/computer.ts';
import { allowed, router } from '../api/trpc.ts';

export const computersRouter = router({
  list: allowed('computers.read').output(z.array(computerSchema)).query(({ ctx }) => ctx.services.computers.list()),
  get: allowed('computers.read').input(z.object({ computer: z.string().min(1).max(200) })).output(computerSchema).query(({ ctx, input }) => ctx.services.computers.get(input.computer)),
});
