// Binds network boot to the API.
import { z } from 'zod';
import { adapterSchema, bootChoiceSchema, bootSettingsPatchSchema, bootStatusSchema, bootTraceSchema, preflightCheckSchema } from '#shared/model/boot.ts';
import { allowed, router } from '../api/trpc.ts';

export const bootRouter = router({
  status: allowed('boot.read').output(bootStatusSchema).query(({ ctx }) => ctx.services.boot.status()),
  adapters: allowed('boot.read').output(z.array(adapterSchema)).query(({ ctx }) => ctx.services.boot.adapters()),
  /** Starts serving on the adapter, or stops with mode off. */
  choose: allowed('boot.change').input(bootChoiceSchema).output(bootStatusSchema).mutation(({ ctx, input }) => ctx.services.boot.choose(input, ctx.actor)),
  setSettings: allowed('boot.change').input(bootSettingsPatchSchema).output(bootStatusSchema).mutation(({ ctx, input }) => ctx.services.boot.setSettings(input, ctx.actor)),
  /** Of one computer; null: as the settings say. */
  setOverride: allowed('boot.change').input(z.object({ computer: z.uuid(), override: z.enum(['portal', 'local-disk', 'ignore']).nullable() })).output(z.object({})).mutation(({ ctx, input }) => {
    ctx.services.boot.setOverride(input.computer, input.override, ctx.actor);
    return {};
  }),
  override: allowed('boot.read').input(z.object({ computer: z.uuid() })).output(z.object({ override: z.enum(['portal', 'local-disk', 'ignore']).nullable() })).query(({ ctx, input }) => ({ override: ctx.services.boot.override(input.computer) })),
  /** Newest first. */
  traces: allowed('boot.read').input(z.object({ computer: z.uuid().optional(), limit: z.number().int().min(1).max(500).optional() }).optional()).output(z.array(bootTraceSchema)).query(({ ctx, input }) => ctx.services.boot.traces(input ?? {})),
  /** Starts building; the status tells how it goes. */
  build: allowed('boot.change').input(z.object({ level: z.number().int().min(1).max(19).optional() }).optional()).output(bootStatusSchema).mutation(({ ctx, input }) => ctx.services.boot.build(input?.level)),
  preflight: allowed('boot.change').output(z.array(preflightCheckSchema)).mutation(({ ctx }) => ctx.services.boot.preflight()),
});
