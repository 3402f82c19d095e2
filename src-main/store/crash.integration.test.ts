// SIGKILL at every kind of file call: after reopening, every acknowledged chunk is there and verified, leftovers are named and recovered.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { makeChunk, readAll, TestStore } from './test-store.ts';

const soak = process.env['PLATEN_SOAK'] === '1';
const child = fileURLToPath(new URL('./test-crash-child.ts', import.meta.url));

type Line = { event: 'open' | 'committed' | 'deleting' | 'done'; manifest?: string; parts?: [number, number][]; calls?: number };

async function runUntilDead(folder: string, call: number, seed: number): Promise<Line[]> {
  const started = spawn(process.execPath, [child, folder, String(call), String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  let errors = '';
  started.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()));
  started.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => started.on('close', (...how) => resolve(how)));
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the child failed by itself: ${errors}`);
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}

async function proveAfterCrash(folder: string, lines: readonly Line[]): Promise<void> {
  const test = await TestStore.at(folder, { packBytes: 96 * 1024, clock: () => Date.now() });
  try {
    const deleting = new Set(lines.filter(({ event }) => event === 'deleting').map(({ manifest }) => manifest));
    const acknowledged = lines.filter(({ event, manifest }) => event === 'committed' && !deleting.has(manifest));
    for (const { manifest = '', parts = [] } of acknowledged) {
      expect(await test.store.verify(manifest, 'all')).toMatchObject({ damaged: [], missing: [], manifestIntact: true, signatureValid: true });
      const chunks = parts.flatMap(([count, seed]) => Array.from({ length: count }, (_, i) => makeChunk(seed, i)));
      expect(Buffer.concat(await readAll(test.store, chunks)).equals(Buffer.concat(chunks.map(({ frame }) => frame)))).toBe(true);
    }
    const live = acknowledged.map(({ manifest = '' }) => manifest);
    const named = await test.store.doctor({ repair: true, deep: true, live });
    expect(named.filter(({ kind }) => kind !== 'orphan-manifest' && kind !== 'stale-lease')).toEqual([]);
    for (const { id } of test.store.openCaptures()) await (await test.store.openCapture(id, 1000)).close();
    await test.store.sweep(live);
    expect(await test.store.doctor({ repair: false, deep: true, live })).toEqual([]);
    expect(await test.store.manifests()).toEqual([...live].sort());
  } finally {
    await test.store.close();
  }
}

it('keeps everything acknowledged when it is killed at a file call, and needs nobody to recover', async () => {
  const runs = soak ? 400 : 10;
  for (let run = 0; run < runs; run++) {
    const folder = await mkdtemp(join(tmpdir(), 'platen-crash-'));
    const call = 5 + Math.floor((run * 236) / runs);
    try {
      const lines = await runUntilDead(folder, call, run + 3);
      await proveAfterCrash(folder, lines).catch((error: unknown) => {
        throw new Error(`killed at call ${call}, seed ${run + 3}: ${String(error)}`, { cause: error });
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}, soak ? 3_600_000 : 120_000);
