// Owns what is signed between servers: deletion records and tickets. The only way in which a package server deletes anything is a record
// of its console, and the only way in which a computer reads from it is a ticket of its console: both are checked without asking anybody.
import { z } from 'zod';

/** What is signed begins with its purpose, so that no signature serves another. */
export const signedPurposes = { record: 'platen record v1\n', ticket: 'platen ticket v1\n', replica: 'platen replica v1\n', peer: 'platen peer v1\n', moved: 'platen moved v1\n' } as const;

const hex64 = z.string().regex(/^[0-9a-f]{64}$/);
/**
 * delete-image, delete-version: everywhere, for good (the trash is over). release-copy: this one server lets go of its copy.
 * manifests: exactly what may go. A version that came later under the same image is not in the list and stays.
 */
export const recordBodySchema = z.object({
  purpose: z.literal('record'), console: z.uuid(), seq: z.number().int().positive(), at: z.number().int(), by: z.string().max(200),
  kind: z.enum(['delete-image', 'delete-version', 'release-copy']), /** null: every server. */ server: z.uuid().nullable(),
  image: z.uuid(), versions: z.array(z.object({ guid: z.uuid(), manifest: hex64 })).max(10_000),
});
export type RecordBody = z.infer<typeof recordBodySchema>;

/** POST below MOVED_PATH {body, signature}: a console that was restored says where it is now. It changes nothing but where its package servers look for it. */
export const MOVED_PATH = '/replica/console';
export const movedBodySchema = z.object({ purpose: z.literal('moved'), console: z.uuid(), addresses: z.array(z.url().max(200)).max(20), at: z.number().int() });
export type MovedBody = z.infer<typeof movedBodySchema>;
export const movedSchema = z.object({ body: z.string().max(8192), signature: z.string().max(200) });

/** `ticket2.<base64url of the body>.<base64url of the signature>`, for one computer's run at one server. */
export const ticketBodySchema = z.object({
  /** The server it opens. */
  aud: z.uuid(), run: z.uuid(), exp: z.number().int(),
  /** read: the chunks this manifest names. capture: pages and frames of this capture. */
  may: z.discriminatedUnion('kind', [z.object({ kind: z.literal('read'), manifest: hex64 }), z.object({ kind: z.literal('capture'), capture: z.string().max(64) })]),
});
export type TicketBody = z.infer<typeof ticketBodySchema>;
