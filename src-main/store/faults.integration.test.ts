// Every file call of a whole life of a store is made to fail, one at a time: nothing acknowledged may be lost, the store stays usable.
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { bringOver, dataRun, headFor, pageOf, readAll, sendAll, TestStore, type TestChunk } from './test-store.ts';
import { FaultyFiles, type Fault } from './test-faulty-files.ts';

const soak = process.env['PLATEN_SOAK'] === '1';
const PACK = 96 * 1024;
const TTL = 3_600_000;

let test: TestStore | null = null;
afterEach(async () => {
  await test?.dispose();
  test = null;
});

type Life = { acknowledged: Map<string, TestChunk[]>; live: Set<string> };

/** A step that fails is tried again, as a caller would; after the single injected failure the second try has to succeed. */
async function twice<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return step();
  }
}

async function captureOnce(store: TestStore, id: string, chunks: TestChunk[], life: Life): Promise<string> {
  return twice(async () => {
    const session = await store.store.openCapture(id, TTL);
    await session.restart();
    await sendAll(session, chunks, 24);
    const { manifest } = await session.commit(headFor([chunks.reduce((sum, chunk) => sum + chunk.raw.length, 0)]));
    life.acknowledged.set(manifest, chunks);
    life.live.add(manifest);
    await session.close();
    return manifest;
  });
}

/** Made once: only the disk of the store it comes to is faulty. */
let elsewhere: { store: TestStore; manifest: string } | null = null;
afterAll(() => elsewhere?.store.dispose());

async function adoptOnce(store: TestStore, life: Life): Promise<void> {
  if (elsewhere === null) {
    const other = await TestStore.create();
    elsewhere = { store: other, manifest: (await other.capture('x', [...other.chunks(15, 1), ...other.chunks(25, 4)])).manifest };
  }
  const { store: from, manifest } = elsewhere;
  await twice(() => store.store.trustKey(from.store.publicKey));
  await twice(async () => {
    const adoption = await store.store.openAdoption('d', manifest, TTL);
    await bringOver(from.store, adoption);
    await adoption.commit(await from.store.signatures(manifest));
    life.acknowledged.set(manifest, [...from.chunks(15, 1), ...from.chunks(25, 4)]);
    life.live.add(manifest);
    await adoption.close();
  });
}

async function live(store: TestStore, life: Life): Promise<void> {
  const shared = store.chunks(30, 1);
  const first = await captureOnce(store, 'a', shared, life);
  await twice(() => store.store.verify(first, 'unverified'));
  const second = await captureOnce(store, 'b', [...shared.slice(0, 20), ...store.chunks(30, 2)], life);
  await captureOnce(store, 'c', store.chunks(10, 3), life);
  await adoptOnce(store, life);
  life.live.delete(second);
  await twice(() => store.store.deleteManifest(second));
  life.acknowledged.delete(second);
  store.now += 2 * TTL;
  await twice(() => store.store.sweep(life.live));
  await twice(() => readAll(store.store, shared));
}

async function proveHealthy(store: TestStore, life: Life): Promise<void> {
  for (const [manifest, chunks] of life.acknowledged) {
    const result = await store.store.verify(manifest, 'all');
    expect(result).toMatchObject({ damaged: [], missing: [], manifestIntact: true, signatureValid: true });
    expect((await readAll(store.store, chunks)).map((frame, i) => frame.equals(chunks[i]?.frame ?? Buffer.alloc(0))).every(Boolean)).toBe(true);
  }
  store.now += 2 * TTL;
  await store.store.doctor({ repair: true, deep: true, live: life.live });
  expect(await store.store.doctor({ repair: false, deep: true, live: life.live }).then((findings) => findings.filter(({ kind }) => kind !== 'orphan-manifest'))).toEqual([]);
  await store.store.sweep(life.live);
  expect(await store.store.doctor({ repair: false, deep: true, live: life.live })).toEqual([]);
  expect(await store.store.manifests()).toEqual([...life.live].sort());
}

async function liveWithFault(call: number, fault: Fault): Promise<boolean> {
  const files = new FaultyFiles();
  test = await TestStore.create({ files, packBytes: PACK });
  const life: Life = { acknowledged: new Map(), live: new Set() };
  files.failAt(call, fault);
  await live(test, life);
  const happened = files.failed;
  files.heal();
  try {
    await test.store.close();
    test.store = await test.open();
    await proveHealthy(test, life);
  } catch (error) {
    throw new Error(`after ${fault} at call ${call} (${happened}): ${error instanceof Error ? error.message : String(error)}\n${test.log.join('\n')}`, { cause: error });
  }
  await test.dispose();
  return happened !== null;
}

describe('a store whose disk refuses one call', () => {
  for (const fault of ['EIO', 'ENOSPC', 'short'] as const) {
    it(`loses nothing acknowledged and goes on, whichever call it is: ${fault}`, async () => {
      const step = soak ? 1 : 61;
      let reached = true;
      for (let call = 1 + { EIO: 0, ENOSPC: 4, short: 8 }[fault]; reached && call < 5000; call += step) reached = await liveWithFault(call, fault);
    }, soak ? 3_600_000 : 120_000);
  }

  it('opens again after a call failed while it was opening', async () => {
    const files = new FaultyFiles();
    test = await TestStore.create({ files, packBytes: PACK });
    const life: Life = { acknowledged: new Map(), live: new Set() };
    await live(test, life);
    for (let call = 1; call < 400; call += soak ? 1 : 7) {
      await test.store.close();
      files.failAt(call, 'EIO');
      test.store = await test.open().catch(async () => {
        files.heal();
        return (test ?? expect.fail('no store')).open();
      });
      files.heal();
    }
    await proveHealthy(test, life);
  });
});

describe('a full disk', () => {
  it('refuses more with the free space named, keeps what arrived, and goes on when there is room again', async () => {
    const files = new FaultyFiles();
    test = await TestStore.create({ files, packBytes: PACK, reserveBytes: 1_000_000 });
    const chunks = test.chunks(20, 1);
    const session = await test.store.openCapture('a', TTL);
    await sendAll(session, chunks.slice(0, 10));
    files.freeBytes = 1_000_100;
    test.now += 1000; // with room to spare the free space is asked for once a second
    await session.addPage(pageOf(0, 10, [dataRun(chunks.slice(10, 11))])).catch(() => undefined);
    await expect(session.addPage(pageOf(0, 10, [dataRun(chunks.slice(10))]))).rejects.toMatchObject({ code: 'disk-full', data: { freeBytes: 1_000_100 } });
    await expect(test.store.foreseeSpace(200)).rejects.toMatchObject({ code: 'space-foreseen' });
    files.freeBytes = null;
    await session.restart();
    expect(await sendAll(session, chunks)).toBe(10);
    await expect(session.commit(headFor([20 * 8192]))).resolves.toMatchObject({ newChunks: 20 });
  });
});
