// Owns the control channel between agent and server: JSON messages over one WebSocket (`/agent`), versioned by hello.
// A request {id, type, …} is answered by {id, ok: true, …} or {id, ok: false, error}; messages without id are notices.
import { z } from 'zod';
import { deviceGraphSchema } from '../model/schema.ts';
import { inventorySchema } from '../model/computer.ts';
import { runDiskSchema, runProgressSchema, wireErrorSchema } from '../model/run.ts';
import { imageNameSchema, timestamp } from '../model/image.ts';
import { taskSchema } from '../model/job.ts';
import { menuNodeSchema } from '../model/menu.ts';
import { portalSettingsSchema } from '../model/server.ts';

/** 2 added the portal and jobs; an agent of version 1 captures and deploys as before. */
export const PROTOCOL_VERSION = 2;
/** The server accepts this version and the one before. */
export const OLDEST_PROTOCOL_VERSION = 1;
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
export const MAX_CHUNKS_PER_REQUEST = 256;
export const MAX_FRAMES_BODY_BYTES = 64 * 1024 * 1024;
export const HEARTBEAT_MS = 10_000;
/** Silence after which the server calls a run lost (its capture's chunks stay leased far longer). */
export const RUN_LEASE_MS = 45_000;
/** An agent at work that was not heard of for so long is called silent: more than one heartbeat is missing. */
export const RUN_SILENT_MS = 15_000;

const uuid = z.uuid();
const resumeKey = z.string().min(1).max(200);
/** Figures of a task and data of an error are kept and shown with every list of runs: what an agent says there is bounded. */
const MAX_FIGURES_CHARS = 128 * 1024;
function isSmall(value: unknown): boolean {
  try {
    return JSON.stringify(value ?? {}).length <= MAX_FIGURES_CHARS;
  } catch {
    // Nested deeper than can be written down.
    return false;
  }
}
const figures = z.record(z.string(), z.unknown()).refine(isSmall, `At most ${MAX_FIGURES_CHARS} characters.`);
const saidError = wireErrorSchema.extend({ data: figures.optional() });
const taskRef = z.object({ runId: uuid, index: z.number().int().nonnegative() });

export const agentRequestSchema = z.discriminatedUnion('type', [
  /** First message. token: an administrator's, or the computer token a former hello got. */
  z.object({
    type: z.literal('hello'), protocol: z.number().int(), agentVersion: z.string().max(50), token: z.string().max(500), inventory: inventorySchema,
    /** portal: takes this computer's runs as they come. command (or nothing): one capture or deploy by hand. */
    role: z.enum(['portal', 'command']).optional(),
    /** Made anew by every start of an agent: tells a reconnect from a restart. */
    session: z.string().min(8).max(64).optional(),
  }),
  /** A tie (answer of hello): the technician says which of the candidates this computer is; null: none of them, it is new. */
  z.object({ type: z.literal('identify'), computerId: uuid.nullable() }),
  /** What the portal shows; asked again after `menuChanged`. */
  z.object({ type: z.literal('portalOpen') }),
  /** What is wrong with a name for this computer, uniqueness included. */
  z.object({ type: z.literal('portalName'), name: z.string().max(200) }),
  /** A menu item, for this computer alone. Replaces its pending runs, never a running one. name null: as it is called. */
  z.object({ type: z.literal('portalPick'), item: z.string().min(1).max(200), name: z.string().max(200).nullable() }),
  /** `platen job run --here`: the same by the job's or folder's name, for this computer alone. */
  z.object({ type: z.literal('pickByName'), job: z.string().min(1).max(300) }),
  /** The run this computer has to do or go on with now. */
  z.object({ type: z.literal('takeRun') }),
  /** The person at the computer (resume: let it go on, or end it) about a run that waits for a person. */
  z.object({ type: z.literal('resumeRun'), runId: uuid, go: z.boolean() }),
  z.object({ type: z.literal('cancelRun'), runId: uuid }),
  z.object({ type: z.literal('taskStarted'), runId: uuid, index: z.number().int().nonnegative() }),
  /** Not for captures and deploys: captureCommit and deployDone end those. skipped: why it was not done here. */
  z.object({ type: z.literal('taskDone'), runId: uuid, index: z.number().int().nonnegative(), result: figures, skipped: z.string().max(500).optional() }),
  /** Ends the run, unless the task says that a failure doesn't. */
  z.object({ type: z.literal('taskFailed'), runId: uuid, index: z.number().int().nonnegative(), error: saidError, cancelled: z.boolean() }),
  z.object({
    type: z.literal('captureBegin'),
    /** Name or GUID of an image; a name nobody has makes a new image. */
    image: imageNameSchema,
    note: z.string().max(10_000),
    disk: runDiskSchema,
    graph: deviceGraphSchema,
    /** Same disk, same image: the same key, so that an interrupted capture is continued. */
    resumeKey,
    /** The job's task that this capture is; without it the capture is a run of its own. */
    task: taskRef.optional(),
    /** The agent sends pages and frames where the answer says; absent: to the server that is asked. not: servers that it tried in vain, and why. */
    elsewhere: z.object({ not: z.array(z.object({ serverId: uuid, why: z.string().max(500) })).max(20) }).optional(),
  }),
  z.object({ type: z.literal('captureCommit'), runId: uuid, result: figures }),
  z.object({
    type: z.literal('deployBegin'),
    image: imageNameSchema,
    version: z.number().int().positive().optional(),
    /** A test deploy by hand: the version named may wait to be validated. An administrator's token only. */
    test: z.boolean().optional(),
    disk: runDiskSchema,
    resumeKey,
    task: taskRef.optional(),
  }),
  /** The plan stands and nothing was refused: from here on the disk is written to. */
  z.object({ type: z.literal('deployStarted'), runId: uuid }),
  z.object({ type: z.literal('deployDone'), runId: uuid, result: figures }),
  z.object({ type: z.literal('runFailed'), runId: uuid, error: saidError, cancelled: z.boolean() }),
  /** A ticket is short-lived (minutes); asked again before it ends and after a reconnect. */
  z.object({ type: z.literal('renewTicket'), runId: uuid }),
]);
export type AgentRequest = z.infer<typeof agentRequestSchema>;

export const watermarkSchema = z.object({ stream: z.number().int().nonnegative(), chunks: z.number().int().nonnegative() });
export const agentNoticeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat') }),
  z.object({ type: z.literal('progress'), runId: uuid, progress: runProgressSchema, watermarks: z.array(watermarkSchema).max(10_000).optional() }),
  /** After work that changed disks: what they are now. Protocol 2. */
  z.object({ type: z.literal('inventory'), inventory: inventorySchema }),
  /** runId null: of no run; what the boot environment said before its agent, for the boot's trace. */
  z.object({ type: z.literal('log'), runId: uuid.nullable(), lines: z.array(z.string().max(2000)).max(200) }),
]);
export type AgentNotice = z.infer<typeof agentNoticeSchema>;
export const agentMessageSchema = z.union([agentRequestSchema.and(z.object({ id: z.number().int().positive() })), agentNoticeSchema]);

/** A run as the agent does it. */
export const assignedRunSchema = z.object({
  id: uuid, title: z.string(), /** Who asked for it. */ by: z.string(), askedAt: timestamp,
  tasks: z.array(taskSchema), /** Where to go on. */ taskIndex: z.number().int().nonnegative(),
  /** fresh: not begun; continue: go on by itself; ask: a destructive task was cut off, a person must say so first (resumeRun). */
  how: z.enum(['fresh', 'continue', 'ask']),
  /** Of what was picked together, this is number `position` of `of`. */
  position: z.number().int().positive(), of: z.number().int().positive(),
});
export type AssignedRun = z.infer<typeof assignedRunSchema>;
/** By GUID and version as the task names it (null: the newest): how large a disk a deploy task would need now, and what it is; problem: why it can't. */
export const imageNeedSchema = z.object({ imageGuid: uuid, version: z.number().int().positive().nullable(), imageName: z.string(), usedBytes: z.number(), needsBytes: z.number(), problem: z.string().nullable() });
const pickAnswer = z.object({ runs: z.array(z.object({ id: uuid, title: z.string() })), replaced: z.array(z.object({ id: uuid, title: z.string() })), computerName: z.string() });

/** An archive beside the boot environment's base, fetched by GET /agent/add-on/NAME and unpacked there when something needs it. */
export const addOnSchema = z.object({
  name: z.string().regex(/^[a-z-]{1,20}$/), purpose: z.string(), sizeBytes: z.number().int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Programs it brings, files of firmware as drivers ask for them, and whether it brings drivers. */
  commands: z.array(z.string()), firmware: z.array(z.string()), drivers: z.boolean(),
});
export type AddOn = z.infer<typeof addOnSchema>;

const ticket = z.object({ ticket: z.string(), ticketExpiresInMs: z.number().int().positive() });
/**
 * One address of a server that has the version ready, with the reason for its place in the list and a ticket that the console signed for it.
 * ticket '' (and url '', fingerprint ''): the server that was asked, where it was reached and with the run's own ticket.
 */
export const readSourceSchema = z.object({ serverId: uuid, name: z.string(), url: z.string(), fingerprint: z.string(), ticket: z.string(), reason: z.string() });
export type ReadSource = z.infer<typeof readSourceSchema>;
const sources = z.array(readSourceSchema).max(1000).optional();
/** The package server that takes a capture's pages and frames, by its addresses, nearest first; with a ticket that the console signed for this one capture. */
export const sendToSchema = z.object({ serverId: uuid, name: z.string(), urls: z.array(z.string()).max(20), fingerprint: z.string(), ticket: z.string(), reason: z.string() });
export type SendTo = z.infer<typeof sendToSchema>;
/** Answers by request type (the `ok: true` part without id and ok). */
export const answerSchemas = {
  hello: z.object({ protocol: z.number().int(), computerToken: z.string(), computerId: uuid, computerName: z.string(), serverName: z.string(), serverId: z.string(),
    /** A person has named it. */
    named: z.boolean().optional(),
    /** More than one known computer fits equally: the technician says which (identify). Empty or absent: it is clear. */
    candidates: z.array(z.object({ id: uuid, name: z.string(), model: z.string(), serial: z.string(), lastSeenAt: timestamp })).optional(),
    /** Of portals: what the boot environment may be given besides. */
    addOns: z.array(addOnSchema).default([]),
  }),
  identify: z.object({ computerToken: z.string(), computerId: uuid, computerName: z.string(), named: z.boolean() }),
  portalOpen: z.object({
    settings: portalSettingsSchema, menu: z.array(menuNodeSchema), computerName: z.string(), named: z.boolean(), /** For a new computer; '' where the pattern gives none. */ proposedName: z.string(),
    /** By menu item: the tasks it would run, so that the portal can show what will be erased. */
    tasks: z.record(z.string(), z.array(taskSchema)), needs: z.array(imageNeedSchema),
    /** Runs that wait for this computer, oldest first. */
    pending: z.array(z.object({ id: uuid, title: z.string(), by: z.string(), askedAt: timestamp })),
  }),
  portalName: z.object({ problem: z.string().nullable() }),
  portalPick: pickAnswer,
  pickByName: pickAnswer,
  /** needs: of the images that the run's deploy tasks would write, so that the smallest disk that fits can be told. */
  /** computerName: as it is called now, for the run's texts and scripts. */
  takeRun: z.object({ run: assignedRunSchema.nullable(), needs: z.array(imageNeedSchema).optional(), computerName: z.string().optional() }),
  resumeRun: z.object({}),
  cancelRun: z.object({}),
  taskStarted: z.object({}),
  taskDone: z.object({ /** The run has ended with this task. */ ended: z.boolean() }),
  taskFailed: z.object({ ended: z.boolean() }),
  captureBegin: ticket.extend({
    runId: uuid, imageGuid: uuid, imageName: z.string(), newImage: z.boolean(),
    /** An interrupted capture with this key was adopted: chunks it sent count as arrived. */
    resumed: z.boolean(),
    /** Where pages and frames go; absent: the server that was asked. */
    sendTo: sendToSchema.optional(),
  }),
  captureCommit: z.object({ imageGuid: uuid, version: z.number().int().positive(), manifest: z.string(), newBytes: z.number(), storedBytes: z.number(), /** It waits to be validated at the console. */ pending: z.boolean().optional() }),
  deployBegin: ticket.extend({
    runId: uuid, imageGuid: uuid, imageName: z.string(), version: z.number().int().positive(), manifest: z.string(), manifestBytes: z.number().int(),
    graph: deviceGraphSchema,
    /** Where an interrupted deploy of this version to this disk had got to; empty for a fresh one. */
    watermarks: z.array(watermarkSchema),
    /** Whom to read from, best first; empty or absent: the server that was asked. */
    sources,
  }),
  deployStarted: z.object({}),
  deployDone: z.object({}),
  runFailed: z.object({}),
  /** sources: of a deploy, as they are now, with new tickets. sendTo: of a capture that goes to a package server. */
  renewTicket: ticket.extend({ sources, sendTo: sendToSchema.optional() }),
} as const satisfies Record<AgentRequest['type'], z.ZodType>;
export type Answers = { [K in keyof typeof answerSchemas]: z.infer<(typeof answerSchemas)[K]> };

export const serverNoticeSchema = z.discriminatedUnion('type', [
  /** While a deployBegin waits for a version that is still verifying. id: of that request. */
  z.object({ type: z.literal('deployWait'), requestId: z.number().int(), imageName: z.string(), version: z.number().int(), doneBytes: z.number(), totalBytes: z.number(), etaSeconds: z.number().nullable() }),
  z.object({ type: z.literal('cancel'), runId: uuid, reason: z.string() }),
  /** Only to portals: there is a run to take. */
  z.object({ type: z.literal('work') }),
  /** Only to portals: another one was started on this computer; this one gets no further run. */
  z.object({ type: z.literal('replaced'), reason: z.string() }),
  /** Only to portals: ask portalOpen again when convenient. */
  z.object({ type: z.literal('menuChanged') }),
  /** The server is closing: keep the work, reconnect. */
  z.object({ type: z.literal('closing') }),
]);
export type ServerNotice = z.infer<typeof serverNoticeSchema>;
export const serverMessageSchema = z.union([
  z.object({ id: z.number().int().positive(), ok: z.literal(true) }).loose(),
  /** id 0: about a notice, or a message that could not be read. */
  z.object({ id: z.number().int().nonnegative(), ok: z.literal(false), error: wireErrorSchema }),
  serverNoticeSchema,
]);
