// Owns the store's interface: what the rest of the server may ask of it. The store knows hashes, packs, manifests and leases;
// it knows no image, job or computer by name. docs/formats/store.md states its invariants.
import type { Run } from '#shared/agent/page.ts';
import type { ManifestHead, ManifestSignature } from '#shared/agent/manifest.ts';
import type { StoreFiles } from './files.ts';

/** 64 lower-case hex digits. */
export type HashHex = string;

export type StoreOptions = {
  /** Folder of the store: packs/, manifests/, captures/, journal/, index.db. Created when missing. */
  folder: string;
  clock: () => number;
  log: StoreLog;
  /** File system calls, replaced by tests that make them fail one by one. */
  files?: StoreFiles;
  /** Worker threads for re-hashing; default: number of processors, at most 2 (about 45 MB each). */
  workers?: number;
  /** Bytes below which nothing more is accepted, so that database and log go on working on a full disk (default 256 MiB). */
  reserveBytes?: number;
  /** Largest pack (default and upper bound 512 MiB). */
  packBytes?: number;
};
export type StoreLog = (level: 'info' | 'warn' | 'error', message: string, data?: Record<string, unknown>) => void;
export type IngestResult = { frames: number; newFrames: number; bytes: number };

/** A lease keeps chunks from the sweep while an unfinished capture needs them. It survives a restart. */
export type Lease = { id: string; expiresAt: number };

export type CaptureProgress = { streams: { index: number; chunks: number }[]; newChunks: number; newBytes: number; storedBytes: number };

/** One unfinished capture: its pages on disk and its lease. */
export interface CaptureSession {
  readonly id: string;
  /** Appends one page (exactly one, encoded). Answers with one bit per hash it names (hashesOf order, LSB first): 1 = lacking.
   *  Throws ProtocolError for a malformed page or one that does not follow the stream's last; the same page again is answered again. */
  addPage(page: Uint8Array): Promise<Uint8Array>;
  /** Checks and appends frames (whole frames, back to back) to the open pack under this lease. Frames already present are counted and dropped.
   *  Throws AppError chunk-damaged for a bad checksum, disk-full when there is no room; what was appended before stays and is counted as arrived. */
  addFrames(frames: Uint8Array): Promise<IngestResult>;
  progress(): CaptureProgress;
  /** Drops the pages (the agent starts over) and keeps the chunks under the lease. */
  restart(): Promise<void>;
  renew(ttlMs: number): void;
  /** Checks completeness, syncs packs, writes and signs the manifest durably. The session stays open until close(). */
  commit(head: ManifestHead): Promise<{ manifest: HashHex; newChunks: number; newBytes: number; storedBytes: number }>;
  /** After the row exists (or after giving up): removes page files and the lease. */
  close(): Promise<void>;
}

export type MissingChunk = { stream: number; chunk: number; hash: Uint8Array };

/** A version made elsewhere, on its way into this store, whole or not at all. Like a capture it survives a restart, under its lease. */
export interface Adoption {
  readonly id: string;
  readonly manifest: HashHex;
  /** How much of the manifest is here: a transfer goes on there. All of it where the store has it already. */
  readonly manifestBytes: number;
  /** Appends the manifest's next bytes. */
  addManifest(bytes: Uint8Array): Promise<void>;
  /** Throws AppError proof-failed unless the bytes hash to the manifest's name and are a whole manifest; they are then dropped, and it starts at byte 0.
   *  The reader is the caller's to close. */
  finishManifest(): Promise<ManifestReader>;
  /** What is not here, in stream order, each hash once. What is here but was never re-hashed is re-hashed while asking. May be asked again at any time,
   *  and is, until it names nothing: a commit says whether that is the case. */
  missing(): AsyncIterable<MissingChunk>;
  /** As in a capture; takes only chunks that the manifest names. */
  addFrames(frames: Uint8Array): Promise<IngestResult>;
  renew(ttlMs: number): void;
  /** Refuses unless every chunk is here and one of the signatures is of a trusted key. Then the manifest has its name, durably. Stays open until close(). */
  commit(signatures: readonly ManifestSignature[], trust?: { /** This server signs it itself: a person said that it is to be believed. */ vouch: boolean }): Promise<void>;
  /** After the row says so (or after giving up): removes the lease, and what is left of the manifest. */
  close(): Promise<void>;
}

/** chunks, bytes: stored now. lacking: not in the folder. damaged: there, but in no place whole. */
export type Brought = { chunks: number; bytes: number; lacking: number; damaged: number };
export interface Foreign {
  readonly manifests: readonly HashHex[];
  readonly packs: number;
  readonly chunks: number;
  /** Packs that could not be read at all. */
  readonly unreadable: readonly string[];
  /** Of a manifest whose bytes hash to its name; null for any other. */
  head(manifest: HashHex): Promise<ManifestHead | null>;
  signatures(manifest: HashHex): Promise<ManifestSignature[]>;
  /** The manifest, then what it names and is lacking here. What arrived stays under the adoption's lease, also where some is missing. */
  bring(adoption: Adoption, options: { signal: AbortSignal; onProgress: (done: { doneBytes: number; totalBytes: number }) => void }): Promise<Brought>;
  close(): Promise<void>;
}

export type VerifyProgress = { doneChunks: number; totalChunks: number; doneBytes: number; totalBytes: number };
export type VerifyResult = { manifest: HashHex; checkedChunks: number; damaged: HashHex[]; missing: HashHex[]; manifestIntact: boolean; signatureValid: boolean };

export interface ManifestReader {
  readonly hash: HashHex;
  readonly head: ManifestHead;
  readonly path: string;
  readonly sizeBytes: number;
  /** Runs of one stream in order, page by page; the reader holds one page at a time. */
  runs(stream: number, fromChunk?: number): AsyncIterable<{ firstChunk: number; run: Run }>;
  close(): Promise<void>;
}

/** The chunks a manifest names, as a set; 8 bytes of each hash decide. */
export type ChunkNames = { has(hashes: Uint8Array, offset: number): boolean; readonly sizeBytes: number };

export type StoreFigures = { packs: number; packBytes: number; chunks: number; rawBytes: number; storedBytes: number; freeBytes: number; totalBytes: number; unverifiedChunks: number };

export type SweepResult = { removedChunks: number; removedBytes: number; removedPacks: number; rewrittenPacks: number; removedManifests: number };

/** One thing that does not add up, and what `repair` does about it. */
export type Finding = {
  kind: 'orphan-pack' | 'unsealed-pack' | 'torn-tail' | 'missing-pack' | 'damaged-chunk' | 'missing-chunk' | 'orphan-manifest' | 'missing-manifest'
    | 'damaged-manifest' | 'bad-signature' | 'index-mismatch' | 'stray-file' | 'stale-lease' | 'unfinished-deletion';
  subject: string;
  message: string;
  repair: string | null;
  /** True once the repair was carried out. */
  repaired: boolean;
};

export interface Store {
  /** Ed25519 key of this server: 64 hex digits of the SHA-256 of its public key (DER). */
  readonly keyId: string;
  /** The same key as PEM, for those who check what this server signs. */
  readonly publicKey: string;
  /** base64 over purpose and message. The purpose reads like "platen record v1\n": no signature serves another. Checked with isSignedBy (signing.ts). */
  sign(purpose: string, message: string): string;
  /** Durably: signatures of manifests by this key (PEM, Ed25519) count from now on. */
  trustKey(publicKeyPem: string): Promise<void>;
  /** Until the next start: signatures by these keys (PEM) and by this store's own let in manifests that are new here; what is here already stays valid. null: any trusted key. */
  acceptFrom(publicKeys: readonly string[] | null): void;
  /** This server's own signature beside the others: it has the version whole and proved. For whoever does not know the server that captured it (any more). */
  countersign(hash: HashHex): Promise<void>;
  /** Whether this server, or one whose key is trusted, signed the manifest. */
  isSignedByTrusted(hash: HashHex): Promise<boolean>;
  openCapture(id: string, ttlMs: number): Promise<CaptureSession>;
  openCaptures(): { id: string; expiresAt: number }[];
  /** Starts, or goes on with, taking in a version made elsewhere. Another id while one is open for the same manifest is fine: they share chunks, not work. */
  openAdoption(id: string, manifest: HashHex, ttlMs: number): Promise<Adoption>;
  openAdoptions(): { id: string; manifest: HashHex; expiresAt: number }[];
  openManifest(hash: HashHex): Promise<ManifestReader>;
  signatures(hash: HashHex): Promise<ManifestSignature[]>;
  /** Which chunks a manifest names. About 16 bytes of memory a chunk. */
  chunkNames(hash: HashHex): Promise<ChunkNames>;
  /** Sums over the distinct chunks that these manifests name together. About 16 bytes of memory a chunk. */
  measure(hashes: readonly HashHex[], signal?: AbortSignal): Promise<{ usedBytes: number; storedBytes: number; distinctChunks: number }>;
  /** Frames for the hashes given (n × 32 bytes), in that order, each checked against its checksum while read. Backpressure by the consumer's pace.
   *  Throws AppError chunk-missing or chunk-damaged (and remembers the damage: see onDamage). */
  readFrames(hashes: Uint8Array, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Re-hashes from disk: `unverified` only chunks never re-hashed since they arrived, `all` every chunk the manifest names. Runs on worker threads. */
  verify(hash: HashHex, what: 'unverified' | 'all', onProgress?: (p: VerifyProgress) => void, signal?: AbortSignal): Promise<VerifyResult>;
  /** Called when a read or a verify finds a damaged or missing chunk. */
  onDamage(listener: (chunk: HashHex) => void): () => void;
  /** Journalled: removes a manifest (idempotent, finished after a crash by the next open). Its chunks go at the next sweep. */
  deleteManifest(hash: HashHex): Promise<void>;
  manifests(): Promise<HashHex[]>;
  /** Mark and sweep: `live` are the manifests to keep. Chunks under a lease stay. Space comes back by dropping whole packs and rewriting sparse ones. */
  sweep(live: Iterable<HashHex>, signal?: AbortSignal): Promise<SweepResult>;
  /** Finds everything that does not add up; with repair, mends what can be mended without loss and says so. Deep: re-reads every pack. */
  doctor(options: { repair: boolean; deep: boolean; live: Iterable<HashHex> }): Promise<Finding[]>;
  rebuildIndex(): Promise<void>;
  figures(): Promise<StoreFigures>;
  /** Throws AppError space-foreseen when this many bytes more would not fit beside the reserve. */
  foreseeSpace(neededBytes: number): Promise<void>;
  /** Chunks known to be damaged or gone, as left by earlier reads and verifies. */
  damagedChunks(): HashHex[];
  /** One bit per hash (n × 32 bytes), lowest first: 1 = it is here and nothing contradicts that. */
  holds(hashes: Uint8Array): Uint8Array;
  /** Another store's files, wherever they came from: read, never changed, and believed only as far as hashes and checksums go. One at a time. */
  openForeign(folder: string, look: { signal: AbortSignal; onProgress: (done: { packs: number; ofPacks: number }) => void }): Promise<Foreign>;
  /** No sweep, repair or rebuilding while this works: packs stay where they are, and only grow. */
  holdStill<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
