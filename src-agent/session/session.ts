// Owns the life of an agent that takes this computer's runs:
//   connecting → (identify) → idle → running → ended → idle …, with asking where a run waits for a person, and leaving.
// connecting: until the first hello; outages later do not leave the state, requests wait. identify: the technician says which record this
// computer is. idle: the menu; left by work to take. running: one Work at a time. ended: until a key, a time, or new work. What to do
// next is always asked of the server (takeRun), so that a notice that was lost harms nothing.
import type { Answers, AssignedRun, ServerNotice } from '#shared/agent/messages.ts';
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import { defaultPortalSettings } from '#shared/model/server.ts';
import type { Control } from '../connection.ts';
import type { PortalCommands, PortalEvent, PortalFace } from '../portal/contract.ts';
import { BootSide } from './bootSide.ts';
import { aborted, Bell } from './clock.ts';
import { OwnDisks } from './disks.ts';
import { Link } from './link.ts';
import type { SessionParts } from './parts.ts';
import { pickByName } from './pickByName.ts';
import { ShownDisks } from './shown.ts';
import { changesDisks, whatNext } from './whatNext.ts';
import { needKey, Work, type WorkEnd } from './work.ts';

const retryMs = 5000;
/** After a reconnect: an answer that says how the run ended may still be on its way. */
const reattachMs = 3000;
/** New work leaves an end on the screen at least this long. */
const leastEndMs = 3000;
/** A whole room hears of a change at once; its questions are spread over this time. */
const menuSpreadMs = 2000;

export class Session {
  readonly commands: PortalCommands;
  private readonly parts: SessionParts;
  private readonly leaving = new AbortController();
  private face: PortalFace = { tell: () => undefined, close: () => undefined };
  private link: Link | null = null;
  private open: Answers['portalOpen'] | null = null;
  private readonly disks: OwnDisks;
  private readonly bootSide: BootSide;
  private work: Work | null = null;
  private asking: AssignedRun | null = null;
  private due = { work: true, open: true };
  private menuComes = false;
  private fatal: Error | null = null;
  private readonly bell = new Bell();
  private proceed: () => void = () => undefined;
  private messageRead: () => void = () => undefined;
  private identified: () => void = () => undefined;
  private replaced: readonly string[] = [];
  /** A person ended it by the portal. */
  private left = false;
  private readonly shown = new ShownDisks();
  private readonly ends: WorkEnd[] = [];

  constructor(parts: SessionParts) {
    this.parts = parts;
    this.disks = new OwnDisks(parts.machine, (event) => this.tell(event));
    this.bootSide = new BootSide(parts.environment, (event) => this.tell(event));
    this.commands = {
      identify: (computerId) => this.identify(computerId),
      checkName: async (name) => (await this.connected().request('portalName', { name })).problem,
      pick: (item, name) => this.pick(item, name),
      resume: (runId, go) => this.resume(runId, go),
      cancelRun: (runId) => this.cancelRun(runId),
      messageRead: () => this.messageRead(),
      proceed: () => this.proceed(),
      leave: (reason) => {
        if (reason === 'countdown' && (this.unattended || this.work !== null)) return;
        this.left = true;
        this.leave();
      },
    };
    if (parts.signal.aborted) this.leave();
    else parts.signal.addEventListener('abort', () => this.leave(), { once: true });
  }

  /** Resolves when the agent is to end, with the runs it did. Rejects where it can't go on: wrong token, a refused pick. */
  async run(face: PortalFace): Promise<WorkEnd[]> {
    this.face = face;
    try {
      await this.begin();
      await this.identifyIfTied();
      if (this.parts.job !== null) await this.pickJob(this.parts.job);
      await this.live();
      return this.ends;
    } catch (error) {
      // Whoever leaves by the portal ends nothing that failed.
      if (this.left && error instanceof CancelledError) return this.ends;
      throw error;
    } finally {
      await this.link?.close();
    }
  }

  private async begin(): Promise<void> {
    const { parts } = this;
    this.bootSide.begin();
    await this.disks.begin();
    try {
      this.link = await Link.connect({
        server: parts.server, agentVersion: parts.agentVersion, signal: this.leaving.signal, patienceMs: parts.patienceMs, sessionId: parts.sessionId, insist: parts.insist,
        inventory: () => this.disks.take(), now: () => parts.clock.now(), tell: (event) => this.tell(event),
        onNotice: (notice) => this.hear(notice),
        onBack: () => this.back(),
        onFatal: (error) => {
          this.fatal = error;
          this.work?.stop(new CancelledError(error.message));
          this.bell.ring();
        },
      });
      this.bootSide.connected(this.link.control);
    } catch (error) {
      await this.cannotGoOn(error);
    }
  }

  private hear(notice: ServerNotice): void {
    if (notice.type === 'work') this.due.work = true;
    else if (notice.type === 'menuChanged') return void this.menuSoon();
    else if (notice.type === 'replaced') this.fatal = new AppError('conflict', `${notice.reason} This one takes no more runs.`);
    else if (notice.type === 'cancel' && notice.runId === this.work?.run.id) this.work.stop(new CancelledError(`Stopped: ${notice.reason}.`));
    else if (notice.type === 'cancel' && notice.runId === this.asking?.id) this.due.work = true;
    else return;
    this.bell.ring();
  }

  private async menuSoon(): Promise<void> {
    if (this.menuComes) return;
    this.menuComes = true;
    await this.parts.clock.sleep(Math.random() * menuSpreadMs, this.leaving.signal);
    this.menuComes = false;
    this.due.open = true;
    this.bell.ring();
  }

  /** The run under way is this connection's from now on; where the server has ended it meanwhile, so does the work. */
  private async back(): Promise<boolean> {
    const { work } = this;
    this.due = { work: true, open: true };
    this.bell.ring();
    if (work === null) return true;
    this.link?.log.add(work.run.id, ['The server was away; it is back.']);
    const { run } = await this.connected().request('takeRun', {}).catch(() => ({ run: work.run }));
    if (run?.id === work.run.id) return true;
    await this.parts.clock.sleep(reattachMs, this.leaving.signal);
    if (this.work === work) work.stop(new CancelledError('Stopped: the run was ended while the connection was down.'));
    return true;
  }

  /** Idle, running and ended, in turn. */
  private async live(): Promise<void> {
    for (;;) {
      if (this.fatal !== null) await this.cannotGoOn(this.fatal);
      if (this.leaving.signal.aborted) return;
      try {
        await this.identifyIfTied();
        if (this.due.open) await this.refresh();
        if (this.due.work && !(await this.take())) return;
      } catch (error) {
        if (this.leaving.signal.aborted) continue;
        if (this.fatal !== null || this.unattended) await this.cannotGoOn(error);
        this.tell({ type: 'note', text: toAppError(error).message });
        this.due = { work: true, open: true };
        await this.parts.clock.sleep(retryMs, this.leaving.signal);
      }
      if (!this.due.work && !this.due.open) await this.bell.wait(this.leaving.signal);
    }
  }

  private async refresh(): Promise<void> {
    this.due.open = false;
    const open = await this.connected().request('portalOpen', {});
    this.open = open;
    // A menu is nothing to show where the choice was made already; title and colours come with the run.
    if (this.parts.job === null) this.tell({ type: 'open', open });
  }

  /** @returns false when the agent is to end */
  private async take(): Promise<boolean> {
    this.due.work = false;
    const { run, needs, computerName } = await this.connected().request('takeRun', {});
    if (computerName !== undefined) this.connected().hello = { ...this.connected().hello, computerName }; // renamed in the console, perhaps
    this.noLongerAsked(run);
    if (run === null) return this.parts.job === null && !(this.parts.once && this.ends.length > 0);
    if (await this.toldAgain(run)) return true;
    const sizes = new Map([...(this.open?.needs ?? []), ...(needs ?? [])].map((need) => [needKey(need.imageGuid, need.version), need.needsBytes]));
    if (run.how === 'ask') return this.ask(run);
    return this.perform(run, sizes);
  }

  /** A run that has ended here, and that the server could not be told of: it is told again, and nothing of the run is done twice. */
  private async toldAgain(run: AssignedRun): Promise<boolean> {
    const end = this.ends.findLast((each) => each.run.id === run.id);
    if (end === undefined || end.isTold() || run.how === 'ask') return false;
    const error = end.error ?? { code: 'internal', message: 'It ended at the computer.' };
    await this.connected().request('taskFailed', { runId: run.id, index: run.taskIndex, cancelled: end.outcome === 'cancelled', error: { ...error, message: error.message.slice(0, 10_000) } });
    this.due.work = true;
    return true;
  }

  /** Somebody else has said what becomes of the run that a person was asked about here. */
  private noLongerAsked(next: AssignedRun | null): void {
    const { asking } = this;
    this.asking = null;
    if (asking === null || asking.id === next?.id) return;
    this.tell({ type: 'ended', runId: asking.id, outcome: 'cancelled', title: asking.title, seconds: 0, error: { code: 'conflict', message: 'It was ended without being continued. What its last task was changing may be half done.' }, done: [], next: null });
  }

  private async ask(run: AssignedRun): Promise<boolean> {
    this.asking = run;
    this.tell({ type: 'ask', run });
    if (this.parts.askPerson !== undefined) await this.resume(run.id, await this.parts.askPerson(run));
    else if (this.parts.job !== null) {
      throw new AppError('conflict', `This computer was cut off in the middle of “${run.title}”, and what it did then must not be repeated without a person. Say whether it goes on: in the console on the run's page, or here with "platen agent portal".`, { run: run.id });
    }
    return true;
  }

  private async perform(run: AssignedRun, needs: ReadonlyMap<string, number>): Promise<boolean> {
    const { parts } = this;
    const control = this.connected();
    this.tell({ type: 'run', run, replaced: this.replaced });
    this.replaced = [];
    if (parts.job !== null && this.open !== null) this.tell({ type: 'open', open: this.open });
    const identity = await parts.machine.identity();
    const work = new Work({
      control, server: parts.server, entry: parts.entry, patienceMs: parts.patienceMs, clock: parts.clock, power: parts.power, attended: parts.attended, needs,
      inventory: () => this.disks.look(), environment: parts.environment,
      facts: { name: control.hello.computerName, serial: identity.systemSerial, model: identity.product, now: new Date(parts.clock.now()) },
      shownDisk: (task) => this.shown.of(run.id, task),
      tell: (event) => this.tell(event),
      log: (runId, lines) => this.link?.log.add(runId, lines),
      drainLog: () => this.link?.log.drain(),
      messageRead: () => new Promise<void>((resolve) => (this.messageRead = resolve)),
    }, run);
    this.work = work;
    if (this.leaving.signal.aborted) work.stop(this.stopReason());
    this.link?.log.add(run.id, [...this.bootSide.takeLines(), `Agent ${parts.agentVersion} on ${control.hello.computerName}${identity.product === '' ? '' : ` (${identity.product}${identity.systemSerial === '' ? '' : `, serial ${identity.systemSerial}`})`}.`]);
    const end = await this.approved(work, needs).finally(() => (this.work = null));
    this.ends.push(end);
    // The server shows what is on a computer's disks: after work that changed them that is something else.
    if (changesDisks(run)) this.disks.look().then((inventory) => control.notify({ type: 'inventory', inventory }), () => undefined);
    const goesOn = await this.rest(end);
    this.due = { work: true, open: true };
    // The menu says what a pick would erase: of the disks as they are now.
    if (goesOn) await this.disks.look();
    return goesOn;
  }

  private async approved(work: Work, needs: ReadonlyMap<string, number>): Promise<WorkEnd> {
    const { approve } = this.parts;
    if (approve !== undefined) {
      try {
        const { disks } = await this.disks.look();
        await approve(work.run, { disks, needs });
        this.shown.remember([work.run.id], { tasks: work.run.tasks, disks, needOf: (task) => needs.get(needKey(task.imageGuid, task.version)) ?? 0 });
      } catch (error) {
        await work.decline(error);
        throw error;
      }
    }
    return work.perform();
  }

  /** What was done stays on the screen until what follows. @returns false when the agent is to end */
  private async rest(end: WorkEnd): Promise<boolean> {
    const { parts, face } = this;
    const { run, outcome, error, seconds, done } = end;
    const next = end.leave === null
      ? whatNext({ outcome, settings: this.open?.settings ?? defaultPortalSettings, more: run.position < run.of, once: this.unattended, powerAllowed: parts.power.allowed, exitSeconds: parts.exitSeconds })
      : { action: 'exit' as const, inSeconds: 0 };
    face.tell({ type: 'ended', runId: run.id, outcome, title: run.title, seconds, error, done, next });
    if (end.leave !== null) {
      await end.leave();
      return false;
    }
    const how = await this.untilDue(next === null ? null : next.inSeconds * 1000);
    if (this.leaving.signal.aborted) return false;
    if (how === 'work') return true;
    if (next?.action === 'restart' || next?.action === 'shut-down') {
      if (next.action === 'restart') await this.bootSide.beforeRestart();
      await parts.power.act(next.action);
      return false;
    }
    return next?.action !== 'exit';
  }

  /** Until a key, the time given, the end of the program, or new work. */
  private async untilDue(ms: number | null): Promise<'due' | 'work'> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.leaving.signal]);
    const due = [new Promise<void>((resolve) => (this.proceed = resolve)), aborted(signal), ...(ms === null ? [] : [this.parts.clock.sleep(ms, signal)])];
    try {
      return await Promise.race([Promise.race(due).then(() => 'due' as const), ...(this.unattended ? [] : [this.newWork(signal).then(() => 'work' as const)])]);
    } finally {
      stop.abort();
    }
  }

  /** Resolves when the server really has another run, and what was done has been on the screen for a moment. */
  private async newWork(signal: AbortSignal): Promise<void> {
    const shownSince = this.parts.clock.now();
    for (;;) {
      if (!this.due.work) await this.bell.wait(signal);
      if (signal.aborted || this.fatal !== null) return;
      if (!this.due.work) continue;
      this.due.work = false;
      const { run } = await this.connected().request('takeRun', {}).catch(() => ({ run: null }));
      if (run === null) continue;
      await this.parts.clock.sleep(leastEndMs - (this.parts.clock.now() - shownSince), signal);
      return;
    }
  }

  private async pickJob(job: string): Promise<void> {
    const finish = (): Promise<unknown> => this.refresh().then(() => this.take());
    const picked = await pickByName({ control: this.connected(), job, signal: this.leaving.signal, note: (text) => this.tell({ type: 'note', text }), finish });
    this.replaced = picked?.replaced.map((run) => run.title) ?? [];
  }

  private async identifyIfTied(): Promise<void> {
    const control = this.connected();
    const candidates = control.hello.candidates ?? [];
    if (candidates.length === 0) return;
    if (this.parts.job !== null) {
      throw new AppError('conflict', `This computer could be any of ${candidates.map((one) => one.name).join(', ')}. Say which: merge or rename them in the console, or choose here with "platen agent portal".`, { candidates: candidates.map((one) => one.id) });
    }
    const answered = new Promise<void>((resolve) => (this.identified = resolve));
    this.tell({ type: 'candidates', candidates });
    await Promise.race([answered, aborted(this.leaving.signal)]);
  }

  private async identify(computerId: string | null): Promise<void> {
    const control = this.connected();
    control.identified(await control.request('identify', { computerId }));
    this.identified();
  }

  private async pick(item: string, name: string | null): Promise<void> {
    if (this.work !== null) throw new AppError('conflict', `“${this.work.run.title}” is under way on this computer. Wait for its end, or cancel it.`);
    // What the person saw is what they said yes to, whatever comes while the server is asked.
    const { disks: { shown: disks }, open } = this;
    const { replaced, computerName, runs } = await this.connected().request('portalPick', { item, name });
    this.replaced = replaced.map((run) => run.title);
    this.connected().hello = { ...this.connected().hello, computerName };
    this.shown.remember(runs.map((run) => run.id), { tasks: open?.tasks[item] ?? [], disks, needOf: (task) => open?.needs.find((need) => need.imageGuid === task.imageGuid && need.version === task.version)?.needsBytes ?? 0 });
    // The screens of the run call it by its name already.
    if (name !== null && this.open !== null) this.tell({ type: 'open', open: (this.open = { ...this.open, computerName, named: true }) });
    this.due.work = true;
    this.bell.ring();
  }

  /** Stopped here at once, also while the server is away; it hears of it by the end of the task. */
  private async cancelRun(runId: string): Promise<void> {
    if (this.work?.run.id === runId) this.work.stop(new CancelledError('Cancelled at the computer.'));
    else await this.connected().request('cancelRun', { runId });
  }

  private async resume(runId: string, go: boolean): Promise<void> {
    await this.connected().request('resumeRun', { runId, go });
    this.due.work = true;
    this.bell.ring();
  }

  private leave(): void {
    this.work?.stop(this.stopReason());
    this.leaving.abort(this.stopReason());
    this.bell.ring();
  }

  private stopReason(): CancelledError {
    const { reason } = this.parts.signal;
    return reason instanceof CancelledError ? reason : new CancelledError('Stopped at the computer.');
  }

  /** Nothing but a person helps: a screen shows it until somebody leaves, a command line ends with it. */
  private async cannotGoOn(error: unknown): Promise<never> {
    if (!(error instanceof CancelledError) && !this.leaving.signal.aborted) {
      this.tell({ type: 'fatal', error: toAppError(error).toWire() });
      if (!this.unattended) await aborted(this.leaving.signal);
    }
    throw error;
  }

  private get unattended(): boolean {
    return this.parts.once || this.parts.job !== null;
  }

  private connected(): Control {
    if (this.link === null) throw new AppError('connection-lost', 'The server is not reached yet. Wait until it is; the bottom line says what is tried.');
    return this.link.control;
  }

  private tell(event: PortalEvent): void {
    this.face.tell(event);
  }
}
