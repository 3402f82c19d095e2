// Owns deploys as agents do them: the version that was meant or the refusal, waiting while it is still verified, and what an
// interrupted deploy had got to. Knows no socket.
import { AppError, toAppError } from '#shared/errors.ts';
import type { AgentRequest, Answers, ServerNotice } from '#shared/agent/messages.ts';
import { isFinal } from '#shared/model/run.ts';
import type { Store } from '../store/types.ts';
import type { Images } from '../images/service.ts';
import type { Log } from '../log/service.ts';
import type { RunHolder, Runs } from '../runs/service.ts';
import type { AgentIdentity } from './captures.ts';
import { refusalsKept } from './refusals.ts';
import type { Tickets } from './tickets.ts';

export type DeploysParts = { store: Store; images: Images; runs: Runs; tickets: Tickets; log: Log };
type DeployRequest = Extract<AgentRequest, { type: 'deployBegin' }>;
export type WaitNotice = Omit<Extract<ServerNotice, { type: 'deployWait' }>, 'type' | 'requestId'>;
type Caller = { agent: AgentIdentity; holder: RunHolder; notify: (notice: WaitNotice) => void; /** Aborted when the connection ends. */ gone: AbortSignal };

const NOTIFY_MS = 1000;

export class Deploys {
  readonly #parts: DeploysParts;
  /** Deploys that wait for a version, by run; aborting one cancels it. */
  readonly #waiting = new Map<string, AbortController>();

  constructor(parts: DeploysParts) {
    this.#parts = parts;
  }

  async begin(request: DeployRequest, caller: Caller): Promise<Answers['deployBegin']> {
    const { images, runs, store, tickets } = this.#parts;
    const { agent, holder } = caller;
    const { image, version } = await refusalsKept(this.#parts, request, agent, () => images.forDeploy(request.image, request.version));
    const earlier = runs.earlier(agent.computerId, 'deploy', request.resumeKey);
    for (const row of earlier) {
      if (!isFinal(row.state) && row.version_guid !== version.guid) runs.move(row.id, 'cancel', { actor: agent.actor, message: `Another version was deployed to the same disk: ${version.number}` });
    }
    const last = earlier.find((row) => row.version_guid === version.guid);
    const watermarks = last === undefined || last.state === 'succeeded' ? [] : runs.watermarks(last);
    const runId = last !== undefined && !isFinal(last.state) ? last.id : runs.create({
      kind: 'deploy', computerId: agent.computerId, computerName: agent.computerName, imageGuid: image.guid, imageName: image.name, disk: request.disk, resumeKey: request.resumeKey,
      captureId: null, request: {}, versionGuid: version.guid, versionNumber: version.number, watermarks, actor: agent.actor,
    });
    runs.hold(runId, holder);
    try {
      if (version.state === 'verifying') await this.#wait(runId, { imageName: image.name, guid: version.guid, number: version.number }, caller);
      // Asked again: while it waited the version may have turned out damaged, or been disabled or deleted.
      const chosen = images.forDeploy(image.guid, version.number);
      const manifest = await store.openManifest(chosen.version.manifest);
      const answer = { imageGuid: image.guid, imageName: image.name, version: version.number, manifest: manifest.hash, manifestBytes: manifest.sizeBytes, graph: manifest.head.graph };
      await manifest.close();
      runs.move(runId, 'start', { actor: agent.actor, error: null });
      return { ...tickets.issue(runId), runId, ...answer, watermarks: [...watermarks] };
    } catch (error) {
      // A connection that broke while waiting is no end: the lease says when it is one.
      if (!caller.gone.aborted) runs.move(runId, 'fail', { actor: agent.actor, error: toAppError(error).toWire() });
      throw error;
    }
  }

  /** The manifest a run may read. */
  manifestOf(runId: string): { versionGuid: string; manifest: string } {
    const row = this.#parts.runs.requireOpen(runId);
    const version = row.kind === 'deploy' && row.version_guid !== null ? this.#parts.images.findVersion(row.version_guid) : undefined;
    if (version === undefined) throw new AppError('forbidden', 'This ticket is not for a deploy of a version that is there.', { run: runId });
    return { versionGuid: version.guid, manifest: version.manifest };
  }

  /** @returns false when this run is not waiting here */
  cancelWait(runId: string): boolean {
    const stop = this.#waiting.get(runId);
    stop?.abort();
    return stop !== undefined;
  }

  async #wait(runId: string, version: { imageName: string; guid: string; number: number }, { agent, notify, gone }: Caller): Promise<void> {
    const { images, runs } = this.#parts;
    runs.move(runId, 'wait', { actor: agent.actor, message: `Waits until version ${version.number} of "${version.imageName}" is verified` });
    const stop = new AbortController();
    this.#waiting.set(runId, stop);
    try {
      for (;;) {
        const row = images.findVersion(version.guid);
        if (row === undefined || row.state !== 'verifying') return;
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
      this.#waiting.delete(runId);
    }
  }
}
