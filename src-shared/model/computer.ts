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

export const computerSchema = z.object({
  id: z.uuid(), name: z.string(), firstSeenAt: timestamp, lastSeenAt: timestamp, online: z.boolean(), address: z.string(),
  identity: firmwareIdentitySchema, disks: z.array(diskSummarySchema),
});
export type ComputerView = z.infer<typeof computerSchema>;
