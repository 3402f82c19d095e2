// Owns images and their versions as clients see them, and the pure table of a version's states.
import { z } from 'zod';
import { deviceGraphSchema } from './schema.ts';

export const imageNameSchema = z.string().trim().min(1, 'An image needs a name.').max(200).regex(/^[^\p{Cc}/\\]+$/u, 'A name holds no control characters and no slashes.');
export const timestamp = z.number().int().nonnegative(); // ms since the epoch, everywhere in the API

export const copyStates = ['absent', 'copying', 'verifying', 'ready', 'damaged', 'removing'] as const;
export const imageKinds = ['image', 'backup'] as const;
export const scopes = ['default', 'all', 'none', 'selected'] as const;
export const channelNames = ['test', 'live'] as const;

/**
 * What clients know of a version; it follows from its copies (versionStateOf).
 * verifying: acknowledged; no server has proved a copy of it yet. Left by the first proof, or by damage.
 * ready: some server re-hashed every chunk from its disk, and nothing has contradicted that since. May be deployed from there.
 * damaged: there is no proved copy, and one that is here or elsewhere failed a check. Never deployed; left only when a copy was found whole (healed).
 */
export const versionStates = ['verifying', 'ready', 'damaged'] as const;
export type VersionState = (typeof versionStates)[number];

/** The best of its copies counts; one that is absent or on its way says nothing. */
export function versionStateOf(copies: readonly (typeof copyStates)[number][]): VersionState {
  if (copies.includes('ready')) return 'ready';
  return !copies.includes('verifying') && copies.includes('damaged') ? 'damaged' : 'verifying';
}

export const channelSchema = z.object({ name: z.enum(channelNames), versionGuid: z.uuid(), number: z.number().int(), setAt: timestamp, setBy: z.string() });
export type Channel = z.infer<typeof channelSchema>;

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
  /** Captured at another server into an image that is not its own: not handed out until somebody validated it. */
  pending: z.boolean().default(false),
  /** Where it was captured; null where that is not known (versions of earlier programs, and what a package server got from others). */
  originServerId: z.string().nullable().default(null),
});
export type VersionSummary = z.infer<typeof versionSummarySchema>;

export const copySchema = z.object({
  versionGuid: z.uuid(), serverId: z.string(), serverName: z.string(), state: z.enum(copyStates), provedAt: timestamp.nullable(), problem: z.string().nullable().default(null),
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
  /** backup: stays where it was captured unless told otherwise. */
  kind: z.enum(imageKinds).default('image'),
  scope: z.enum(scopes).default('default'),
  /** Higher is copied first. */
  priority: z.number().int().default(0),
  channels: z.array(channelSchema).default([]),
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
