// Owns the shapes that the files of this slice hand each other: a hand-over as it is kept, and the images and servers it is about.
import { z } from 'zod';
import { handoverSchema, type handoverStates, type CopyState, type Handover, type HandoverPreview, type HandoverRequest } from '#shared/model/replication.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Images } from '../images/service.ts';
import type { Log } from '../log/service.ts';
import type { Servers } from '../servers/service.ts';
import type { Undo } from '../undo/service.ts';

export type Handovers = {
  preview(request: HandoverRequest): HandoverPreview;
  /** @param digest of the preview that was agreed to; null: nobody was shown one */
  begin(request: HandoverRequest, digest: string | null, actor: string): Handover;
  list(openOnly?: boolean): Handover[];
  get(id: string): Handover;
  cancel(id: string, actor: string): Handover;
  letGo(id: string, actor: string): Handover;
  close(): void;
};
export type HandoverParts = {
  db: Database; events: Events; undo: Undo; log: Log; clock: () => number; servers: Servers; images: Pick<Images, 'verifyHere'>;
  /** Asks a package server to re-hash a version now; nothing happens where it is not connected. */
  askToVerify: (serverId: string, versionGuid: string) => void;
};
export type Kind = HandoverRequest['kind'];

export type HeldCopy = { state: CopyState; provedAt: number | null };
export type HeldVersion = { guid: string; number: number; pending: boolean; trashed: boolean; storedBytes: number; usedBytes: number; copies: ReadonlyMap<string, HeldCopy> };
export type HeldImage = { guid: string; name: string; createdAt: number; protected: boolean; trashed: boolean; ownerId: string; /** What all its versions take together; 0: not measured yet. */ storedBytes: number; /** Newest first. */ versions: readonly HeldVersion[] };

const imageStates = handoverSchema.shape.images.element.shape.state;
export type ImageState = z.infer<typeof imageStates>;
/** proofs: when each version had been proved at the new owner before it was asked again; a proof is a later one. */
const keptImageSchema = z.object({
  guid: z.string(), name: z.string(), from: z.string(), to: z.string(), state: imageStates, problem: z.string().nullable(), undo: z.number().nullable(), versions: z.number(), bytes: z.number(), doneBytes: z.number(),
  proofs: z.record(z.string(), z.number().nullable()),
});
export type KeptImage = z.infer<typeof keptImageSchema>;
export const bodySchema = z.object({
  images: z.array(keptImageSchema), problem: z.string().nullable(), undo: z.number().nullable(),
  /** Nobody named the new owner: it is chosen, and chosen again where it is out. */
  chooses: z.boolean(), acceptLoss: z.boolean(),
  /** False while it waits for another hand-over. */
  begun: z.boolean(),
  /** What the old server was, for the way back. */
  before: z.enum(['joined', 'retiring', 'retired', 'revoked']).nullable(),
  /** What the new server of a replacement had, for the way back. */
  place: z.unknown(),
});
export type Body = z.infer<typeof bodySchema>;
export type Row = { id: string; kind: Kind; state: (typeof handoverStates)[number]; from: string | null; to: string | null; actor: string; startedAt: number; endedAt: number | null; body: Body };

export function isOpen(row: Pick<Row, 'state'>): boolean {
  return row.state !== 'done' && row.state !== 'cancelled' && row.state !== 'failed';
}
/** It still has something to bring to that server. */
export function stillBrings(row: Row, serverId: string): boolean {
  if (!isOpen(row) || row.state === 'ready') return false;
  return (row.to === serverId && !row.body.begun) || row.body.images.some((image) => image.to === serverId && image.state !== 'switched' && image.state !== 'failed');
}
/** What a hand-over brings to its new owner and proves there. */
export function handedVersions(image: HeldImage): HeldVersion[] {
  return image.trashed ? [] : image.versions.filter((version) => !version.pending && !version.trashed);
}
export function count(amount: number, one: string, many = `${one}s`): string {
  return amount === 1 ? `1 ${one}` : `${amount} ${many}`;
}
