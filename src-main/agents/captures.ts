// Owns captures as agents do them: one store session per run, here or at the package server nearest to the computer, adopted again by its
// resume key, and the commit that makes a version of it. Knows no socket.
import { randomUUID } from 'node:crypto';
import { AppError, toAppError } from '#shared/errors.ts';
import type { AgentRequest, Answers, SendTo } from '#shared/agent/messages.ts';
import { isFinal } from '#shared/model/run.ts';
import { deviceGraphSchema, type DeviceGraph } from '#shared/model/schema.ts';
import { z } from 'zod';
import type { CaptureSession, Store } from '../store/types.ts';
import type { CommittedVersion, Images, NewCapture } from '../images/service.ts';
import type { Log } from '../log/service.ts';
import type { RunHolder, RunRow, Runs } from '../runs/service.ts';
import type { SettingsService } from '../settings/service.ts';
import { placeSchema, type CapturePlaces, type Place, type Placed } from './capture-places.ts';
import { isFilledFrom } from './filled-name.ts';
import { refusalsKept } from './refusals.ts';
import type { Tickets } from './tickets.ts';

export type AgentIdentity = { computerId: string; computerName: string; actor: string; agentVersion: string };
export type CapturesParts = { store: Store; images: Images; runs: Runs; settings: SettingsService; tickets: Tickets; places: CapturePlaces; log: Log; clock: () => number };

/** What is needed at the commit, kept with the run so that a restart loses nothing. */
const requestSchema = z.object({ versionGuid: z.uuid(), note: z.string(), agentVersion: z.string(), isNew: z.boolean(), graph: deviceGraphSchema, /** null: here. */ at: placeSchema.nullable().default(null) });
type CaptureRequest = Extract<AgentRequest, { type: 'captureBegin' }>;

const HOUR_MS = 3_600_000;
const RENEW_EVERY_MS = 60_000;
/** Room asked for before a capture starts: what it will bring is not known yet. */
const MIN_ROOM_BYTES = 64 * 1024 * 1024;

export class Captures {
  readonly #parts: CapturesParts;
  /** By run. */
  readonly #sessions = new Map<string, { session: CaptureSession; renewedAt: number; graph: DeviceGraph }>();
  /** Those at other servers, by run. */
  readonly #elsewhere = new Map<string, { at: Place; captureId: string; renewedAt: number }>();

  constructor(parts: CapturesParts) {
    this.#parts = parts;
  }

  async begin(request: CaptureRequest, { agent, holder, address }: { agent: AgentIdentity; holder: RunHolder; address: string }): Promise<Answers['captureBegin']> {
    const { runs, tickets } = this.#parts;
    const job = request.task === undefined ? null : runs.tasks.imaging(request.task, 'capture', { holder, actor: agent.actor });
    const target = await refusalsKept(this.#parts, request, agent, () => {
      if (job !== null && job.task.imageGuid === null && !isFilledFrom(job.task.imageName, request.image)) {
        throw new AppError('forbidden', `This task captures into ${job.task.imageName}, and not into ${request.image}.`, { run: job.row.id });
      }
      // Which image a task means is not the agent's to choose; only the name of a new one is filled in on the computer.
      return this.#target(job?.task.imageGuid ?? request.image);
    });
    const said: string[] = [];
    const before = this.#earlier(request, { agent, target, job: job?.row ?? null });
    const captureId = before.adopted?.capture_id ?? randomUUID();
    const placed = await refusalsKept(this.#parts, request, agent, () => this.#place(request, { address, adopted: before.adopted, captureId, say: (line) => said.push(line) }));
    // While room was asked for, the run may have ended.
    if (request.task !== undefined) runs.tasks.imaging(request.task, 'capture', { holder, actor: agent.actor });
    const { continued } = this.#earlier(request, { agent, target, job: job?.row ?? null });
    const image = { ...target, guid: target.isNew ? continued?.image_guid ?? before.adopted?.image_guid ?? target.guid : target.guid };
    const details = { versionGuid: randomUUID(), note: request.note, agentVersion: agent.agentVersion, isNew: image.isNew, graph: request.graph, at: placed.at };
    const columns = { imageGuid: image.guid, imageName: image.name, resumeKey: request.resumeKey, captureId, versionGuid: null, versionNumber: null };
    if (continued !== undefined) this.#leave(continued, placed);
    if (job !== null) runs.tasks.setImaging(job.row.id, { ...columns, disk: JSON.stringify(request.disk), request: details, watermarks: '[]' });
    const runId = job?.row.id ?? continued?.id ?? runs.create({ ...columns, kind: 'capture', computerId: agent.computerId, computerName: agent.computerName, disk: request.disk, request: details, watermarks: [], actor: agent.actor });
    runs.hold(runId, holder);
    if (job === null) runs.setCapture(runId, captureId, details);
    try {
      if (placed.at === null) {
        this.#elsewhere.delete(runId);
        const session = await this.#open(runId, request.graph);
        // The disk may have changed meanwhile: it is read and hashed again, but what arrived counts.
        await session.restart();
      }
      runs.tasks.refuseCancelled(runId, holder);
    } catch (error) {
      if (runs.tasks.isTakenBy(runId, holder)) runs.move(runId, 'fail', { actor: agent.actor, error: toAppError(error).toWire() });
      throw error;
    }
    runs.move(runId, 'start', { actor: agent.actor, error: null });
    runs.addLines(runId, said);
    const sendTo = this.sendTo(runId, address);
    return { ...tickets.issue(runId), runId, imageGuid: image.guid, imageName: image.name, newImage: image.isNew, resumed: placed.at === null ? before.adopted !== undefined : placed.resumed, ...(sendTo === null ? {} : { sendTo }) };
  }

  /** Runs of the same disk into the same image: the one that goes on, and the one whose chunks are still held somewhere. */
  #earlier(request: CaptureRequest, { agent, target, job }: { agent: AgentIdentity; target: { guid: string; name: string; isNew: boolean }; job: RunRow | null }): { continued: RunRow | undefined; adopted: RunRow | undefined } {
    const { runs, images, store, places } = this.#parts;
    const earlier = runs.earlier(agent.computerId, 'capture', request.resumeKey).filter((row) => (target.isNew ? row.image_name === target.name && !images.exists(row.image_guid ?? '') : row.image_guid === target.guid));
    const open = new Set(store.openCaptures().map((capture) => capture.id));
    const continued = earlier.find((row) => (job === null ? row.kind === 'capture' && !isFinal(row.state) : row.id === job.id));
    const passed = new Set(request.elsewhere?.not.map((each) => each.serverId));
    const isHeld = (row: RunRow, captureId: string): boolean => {
      const at = placeOf(row);
      return at === null ? open.has(captureId) : request.elsewhere !== undefined && places.isUsable(at.serverId) && !passed.has(at.serverId);
    };
    // What another run holds is its own until it has ended.
    const adopted = [...(continued === undefined ? [] : [continued]), ...earlier].find((row) => row.capture_id !== null && row.state !== 'succeeded' && (isFinal(row.state) || row.id === continued?.id) && isHeld(row, row.capture_id));
    return { continued, adopted };
  }

  /** An agent that knows nothing of other servers sends everything here. */
  async #place(request: CaptureRequest, { address, adopted, captureId, say }: { address: string; adopted: RunRow | undefined; captureId: string; say: (line: string) => void }): Promise<Placed> {
    const { places, store } = this.#parts;
    const before = adopted === undefined ? null : { at: placeOf(adopted) };
    const placed: Placed = request.elsewhere === undefined || !places.areThere ? { at: null }
      : await places.open(address, { before, not: request.elsewhere.not, placing: { captureId, ttlMs: this.#leaseMs(), graph: request.graph }, say });
    if (placed.at === null) await store.foreseeSpace(MIN_ROOM_BYTES);
    return placed;
  }

  /** A run that went to a server and goes elsewhere now leaves nothing there. */
  #leave(row: RunRow, { at }: Placed): void {
    const was = placeOf(row);
    if (was !== null && was.serverId !== at?.serverId && row.capture_id !== null) this.#parts.places.close(was, row.capture_id);
  }

  /** Where the run's pages and frames go; null: here. Also of a run that a restart of the console interrupted. */
  sendTo(runId: string, address: string): SendTo | null {
    const { runs, places } = this.#parts;
    const row = runs.requireOpen(runId);
    const at = runs.imagingOf(row) === 'capture' ? placeOf(row) : null;
    if (at === null || row.capture_id === null) return null;
    this.#elsewhere.set(runId, { at, captureId: row.capture_id, renewedAt: this.#elsewhere.get(runId)?.renewedAt ?? this.#parts.clock() });
    return places.sendTo({ at, captureId: row.capture_id, runId, address });
  }

  /** The session of a run under way; opened again after a restart of the server. */
  async session(runId: string): Promise<{ session: CaptureSession; graph: DeviceGraph }> {
    const { runs } = this.#parts;
    const row = runs.requireOpen(runId);
    if (runs.imagingOf(row) !== 'capture') throw new AppError('forbidden', 'This ticket is not for a capture under way.', { run: runId });
    const known = this.#sessions.get(runId);
    if (known !== undefined) {
      this.renew(runId);
      return known;
    }
    const { graph, at } = requestSchema.parse(JSON.parse(row.request));
    if (at !== null) throw new AppError('conflict', `This capture goes to ${at.name}, not to the console.`, { run: runId, server: at.serverId });
    return { session: await this.#open(runId, graph), graph };
  }

  /** Signs of life hold the chunks; written down about once a minute. */
  renew(runId: string): void {
    const away = this.#elsewhere.get(runId);
    if (away !== undefined && this.#parts.clock() - away.renewedAt >= RENEW_EVERY_MS) {
      away.renewedAt = this.#parts.clock();
      this.#parts.places.renew(away.at, away.captureId, this.#leaseMs());
    }
    const entry = this.#sessions.get(runId);
    if (entry === undefined || this.#parts.clock() - entry.renewedAt < RENEW_EVERY_MS) return;
    entry.renewedAt = this.#parts.clock();
    entry.session.renew(this.#leaseMs());
  }

  async commit(runId: string, { agent, holder, result, gone }: { agent: AgentIdentity; holder: RunHolder; result: Record<string, unknown>; /** The agent's connection ended. */ gone: AbortSignal }): Promise<Answers['captureCommit']> {
    const { runs, images } = this.#parts;
    const done = this.#committed(runs.row(runId));
    // The answer was lost on its way: it is given again.
    if (done !== null) return done;
    const open = runs.requireOpen(runId);
    if (runs.imagingOf(open) !== 'capture') throw new AppError('conflict', 'This run has no capture under way.', { run: runId });
    const request = requestSchema.parse(JSON.parse(open.request));
    const capture = {
      imageGuid: open.image_guid ?? randomUUID(), imageName: open.image_name, versionGuid: request.versionGuid, note: request.note, capturedBy: agent.actor,
      computerName: open.computer_name, agentVersion: request.agentVersion, graph: request.graph,
    };
    const { at } = request;
    const session = at === null ? (await this.session(runId)).session : null;
    const version = await this.#addVersion(runId, agent, () => (session === null && at !== null ? this.#commitAt(at, open, capture, gone) : images.addVersion(capture, (head) => (session as CaptureSession).commit(head))));
    const commit = { imageGuid: version.imageGuid, version: version.version, manifest: version.manifest, newBytes: version.newBytes, storedBytes: version.storedBytes, ...(version.pending === true ? { pending: true } : {}) };
    const words = `Version ${version.version} of "${open.image_name}" was captured${at === null ? '' : ` at ${at.name}`}`;
    // Said again while the first was still being done: that one has ended the task.
    const meanwhile = this.#committed(runs.row(runId));
    if (meanwhile !== null) return meanwhile;
    runs.atomically(() => {
      runs.setVersion(runId, { guid: version.imageGuid, name: open.image_name, versionGuid: version.versionGuid, number: version.version });
      const figures = { ...result, commit, ...(at === null ? {} : { at: { serverId: at.serverId, name: at.name } }) };
      if (open.kind === 'job') runs.tasks.imagingDone({ runId, index: open.task_index }, { holder, actor: agent.actor, result: figures, words });
      else runs.move(runId, 'succeed', { actor: agent.actor, result: figures, error: null, message: words });
    });
    this.forget(runId);
    await session?.close();
    return commit;
  }

  /** The server that has the chunks makes the version; a cancelled run's does not wait for it. */
  #commitAt(at: Place, { id, capture_id: captureId }: RunRow, capture: NewCapture, gone: AbortSignal): Promise<CommittedVersion> {
    const { images, places, runs } = this.#parts;
    const say = (line: string): void => runs.addLines(id, [line]);
    return images.addVersionAt(at.serverId, capture, (head, pending) => places.commit(at, { captureId: captureId ?? id, head, pending }, { ended: gone, say }));
  }

  /** What a capture that has ended was answered with. */
  #committed(row: RunRow | undefined): Answers['captureCommit'] | null {
    if (row === undefined) return null;
    const { runs } = this.#parts;
    const result = row.kind !== 'job' ? (row.state === 'succeeded' ? row.result : null) : runs.imagingOf(row) === 'capture' ? null : runs.tasks.lastResult(row, 'capture');
    return committedSchema.safeParse(JSON.parse(result ?? '{}')).data?.commit ?? null;
  }

  /** A refusal ends the run; its chunks stay leased, so that the same capture, started again, sends nothing twice. */
  async #addVersion(runId: string, agent: AgentIdentity, work: () => Promise<CommittedVersion>): Promise<CommittedVersion> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AppError && error.isRefusal) this.#parts.runs.move(runId, 'fail', { actor: agent.actor, error: error.toWire(), message: error.message });
      throw error;
    }
  }

  /** The run ended or was lost: the session stays in the store until its lease ends, so that it can be adopted. */
  forget(runId: string): void {
    this.#sessions.delete(runId);
    this.#elsewhere.delete(runId);
  }

  /** Runs that capture the same new name at the same time make one image. */
  #target(ref: string): { guid: string; name: string; isNew: boolean } {
    const { images, runs } = this.#parts;
    const target = images.forCapture(ref);
    if (!target.isNew) return target;
    const other = runs.openForNewImage(target.name);
    return { ...target, guid: other?.image_guid ?? target.guid };
  }

  async #open(runId: string, graph: DeviceGraph): Promise<CaptureSession> {
    const row = this.#parts.runs.row(runId);
    const session = await this.#parts.store.openCapture(row?.capture_id ?? runId, this.#leaseMs());
    this.#sessions.set(runId, { session, renewedAt: this.#parts.clock(), graph });
    return session;
  }

  #leaseMs(): number {
    return this.#parts.settings.get().captureLeaseHours * HOUR_MS;
  }
}

/** Where its chunks went; null: here. */
function placeOf(row: RunRow): Place | null {
  return placedSchema.safeParse(JSON.parse(row.request)).data?.at ?? null;
}
const placedSchema = requestSchema.pick({ at: true });
const committedSchema = z.object({
  commit: z.object({ imageGuid: z.uuid(), version: z.number(), manifest: z.string(), newBytes: z.number(), storedBytes: z.number(), pending: z.boolean().optional() }),
});
