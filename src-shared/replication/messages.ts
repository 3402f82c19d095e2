// Owns the control channel between the console and its package servers: JSON messages over one WebSocket (`/replica`), opened by the
// package server. A request {id, type, …} is answered by {id, ok: true, …} or {id, ok: false, error}; messages without id are notices.
// Nothing here deletes: only a signed record does (record.ts).
import { z } from 'zod';
import { copyStates, imageNameSchema, timestamp } from '../model/image.ts';
import { imageKinds, movingSchema, windowSchema } from '../model/replication.ts';
import { deviceGraphSchema } from '../model/schema.ts';
import { manifestHeadSchema, manifestSignatureSchema } from '../agent/manifest.ts';

export const REPLICA_PROTOCOL = 1;
export const OLDEST_REPLICA_PROTOCOL = 1;
/** In the data of the refusal of a server that was retired: it may be taken back, so it goes on asking. */
export const REFUSED_AS_RETIRED = 'retired';
export const MAX_REPLICA_MESSAGE_BYTES = 64 * 1024 * 1024;
export const REPLICA_HEARTBEAT_MS = 10_000;
/** Hashes in one request of chunks, and pairs in one of differences. */
export const MAX_CHUNKS_PER_FETCH = 1024;

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
const serverId = z.uuid();
const addresses = z.array(z.url().max(200)).max(20);
const publicKey = z.string().max(400); // PEM, Ed25519

/** POST /replica/join, once, with the one-time token; TLS pinned by the token. */
export const joinRequestSchema = z.object({ joinToken: z.string().max(500), protocol: z.number().int(), name: z.string().trim().min(1).max(63), publicKey, fingerprint: hex64, addresses, version: z.string().max(50), /** The id it has already; it keeps it where nobody else has it. */ serverId: serverId.nullable().default(null) });
export const joinAnswerSchema = z.object({ serverId, name: z.string(), console: z.object({ id: serverId, name: z.string(), publicKey, fingerprint: hex64 }) });

/** Another package server (or the console), as far as one must know it to copy from it or to let it copy. */
export const peerSchema = z.object({ id: serverId, name: z.string(), addresses, fingerprint: hex64, publicKey, siteId: z.uuid().nullable(), isConsole: z.boolean(), /** Its copies may be asked for by this server. */ isSource: z.boolean() });
export type Peer = z.infer<typeof peerSchema>;

/** A version that a server is to hold, with what its own rows need. The number of people is the console's, not the manifest's. */
export const wantedVersionSchema = z.object({
  guid: z.uuid(), manifest: hex64, manifestBytes: z.number().int().nonnegative(), number: z.number().int().positive(), note: z.string().max(10_000), enabled: z.boolean(), pending: z.boolean(),
  capturedAt: timestamp, capturedBy: z.string().max(200), computerName: z.string().max(200), diskBytes: z.number(), usedBytes: z.number(), newBytes: z.number(), storedBytes: z.number(), smallestTargetBytes: z.number(),
  image: z.object({ guid: z.uuid(), name: imageNameSchema, kind: z.enum(imageKinds), enabled: z.boolean(), protected: z.boolean(), createdAt: timestamp, /** Who owns it; null from a console that does not say. */ owner: z.object({ id: serverId, name: z.string().max(63) }).nullable().default(null) }),
  /** Higher first; the image that a technician waits for is moved up. */
  priority: z.number().int(),
});
export type WantedVersion = z.infer<typeof wantedVersionSchema>;

/** All that a package server is to be. What is not named in it is left alone: nothing is deleted because it is missing here. */
export const planSchema = z.object({
  rev: z.number().int().nonnegative(), server: z.object({ id: serverId, name: z.string(), siteId: z.uuid().nullable(), parentId: serverId.nullable() }),
  console: z.object({ id: serverId, name: z.string(), addresses, fingerprint: hex64, publicKey }),
  peers: z.array(peerSchema).max(1000), bytesPerSecond: z.number().nullable(), windows: z.array(windowSchema), verifyEveryDays: z.number().int(), wanted: z.array(wantedVersionSchema).max(1_000_000),
});
export type Plan = z.infer<typeof planSchema>;

/** What a server proved about one version it has, or is getting. */
export const copyReportSchema = z.object({ versionGuid: z.uuid(), manifest: hex64, state: z.enum(copyStates), provedAt: timestamp.nullable(), damagedChunks: z.number().int().nonnegative(), problem: z.string().max(1000).nullable() });
export type CopyReport = z.infer<typeof copyReportSchema>;

/** A version that was captured at the package server itself. */
export const capturedVersionSchema = z.object({ head: manifestHeadSchema, manifest: hex64, manifestBytes: z.number(), signature: manifestSignatureSchema, newBytes: z.number(), storedBytes: z.number(), smallestTargetBytes: z.number(), diskBytes: z.number(), usedBytes: z.number() });
export type CapturedVersion = z.infer<typeof capturedVersionSchema>;

export const transferReportSchema = z.object({
  versionGuid: z.uuid(), startedAt: timestamp, endedAt: timestamp, outcome: z.enum(['done', 'failed', 'cancelled']), problem: z.string().max(1000).nullable(),
  chunksHere: z.number(), chunksWhole: z.number(), chunksDelta: z.number(), wireBytes: z.number(), sources: z.array(z.object({ serverId, bytes: z.number() })),
});
export type TransferReport = z.infer<typeof transferReportSchema>;

export const signedRecordSchema = z.object({ seq: z.number().int().positive(), body: z.string().max(4000), signature: z.string().max(200) });
export type SignedRecord = z.infer<typeof signedRecordSchema>;

const figures = z.object({ freeBytes: z.number(), totalBytes: z.number(), now: timestamp });

/** From the package server. */
export const replicaRequestSchema = z.discriminatedUnion('type', [
  /** First; answered with a nonce. */
  z.object({ type: z.literal('hello'), protocol: z.number().int(), serverId, version: z.string().max(50), addresses, fingerprint: hex64 }),
  /** Ed25519 over "platen replica v1\n" + the console's fingerprint + "\n" + nonce. Answered with the digests the console has, so that what is the same does not travel. */
  z.object({ type: z.literal('prove'), signature: z.string().max(200), /** Of the plan it has, '' for none. */ planDigest: z.string().max(64), /** Last signed record carried out. */ recordsDone: z.number().int().nonnegative(), figures }),
  /** Everything it has; only where the console's digest differs. */
  z.object({ type: z.literal('report'), digest: z.string().max(64), copies: z.array(copyReportSchema).max(200_000) }),
  z.object({ type: z.literal('captured'), version: capturedVersionSchema }),
  z.object({ type: z.literal('transferEnded'), transfer: transferReportSchema }),
  z.object({ type: z.literal('recordsDone'), seq: z.number().int().positive() }),
]);
export type ReplicaRequest = z.infer<typeof replicaRequestSchema>;
export const replicaNoticeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat'), figures }),
  z.object({ type: z.literal('copies'), /** Digest of the whole report after these changes. */ digest: z.string().max(64), copies: z.array(copyReportSchema).max(1000) }),
  z.object({ type: z.literal('moving'), moving: z.array(movingSchema.omit({ imageName: true, imageGuid: true, number: true })).max(200), problems: z.array(z.string().max(500)).max(50) }),
]);
export type ReplicaNotice = z.infer<typeof replicaNoticeSchema>;
export const replicaMessageSchema = z.union([replicaRequestSchema.and(z.object({ id: z.number().int().positive() })), replicaNoticeSchema]);
export const replicaAnswerSchemas = {
  hello: z.object({ protocol: z.number().int(), nonce: z.string() }),
  prove: z.object({ now: timestamp, reportDigest: z.string() }),
  report: z.object({}),
  /** number: what the console counted. */
  captured: z.object({ number: z.number().int().positive() }),
  transferEnded: z.object({}),
  recordsDone: z.object({}),
} as const satisfies Record<ReplicaRequest['type'], z.ZodType>;

/** From the console: notices, and requests that the package server answers. */
export const hubNoticeSchema = z.discriminatedUnion('type', [
  /** more: so many planMore follow with the rest of what is wanted; only with the last it is a plan. */
  z.object({ type: z.literal('plan'), digest: z.string(), plan: planSchema, more: z.number().int().nonnegative().max(1000).default(0) }),
  z.object({ type: z.literal('planMore'), digest: z.string(), wanted: z.array(wantedVersionSchema).max(100_000) }),
  z.object({ type: z.literal('records'), records: z.array(signedRecordSchema).max(10_000) }),
  /** Re-hash now, and report. */
  z.object({ type: z.literal('verify'), versionGuid: z.uuid() }),
  /** This one before all others: a technician waits for it. */
  z.object({ type: z.literal('urgent'), versionGuid: z.uuid() }),
  z.object({ type: z.literal('closing') }),
  /** The console does not know this server any more; it keeps everything and stops asking. */
  z.object({ type: z.literal('revoked'), reason: z.string() }),
]);
export type HubNotice = z.infer<typeof hubNoticeSchema>;
/** Captures that the console sends to the package server nearest to the computer. All may be repeated: an answer that was lost is given again. */
export const hubRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('captureOpen'), captureId: z.string().max(64), ttlMs: z.number().int().positive(), restart: z.boolean(), graph: deviceGraphSchema }),
  z.object({ type: z.literal('captureRenew'), captureId: z.string().max(64), ttlMs: z.number().int().positive() }),
  /** pending: the image has another owner, so the version waits to be validated. */
  z.object({ type: z.literal('captureCommit'), captureId: z.string().max(64), head: manifestHeadSchema, pending: z.boolean().default(false) }),
  z.object({ type: z.literal('captureClose'), captureId: z.string().max(64) }),
]);
export type HubRequest = z.infer<typeof hubRequestSchema>;
export const hubAnswerSchemas = {
  /** resumed: chunks of an earlier attempt are still there, and count as arrived. */
  captureOpen: z.object({ resumed: z.boolean() }),
  captureRenew: z.object({}),
  captureCommit: z.object({ version: capturedVersionSchema }),
  captureClose: z.object({}),
} as const satisfies Record<HubRequest['type'], z.ZodType>;
