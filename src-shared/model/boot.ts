// Owns network boot as clients see it: adapters, how it serves, the trace of each computer's boots, the boot environment and the preflight.
import { z } from 'zod';
import { timestamp } from './image.ts';

export const dhcpModes = ['off', 'proxy', 'lab'] as const;
export type DhcpMode = (typeof dhcpModes)[number];

export const adapterSchema = z.object({
  name: z.string(), /** IPv4; '' for none: it can't be served on. */ address: z.string(), prefixLength: z.number().int(), mac: z.string(),
  /** Further ones it has, "10.0.0.1/24": an adapter is listed once, and served on by its address. */
  otherAddresses: z.array(z.string()).optional(),
  kind: z.enum(['wired', 'wireless', 'virtual', 'loopback']), /** Carrier seen. */ link: z.boolean(), speedMbits: z.number().nullable(),
  /** Proposed pool of lab mode; null where the subnet has no room. */
  pool: z.object({ first: z.string(), last: z.string() }).nullable(),
});
export type Adapter = z.infer<typeof adapterSchema>;

/** Chosen by a person (or a flag): nothing binds before. */
export const bootChoiceSchema = z.object({ mode: z.enum(dhcpModes), adapter: z.string().max(64), pool: z.object({ first: z.ipv4(), last: z.ipv4() }).nullable() });
export type BootChoice = z.infer<typeof bootChoiceSchema>;

export const bootSettingsSchema = z.object({
  unknownComputers: z.enum(['portal', 'local-disk']), loaderCountdownSeconds: z.number().int().min(1).max(60),
  keyboard: z.string().regex(/^[a-z]{0,8}$/), /** Further words for the kernel, as one line. */ kernelWords: z.string().max(500).regex(/^[\x20-\x7e]*$/),
  loader: z.enum(['automatic', 'plain', 'secure-boot']),
  /** Proxy mode: another server's address is passed on to UEFI firmware with our boot in it, for servers that name a boot file of their own. */
  borrowLease: z.enum(['off', 'on']).default('off'),
  /** Models whose boot loader needs the other kind of driver: words of the model, or beginnings of MACs, apart by commas. */
  otherDriver: z.string().max(500).regex(/^[\x20-\x7e]*$/).default(''),
});
export type BootSettingsView = z.infer<typeof bootSettingsSchema>;
/** What a change may name; what it does not name stays as it is, so that nothing here has a default. */
export const bootSettingsPatchSchema = bootSettingsSchema.extend({ borrowLease: bootSettingsSchema.shape.borrowLease.unwrap(), otherDriver: bootSettingsSchema.shape.otherDriver.unwrap() }).partial().strict();

/** Officially signed iPXE files that an administrator put into a folder, for computers with Secure Boot. */
export const signedSlotSchema = z.object({
  folder: z.string(), /** incomplete: something is there, and it is not used. */ state: z.enum(['empty', 'incomplete', 'ready']), /** What that means, and what to do. */ text: z.string(),
  files: z.array(z.object({ name: z.string(), sizeBytes: z.number(), role: z.enum(['shim', 'ipxe', 'other']), /** Names in its signatures. */ signers: z.array(z.string()), /** null: fit to be served. */ problem: z.string().nullable() })),
});
export type SignedSlotView = z.infer<typeof signedSlotSchema>;
export const noSignedSlot: SignedSlotView = { folder: '', state: 'empty', text: '', files: [] };

export const environmentSchema = z.object({
  /** missing: never built; building: now; ready: complete and fits this program. */
  state: z.enum(['missing', 'building', 'ready', 'failed']),
  kernelVersion: z.string(), baseBytes: z.number(), builtAt: timestamp.nullable(), loaders: z.array(z.object({ name: z.string(), origin: z.string(), sizeBytes: z.number() })),
  /** Archives beside the base, loaded by agents when something needs them. */
  addOns: z.array(z.object({ name: z.string(), purpose: z.string(), sizeBytes: z.number() })).default([]),
  problem: z.string().nullable(), /** Last lines of a build under way or failed. */ log: z.array(z.string()),
  signed: signedSlotSchema.default(noSignedSlot),
});
export type EnvironmentView = z.infer<typeof environmentSchema>;

export const leaseSchema = z.object({ address: z.string(), mac: z.string(), hostname: z.string(), state: z.enum(['offered', 'bound', 'conflict']), endsAt: timestamp, computerId: z.string().nullable(), computerName: z.string() });

export const bootStatusSchema = z.object({
  /** off: nobody chose. starting, serving; stopped: it served and had to stop (problem says why). */
  state: z.enum(['off', 'starting', 'serving', 'stopped']),
  choice: bootChoiceSchema, address: z.string(), ports: z.object({ dhcp: z.number(), pxe: z.number(), tftp: z.number(), http: z.number() }).nullable(),
  problem: z.string().nullable(), settings: bootSettingsSchema, environment: environmentSchema, leases: z.array(leaseSchema),
});
export type BootStatus = z.infer<typeof bootStatusSchema>;

/** The stages of a boot, in order: a later one proves that the earlier worked. */
export const bootStages = ['asked', 'offered', 'loader', 'script', 'kernel', 'environment', 'hello'] as const;
export type BootStage = (typeof bootStages)[number];
export const bootEventSchema = z.object({ at: timestamp, stage: z.enum([...bootStages, 'note']), text: z.string(), problem: z.boolean() });
export const bootTraceSchema = z.object({
  id: z.number().int(), mac: z.string(), uuid: z.string(), firmware: z.string(), address: z.string(), computerId: z.string().nullable(), computerName: z.string(),
  startedAt: timestamp, endedAt: timestamp.nullable(), events: z.array(bootEventSchema),
  /** running: the next stage may come; done: it went where it was told; stopped: a stage did not come in time. */
  outcome: z.enum(['running', 'done', 'stopped']),
  /** Where a stopped boot stopped, and the next thing to try. */
  stoppedAt: z.enum(bootStages).nullable(), advice: z.string().nullable(),
});
export type BootTrace = z.infer<typeof bootTraceSchema>;

export const preflightCheckSchema = z.object({ id: z.string(), title: z.string(), state: z.enum(['ok', 'warning', 'failed', 'skipped']), text: z.string(), /** What to do; '' where nothing is. */ advice: z.string() });
export type PreflightCheck = z.infer<typeof preflightCheckSchema>;

/** Boot media: one image for USB disks and discs, for computers that cannot start from the network. */
export const mediaSchema = z.object({
  /** null: an image can be made. Else why not, and what to do. */
  problem: z.string().nullable(),
  /** Where computers reach this server, https; the first is proposed. Empty where it listens for its own machine alone. */
  servers: z.array(z.string()),
  /** Images made whose secret still opens a portal. lastUsedAt: to the hour, when one of them was started. */
  made: z.number().int(), lastMadeAt: timestamp.nullable(), lastUsedAt: timestamp.nullable(),
});
export type MediaView = z.infer<typeof mediaSchema>;
/** An image ready to be fetched over HTTP(S) from this server for some minutes; the path carries its ticket. */
export const mediumSchema = z.object({ path: z.string(), fileName: z.string(), sizeBytes: z.number().int(), id: z.string(), server: z.string() });
export type MediumView = z.infer<typeof mediumSchema>;
