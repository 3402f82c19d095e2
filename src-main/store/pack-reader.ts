// Owns reading frames by their place: a few open handles, neighbouring frames in one read, one read ahead, each frame checked.
// It changes nothing; whoever finds damage here reports it through the callback.
import { FRAME_HEADER_BYTES, HASH_BYTES } from '#shared/agent/frame.ts';
import { AppError, CancelledError, ProtocolError } from '#shared/errors.ts';
import { errnoOf } from './failure.ts';
import { readFully, type StoreFile, type StoreFiles } from './files.ts';
import { frameProblem } from './frame-check.ts';
import { toHex } from './hash.ts';
import { ChunkState, type ChunkRow, type IndexDatabase } from './index-db.ts';
import type { Packs } from './packs.ts';

const MAX_HANDLES = 64;
/** One read covers at most this much, and skips at most this much between two frames it needs. */
const MAX_READ = 2 * 1024 * 1024;
const MAX_SKIP = 32 * 1024;

type Handle = { file: StoreFile; users: number; closing: boolean };

/** Open handles by pack number; a pack's number is never used again, so a handle never lies. */
export class PackHandles {
  readonly #files: StoreFiles;
  readonly #packs: Packs;
  readonly #open = new Map<number, Promise<Handle>>();

  constructor(files: StoreFiles, packs: Packs) {
    this.#files = files;
    this.#packs = packs;
  }

  async use<T>(pack: number, work: (file: StoreFile) => Promise<T>): Promise<T> {
    let opening = this.#open.get(pack);
    if (opening === undefined) {
      opening = this.#files.open(this.#packs.path(pack), 'read').then((file) => ({ file, users: 0, closing: false }));
      const failing = opening;
      opening.catch(() => {
        if (this.#open.get(pack) === failing) this.#open.delete(pack);
      });
    } else {
      this.#open.delete(pack);
    }
    this.#open.set(pack, opening);
    const handle = await opening;
    handle.users++;
    try {
      return await work(handle.file);
    } finally {
      handle.users--;
      if (handle.closing && handle.users === 0) await handle.file.close();
      if (this.#open.size > MAX_HANDLES) await this.forget(this.#open.keys().next().value ?? 0);
    }
  }

  async forget(pack: number): Promise<void> {
    const opening = this.#open.get(pack);
    if (opening === undefined) return;
    this.#open.delete(pack);
    const handle = await opening.catch(() => null);
    if (handle === null || handle.closing) return;
    handle.closing = true;
    if (handle.users === 0) await handle.file.close();
  }

  async close(): Promise<void> {
    for (const pack of this.#open.keys()) await this.forget(pack);
  }
}

export type ReaderContext = { index: IndexDatabase; packs: Packs; handles: PackHandles; damage: (hash: Uint8Array, row: ChunkRow | undefined) => void };

type Piece = { hash: Uint8Array; row: ChunkRow };
type Group = { pack: number; from: number; to: number; pieces: Piece[] };

/** Frames for the hashes given, in that order. */
export async function* readFrames(context: ReaderContext, hashes: Uint8Array, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (hashes.length % HASH_BYTES !== 0) throw new ProtocolError(hashes.length, 'hashes are 32 bytes each');
  const groups = groupsOf(context, hashes);
  let ahead = startNext(context, groups);
  try {
    while (ahead !== null) {
      const { group, bytes } = await ahead;
      ahead = startNext(context, groups);
      for (const piece of group.pieces) {
        if (signal?.aborted === true) throw new CancelledError('reading frames was cancelled');
        yield bytes === null ? await readAlone(context, piece.hash) : checked(context, piece, bytes.subarray(piece.row.offset - group.from));
      }
    }
  } finally {
    await ahead?.catch(() => undefined);
  }
}

type Ahead = Promise<{ group: Group; bytes: Buffer | null }>;

function startNext(context: ReaderContext, groups: Iterator<Group>): Ahead | null {
  const next = groups.next();
  if (next.done === true) return null;
  const started = readGroup(context, next.value);
  started.catch(() => undefined);
  return started;
}

/** bytes null: the pack went away under us (a sweep moved its chunks), or could not be read in one piece: look each up again. */
async function readGroup(context: ReaderContext, group: Group): Ahead {
  const bytes = Buffer.allocUnsafeSlow(group.to - group.from);
  try {
    const read = await context.handles.use(group.pack, (file) => readFully(file, bytes, group.from));
    return { group, bytes: read === bytes.length ? bytes : null };
  } catch {
    return { group, bytes: null };
  }
}

/** One chunk by itself, looked up anew; here a failure is final. */
async function readAlone(context: ReaderContext, hash: Uint8Array): Promise<Uint8Array> {
  const row = present(context, hash);
  const bytes = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + row.stored);
  let read = 0;
  try {
    read = await context.handles.use(row.pack, (file) => readFully(file, bytes, row.offset));
  } catch (error) {
    const now = context.index.get(hash);
    if (now !== undefined && now.pack !== row.pack && now.pack !== 0) return readAlone(context, hash);
    const errno = errnoOf(error);
    if (errno === 'EIO' || errno === 'ENOENT') throw damaged(context, hash, row, `the disk answered ${errno}`, error);
    throw error;
  }
  return checked(context, { hash, row }, bytes.subarray(0, read));
}

function checked(context: ReaderContext, piece: Piece, bytes: Uint8Array): Uint8Array {
  const { hash, row } = piece;
  const frame = bytes.subarray(0, FRAME_HEADER_BYTES + row.stored);
  const problem = frameProblem(frame, hash, row);
  if (problem !== null) throw damaged(context, hash, row, problem);
  return frame;
}

function damaged(context: ReaderContext, hash: Uint8Array, row: ChunkRow, why: string, cause?: unknown): AppError {
  context.damage(hash, row);
  const hex = toHex(hash);
  return new AppError(
    'chunk-damaged',
    `Chunk ${hex.slice(0, 16)}… is damaged in the image store: ${why}. Capture the image again, or fetch the chunk from another server; every version that uses it can't be deployed until then.`,
    { chunk: hex, pack: row.pack, offset: row.offset },
    cause,
  );
}

function present(context: ReaderContext, hash: Uint8Array): ChunkRow {
  const row = context.index.get(hash);
  if (row === undefined || row.pack === 0) {
    context.damage(hash, row);
    const hex = toHex(hash);
    throw new AppError('chunk-missing', `Chunk ${hex.slice(0, 16)}… is not in the image store. Verify the image: it names a chunk that was lost; a new capture that has it brings it back.`, { chunk: hex });
  }
  return row;
}

function* groupsOf(context: ReaderContext, hashes: Uint8Array): Generator<Group> {
  let group: Group | null = null;
  for (let at = 0; at < hashes.length; at += HASH_BYTES) {
    const hash = hashes.subarray(at, at + HASH_BYTES);
    let row: ChunkRow;
    try {
      row = present(context, hash);
      if (row.state === ChunkState.damaged && !context.packs.has(row.pack)) throw damaged(context, hash, row, 'its pack is gone');
    } catch (error) {
      // What precedes the missing one in the order asked for is still delivered.
      if (group !== null) yield group;
      throw error;
    }
    const end = row.offset + FRAME_HEADER_BYTES + row.stored;
    if (group !== null && row.pack === group.pack && row.offset >= group.to && row.offset - group.to <= MAX_SKIP && end - group.from <= MAX_READ) {
      group.to = end;
      group.pieces.push({ hash, row });
      continue;
    }
    if (group !== null) yield group;
    group = { pack: row.pack, from: row.offset, to: end, pieces: [{ hash, row }] };
  }
  if (group !== null) yield group;
}
