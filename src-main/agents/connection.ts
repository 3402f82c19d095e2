// Owns one agent's control connection: hello first, then requests and notices, each parsed, counted and bounded. Whatever it is
// sent is answered or ends this one connection, never the server.
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { AppError, toAppError } from '#shared/errors.ts';
import { agentMessageSchema, MAX_MESSAGE_BYTES, OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, RUN_LEASE_MS, type AgentNotice, type AgentRequest, type ServerNotice } from '#shared/agent/messages.ts';
import type { Access } from '../access/service.ts';
import type { Inventory } from '#shared/model/computer.ts';
import { Budget } from '../net/budget.ts';
import type { Environment } from '../boot/environment/service.ts';
import type { Boot } from '../boot/service.ts';
import type { Computers } from '../computers/service.ts';
import type { Log } from '../log/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Captures } from './captures.ts';
import type { Deploys } from './deploys.ts';
import type { Portals } from './portals.ts';
import type { Caller, openRequests, PortalHolder } from './requests.ts';

export type ConnectionParts = {
  access: Access; boot: Pick<Boot, 'saidHello' | 'saidLines'>; environment: Pick<Environment, 'addOns'>; computers: Computers; runs: Runs; captures: Captures; deploys: Deploys; portals: Portals; log: Log; requests: ReturnType<typeof openRequests>;
  server: { id: string; name: () => string };
};
type Request = AgentRequest & { id: number };

const HELLO_LIMIT_MS = 10_000;
const MAX_OUTSTANDING = 16;
const BURST = 400;
const PER_SECOND = 100;
/** Before hello nobody is known, so nothing large is looked at. */
const MAX_HELLO_BYTES = 1024 * 1024;
const MAX_STRIKES = 20;
const INVENTORY_MS = 1000;
const MAX_UNREAD_BYTES = 2 * MAX_MESSAGE_BYTES;
const ALIVE_MS = 2000;
const MAX_BOOT_LINES = 200;

export class AgentConnection implements PortalHolder {
  readonly #socket: WebSocket;
  readonly #parts: ConnectionParts;
  readonly #address: string;
  readonly #gone = new AbortController();
  #caller: Caller | null = null;
  /** One that names no session is another one at every connection. */
  #session: string = randomUUID();
  readonly #outstanding = new Set<Promise<void>>();
  #ended = false;
  #strikes = 0;
  #inventoryAt = -Infinity;
  /** Lines it told of its boot. */
  #bootLines = 0;
  #macs: readonly string[] = [];
  readonly #budget = new Budget({ burst: BURST, perSecond: PER_SECOND });
  #quiet: NodeJS.Timeout;

  constructor(socket: WebSocket, address: string, parts: ConnectionParts) {
    this.#socket = socket;
    this.#address = address;
    this.#parts = parts;
    this.#quiet = this.#endAfter(HELLO_LIMIT_MS);
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#close());
  }

  cancel(runId: string, reason: string): void {
    this.#notify({ type: 'cancel', runId, reason });
    this.#parts.deploys.cancelWait(runId);
  }
  taken(runId: string): void {
    this.#notify({ type: 'cancel', runId, reason: 'continued by another connection of this computer' });
  }
  get session(): string {
    return this.#session;
  }
  work(): void {
    this.#notify({ type: 'work' });
  }
  menuChanged(): void {
    this.#notify({ type: 'menuChanged' });
  }
  replaced(): void {
    this.#notify({ type: 'replaced', reason: 'Another portal was started on this computer and works here now.' });
  }
  /** Asks the other side; without an answer the connection is ended, and what it held let go. */
  alive(): Promise<boolean> {
    if (this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve(false);
    return new Promise((resolve) => {
      const answered = (alive: boolean): void => {
        clearTimeout(timer);
        this.#socket.off('pong', onPong).off('close', onClose);
        resolve(alive);
      };
      const onPong = (): void => answered(true);
      const onClose = (): void => answered(false);
      const timer = setTimeout(() => this.#socket.terminate(), ALIVE_MS);
      this.#socket.once('pong', onPong).once('close', onClose);
      this.#socket.ping();
    });
  }
  /** The server ends: the agent keeps its work and comes back. Nothing it says from now on is heard. */
  sayClosing(): void {
    this.#notify({ type: 'closing' });
    this.#socket.removeAllListeners('message');
    this.#socket.close(1001);
  }
  /** Resolves when nothing of this connection is under way any more. */
  async end(): Promise<void> {
    this.#close();
    this.#socket.terminate();
    await Promise.allSettled(this.#outstanding);
  }

  #receive(data: Buffer, isBinary: boolean): void {
    clearTimeout(this.#quiet);
    this.#quiet = this.#endAfter(this.#caller === null ? HELLO_LIMIT_MS : RUN_LEASE_MS);
    if (!this.#budget.spend()) return this.#strike(null, new AppError('too-many-requests', `More than ${PER_SECOND} messages a second. Send fewer.`));
    if (isBinary || (this.#caller === null && data.length > MAX_HELLO_BYTES)) return this.#strike(null, new AppError('protocol', 'Messages are JSON text, the first one a hello.'));
    let raw: unknown;
    try {
      raw = JSON.parse(data.toString('utf8'));
    } catch {
      return this.#strike(null, new AppError('protocol', 'This message is no JSON.'));
    }
    const parsed = agentMessageSchema.safeParse(raw);
    if (!parsed.success) return this.#strike(idOf(raw), new AppError('protocol', `This message is not understood: ${parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ').slice(0, 500)}`));
    const message = parsed.data;
    if (!('id' in message)) return this.#listen(message);
    if (this.#outstanding.size >= MAX_OUTSTANDING) return this.#strike(message.id, new AppError('too-many-requests', `At most ${MAX_OUTSTANDING} requests at a time.`));
    const answering = this.#answer(message).finally(() => this.#outstanding.delete(answering));
    this.#outstanding.add(answering);
  }

  async #answer(request: Request): Promise<void> {
    try {
      const answer = await this.#perform(request);
      this.#send({ id: request.id, ok: true, ...answer });
    } catch (error) {
      const wrapped = toAppError(error);
      if (wrapped.code === 'internal' || wrapped.code === 'io') this.#parts.log.error('a request of an agent failed', { type: request.type, address: this.#address, error: wrapped.cause instanceof Error ? wrapped.cause : wrapped });
      else this.#parts.log.info('a request of an agent was refused', { type: request.type, address: this.#address, code: wrapped.code, message: wrapped.message });
      this.#send({ id: request.id, ok: false, error: wrapped.toWire() });
      if (this.#caller === null) this.#socket.close(1008);
    }
  }

  async #perform(request: Request): Promise<Record<string, unknown>> {
    if (request.type === 'hello') return this.#hello(request);
    const caller = this.#caller;
    if (caller === null) throw new AppError('unauthorized', 'Say hello first.');
    return this.#parts.requests(request, caller, (notice) => this.#notify({ type: 'deployWait', requestId: request.id, ...notice }));
  }

  #hello(request: Extract<Request, { type: 'hello' }>): Record<string, unknown> {
    const { access, boot, computers, environment, portals, server, log } = this.#parts;
    if (this.#caller !== null) throw new AppError('protocol', 'Hello was said already.');
    if (request.protocol > PROTOCOL_VERSION || request.protocol < OLDEST_PROTOCOL_VERSION) {
      throw new AppError('protocol-version', `This agent speaks protocol ${request.protocol}; the server speaks ${OLDEST_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}. Use the agent that belongs to this server.`, { oldest: OLDEST_PROTOCOL_VERSION, newest: PROTOCOL_VERSION });
    }
    const principal = access.verify(request.token);
    if (principal === null) {
      throw new AppError('unauthorized', request.token.startsWith('boot1.')
        ? 'The secret that this environment was started with is not valid here any more: somebody ended it, or the server was set up anew. A boot medium has to be made again (page Network boot, or platen boot image); a computer that starts from the network only has to be started again.'
        : 'This token is not valid here. Take the one from the ready line of the server (it ends a day after the server did).');
    }
    // Any computer on the boot network can read it, so it opens nothing but the portal of the computer that shows it.
    if (principal.portalOnly && request.role !== 'portal') throw new AppError('forbidden', 'The boot environment\'s token opens the portal only. Use the one from the ready line of the server.');
    const boundTo = principal.kind === 'computer' ? principal.subject : null;
    const computer = computers.seen(request.inventory, this.#address, boundTo);
    this.#session = request.session ?? this.#session;
    this.#caller = {
      agent: { computerId: computer.id, computerName: computer.name, actor: principal.kind === 'admin' ? principal.actor : `computer ${computer.name}`, agentVersion: request.agentVersion },
      record: computer.record, session: this.#session, isPortal: request.role === 'portal', isAdministrator: principal.kind === 'admin', portalOnly: principal.portalOnly, candidates: computer.candidates.map((candidate) => candidate.id),
      holder: this, address: this.#address, gone: this.#gone.signal, warnedAt: -Infinity,
    };
    // The short limit was for hello; from here on silence as long as a lease is fine, and heartbeats are as far apart as that limit.
    clearTimeout(this.#quiet);
    this.#quiet = this.#endAfter(RUN_LEASE_MS);
    computers.connected(computer.id);
    if (this.#caller.isPortal) {
      portals.opened(computer.id, this);
      this.#macs = request.inventory.identity.macs.map((mac) => mac.address);
      boot.saidHello({ computerId: computer.id, macs: this.#macs, address: this.#address });
    }
    log.info('agent connected', { computer: computer.id, name: computer.name, address: this.#address, agentVersion: request.agentVersion, ...(request.role === undefined ? {} : { role: request.role }) });
    return {
      protocol: request.protocol, computerToken: boundTo === computer.record ? request.token : access.mintComputerToken(computer.record, principal),
      computerId: computer.id, computerName: computer.name, serverName: server.name(), serverId: server.id,
      ...(request.protocol < 2 ? {} : { named: computer.named, candidates: computer.candidates, addOns: this.#caller.isPortal ? environment.addOns() : [] }),
    };
  }

  /** A notice has no answer: what goes wrong with it (a full disk, a lease that ended) is logged and harms nobody else. */
  #listen(notice: AgentNotice): void {
    try {
      this.#hear(notice);
    } catch (error) {
      const wrapped = toAppError(error);
      this.#parts.log.warn('a notice of an agent could not be taken', { type: notice.type, address: this.#address, code: wrapped.code, message: wrapped.message });
    }
  }

  #hear(notice: AgentNotice): void {
    if (this.#caller === null) return this.#strike(null, new AppError('unauthorized', 'Say hello first.'));
    const { runs, captures } = this.#parts;
    runs.signAll(this);
    if (notice.type === 'heartbeat') return;
    if (notice.type === 'inventory') return this.#takeInventory(notice.inventory);
    if (notice.type === 'log' && notice.runId === null) return this.#hearOfBoot(notice.lines);
    // Late notices of a run that ended or went to another connection are of no use to anybody.
    if (notice.runId === null || !runs.isHeldBy(notice.runId, this)) return;
    captures.renew(notice.runId);
    if (notice.type === 'log') runs.addLines(notice.runId, notice.lines);
    else runs.progress(notice.runId, notice.progress, notice.watermarks);
  }

  #hearOfBoot(lines: readonly string[]): void {
    if (this.#caller?.isPortal !== true || this.#bootLines >= MAX_BOOT_LINES) return;
    this.#bootLines += lines.length;
    this.#parts.boot.saidLines({ macs: this.#macs, computerId: this.#caller.agent.computerId, address: this.#address, lines });
  }

  /** What its disks are now; who it is was settled by hello, and a flood of these is not written down. */
  #takeInventory(inventory: Inventory): void {
    const now = performance.now();
    if (this.#caller === null || now - this.#inventoryAt < INVENTORY_MS) return;
    this.#inventoryAt = now;
    this.#parts.computers.seen(inventory, this.#address, this.#caller.agent.computerId);
  }

  #strike(id: number | null, error: AppError): void {
    this.#strikes++;
    if (id === null) this.#send({ id: 0, ok: false, error: error.toWire() });
    else this.#send({ id, ok: false, error: error.toWire() });
    if (this.#caller === null || this.#strikes >= MAX_STRIKES) this.#socket.close(1008);
  }

  #notify(notice: ServerNotice): void {
    this.#send(notice);
  }
  #send(message: Record<string, unknown>): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    // One that asks and asks and reads nothing of what it is answered.
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.#socket.terminate();
    else this.#socket.send(JSON.stringify(message));
  }
  #endAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#socket.terminate(), ms);
  }
  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#quiet);
    this.#gone.abort();
    this.#parts.runs.letGo(this);
    if (this.#caller === null) return;
    const { computerId } = this.#caller.agent;
    this.#parts.computers.disconnected(computerId);
    this.#parts.portals.closed(computerId, this);
    this.#parts.log.info('agent disconnected', { computer: computerId });
  }
}

function idOf(raw: unknown): number | null {
  return typeof raw === 'object' && raw !== null && 'id' in raw && Number.isSafeInteger(raw.id) && Number(raw.id) > 0 ? Number(raw.id) : null;
}
