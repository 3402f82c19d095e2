// The process that crash tests kill: lives a store's life over and over, and kills itself at a given file call, before it, after it,
// or with a write half done. What it says on stdout was acknowledged. Arguments: folder, call, seed. For tests only.
import { writeSync } from 'node:fs';
import { realFiles, type StoreFile, type StoreFiles } from './files.ts';
import { openStore } from './open.ts';
import { bringOver, headFor, makeChunk, sendAll, type TestChunk } from './test-store.ts';

const [folder = '', atText = '', seedText = ''] = process.argv.slice(2);
const at = Number(atText);
const seed = Number(seedText);
let calls = 0;

function say(line: object): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

async function dying<T>(work: () => Promise<T>): Promise<T> {
  calls++;
  if (calls === at && seed % 2 === 0) process.kill(process.pid, 'SIGKILL');
  const result = await work();
  if (calls === at) process.kill(process.pid, 'SIGKILL');
  return result;
}

async function dyingFile(...args: Parameters<StoreFiles['open']>): Promise<StoreFile> {
  const file = await dying(() => realFiles.open(...args));
  return {
    ...file,
    write: (bytes, position) => dying(() => file.write(calls === at ? bytes.subarray(0, 1 + (seed % bytes.length)) : bytes, position)),
    sync: () => dying(() => file.sync()),
    truncate: (length) => dying(() => file.truncate(length)),
  };
}

const files: StoreFiles = {
  ...realFiles,
  open: dyingFile,
  rename: (from, to) => dying(() => realFiles.rename(from, to)),
  unlink: (path) => dying(() => realFiles.unlink(path)),
  makeFolder: (path) => dying(() => realFiles.makeFolder(path)),
  removeFolder: (path) => dying(() => realFiles.removeFolder(path)),
  syncFolder: (path) => dying(() => realFiles.syncFolder(path)),
};

function chunksOf(parts: readonly (readonly [count: number, seed: number])[]): TestChunk[] {
  return parts.flatMap(([count, part]) => Array.from({ length: count }, (_, i) => makeChunk(part, i)));
}

const store = await openStore({ folder, clock: () => Date.now(), log: () => undefined, files, workers: 1, reserveBytes: 0, packBytes: 96 * 1024 });
const live: string[] = [];
say({ event: 'open' });
const elsewhere = await openStore({ folder: `${folder}.elsewhere`, clock: () => Date.now(), log: () => undefined, workers: 1, reserveBytes: 0 });
await store.trustKey(elsewhere.publicKey);

async function capture(round: number, parts: [number, number][]): Promise<string> {
  const session = await store.openCapture(`c${round}`, 60_000);
  await sendAll(session, chunksOf(parts), 24);
  const { manifest } = await session.commit(headFor([35 * 8192]));
  say({ event: 'committed', manifest, parts });
  live.push(manifest);
  await session.close();
  return manifest;
}

async function adopt(round: number, parts: [number, number][]): Promise<string> {
  const session = await elsewhere.openCapture(`e${round}`, 60_000);
  await sendAll(session, chunksOf(parts), 24);
  const { manifest } = await session.commit(headFor([35 * 8192]));
  await session.close();
  const adoption = await store.openAdoption(`a${round}`, manifest, 60_000);
  await bringOver(elsewhere, adoption);
  await adoption.commit(await elsewhere.signatures(manifest));
  say({ event: 'committed', manifest, parts });
  live.push(manifest);
  await adoption.close();
  return manifest;
}

for (let round = 0; round < 4; round++) {
  const parts: [number, number][] = [[20, seed * 10], [15, seed * 10 + 1 + round]];
  const manifest = await (round % 2 === seed % 2 ? capture(round, parts) : adopt(round, parts));
  await store.verify(manifest, 'unverified');
  if (round % 2 === 1) {
    const gone = live.shift() ?? '';
    say({ event: 'deleting', manifest: gone });
    await store.deleteManifest(gone);
    await store.sweep(live);
  }
}
await store.close();
await elsewhere.close();
say({ event: 'done', calls });
