// Owns what a backup says of itself, and what is told before one is fetched.
import { z } from 'zod';
import { timestamp } from './image.ts';

/** Written first into every backup. A restore reads nothing else before it has understood this. */
export const backupAboutSchema = z.object({
  format: z.literal(1), at: timestamp, serverId: z.uuid(), serverName: z.string().max(200), role: z.enum(['console', 'package-server']), version: z.string().max(50), databaseVersion: z.number().int().positive(), fingerprint: z.string().max(100),
  /** Whether packs and manifests are in it; else the images are named, with the servers that had a proved copy. */
  images: z.boolean(),
  versions: z.array(z.object({ imageName: z.string().max(300), versionGuid: z.uuid(), number: z.number().int(), manifest: z.string().max(64), here: z.boolean(), readyAt: z.array(z.string().max(200)).max(1000) })).max(200_000),
});
export type BackupAbout = z.infer<typeof backupAboutSchema>;

/** Fetched within ten minutes from the path; bytes: about as many, for a progress line. */
export const preparedBackupSchema = z.object({ path: z.string(), about: backupAboutSchema, bytes: z.number() });
export type PreparedBackup = z.infer<typeof preparedBackupSchema>;
