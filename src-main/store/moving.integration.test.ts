// What moves or rebuilds chunks while captures go on: no good copy is let go for one that was not read back, and what arrives meanwhile stays.
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FRAME_HEADER_BYTES } from '#shared/agent/frame.ts';
import { realFiles, type StoreFiles } from './files.ts';
import { dataRun, headFor, pageOf, readAll, sendAll, TestStore } from './test-store.ts';

let test: TestStore;
afterEach(() => test.dispose());

type Hooks = { read?: (path: string, position: number) => Promise<void>; write?: (path: string, bytes: Uint8Array) => Uint8Array };

/** The real files, with a look at reads and writes of packs. */
function watched(hooks: Hooks): StoreFiles {
  return {
    ...realFiles,
    async open(path, mode, permissions) {
      const file = await realFiles.open(path, mode, permissions);
      if (!path.includes('/packs/')) return file;
      return {
        ...file,
        read: async (target, position) => {
          await hooks.read?.(path, position);
          return file.read(target, position);
        },
        write: (bytes, position) => file.write(hooks.write?.(path, bytes) ?? bytes, position),
      };
    },
  };
}

async function packsWith(frame: Uint8Array): Promise<{ path: string; at: number }[]> {
  const found: { path: string; at: number }[] = [];
  for (const name of await readdir(join(test.folder, 'packs'))) {
    const path = join(test.folder, 'packs', name);
    const at = (await readFile(path)).indexOf(frame);
    if (at >= 0) found.push({ path, at });
  }
  return found;
}

/** A pack of which little is live: chunks of a version that is gone, and behind them those given. */
async function sparsePack(hooks: Hooks): Promise<{ live: ReturnType<TestStore['chunks']>; manifest: string }> {
  test = await TestStore.create({ files: watched(hooks) });
  const gone = await test.capture('gone', test.chunks(30, 1));
  const live = test.chunks(6, 2);
  const { manifest } = await test.capture('kept', live);
  await test.store.deleteManifest(gone.manifest);
  return { live, manifest };
}

describe('a sparse pack that is rewritten', () => {
  it('is let go only when its copy was read back and is good', async () => {
    const hooks: Hooks = {};
    const { live, manifest } = await sparsePack(hooks);
    await test.store.verify(manifest, 'all');
    hooks.write = (path, bytes) => {
      if (!path.endsWith('.open') || bytes.length < 1000) return bytes;
      const bad = Uint8Array.from(bytes);
      bad[FRAME_HEADER_BYTES + 50] = (bad[FRAME_HEADER_BYTES + 50] ?? 0) ^ 1;
      return bad;
    };
    await expect(test.store.sweep([manifest])).rejects.toMatchObject({ code: 'io' });
    delete hooks.write;
    expect((await test.store.verify(manifest, 'all')).damaged).toEqual([]);
    expect(await readAll(test.store, live)).toEqual(live.map((chunk) => chunk.frame));
  });

  it('does not take a chunk along that a capture brought anew while it was found to be damaged', async () => {
    const hooks: Hooks = {};
    const { live, manifest } = await sparsePack(hooks);
    const [bad, next] = live;
    if (bad === undefined || next === undefined) throw new Error('no chunks');
    const place = (await packsWith(bad.frame))[0];
    const file = await open(place?.path ?? '', 'r+');
    await file.write(Buffer.from([0xff, 0xfe, 0xfd]), 0, 3, (place?.at ?? 0) + FRAME_HEADER_BYTES + 20);
    await file.close();
    const nextAt = (await packsWith(next.frame))[0]?.at ?? 0;
    let renewed: string | null = null;
    hooks.read = async (path, position) => {
      if (renewed !== null || !path.endsWith('.pack') || position !== nextAt) return;
      renewed = '';
      const session = await test.store.openCapture('anew', 3_600_000);
      await sendAll(session, [bad]);
      renewed = (await session.commit(headFor([bad.raw.length]))).manifest;
      await session.close();
    };
    await test.store.sweep([manifest]);
    expect(renewed).toMatch(/^[0-9a-f]{64}$/);
    expect(await readAll(test.store, [bad])).toEqual([bad.frame]);
  });
});

describe('looking through the packs while a capture sends', () => {
  async function duringReads(work: () => Promise<unknown>): Promise<{ sent: number; lackingAgain: number; result: unknown }> {
    const hooks: Hooks = {};
    test = await TestStore.create({ packBytes: 40 * 1024, files: watched(hooks) });
    const { manifest } = await test.capture('a', test.chunks(20, 1));
    const session = await test.store.openCapture('b', 3_600_000);
    const chunks = test.chunks(40, 3);
    await session.addPage(pageOf(0, 0, [dataRun(chunks)]));
    let sent = 0;
    hooks.read = async () => {
      const chunk = chunks[sent];
      if (chunk === undefined) return;
      sent++;
      await session.addFrames(chunk.frame);
    };
    const result = await work();
    delete hooks.read;
    const answer = await session.addPage(pageOf(0, 0, [dataRun(chunks)]));
    await test.store.verify(manifest, 'all');
    const lackingAgain = chunks.slice(0, sent).filter((_, i) => ((answer[i >> 3] ?? 0) & (1 << (i & 7))) !== 0).length;
    return { sent, lackingAgain, result };
  }

  it('finds nothing wrong with what arrives meanwhile', async () => {
    const { result } = await duringReads(() => test.store.doctor({ repair: false, deep: false, live: [] }));
    expect((result as { kind: string }[]).filter(({ kind }) => kind !== 'orphan-manifest')).toEqual([]);
  });

  it('does not forget whose capture brought it when the index is rebuilt', async () => {
    const { sent, lackingAgain } = await duringReads(() => test.store.rebuildIndex());
    expect({ some: sent > 4, lackingAgain }).toEqual({ some: true, lackingAgain: 0 });
  });
});
