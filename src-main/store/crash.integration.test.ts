// SIGKILL at every kind of file call: after reopening, every acknowledged chunk is there and verified, leftovers are named and recovered.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { bringOver, makeChunk, readAll, TestStore } from './test-store.ts';

const soak = process.env['PLATEN_SOAK'] === '1';
/** File calls of one life, near enough. */
const CALLS = 300;
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
  let aheadMs = 0;
  const test = await TestStore.at(folder, { packBytes: 96 * 1024, clock: () => Date.now() + aheadMs });
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
    for (const { id, manifest } of test.store.openAdoptions()) await finishAdoption(folder, test, { id, manifest });
    aheadMs = 7_200_000; // A manifest made within the hour is not swept.
    await test.store.sweep(live);
    expect(await test.store.doctor({ repair: false, deep: true, live })).toEqual([]);
    expect(await test.store.manifests()).toEqual([...live].sort());
  } finally {
    await test.store.close();
  }
}

/** What was being copied goes on where it was, and is whole afterwards; then it is given up, as it was never acknowledged. */
async function finishAdoption(folder: string, test: TestStore, of: { id: string; manifest: string }): Promise<void> {
  const elsewhere = await TestStore.at(`${folder}.elsewhere`);
  try {
    const adoption = await test.store.openAdoption(of.id, of.manifest, 60_000);
    await bringOver(elsewhere.store, adoption);
    await test.store.trustKey(elsewhere.store.publicKey);
    await adoption.commit(await elsewhere.store.signatures(of.manifest));
    expect(await test.store.verify(of.manifest, 'all')).toMatchObject({ damaged: [], missing: [], manifestIntact: true });
    await adoption.close();
  } finally {
    await elsewhere.store.close();
  }
}

it('keeps everything acknowledged when it is killed at a file call, and needs nobody to recover', async () => {
  const runs = soak ? 400 : 10;
  for (let run = 0; run < runs; run++) {
    const folder = await mkdtemp(join(tmpdir(), 'platen-crash-'));
    const call = 5 + Math.floor((run * CALLS) / runs);
    try {
      const lines = await runUntilDead(folder, call, run + 3);
      await proveAfterCrash(folder, lines).catch((error: unknown) => {
        throw new Error(`killed at call ${call}, seed ${run + 3}: ${String(error)}`, { cause: error });
      });
    } finally {
      for (const made of [folder, `${folder}.elsewhere`]) await rm(made, { recursive: true, force: true });
    }
  }
}, soak ? 3_600_000 : 120_000);
