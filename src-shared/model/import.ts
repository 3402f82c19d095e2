// Owns what clients see of an import: another store's folder, and what became of each version found there.
import { z } from 'zod';
import { timestamp } from './image.ts';

/**
 * taken: all of it is here now, and is re-hashed. here: it was already. incomplete: chunks are in no pack whole; what was found is kept for a week.
 * not-wanted: this package server is not to hold it. deleted: it was deleted here for good. not-signed: by nobody this server trusts.
 * damaged: the manifest itself is. conflict: other content is known under the same identity.
 */
export const importOutcomes = ['taken', 'here', 'incomplete', 'not-wanted', 'deleted', 'not-signed', 'damaged', 'conflict', 'failed'] as const;
export const importedVersionSchema = z.object({
  manifest: z.string(), imageGuid: z.string(), imageName: z.string(), versionGuid: z.string(), number: z.number().int(), outcome: z.enum(importOutcomes),
  /** Chunks that came from the folder; that were in no pack; that were there, and damaged. */
  chunks: z.number().int(), lacking: z.number().int(), damaged: z.number().int(), message: z.string(),
});
export type ImportedVersion = z.infer<typeof importedVersionSchema>;
export const importSchema = z.object({
  id: z.string(), folder: z.string(), actor: z.string(), state: z.enum(['running', 'done', 'failed', 'cancelled']), startedAt: timestamp, endedAt: timestamp.nullable(),
  packs: z.number().int(), packsRead: z.number().int(), chunks: z.number().int(), unreadable: z.array(z.string()),
  versionsFound: z.number().int(), /** What is being brought now. */ current: z.object({ imageName: z.string(), number: z.number().int(), doneBytes: z.number(), totalBytes: z.number() }).nullable(),
  bytes: z.number(), versions: z.array(importedVersionSchema), problem: z.string().nullable(),
});
export type Import = z.infer<typeof importSchema>;
export const importRequestSchema = z.object({
  /** On the server's own machine. */
  folder: z.string().min(1).max(4096),
  /** Also versions that nobody signed whom this server trusts: this server vouches for them from now on. */
  trust: z.boolean().default(false),
  /** At a package server: also versions that it is not to hold. */
  all: z.boolean().default(false),
});
export type ImportRequest = z.infer<typeof importRequestSchema>;
