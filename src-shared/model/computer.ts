// Owns a computer as clients see it: what its firmware says, and its disks. Identity is never a MAC alone.
import { z } from 'zod';
import { timestamp } from './image.ts';

const text = z.string().max(256);
export const firmwareIdentitySchema = z.object({
  systemUuid: text, systemSerial: text, boardSerial: text, assetTag: text, vendor: text, product: text,
  macs: z.array(z.object({ address: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/), onboard: z.boolean() })).max(64),
  hostname: text,
});
export type FirmwareIdentity = z.infer<typeof firmwareIdentitySchema>;

export const diskSummarySchema = z.object({
  path: z.string().max(4096), model: text, serial: text, bus: z.string().max(32),
  sizeBytes: z.number().nonnegative(), sectorSizeBytes: z.number().int().positive(),
  removable: z.boolean(), readOnly: z.boolean(),
  /** Why it can't be a target now ("mounted on /home"), else null. */
  busy: z.string().max(500).nullable(),
  systemDisk: z.boolean(),
  tableKind: z.enum(['gpt', 'mbr', 'none', 'unreadable']),
  partitions: z.array(z.object({
    number: z.number().int(), offsetBytes: z.number(), sizeBytes: z.number(), typeName: z.string(), fsType: z.string(), label: z.string(), usedBytes: z.number().nullable(),
  })).max(4096),
});
export type DiskSummary = z.infer<typeof diskSummarySchema>;

export const inventorySchema = z.object({ identity: firmwareIdentitySchema, disks: z.array(diskSummarySchema).max(256) });
export type Inventory = z.infer<typeof inventorySchema>;

/** One row of a list of computers: nothing that grows with its hardware. */
export const computerRowSchema = z.object({
  id: z.uuid(), name: z.string(), /** null: in *New computers*. */ groupId: z.uuid().nullable(),
  firstSeenAt: timestamp, lastSeenAt: timestamp, online: z.boolean(), address: z.string(),
  model: z.string(), serial: z.string(), diskCount: z.number().int().nonnegative(),
  /** False until a person has named it: the portal then says that it is new. */
  named: z.boolean(),
  trashedAt: timestamp.nullable(),
});
export type ComputerRow = z.infer<typeof computerRowSchema>;

export const evidenceKinds = ['system-uuid', 'system-serial', 'board-serial', 'asset-tag', 'mac', 'host'] as const;
/** What identified it, and how much each counts; shared: seen on several computers, so it counts for nothing. */
export const evidenceViewSchema = z.object({ kind: z.enum(evidenceKinds), value: z.string(), weight: z.number(), shared: z.boolean() });
export type EvidenceView = z.infer<typeof evidenceViewSchema>;
export const computerSchema = computerRowSchema.extend({
  identity: firmwareIdentitySchema, disks: z.array(diskSummarySchema),
  path: z.array(z.object({ id: z.uuid(), name: z.string() })),
  evidence: z.array(evidenceViewSchema),
  /** Other records that could be the same machine (a tie, or equal serials), for *Merge*. */
  similar: z.array(z.object({ id: z.uuid(), name: z.string(), score: z.number(), lastSeenAt: timestamp })),
  /** Records that were merged into this one and can be split off again. */
  merged: z.array(z.object({ id: z.uuid(), name: z.string(), at: timestamp })),
});
export type ComputerView = z.infer<typeof computerSchema>;

export const groupSchema = z.object({
  id: z.uuid(), parentId: z.uuid().nullable(), name: z.string(), description: z.string(),
  /** Computers in it and below, and those of them that are connected. */
  computerCount: z.number().int().nonnegative(), onlineCount: z.number().int().nonnegative(), groupCount: z.number().int().nonnegative(), trashedAt: timestamp.nullable(),
});
export type Group = z.infer<typeof groupSchema>;
export const groupDetailSchema = groupSchema.extend({ path: z.array(z.object({ id: z.uuid(), name: z.string() })), groups: z.array(groupSchema) });
export type GroupDetail = z.infer<typeof groupDetailSchema>;
