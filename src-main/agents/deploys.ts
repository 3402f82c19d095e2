// Owns deploys as agents do them: the version that was meant or the refusal, waiting while it is still verified, and what an
// interrupted deploy had got to. Knows no socket.
import { AppError, toAppError } from '#shared/errors.ts';
import type { AgentRequest, Answers, ReadSource, ServerNotice } from '#shared/agent/messages.ts';
import type { Task } from '#shared/model/job.ts';
import { isFinal } from '#shared/model/run.ts';
import type { Store } from '../store/types.ts';
import type { ChooseFor, Images } from '../images/service.ts';
import type { Log } from '../log/service.ts';
import type { RunHolder, RunRow, Runs } from '../runs/service.ts';
import type { AgentIdentity } from './captures.ts';
import type { ReadSources } from './read-sources.ts';
import { refusalsKept } from './refusals.ts';
import type { Tickets } from './tickets.ts';

export type DeploysParts = { store: Store; images: Images; runs: Runs; tickets: Tickets; sources: ReadSources; log: Log };
type DeployRequest = Extract<AgentRequest, { type: 'deployBegin' }>;
export type WaitNotice = Omit<Extract<ServerNotice, { type: 'deployWait' }>, 'type' | 'requestId'>;
type Caller = { agent: AgentIdentity; holder: RunHolder; /** Where the computer is. */ address: string; notify: (notice: WaitNotice) => void; /** Aborted when the connection ends. */ gone: AbortSignal };

const NOTIFY_MS = 1000;
const testDeploy: ChooseFor = { origins: new Set(), pendingToo: true };

export class Deploys {
  readonly #parts: DeploysParts;
  /** Deploys that wait for a version, by run; aborting one cancels it. */
  readonly #waiting = new Map<string, AbortController>();

  constructor(parts: DeploysParts) {
    this.#parts = parts;
  }

  async begin(request: DeployRequest, caller: Caller): Promise<Answers['deployBegin']> {
    const { images, runs, sources, tickets } = this.#parts;
    const { agent, holder, address } = caller;
    const job = request.task === undefined ? null : runs.tasks.imaging(request.task, 'deploy', { holder, actor: agent.actor });
    // A version that waits to be validated is deployed where somebody said so for this one computer, and by its number at the site it was captured at.
    const choose = (job === null ? request.test : job.task.test) === true ? testDeploy : { near: sources.near(address) };
    const { image, version } = await refusalsKept(this.#parts, request, agent, () => (job === null ? images.forDeploy(request.image, request.version, choose) : this.#versionOf(job, request.resumeKey, choose)));
    const earlier = runs.earlier(agent.computerId, 'deploy', request.resumeKey);
    if (job === null) for (const row of earlier) this.#supersede(row, version, agent);
    const last = earlier.find((row) => row.version_guid === version.guid);
    const watermarks = last === undefined || last.state === 'succeeded' ? [] : runs.watermarks(last);
    const columns = { imageGuid: image.guid, imageName: image.name, resumeKey: request.resumeKey, captureId: null, request: {}, versionGuid: version.guid, versionNumber: version.number };
    if (job !== null) runs.tasks.setImaging(job.row.id, { ...columns, disk: JSON.stringify(request.disk), watermarks: JSON.stringify(watermarks) });
    const mine = last !== undefined && last.kind === 'deploy' && !isFinal(last.state) ? last.id : null;
    const runId = job?.row.id ?? mine ?? runs.create({ ...columns, kind: 'deploy', computerId: agent.computerId, computerName: agent.computerName, disk: request.disk, watermarks, actor: agent.actor });
    runs.hold(runId, holder);
    try {
      if (version.own_state === 'verifying' && !sources.isElsewhere(address, version.guid)) await this.#wait(runId, { imageName: image.name, guid: version.guid, number: version.number }, caller);
      // Asked again: while it waited the version may have turned out damaged, or been disabled or deleted.
      const chosen = images.forDeploy(image.guid, version.number, choose);
      const answer = { imageGuid: image.guid, imageName: image.name, version: version.number, ...(await this.#factsOf(chosen, address)) };
      // While it waited, it may have been cancelled, or taken by another start of the agent.
      runs.tasks.refuseCancelled(runId, holder);
      runs.move(runId, 'start', { actor: agent.actor, error: null });
      const list = sources.listFor({ address, versionGuid: version.guid, manifest: answer.manifest, runId });
      return { ...tickets.issue(runId), runId, ...answer, watermarks: [...watermarks], ...(list.length === 0 ? {} : { sources: list }) };
    } catch (error) {
      // A connection that broke while waiting is no end: the lease says when it is one.
      if (!caller.gone.aborted && runs.tasks.isTakenBy(runId, holder)) runs.move(runId, 'fail', { actor: agent.actor, error: toAppError(error).toWire() });
      throw error;
    }
  }

  /** Of a run that renews its ticket: whom it reads from now on; empty for a capture, and where there is nobody but this server. */
  sourcesOf(runId: string, address: string): ReadSource[] {
    const row = this.#parts.runs.requireOpen(runId);
    const version = this.#parts.runs.imagingOf(row) === 'deploy' && row.version_guid !== null ? this.#parts.images.findVersion(row.version_guid) : undefined;
    return version === undefined ? [] : this.#parts.sources.listFor({ address, versionGuid: version.guid, manifest: version.manifest, runId });
  }

  /** Manifest and graph; throws where no server has it proved that the computer may read it from. */
  async #factsOf(chosen: ReturnType<Images['forDeploy']>, address: string): Promise<Pick<Answers['deployBegin'], 'manifest' | 'manifestBytes' | 'graph'>> {
    const { images, sources, store } = this.#parts;
    const { version } = chosen;
    // Of one that is proved elsewhere alone, this server's rows say what it is; the computer checks the manifest's hash itself.
    if (version.own_state !== 'ready' && version.manifest_bytes > 0 && sources.isElsewhere(address, version.guid)) return { manifest: version.manifest, manifestBytes: version.manifest_bytes, graph: images.graphOf(version.guid) };
    images.requireHere(chosen);
    const manifest = await store.openManifest(version.manifest);
    await manifest.close();
    return { manifest: manifest.hash, manifestBytes: manifest.sizeBytes, graph: manifest.head.graph };
  }

  /** The manifest a run may read. */
  manifestOf(runId: string): { versionGuid: string; manifest: string } {
    const row = this.#parts.runs.requireOpen(runId);
    const version = this.#parts.runs.imagingOf(row) === 'deploy' && row.version_guid !== null ? this.#parts.images.readable(row.version_guid) : undefined;
    if (version === undefined) throw new AppError('forbidden', 'This ticket is not for a deploy of a version that is there.', { run: runId });
    return { versionGuid: version.guid, manifest: version.manifest };
  }

  /** Said again after a cut it has succeeded already; said of a run that was cancelled meanwhile it is too late. */
  done(runId: string, { agent, holder, result }: Pick<Caller, 'agent' | 'holder'> & { result: Record<string, unknown> }): void {
    const { runs } = this.#parts;
    const row = runs.row(runId);
    if (row?.kind === 'job') {
      if (runs.imagingOf(row) !== 'deploy' && runs.tasks.lastResult(row, 'deploy') !== null) return;
      const open = runs.requireOpen(runId);
      if (runs.imagingOf(open) !== 'deploy') throw new AppError('conflict', 'This run has no deploy under way.', { run: runId });
      runs.tasks.imagingDone({ runId, index: open.task_index }, { holder, actor: agent.actor, result, words: `version ${row.version_number} of "${row.image_name}" was deployed` });
      return;
    }
    if (!runs.move(runId, 'succeed', { actor: agent.actor, result, error: null }) && runs.row(runId)?.state !== 'succeeded') runs.requireOpen(runId);
  }

  /** What the task says. A task that is continued goes on with the version it began with, while that can be deployed. */
  #versionOf({ row, task }: { row: RunRow; task: Extract<Task, { type: 'deploy' }> }, resumeKey: string, choose: Partial<ChooseFor>): ReturnType<Images['forDeploy']> {
    const { images } = this.#parts;
    if (task.version === null && row.resume_key === resumeKey && row.image_guid === task.imageGuid && row.version_number !== null) {
      try {
        return images.forDeploy(task.imageGuid, row.version_number);
      } catch (error) {
        if (!(error instanceof AppError) || !error.isRefusal) throw error;
      }
    }
    return images.forDeploy(task.imageGuid, task.version ?? task.channel ?? undefined, choose);
  }

  /** Another version is deployed by hand to the same disk: the deploy before it ends, and whoever works on it is told. */
  #supersede(row: RunRow, version: { guid: string; number: number }, agent: AgentIdentity): void {
    const { runs } = this.#parts;
    if (row.kind !== 'deploy' || isFinal(row.state) || row.version_guid === version.guid) return;
    const reason = `another version was deployed to the same disk: ${version.number}`;
    const before = runs.holderOf(row.id);
    runs.move(row.id, 'cancel', { actor: agent.actor, message: `Cancelled: ${reason}` });
    this.cancelWait(row.id);
    before?.cancel(row.id, reason);
  }

  /** @returns false when this run is not waiting here */
  cancelWait(runId: string): boolean {
    const stop = this.#waiting.get(runId);
    stop?.abort();
    return stop !== undefined;
  }

  async #wait(runId: string, version: { imageName: string; guid: string; number: number }, { agent, notify, gone, address }: Caller): Promise<void> {
    const { images, runs } = this.#parts;
    runs.move(runId, 'wait', { actor: agent.actor, message: `Waits until version ${version.number} of "${version.imageName}" is verified` });
    const stop = new AbortController();
    this.#waiting.set(runId, stop);
    try {
      for (;;) {
        const row = images.findVersion(version.guid);
        if (row === undefined || row.own_state !== 'verifying' || this.#parts.sources.isElsewhere(address, row.guid)) return;
        if (gone.aborted) throw new AppError('connection-lost', 'The agent went away while it waited for the version.', { run: runId });
        if (stop.signal.aborted) {
          runs.move(runId, 'cancel', { actor: agent.actor, message: 'Cancelled while waiting for the version' });
          throw new AppError('lease-lost', 'The deploy was cancelled while it waited for the version. Nothing was written.', { run: runId });
        }
        const progress = images.verifyProgress(version.guid);
        notify({ imageName: version.imageName, version: version.number, doneBytes: progress?.doneBytes ?? 0, totalBytes: progress?.totalBytes ?? row.new_bytes, etaSeconds: progress?.etaSeconds ?? null });
        runs.sign(runId);
        await images.nextChange(version.guid, AbortSignal.any([gone, stop.signal, AbortSignal.timeout(NOTIFY_MS)]));
      }
    } finally {
      if (this.#waiting.get(runId) === stop) this.#waiting.delete(runId);
    }
  }
}
