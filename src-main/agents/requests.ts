// Owns what each request of a known agent does. Everything is bound to the computer its connection speaks for: a run of another
// one is not there, and asking for it is logged. Knows no socket.
import { AppError, isErrorCode, type WireError } from '#shared/errors.ts';
import type { AgentRequest, Answers } from '#shared/agent/messages.ts';
import { isFinal } from '#shared/model/run.ts';
import type { Access } from '../access/service.ts';
import type { Computers } from '../computers/service.ts';
import type { Log } from '../log/service.ts';
import type { Portal } from '../portal/service.ts';
import type { RunHolder, Runs, TaskRef } from '../runs/service.ts';
import type { AgentIdentity, Captures } from './captures.ts';
import type { Deploys, WaitNotice } from './deploys.ts';
import { PickPace } from './pick-pace.ts';
import type { Portals } from './portals.ts';
import type { Tickets } from './tickets.ts';

export type RequestParts = { access: Access; computers: Computers; runs: Runs; portal: Portal; portals: Portals; captures: Captures; deploys: Deploys; tickets: Tickets; log: Log };
/** One connection after its hello. */
export type Caller = {
  agent: AgentIdentity;
  /** What its machine is known as: of records that were merged, the one it said hello as. A split makes it that one again. */
  record: string;
  /** Made anew by every start of the agent. */
  session: string;
  isPortal: boolean;
  /** Came with an administrator's token, not with its computer's own. */
  isAdministrator: boolean;
  /** Came of the boot environment's token: nothing by hand. */
  portalOnly: boolean;
  /** Records offered in a tie, until the technician has said which it is. */
  candidates: readonly string[];
  holder: PortalHolder;
  /** Where its machine is, as this connection shows. */
  address: string;
  /** Aborted when the connection ends. */
  gone: AbortSignal;
  warnedAt: number;
};
/** A connection as runs and portals hold it. */
export type PortalHolder = RunHolder & {
  readonly session: string;
  work(): void; menuChanged(): void;
  /** Another portal of this computer works from now on. */
  replaced(): void;
  /** Does it still answer? A computer that was switched off leaves its connection behind. */
  alive(): Promise<boolean>;
};
type Known = Exclude<AgentRequest['type'], 'hello'>;
type Requests = { [K in Known]: (request: Extract<AgentRequest, { type: K }>, caller: Caller, notify: (notice: WaitNotice) => void) => Answers[K] | Promise<Answers[K]> };

const WARN_EVERY_MS = 10_000;

export function openRequests(parts: RequestParts): (request: Exclude<AgentRequest, { type: 'hello' }>, caller: Caller, notify: (notice: WaitNotice) => void) => Promise<Record<string, unknown>> {
  const requests: Requests = { ...portalRequests(parts), ...taskRequests(parts), ...imagingRequests(parts) };
  // The table's entry belongs to the request's own type; TypeScript cannot follow the index.
  return async (request, caller, notify) => {
    follow(parts, caller);
    return (requests[request.type] as (request: AgentRequest, caller: Caller, notify: (notice: WaitNotice) => void) => Promise<Record<string, unknown>>)(request, caller, notify);
  };
}

/** Its record may have been merged into another, split off again, or renamed, while it is connected. */
function follow({ computers, portals }: Pick<RequestParts, 'computers' | 'portals'>, caller: Caller): void {
  const now = computers.currentId(caller.record);
  if (now === caller.agent.computerId) return;
  become({ computers, portals }, caller, computers.get(now));
}
function become({ computers, portals }: Pick<RequestParts, 'computers' | 'portals'>, caller: Caller, computer: { id: string; name: string }): void {
  const before = caller.agent.computerId;
  renamed(caller, computer.name);
  if (computer.id === before) return;
  caller.agent = { ...caller.agent, computerId: computer.id };
  computers.disconnected(before);
  computers.connected(computer.id);
  if (caller.isPortal) portals.moved(before, computer.id, caller.holder);
}

function portalRequests({ access, computers, runs, portal, portals, log }: RequestParts) {
  const pace = new PickPace(() => performance.now());
  const mayPick = ({ agent, candidates }: Caller): void => {
    if (candidates.length > 0) throw new AppError('conflict', 'Several known computers fit this one. Say first which of them it is.');
    pace.spend(agent.computerId);
  };
  const requireCurrent = ({ isPortal, agent, holder }: Caller): void => {
    if (isPortal && !portals.isCurrent(agent.computerId, holder)) throw new AppError('conflict', 'Another portal was started on this computer and works here now. End that one to go on with this one.');
  };
  /** A run whose agent still answers is not taken from it; one that is cut off is, without waiting for its lease. */
  const otherAtWork = ({ agent, session, holder }: Caller): PortalHolder | null => {
    const active = runs.activeOf(agent.computerId);
    const other = active === null ? null : (runs.holderOf(active.id) as PortalHolder | null);
    return other === null || other === holder || other.session === session ? null : other;
  };
  return {
    identify({ computerId }, caller) {
      if (caller.candidates.length === 0) throw new AppError('conflict', 'It is clear which computer this is; nothing was asked.');
      if (computerId !== null && !caller.candidates.includes(computerId)) throw new AppError('forbidden', 'That computer is none of those that fit this one.', { computerId });
      const before = caller.agent.computerId;
      const found = computers.identify(before, computerId, caller.agent.actor);
      caller.candidates = [];
      caller.record = found.record;
      become({ computers, portals }, caller, found);
      log.info('agent said which computer it is', { computer: found.id, before, name: found.name });
      return { computerToken: access.mintComputerToken(found.record, caller), computerId: found.id, computerName: found.name, named: found.named };
    },
    portalOpen: (_, { agent }) => portal.open(agent.computerId),
    portalName: ({ name }, { agent }) => ({ problem: portal.nameProblem(agent.computerId, name) }),
    portalPick(request, caller) {
      mayPick(caller);
      const answer = portal.pick(caller.agent.computerId, { item: request.item, name: request.name }, caller.agent.actor);
      renamed(caller, answer.computerName);
      return answer;
    },
    pickByName(request, caller) {
      mayPick(caller);
      return portal.pickByName(caller.agent.computerId, { job: request.job, isAdministrator: caller.isAdministrator }, caller.agent.actor);
    },
    async takeRun(_, caller) {
      const { session, holder } = caller;
      if (caller.candidates.length > 0) return { run: null };
      requireCurrent(caller);
      const other = otherAtWork(caller);
      if (other !== null) {
        if (await other.alive()) return { run: null };
        // Meanwhile it may have ended, become another computer, been replaced, or somebody else have taken the run.
        if (caller.gone.aborted) throw new AppError('connection-lost', 'The connection ended.');
        follow({ computers, portals }, caller);
        requireCurrent(caller);
        const now = otherAtWork(caller);
        if (now !== null && now !== other) return { run: null };
      }
      // A name given in the console meanwhile is the one the run's texts and scripts get.
      renamed(caller, computers.get(caller.agent.computerId).name);
      const { agent } = caller;
      const taken = runs.take({ computerId: agent.computerId, session, holder, agent: `agent ${agent.agentVersion} on ${agent.computerName}` });
      if (taken === null) return { run: null };
      const { row, tasks, how } = taken;
      return {
        run: { id: row.id, title: row.job_name, by: row.actor, askedAt: row.started_at, tasks, taskIndex: row.task_index, how, position: row.position, of: row.batch_size },
        needs: portal.needsOf(tasks), computerName: caller.agent.computerName,
      };
    },
    resumeRun({ runId, go }, caller) {
      const { agent, session, holder } = caller;
      requireOwn({ runs, log }, runId, caller);
      runs.resume(runId, go, agent.actor, { computerId: agent.computerId, session, holder, agent: agent.actor });
      return {};
    },
    cancelRun({ runId }, caller) {
      requireOwn({ runs, log }, runId, caller);
      runs.cancel(runId, caller.agent.actor);
      return {};
    },
  } satisfies Partial<Requests>;
}

function taskRequests({ runs, log }: RequestParts) {
  const speaker = (ref: TaskRef, caller: Caller): { holder: RunHolder; actor: string } => {
    requireOwn({ runs, log }, ref.runId, caller, true);
    return { holder: caller.holder, actor: caller.agent.actor };
  };
  return {
    taskStarted(request, caller) {
      runs.tasks.started(request, speaker(request, caller));
      return {};
    },
    taskDone: (request, caller) => runs.tasks.done(request, { result: request.result, skipped: request.skipped }, speaker(request, caller)),
    taskFailed: (request, caller) => runs.tasks.failed(request, { error: saidByAgent(request.error), cancelled: request.cancelled }, speaker(request, caller)),
  } satisfies Partial<Requests>;
}

function imagingRequests({ captures, deploys, runs, tickets, log }: RequestParts) {
  const own = (runId: string, caller: Caller, ended = false): ReturnType<typeof requireOwn> => {
    const row = requireOwn({ runs, log }, runId, caller, ended);
    if (!isFinal(row.state)) runs.tasks.requireTaken(row, caller.holder);
    return row;
  };
  const notTaken = (runId: string, { holder }: Caller): void => {
    if (runs.isTakenFrom(runId, holder)) throw new AppError('lease-lost', 'Another agent on this computer continues this run.', { run: runId });
  };
  return {
    captureBegin(request, caller) {
      if (request.task === undefined) byHand(caller);
      else own(request.task.runId, caller);
      return captures.begin(request, caller);
    },
    captureCommit({ runId, result }, caller) {
      own(runId, caller, true);
      notTaken(runId, caller);
      return captures.commit(runId, { agent: caller.agent, holder: caller.holder, result, gone: caller.gone });
    },
    deployBegin(request, caller, notify) {
      if (request.task === undefined) byHand(caller);
      else own(request.task.runId, caller);
      if (request.task === undefined && request.test === true && !caller.isAdministrator) {
        throw new AppError('forbidden', 'A version that waits to be validated is deployed by an administrator alone. Use an administrator\'s token, or ask for it at the console: platen image test-deploy IMAGE --version N --on COMPUTER');
      }
      return deploys.begin(request, { agent: caller.agent, holder: caller.holder, address: caller.address, gone: caller.gone, notify });
    },
    deployStarted({ runId }, caller) {
      own(runId, caller);
      runs.tasks.refuseCancelled(runId, caller.holder);
      runs.wrote(runId);
      runs.addLines(runId, ['The plan stands; the disk is written from here on.']);
      return {};
    },
    deployDone({ runId, result }, caller) {
      own(runId, caller, true);
      notTaken(runId, caller);
      deploys.done(runId, { agent: caller.agent, holder: caller.holder, result });
      return {};
    },
    runFailed({ runId, error, cancelled }, caller) {
      const row = requireOwn({ runs, log }, runId, caller, true);
      // The farewell of an agent whose run another one continues ends nothing.
      if (runs.isTakenFrom(runId, caller.holder) || (row.kind === 'job' && row.agent_session !== caller.session)) return {};
      if (row.kind === 'job') runs.tasks.failed({ runId, index: row.task_index }, { error: saidByAgent(error), cancelled }, { holder: caller.holder, actor: caller.agent.actor });
      else runs.move(runId, cancelled ? 'cancel' : 'fail', { actor: caller.agent.actor, error: saidByAgent(error), message: error.message.slice(0, 1000) });
      return {};
    },
    renewTicket({ runId }, caller) {
      own(runId, caller);
      // After a reconnect or a restart: this connection answers for the run from now on.
      runs.hold(runId, caller.holder);
      runs.move(runId, 'start', { actor: caller.agent.actor, error: null });
      const sources = deploys.sourcesOf(runId, caller.address);
      const sendTo = captures.sendTo(runId, caller.address);
      return { ...tickets.issue(runId), ...(sources.length === 0 ? {} : { sources }), ...(sendTo === null ? {} : { sendTo }) };
    },
  } satisfies Partial<Requests>;
}

/** Any computer on the boot network can have such a token: it reads and writes what a run says, which a person has published or started. */
function byHand({ portalOnly }: Caller): void {
  if (portalOnly) throw new AppError('forbidden', 'The boot environment captures and deploys only what a job says. Use the token from the ready line of the server.');
}

/** A run belongs to one computer; another one learns nothing, not even that it is there. */
function requireOwn({ runs, log }: Pick<RequestParts, 'runs' | 'log'>, runId: string, caller: Caller, ended = false) {
  const row = runs.row(runId);
  const { computerId, computerName } = caller.agent;
  if (row !== undefined && row.computer_id !== computerId && performance.now() - caller.warnedAt > WARN_EVERY_MS) {
    caller.warnedAt = performance.now();
    log.warn("an agent asked for another computer's run", { computer: computerId, name: computerName, run: runId });
  }
  // What an administrator does there by hand is not the portal's.
  const isAllowed = row !== undefined && row.computer_id === computerId && (row.kind === 'job' || !caller.portalOnly);
  if (!isAllowed) throw new AppError('not-found', `There is no run ${runId} of this computer.`, { run: runId });
  return ended ? row : runs.requireOpen(runId);
}

function renamed(caller: Caller, name: string): void {
  caller.agent = { ...caller.agent, computerName: name, ...(caller.isAdministrator ? {} : { actor: `computer ${name}` }) };
}

/** A code this server does not know becomes `internal`; the agent's words stay. */
function saidByAgent(error: { code: string; message: string; data?: Record<string, unknown> | undefined }): WireError {
  return new AppError(isErrorCode(error.code) ? error.code : 'internal', error.message, error.data ?? {}).toWire();
}
