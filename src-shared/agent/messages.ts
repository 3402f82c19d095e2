// Owns the control channel between agent and server: JSON messages over one WebSocket (`/agent`), versioned by hello.
// A request {id, type, …} is answered by {id, ok: true, …} or {id, ok: false, error}; messages without id are notices.
import { z } from 'zod';
import { deviceGraphSchema } from '../model/schema.ts';
import { inventorySchema } from '../model/computer.ts';
import { runDiskSchema, runProgressSchema, wireErrorSchema } from '../model/run.ts';
import { imageNameSchema } from '../model/image.ts';

export const PROTOCOL_VERSION = 1;
/** The server accepts this version and the one before. */
export const OLDEST_PROTOCOL_VERSION = 1;
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
export const MAX_CHUNKS_PER_REQUEST = 256;
export const MAX_FRAMES_BODY_BYTES = 64 * 1024 * 1024;
export const HEARTBEAT_MS = 10_000;
/** Silence after which the server calls a run lost (its capture's chunks stay leased far longer). */
export const RUN_LEASE_MS = 45_000;

const uuid = z.uuid();
const resumeKey = z.string().min(1).max(200);

export const agentRequestSchema = z.discriminatedUnion('type', [
  /** First message. token: an administrator's, or the computer token a former hello got. */
  z.object({ type: z.literal('hello'), protocol: z.number().int(), agentVersion: z.string().max(50), token: z.string().max(500), inventory: inventorySchema }),
  z.object({
    type: z.literal('captureBegin'),
    /** Name or GUID of an image; a name nobody has makes a new image. */
    image: imageNameSchema,
    note: z.string().max(10_000),
    disk: runDiskSchema,
    graph: deviceGraphSchema,
    /** Same disk, same image: the same key, so that an interrupted capture is continued. */
    resumeKey,
  }),
  z.object({ type: z.literal('captureCommit'), runId: uuid, result: z.record(z.string(), z.unknown()) }),
  z.object({
    type: z.literal('deployBegin'),
    image: imageNameSchema,
    version: z.number().int().positive().optional(),
    disk: runDiskSchema,
    resumeKey,
  }),
  /** The plan stands and nothing was refused: from here on the disk is written to. */
  z.object({ type: z.literal('deployStarted'), runId: uuid }),
  z.object({ type: z.literal('deployDone'), runId: uuid, result: z.record(z.string(), z.unknown()) }),
  z.object({ type: z.literal('runFailed'), runId: uuid, error: wireErrorSchema, cancelled: z.boolean() }),
  /** A ticket is short-lived (minutes); asked again before it ends and after a reconnect. */
  z.object({ type: z.literal('renewTicket'), runId: uuid }),
]);
export type AgentRequest = z.infer<typeof agentRequestSchema>;

export const watermarkSchema = z.object({ stream: z.number().int().nonnegative(), chunks: z.number().int().nonnegative() });
export const agentNoticeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat') }),
  z.object({ type: z.literal('progress'), runId: uuid, progress: runProgressSchema, watermarks: z.array(watermarkSchema).max(10_000).optional() }),
  z.object({ type: z.literal('log'), runId: uuid.nullable(), lines: z.array(z.string().max(2000)).max(200) }),
]);
export type AgentNotice = z.infer<typeof agentNoticeSchema>;
export const agentMessageSchema = z.union([agentRequestSchema.and(z.object({ id: z.number().int().positive() })), agentNoticeSchema]);

const ticket = z.object({ ticket: z.string(), ticketExpiresInMs: z.number().int().positive() });
/** Answers by request type (the `ok: true` part without id and ok). */
export const answerSchemas = {
  hello: z.object({ protocol: z.number().int(), computerToken: z.string(), computerId: uuid, computerName: z.string(), serverName: z.string(), serverId: z.string() }),
  captureBegin: ticket.extend({
    runId: uuid, imageGuid: uuid, imageName: z.string(), newImage: z.boolean(),
    /** An interrupted capture with this key was adopted: chunks it sent count as arrived. */
    resumed: z.boolean(),
  }),
  captureCommit: z.object({ imageGuid: uuid, version: z.number().int().positive(), manifest: z.string(), newBytes: z.number(), storedBytes: z.number() }),
  deployBegin: ticket.extend({
    runId: uuid, imageGuid: uuid, imageName: z.string(), version: z.number().int().positive(), manifest: z.string(), manifestBytes: z.number().int(),
    graph: deviceGraphSchema,
    /** Where an interrupted deploy of this version to this disk had got to; empty for a fresh one. */
    watermarks: z.array(watermarkSchema),
  }),
  deployStarted: z.object({}),
  deployDone: z.object({}),
  runFailed: z.object({}),
  renewTicket: ticket,
} as const satisfies Record<AgentRequest['type'], z.ZodType>;
export type Answers = { [K in keyof typeof answerSchemas]: z.infer<(typeof answerSchemas)[K]> };

export const serverNoticeSchema = z.discriminatedUnion('type', [
  /** While a deployBegin waits for a version that is still verifying. id: of that request. */
  z.object({ type: z.literal('deployWait'), requestId: z.number().int(), imageName: z.string(), version: z.number().int(), doneBytes: z.number(), totalBytes: z.number(), etaSeconds: z.number().nullable() }),
  z.object({ type: z.literal('cancel'), runId: uuid, reason: z.string() }),
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
