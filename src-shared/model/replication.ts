// Owns package servers, sites, copies and hand-overs as clients see them, and the pure table of a copy's states.
import { z } from 'zod';
import { copyStates, imageKinds, scopes, timestamp, type channelNames } from './image.ts';

export { channelNames, channelSchema, imageKinds, scopes, type Channel } from './image.ts';

export type CopyState = (typeof copyStates)[number];
/**
 * assigned: it is to be there. arrived: every chunk and the manifest are. verified: everything was re-hashed from that server's disk.
 * damage-found: a check or a read failed. lost: the server says it has nothing of it. released: a signed record tells the server to let go. gone: it did.
 */
export type CopyEvent = 'assigned' | 'arrived' | 'verified' | 'damage-found' | 'lost' | 'released' | 'gone';

/** null: this does not happen in that state; whoever reports it is out of date and is asked again. Ready is reached by re-hashing alone. */
const copyTable: Record<CopyState, Partial<Record<CopyEvent, CopyState>>> = {
  absent: { assigned: 'copying', arrived: 'verifying', lost: 'absent', gone: 'absent' },
  copying: { assigned: 'copying', arrived: 'verifying', lost: 'absent', released: 'removing', gone: 'absent' },
  verifying: { arrived: 'verifying', verified: 'ready', 'damage-found': 'damaged', lost: 'absent', released: 'removing', gone: 'absent' },
  ready: { assigned: 'ready', arrived: 'verifying', verified: 'ready', 'damage-found': 'damaged', lost: 'absent', released: 'removing', gone: 'absent' },
  damaged: { assigned: 'copying', arrived: 'verifying', verified: 'ready', 'damage-found': 'damaged', lost: 'absent', released: 'removing', gone: 'absent' },
  removing: { released: 'removing', gone: 'absent', lost: 'absent' },
};
export function nextCopyState(state: CopyState, event: CopyEvent): CopyState | null {
  return copyTable[state][event] ?? null;
}

export type Scope = (typeof scopes)[number];

/** When transfers may run, in the server's local time; an empty list means always. days: 0 is Sunday. to before from: over midnight. */
export const windowSchema = z.object({ days: z.array(z.number().int().min(0).max(6)).min(1).max(7), from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/), to: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/) });
export type TransferWindow = z.infer<typeof windowSchema>;
export const subnetSchema = z.string().max(43).regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'A subnet reads like 10.1.0.0/16.');
const rate = z.number().int().min(1024).max(100_000_000_000).nullable();

export const siteInputSchema = z.object({
  name: z.string().trim().min(1).max(100), description: z.string().max(1000), subnets: z.array(subnetSchema).max(200),
  /** Works as if it stood alone: it captures and patches by itself, and what it has is kept whatever the template says. */
  locallyManaged: z.boolean(),
  templateId: z.uuid().nullable(), bytesPerSecond: rate, windows: z.array(windowSchema).max(50),
});
export const siteSchema = siteInputSchema.extend({ id: z.uuid(), templateName: z.string().nullable(), serverIds: z.array(z.string()), createdAt: timestamp });
export type Site = z.infer<typeof siteSchema>;

export const templateContentSchema = z.object({ images: z.array(z.uuid()).max(10_000), bytesPerSecond: rate, windows: z.array(windowSchema).max(50) });
export type TemplateContent = z.infer<typeof templateContentSchema>;
export const siteTemplateSchema = z.object({
  id: z.uuid(), name: z.string(), draft: templateContentSchema, published: templateContentSchema.nullable(), revision: z.number().int(), siteIds: z.array(z.uuid()), createdAt: timestamp,
});
export type SiteTemplate = z.infer<typeof siteTemplateSchema>;

export const serverStates = ['joined', 'retiring', 'retired', 'revoked'] as const;
export const movingSchema = z.object({
  versionGuid: z.uuid(), imageGuid: z.uuid(), imageName: z.string(), number: z.number().int(), state: z.enum(['queued', 'copying', 'verifying']),
  doneBytes: z.number(), totalBytes: z.number(), rateBytesPerSecond: z.number(), etaSeconds: z.number().nullable(),
  /** Why it does not move now; null where it does: outside of its window, no ready copy to copy from, no room. */
  waitingFor: z.string().nullable(),
  sources: z.array(z.object({ serverId: z.string(), bytes: z.number() })),
});
export type Moving = z.infer<typeof movingSchema>;
export const packageServerSchema = z.object({
  id: z.string(), name: z.string(), role: z.enum(['console', 'package-server']), isSelf: z.boolean(), state: z.enum(serverStates),
  siteId: z.uuid().nullable(), siteName: z.string().nullable(), /** Of an edge server: the one it copies from. */ parentId: z.string().nullable(),
  connected: z.boolean(), lastSeenAt: timestamp.nullable(), addresses: z.array(z.string()), fingerprint: z.string(), keyId: z.string(), version: z.string(),
  freeBytes: z.number().nullable(), totalBytes: z.number().nullable(), /** Of what is still to come to it; fits: beside its reserve. */ neededBytes: z.number(), fits: z.boolean(),
  /** What versions of the last four weeks add there, and until when that fits; null: not within a year, or nobody knows. Said by forecastWords. */
  growthBytesPerDay: z.number().default(0), fullInDays: z.number().int().nullable().default(null),
  clockSkewMs: z.number().nullable(), bytesPerSecond: z.number().nullable(),
  copies: z.object({ absent: z.number(), copying: z.number(), verifying: z.number(), ready: z.number(), damaged: z.number(), removing: z.number() }),
  ownedImages: z.number().int(), lastProofAt: timestamp.nullable(), moving: z.array(movingSchema),
  /** What needs a person: a clock that is wrong, a source that became smaller, a chunk that would be sent twice, no room. */
  problems: z.array(z.string()),
});
export type PackageServer = z.infer<typeof packageServerSchema>;
export const joinTokenSchema = z.object({ token: z.string(), url: z.string(), command: z.string(), expiresAt: timestamp, /** What must be done first, where the console can't be reached from elsewhere. */ note: z.string().nullable().default(null) });

/** One row of the matrix: an image's version on each server. */
export const matrixRowSchema = z.object({
  imageGuid: z.uuid(), imageName: z.string(), createdAt: timestamp, kind: z.enum(imageKinds), scope: z.enum(scopes), versionGuid: z.uuid(), number: z.number().int(), pending: z.boolean(),
  ownerId: z.string(), storedBytes: z.number(), /** Servers named for it, which count where its scope is `selected`. */ selected: z.array(z.string()).default([]),
  cells: z.array(z.object({ serverId: z.string(), state: z.enum(copyStates), assigned: z.boolean(), provedAt: timestamp.nullable(), problem: z.string().nullable() })),
});
export type MatrixRow = z.infer<typeof matrixRowSchema>;

export const transferSchema = z.object({
  id: z.number().int(), versionGuid: z.uuid(), serverId: z.string(), serverName: z.string(), imageName: z.string(), number: z.number().int(), startedAt: timestamp, endedAt: timestamp,
  outcome: z.enum(['done', 'failed', 'cancelled']), problem: z.string().nullable(),
  /** Chunks that were there already, came whole, came as differences; bytes on the wire by source. */
  chunksHere: z.number(), chunksWhole: z.number(), chunksDelta: z.number(), wireBytes: z.number(), sources: z.array(z.object({ serverId: z.string(), serverName: z.string(), bytes: z.number() })),
});
export type Transfer = z.infer<typeof transferSchema>;

/** What a change of ownership, scope, retirement or deletion would do, told before it does. */
export const consequenceSchema = z.object({ kind: z.enum(['gain', 'loss', 'note', 'refusal']), text: z.string(), imageGuid: z.uuid().nullable(), serverId: z.string().nullable() });
export type Consequence = z.infer<typeof consequenceSchema>;
export const handoverStates = ['preparing', 'copying', 'proving', 'ready', 'done', 'cancelled', 'failed'] as const;
export const handoverSchema = z.object({
  id: z.uuid(), kind: z.enum(['take-ownership', 'retire', 'replace', 'recover']), state: z.enum(handoverStates), fromServerId: z.string().nullable(), toServerId: z.string().nullable(),
  actor: z.string(), startedAt: timestamp, endedAt: timestamp.nullable(),
  images: z.array(z.object({
    imageGuid: z.uuid(), imageName: z.string(), toServerId: z.string(), state: z.enum(['waiting', 'copying', 'proving', 'proved', 'switched', 'failed']), versions: z.number().int(), bytes: z.number(), doneBytes: z.number(), problem: z.string().nullable(),
    /** Gives this image back (undo.run), where it changed hands. */ undo: z.number().int().nullable().default(null),
  })),
  problem: z.string().nullable(), /** Takes all of it back: every image, or letting a server go. */ undo: z.number().int().nullable().default(null),
});
export type Handover = z.infer<typeof handoverSchema>;

const handoverRef = z.string().min(1).max(200);
/**
 * What may be asked for. Servers and images by id, or by a name that only one has.
 * take-ownership: these images belong to `to` from now on; every version is there and proved before. Re-home: `to` is the console.
 * retire: everything `from` owns goes to `to`, or (null) to the server that holds most of it already, the console where none does; then `from` may be let go.
 * replace: retire to one server that also takes the place of `from`: site, edge servers, source rules, assignments, limit.
 * recover: `from` is gone for good; its images belong to a server that holds a proved copy, with the same identity. Nothing is asked of `from`.
 */
export const handoverRequestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('take-ownership'), images: z.array(handoverRef).min(1).max(10_000), to: handoverRef }),
  z.object({ kind: z.literal('retire'), from: handoverRef, to: handoverRef.nullable() }),
  z.object({ kind: z.literal('replace'), from: handoverRef, to: handoverRef }),
  z.object({ kind: z.literal('recover'), from: handoverRef, to: handoverRef.nullable(), /** Also where versions are proved nowhere: they stay listed as lost, and the rest is recovered. */ acceptLoss: z.boolean().default(false) }),
]);
export type HandoverRequest = z.infer<typeof handoverRequestSchema>;
/** Everything it would do, image by image; blocked: it can't begin as asked, the refusals say why. digest: of what was shown; begin refuses where it is another one meanwhile. */
export const handoverPreviewSchema = z.object({
  kind: z.enum(['take-ownership', 'retire', 'replace', 'recover']), consequences: z.array(consequenceSchema), blocked: z.boolean(), digest: z.string(),
  images: z.array(z.object({ imageGuid: z.uuid(), imageName: z.string(), createdAt: timestamp, fromServerId: z.string(), toServerId: z.string(), versions: z.number().int(), bytes: z.number(), /** Still to be copied there. */ missingBytes: z.number() })),
});
export type HandoverPreview = z.infer<typeof handoverPreviewSchema>;

export type ChannelName = (typeof channelNames)[number];
