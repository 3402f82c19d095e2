// Owns what the main thread and its workers say to each other. Bulk bytes never travel here: they stay in the worker that read or
// fetched them, and only hashes, bitmaps and figures cross.
import type { WireError } from '#shared/errors.ts';
import type { WhereTimeGoes } from '#shared/model/run.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { SourceChange, SourceEntry } from '../net/sources.ts';

type Common = {
  /** Of the disk, open in this process: the worker reads or writes it by position and never closes it. */
  fd: number;
  chunkSizeBytes: number;
  endpoint: Endpoint;
  ticket: string;
  patienceMs: number;
};
export type CaptureSetup = Common & { role: 'capture'; slots: number; slotChunks: number; bodyBytes: number; bodies: number; /** Requests under way at most. */ posts: number };
export type DeploySetup = Common & { role: 'deploy'; /** Whom to read from, best first. */ sources: SourceEntry[] };
export type WorkerSetup = CaptureSetup | DeploySetup;

export type ReadTask = { type: 'read'; slot: number; piece: number; offset: number; lengthBytes: number; count: number; used: number[] | null };
/** wanted: chunk indexes within the slot that the server lacks; the slot is free afterwards. */
export type SendTask = { type: 'send'; slot: number; wanted: number[] };

/** One distinct chunk and every place on the target it belongs to. */
export type Place = { offsetBytes: number; count: number };
export type WriteTask = {
  type: 'write';
  batch: number;
  /** n × 32 bytes, distinct */
  hashes: Uint8Array;
  lengths: number[];
  /** Per hash: runs of places one chunk apart. */
  places: Place[][];
  /** Read and hash what is there first, and fetch only what differs. */
  compareFirst: boolean;
};

export type ToWorker = ReadTask | SendTask | WriteTask | { type: 'ticket'; ticket: string; sources?: SourceEntry[] } | { type: 'sourceLost'; change: SourceChange } | { type: 'finish' };

export type FromWorker =
  | { type: 'hashed'; piece: number; kinds: Uint8Array; hashes: Uint8Array; where: Partial<WhereTimeGoes> }
  | { type: 'released'; slot: number }
  | { type: 'sent'; frames: number; bytes: number; rawBytes: number; where: Partial<WhereTimeGoes> }
  | { type: 'written'; batch: number; bytes: number; fetchedChunks: number; receivedBytes: number; /** Of them by server's id. */ bySource: [string, number][]; keptBytes: number; where: Partial<WhereTimeGoes> }
  | { type: 'sourceLost'; change: SourceChange }
  /** What it sends to does not answer, and is asked again. */
  | { type: 'waits'; why: string }
  | { type: 'finished' }
  | { type: 'ticketWanted' }
  | { type: 'failed'; error: WireError; cancelled: boolean };
