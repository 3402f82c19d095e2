// What other people's TFTP clients get from the server, on a good line and on a bad one.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveTftp, type TftpEvent, type TftpServer } from './server.ts';
import { clients, type Client } from './test-clients.ts';
import { openLossyRelay } from './test-relay.ts';

const MiB = 1024 * 1024;
/** 65,536 blocks of 512 bytes are 32 MiB: the last blocks of this have their numbers for the second time. */
const rolling = randomBytes(32 * MiB + 100_000);
const sizes = [0, 511, 512, 513, 50_000, MiB];
const files = new Map<string, Buffer>([...sizes.map((size): [string, Buffer] => [`file-${size}`, rolling.subarray(0, size)]), ['rolling', rolling]]);

let server: TftpServer;
const events: TftpEvent[] = [];
const folder = mkdtempSync(join(tmpdir(), 'platen-tftp-'));
beforeAll(async () => {
  server = await serveTftp({ address: '127.0.0.1', port: 0, find: (path) => files.get(path.replace(/^\//, '')) ?? null, onEvent: (event) => events.push(event), onError: (error) => expect.fail(error.message) });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

type Choice = { port: number; blockBytes?: number | null; windowBlocks?: number };
async function fetched(client: Client, path: string, { port, blockBytes = null, windowBlocks = 1 }: Choice): Promise<boolean> {
  const local = join(folder, `${client.name.replaceAll(' ', '-')}-${path}-${port}`);
  await client.fetch({ port, path, local, blockBytes, windowBlocks });
  // A whole megabyte in a failed expectation would help nobody.
  return readFileSync(local).equals(files.get(path) ?? Buffer.alloc(0));
}

describe.each(clients)('$name', (client) => {
  const title = client.lacks === null ? '' : ` (needs Debian's package ${client.lacks})`;
  it.skipIf(client.lacks !== null)(`gets files whole: empty ones, those around a block's end, and a large one${title}`, async () => {
    const got: [number, boolean][] = [];
    for (const size of sizes) got.push([size, await fetched(client, `file-${size}`, { port: server.port, windowBlocks: client.knowsWindows ? 4 : 1 })]);
    expect(got).toEqual(sizes.map((size) => [size, true]));
  });
});

// Side by side: what is waited for is mostly time-outs.
describe.concurrent.each(clients)('$name', (client) => {
  const title = client.lacks === null ? '' : ` (needs Debian's package ${client.lacks})`;
  it.skipIf(client.lacks !== null)(`gets more than 65,535 blocks, whose numbers start again${title}`, async ({ expect: expectHere }) => {
    expectHere(await fetched(client, 'rolling', { port: server.port, blockBytes: 512, windowBlocks: client.knowsWindows ? 16 : 1 })).toBe(true);
  });
  it.skipIf(client.lacks !== null)(`gets files whole over a line that loses a packet in ten, repeats and delays others${title}`, async ({ expect: expectHere }) => {
    const relay = await openLossyRelay(server.port, { loses: 10, repeats: 5, delays: 10, delayMs: 20, seed: 7, spares: client.survivesRepeatedOptions ? 0 : 3 });
    try {
      const windowBlocks = client.survivesGaps ? 8 : 1;
      const got = [await fetched(client, 'file-513', { port: relay.port, windowBlocks }), await fetched(client, 'file-50000', { port: relay.port, blockBytes: 1428, windowBlocks })];
      expectHere([got, relay.counts.lost > 0, relay.counts.repeated > 0]).toEqual([[true, true], true, true]);
    } finally {
      relay.close();
    }
  });
});
