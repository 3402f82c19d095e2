// Owns images and their versions as clients see them, and the pure table of a version's states.
import { z } from 'zod';
import { deviceGraphSchema } from './schema.ts';

export const imageNameSchema = z.string().trim().min(1, 'An image needs a name.').max(200).regex(/^[^\p{Cc}/\\]+$/u, 'A name holds no control characters and no slashes.');
export const timestamp = z.number().int().nonnegative(); // ms since the epoch, everywhere in the API

/**
 * verifying: acknowledged; the server is re-hashing its new chunks from disk. Left by verified or by damage.
 * ready: every chunk was re-hashed from disk after it arrived and nothing has contradicted that since. May be deployed.
 * damaged: a chunk or the manifest failed a check. Never deployed; left only when everything was re-hashed and found whole (healed).
 */
export const versionStates = ['verifying', 'ready', 'damaged'] as const;
export type VersionState = (typeof versionStates)[number];
export type VersionEvent = 'verified' | 'damage-found';

export function nextVersionState(state: VersionState, event: VersionEvent): VersionState {
  if (event === 'damage-found') return 'damaged';
  return state === 'verifying' || state === 'damaged' || state === 'ready' ? 'ready' : state;
}

export const verifyProgressSchema = z.object({
  doneBytes: z.number(), totalBytes: z.number(), rateBytesPerSecond: z.number(), etaSeconds: z.number().nullable(),
});
export type VerifyProgressView = z.infer<typeof verifyProgressSchema>;

export const versionSummarySchema = z.object({
  guid: z.uuid(),
  imageGuid: z.uuid(),
  number: z.number().int().positive(),
  state: z.enum(versionStates),
  enabled: z.boolean(),
  note: z.string(),
  capturedAt: timestamp,
  capturedBy: z.string(),
  computerName: z.string(),
  /** Size of the captured disk, bytes used on it, raw bytes no other version had at capture, and what those take in the store. */
  diskBytes: z.number(), usedBytes: z.number(), newBytes: z.number(), storedBytes: z.number(),
  verifiedAt: timestamp.nullable(),
  /** Present while the server re-hashes it. */
  verifying: verifyProgressSchema.nullable(),
  damagedChunks: z.number().int().nonnegative(),
  trashedAt: timestamp.nullable(),
  /** When the trash lets go of it. */
  deleteAfter: timestamp.nullable(),
  manifest: z.string(),
});
export type VersionSummary = z.infer<typeof versionSummarySchema>;

export const copyStates = ['absent', 'copying', 'verifying', 'ready', 'damaged', 'removing'] as const;
export const copySchema = z.object({
  versionGuid: z.uuid(), serverId: z.string(), serverName: z.string(), state: z.enum(copyStates), provedAt: timestamp.nullable(),
});
export type Copy = z.infer<typeof copySchema>;

export const imageSummarySchema = z.object({
  guid: z.uuid(),
  name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
  protected: z.boolean(),
  createdAt: timestamp,
  trashedAt: timestamp.nullable(),
  deleteAfter: timestamp.nullable(),
  /** Not in the trash. */
  versionCount: z.number().int().nonnegative(),
  newest: versionSummarySchema.nullable(),
  /** What one would deploy now without saying which: newest enabled, not trashed; null when there is none. */
  current: z.number().int().positive().nullable(),
  owner: z.object({ serverId: z.string(), serverName: z.string(), managed: z.enum(['locally', 'externally']) }),
  /** Bytes in the store that its versions name (shared ones counted once per image). */
  storedBytes: z.number(),
});
export type ImageSummary = z.infer<typeof imageSummarySchema>;

export const imageDetailSchema = imageSummarySchema.extend({ versions: z.array(versionSummarySchema), copies: z.array(copySchema) });
export type ImageDetail = z.infer<typeof imageDetailSchema>;

export const versionDetailSchema = versionSummarySchema.extend({ graph: deviceGraphSchema, smallestTargetBytes: z.number() });
export type VersionDetail = z.infer<typeof versionDetailSchema>;

export const historyEventSchema = z.object({
  id: z.number().int(), at: timestamp, actor: z.string(), kind: z.string(), message: z.string(), data: z.record(z.string(), z.unknown()),
});
export type HistoryEvent = z.infer<typeof historyEventSchema>;

/** Names an image by GUID or by name, as a person types it; an ambiguous name is refused with the GUIDs. */
export const imageRefSchema = z.string().min(1).max(200);
export const versionRefSchema = z.object({ image: imageRefSchema, version: z.number().int().positive().optional() });
export type VersionRef = z.infer<typeof versionRefSchema>;
