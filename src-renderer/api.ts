// Owns the typed hooks of the server's API. The router is known by its type only; no server code reaches the browser.
import { createTRPCContext } from '@trpc/tanstack-react-query';
import type { inferRouterOutputs } from '@trpc/server';
import type { AppRouter } from '../src-main/api/router.ts';

export type { AppRouter };
export type ApiOutputs = inferRouterOutputs<AppRouter>;
export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>();
