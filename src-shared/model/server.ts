// Owns what the server says of itself: status, settings, tree nodes, change events, findings of the doctor.
import { z } from 'zod';
import { timestamp } from './image.ts';

export const settingsSchema = z.object({
  serverName: z.string().trim().min(1).max(63),
  /** Deleted images and versions stay in the trash this long. */
  trashDays: z.number().int().min(0).max(365),
  /** An unfinished capture's chunks are held this long after its last sign of life. */
  captureLeaseHours: z.number().int().min(1).max(24 * 30),
  /** Every version is re-hashed from disk at least this often; 0 turns the schedule off. */
  verifyEveryDays: z.number().int().min(0).max(365),
  logRetentionDays: z.number().int().min(1).max(3650),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']),
});
export type Settings = z.infer<typeof settingsSchema>;
export const defaultSettings: Settings = { serverName: 'Platen', trashDays: 14, captureLeaseHours: 24, verifyEveryDays: 30, logRetentionDays: 30, logLevel: 'info' };

export const storeFiguresSchema = z.object({
  packs: z.number(), packBytes: z.number(), chunks: z.number(), rawBytes: z.number(), storedBytes: z.number(),
  freeBytes: z.number(), totalBytes: z.number(), unverifiedChunks: z.number(),
});
export const serverStatusSchema = z.object({
  serverId: z.string(), name: z.string(), version: z.string(), startedAt: timestamp, now: timestamp, dataFolder: z.string(),
  /** Addresses under which other machines reach it; empty when it listens on loopback only. */
  addresses: z.array(z.string()), httpPort: z.number().int(), fingerprint: z.string(),
  dhcp: z.enum(['off', 'proxy', 'lab']),
  store: storeFiguresSchema,
  running: z.number().int(), waiting: z.number().int(),
  /** Things that need a person: disk nearly full, a damaged version, a listener that broke. */
  problems: z.array(z.object({ code: z.string(), message: z.string(), link: z.string().nullable() })),
});
export type ServerStatus = z.infer<typeof serverStatusSchema>;

/** kind: which icon and page. id is also the node's address in the console: "images", "image/<guid>", "computers", "computer/<id>"… */
export const treeNodeSchema = z.object({
  id: z.string(), kind: z.enum(['computers', 'computer', 'jobs', 'images', 'image', 'servers', 'server', 'boot', 'activity', 'run', 'trash']),
  name: z.string(), badge: z.string().nullable(), state: z.string().nullable(), hasChildren: z.boolean(),
});
export type TreeNode = z.infer<typeof treeNodeSchema>;

export const changeEntities = ['image', 'run', 'computer', 'settings', 'status', 'server'] as const;
export const changeSchema = z.object({ entity: z.enum(changeEntities), id: z.string(), rev: z.number().int() });
export type Change = z.infer<typeof changeSchema>;

export const findingSchema = z.object({ kind: z.string(), subject: z.string(), message: z.string(), repair: z.string().nullable(), repaired: z.boolean() });
export type FindingView = z.infer<typeof findingSchema>;

export const logEntrySchema = z.object({ at: timestamp, level: z.string(), message: z.string(), data: z.record(z.string(), z.unknown()) });
export type LogEntry = z.infer<typeof logEntrySchema>;
