// Owns the record of what was refused before there was a run: a person who was told "no" at the computer finds it in the console.
import { AppError, toAppError } from '#shared/errors.ts';
import type { AgentRequest } from '#shared/agent/messages.ts';
import type { Log } from '../log/service.ts';
import type { Runs } from '../runs/service.ts';
import type { AgentIdentity } from './captures.ts';

type Asked = Extract<AgentRequest, { type: 'captureBegin' | 'deployBegin' }>;

/** Decides by `work`; a refusal is kept as a failed run with its code, and thrown on. */
export async function refusalsKept<T>({ runs, log }: { runs: Runs; log: Log }, request: Asked, agent: AgentIdentity, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.isRefusal) {
      try {
        keep(runs, request, agent, error);
      } catch (failure) {
        // The refusal is what matters to whoever asked.
        log.warn('a refusal could not be kept among the runs', { computer: agent.computerId, error: toAppError(failure) });
      }
    }
    throw error;
  }
}

function keep(runs: Runs, request: Asked, agent: AgentIdentity, error: AppError): void {
  if (request.task !== undefined) {
    runs.move(request.task.runId, 'fail', { actor: agent.actor, error: error.toWire(), message: `Task ${request.task.index + 1} was refused: ${error.message}` });
    return;
  }
  const { imageGuid, imageName, version } = error.data;
  const kind = request.type === 'captureBegin' ? 'capture' : 'deploy';
  const id = runs.create({
    kind, computerId: agent.computerId, computerName: agent.computerName,
    imageGuid: typeof imageGuid === 'string' ? imageGuid : null, imageName: typeof imageName === 'string' ? imageName : request.image, disk: request.disk,
    resumeKey: request.resumeKey, captureId: null, request: {}, versionGuid: null, versionNumber: typeof version === 'number' ? version : null, watermarks: [], actor: agent.actor,
  });
  runs.move(id, 'fail', { actor: agent.actor, error: error.toWire(), message: `${kind} on ${agent.computerName} was refused: ${error.message}` });
}
