// Owns what the server says of itself: status, settings, tree nodes, change events, findings of the doctor.
import { z } from 'zod';
import { timestamp } from './image.ts';
import { menuNodeSchema } from './menu.ts';
import { namePatternProblem } from './name-pattern.ts';

/** What is wrong with a value is said in these words wherever it is set: console, command line and API. */
const wholeNumber = (least: number, most: number) => {
  const words = `A whole number from ${least} to ${most.toLocaleString('en')}`;
  return z.number(words).int(words).min(least, words).max(most, words);
};
const textOf = (least: 0 | 1, most: number) => {
  const words = least === 0 ? `At most ${most} characters` : `From 1 to ${most} characters`;
  return z.string(words).trim().min(least, words).max(most, words);
};
const choice = <const Values extends readonly [string, ...string[]]>(...values: Values) => z.enum(values, `One of ${values.slice(0, -1).join(', ')} and ${values.at(-1)}`);

/** What technicians see of the portal and how it behaves; part of the settings. */
export const portalSettingsSchema = z.object({
  portalTitle: textOf(1, 60), /** Under the title on the menu; '' for none. */ portalText: textOf(0, 240),
  portalColor: choice('blue', 'green', 'cyan', 'magenta', 'red', 'grey'),
  /** Seconds in which `i` opens the menu; 0 waits for ever. */
  portalCountdownSeconds: wholeNumber(0, 3600),
  portalMenu: choice('flat', 'folders'),
  /** Only items below this job folder are offered. */
  portalRootFolderId: z.uuid('The id of a job folder, or null for all').nullable(),
  /** May a technician rename a computer that has a name already? */
  portalRenameKnown: z.boolean('true or false'),
  /** Proposed name of a new computer: {serial}, {asset}, {model}, {mac}, {n}, {n:3}. */
  portalNamePattern: textOf(1, 60).refine((pattern) => namePatternProblem(pattern) === null, { error: (issue) => namePatternProblem(String(issue.input)) ?? '' }),
  /** After a run, unless its last task says otherwise. */
  portalWhenDone: choice('menu', 'restart', 'shut-down'),
  /** A failure stays on screen until a key is pressed, or this many seconds when not 0. */
  portalFailureSeconds: wholeNumber(0, 86_400),
});
export type PortalSettings = z.infer<typeof portalSettingsSchema>;
export const defaultPortalSettings: PortalSettings = {
  portalTitle: 'Platen', portalText: 'Choose what to do with this computer', portalColor: 'blue', portalCountdownSeconds: 5, portalMenu: 'flat', portalRootFolderId: null,
  portalRenameKnown: true, portalNamePattern: '{serial}', portalWhenDone: 'menu', portalFailureSeconds: 0,
};
export const portalPreviewSchema = z.object({ settings: portalSettingsSchema, menu: z.array(menuNodeSchema) });

export const settingsSchema = z.object({
  serverName: textOf(1, 63),
  /** Deleted images and versions stay in the trash this long. */
  trashDays: wholeNumber(0, 365),
  /** An unfinished capture's chunks are held this long after its last sign of life. */
  captureLeaseHours: wholeNumber(1, 24 * 30),
  /** Every version is re-hashed from disk at least this often; 0 turns the schedule off. */
  verifyEveryDays: wholeNumber(0, 365),
  logRetentionDays: wholeNumber(1, 3650),
  logLevel: choice('error', 'warn', 'info', 'debug'),
  /** When the window closes while work runs: ask, stay in the tray, or end the server. */
  whenClosed: choice('ask', 'tray', 'quit'),
  /** Where images go whose scope is `default`, at sites without a template: to every package server, or to none but their owner. */
  defaultScope: choice('all', 'none'),
  ...portalSettingsSchema.shape,
});
export type Settings = z.infer<typeof settingsSchema>;
export const defaultSettings: Settings = { serverName: 'Platen', trashDays: 14, captureLeaseHours: 24, verifyEveryDays: 30, logRetentionDays: 30, logLevel: 'info', whenClosed: 'ask', defaultScope: 'all', ...defaultPortalSettings };

export const storeFiguresSchema = z.object({
  packs: z.number(), packBytes: z.number(), chunks: z.number(), rawBytes: z.number(), storedBytes: z.number(),
  freeBytes: z.number(), totalBytes: z.number(), unverifiedChunks: z.number(),
});
export const serverStatusSchema = z.object({
  serverId: z.string(), name: z.string(), version: z.string(), startedAt: timestamp, now: timestamp, dataFolder: z.string(),
  /** Addresses under which other machines reach it; empty when it listens on loopback only. */
  addresses: z.array(z.string()), httpPort: z.number().int(), fingerprint: z.string(),
  dhcp: z.enum(['off', 'proxy', 'lab']),
  /** Of a package server: its console, and why it is not connected; null at a console. */
  console: z.object({ name: z.string(), address: z.string().nullable(), connected: z.boolean(), problem: z.string().nullable() }).nullable().default(null),
  store: storeFiguresSchema,
  running: z.number().int(), waiting: z.number().int(),
  /** Things that need a person: disk nearly full, a damaged version, a listener that broke. */
  problems: z.array(z.object({ code: z.string(), message: z.string(), link: z.string().nullable() })),
});
export type ServerStatus = z.infer<typeof serverStatusSchema>;

/**
 * kind: which icon and page. id is also the node's address in the console: "images", "image/<guid>", "computers", "computer/<id>",
 * "group/<id>", "group/new" (*New computers*), "jobs", "folder/<id>", "job/<id>", "server/<id>", "site/<id>"…
 */
export const treeNodeSchema = z.object({
  id: z.string(), kind: z.enum(['computers', 'group', 'new-computers', 'computer', 'jobs', 'folder', 'job', 'images', 'image', 'servers', 'server', 'site', 'boot', 'activity', 'run', 'trash']),
  name: z.string(), badge: z.string().nullable(), state: z.string().nullable(), hasChildren: z.boolean(),
  /** A job or folder that the portal offers. */
  published: z.boolean().optional(),
});
export type TreeNode = z.infer<typeof treeNodeSchema>;

export const changeEntities = ['image', 'run', 'computer', 'group', 'job', 'folder', 'boot', 'settings', 'status', 'server', 'site', 'handover'] as const;
export const changeSchema = z.object({ entity: z.enum(changeEntities), id: z.string(), rev: z.number().int() });
export type Change = z.infer<typeof changeSchema>;

export const findingSchema = z.object({ kind: z.string(), subject: z.string(), message: z.string(), repair: z.string().nullable(), repaired: z.boolean() });
export type FindingView = z.infer<typeof findingSchema>;

export const logEntrySchema = z.object({ at: timestamp, level: z.string(), message: z.string(), data: z.record(z.string(), z.unknown()) });
export type LogEntry = z.infer<typeof logEntrySchema>;

/** One thing that a search found; id as in the tree. */
export const searchHitSchema = z.object({ id: z.string(), kind: z.enum(['computer', 'group', 'job', 'folder', 'image', 'run']), name: z.string(), /** Where it is, or what matched. */ detail: z.string() });
export type SearchHit = z.infer<typeof searchHitSchema>;

/** Every change that can be taken back says so: the console offers it for a while, `undo.run` does it. */
export const undoableSchema = z.object({ undo: z.number().int().positive().nullable() });
