// Test support: a server on a folder of its own, and a client of its API. Not part of the product.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTRPCClient, createWSClient, wsLink, type TRPCClient } from '@trpc/client';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';
import type { AppRouter } from './api/router.ts';
import { startServer, type RunningServer, type ServerOptions } from './server.ts';
import { TestAgent } from './test-agent.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'platen-server-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function testServer(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ dataFolder: options.dataFolder ?? testFolder(), httpPort: 0, ...options });
  cleanups.push(() => server.close());
  return server;
}

export type TestApi = TRPCClient<AppRouter>;
export function testApi(server: { url: string; token: string }, token = server.token): TestApi {
  const client = createWSClient({ url: `${server.url.replace('http', 'ws')}/api`, WebSocket: WebSocket as unknown as typeof globalThis.WebSocket, connectionParams: { token } });
  cleanups.push(() => client.close());
  return createTRPCClient<AppRouter>({ links: [wsLink({ client })] });
}

export async function testAgent(server: { url: string }): Promise<TestAgent> {
  const agent = await new TestAgent(server.url).open();
  cleanups.push(() => agent.socket.terminate());
  return agent;
}

/** Asks again until it is so; the test's own time limit ends it. */
export async function eventually<T>(ask: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (fits(value)) return value;
    await new Promise<void>((resolve) => setTimeout(resolve, 10));
  }
}
