// Owns network boot as the rest of the server sees it: choosing how it serves, starting and stopping the listeners' thread, feeding it
// with snapshots, keeping leases and traces. Nothing binds before an adapter was chosen.
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire, toAppError } from '#shared/errors.ts';
import { bootChoiceSchema, bootSettingsSchema, type Adapter, type BootChoice, type BootSettingsView, type BootStatus, type BootTrace, type PreflightCheck } from '#shared/model/boot.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { Log } from '../log/service.ts';
import { listAdapters } from './adapters.ts';
import type { Environment } from './environment/service.ts';
import { kernelWordsOf } from './kernel-words.ts';
import { knownComputer } from './known-computer.ts';
import { poolProblem } from './leases.ts';
import { runPreflight } from './preflight.ts';
import { openBootRepo } from './repo.ts';
import { PROBE_MS, refuseOtherServers, refuseTakenPorts } from './start-checks.ts';
import type { BootComputer, BootConfig, BootEvent, BootSnapshot } from './snapshot.ts';
import { Traces } from './traces.ts';
import type { FromListeners, ToListeners } from './worker-messages.ts';

export type BootPorts = BootConfig['ports'];
export type BootParts = {
  db: Database; events: Events; log: Log; clock: () => number; environment: Environment;
  /** 67, 4011, 69 and the HTTP port unless a test or a flag says otherwise; client: where clients listen, 68. */
  ports: BootPorts;
  /** Makes the server reachable for agents at this address of ours, if it is not yet; https URL. */
  reachableAt: (address: string) => Promise<string>;
  /** The environment's token, good for a portal's hello. */
  mintToken: () => string;
  /** How long other DHCP servers are listened for before lab mode starts; tests wait less. */
  probeMs?: number;
  /** Of the disk of the image store. */
  freeBytes: () => Promise<number>;
};
export type Boot = ReturnType<typeof openBoot>;

const off: BootChoice = { mode: 'off', adapter: '', pool: null };
const defaults: BootSettingsView = { unknownComputers: 'portal', loaderCountdownSeconds: 4, keyboard: '', kernelWords: '', loader: 'automatic', borrowLease: 'off', otherDriver: '' };
const JUDGE_MS = 2000;
const REFRESH_MS = 200;
const MAX_SAID_LINES = 40;
const MAX_SAID_CHARACTERS = 300;
const START_LIMIT_MS = 15_000;

type Serving = { worker: Worker; adapter: Adapter; url: string; token: string; ports: BootPorts | null };

export function openBoot(parts: BootParts) {
  const { db, events, log, clock, environment } = parts;
  const repo = openBootRepo(db);
  const traces = new Traces(repo, events);
  let choice = repo.config('choice', bootChoiceSchema) ?? off;
  let settings = repo.config('settings', bootSettingsSchema) ?? defaults;
  let serving: Serving | null = null;
  let state: BootStatus['state'] = 'off';
  let problem: string | null = null;
  let known = repo.computers();
  let refresh: NodeJS.Timeout | null = null;
  let readingMs = 0;
  let turn: Promise<void> = Promise.resolve();
  let closing = false;
  const judging = setInterval(() => traces.judge(clock()), JUDGE_MS).unref();
  const changed = (): void => events.changed('boot', 'boot');

  /** A cache made anew: what computers are to get. Several changes at once cost one. */
  const stopHints = events.onChange(({ entity }) => {
    if (serving === null || (entity !== 'computer' && entity !== 'run')) return;
    // Reading all of a large site takes a while, in which nobody else is answered: most of the time is left to others.
    refresh ??= setTimeout(() => {
      refresh = null;
      const started = performance.now();
      known = repo.computers();
      readingMs = performance.now() - started;
      pushSnapshot();
    }, Math.max(REFRESH_MS, readingMs * 10)).unref();
  });

  function snapshotFor(url: string, token: string): BootSnapshot {
    return { settings, ...known, kernelWords: kernelWordsOf(settings), small: environment.small({ serverUrl: url, token }) };
  }
  function pushSnapshot(): void {
    if (serving === null) return;
    const message: ToListeners = { type: 'snapshot', snapshot: snapshotFor(serving.url, serving.token) };
    serving.worker.postMessage(message);
  }

  function requireAdapter(wanted: BootChoice): Adapter {
    const adapters = listAdapters();
    const adapter = adapters.find((each) => each.name === wanted.adapter && each.address !== '');
    if (adapter === undefined) {
      const there = adapters.filter((each) => each.address !== '' && each.kind !== 'loopback').map((each) => `${each.name} (${each.address})`).join(', ');
      throw new AppError('usage', `This machine has no adapter "${wanted.adapter}" with an IPv4 address. ${there === '' ? 'None has one: connect a cable or set an address.' : `There are: ${there}.`}`, { adapter: wanted.adapter });
    }
    if (wanted.mode !== 'lab') return adapter;
    const pool = wanted.pool ?? adapter.pool;
    if (pool === null) throw new AppError('usage', `The subnet of ${adapter.name} (${adapter.address}/${adapter.prefixLength}) has no room for a pool of addresses. Give the adapter an address such as 10.0.0.1/24 for an isolated lab.`);
    const wrong = poolProblem({ ...pool, reserved: [] }, adapter.address, adapter.prefixLength);
    if (wrong !== null) throw new AppError('usage', wrong, { pool });
    return adapter;
  }

  async function start(): Promise<void> {
    const adapter = requireAdapter(choice);
    environment.requireReady();
    state = 'starting';
    problem = null;
    changed();
    const place = { adapter, ports: parts.ports };
    await refuseTakenPorts(place);
    const unheard = await refuseOtherServers(choice.mode, place, parts.probeMs ?? PROBE_MS);
    if (unheard !== null) log.warn('other DHCP servers could not be looked for', { why: unheard, port: parts.ports.client });
    if (closing) throw new AppError('server-closing', 'The server is closing.');
    const url = await parts.reachableAt(adapter.address);
    const token = parts.mintToken();
    const files = environment.files();
    const pool = choice.mode === 'lab' ? choice.pool ?? adapter.pool : null;
    const config: BootConfig = {
      mode: choice.mode === 'lab' ? 'lab' : 'proxy', address: adapter.address, prefixLength: adapter.prefixLength, pool: pool === null ? null : { ...pool, reserved: [adapter.address] }, leases: repo.leases(),
      ports: parts.ports, loaders: files.loaders, images: files.images, loaderNames: files.loaderNames,
    };
    const worker = new Worker(workerAddress(), { name: 'boot listeners' });
    const now: Serving = { worker, adapter, url, token, ports: null };
    serving = now;
    known = repo.computers();
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new AppError('internal', 'The boot listeners did not start in time.')), START_LIMIT_MS);
      worker.on('message', (message: FromListeners) => {
        if (message.type === 'ready') {
          now.ports = message.ports;
          resolve();
        } else if (message.type === 'failed') reject(fromWire(message.error));
        hear(now, message);
      });
      worker.once('error', (error) => {
        reject(error);
        broke(now, error.message);
      });
      worker.once('exit', () => {
        clearTimeout(limit);
        broke(now, 'The boot listeners ended.');
      });
      const first: ToListeners = { type: 'start', config, snapshot: snapshotFor(url, token) };
      worker.postMessage(first);
    });
    state = 'serving';
    log.info('network boot serves', { mode: choice.mode, adapter: adapter.name, address: adapter.address, ports: now.ports });
    changed();
  }

  function hear(from: Serving, message: FromListeners): void {
    if (serving !== from) return;
    if (message.type === 'events') take(message.events);
    else if (message.type === 'leases') {
      repo.setLeases(message.leases);
      changed();
    } else if (message.type === 'warning') log.warn('network boot', { warning: message.text });
    else if (message.type === 'failed') broke(from, message.error.message);
  }
  function take(list: readonly BootEvent[]): void {
    traces.take(list, (mac, uuid) => knownComputer(known, { mac, uuid: uuid === '' ? null : uuid })?.id ?? null);
  }
  function broke(from: Serving, why: string): void {
    if (serving !== from) return;
    serving = null;
    state = 'stopped';
    problem = why;
    log.error('network boot stopped', { why });
    changed();
    events.changed('status', 'status');
  }

  async function stop(): Promise<void> {
    const now = serving;
    serving = null;
    state = 'off';
    if (now === null) return;
    const message: ToListeners = { type: 'close' };
    now.worker.postMessage(message);
    await new Promise<void>((resolve) => {
      const force = setTimeout(() => void now.worker.terminate(), 3000);
      now.worker.once('exit', () => {
        clearTimeout(force);
        resolve();
      });
    });
  }

  /** One after the other: looking for other servers takes seconds, in which somebody may choose anew. */
  function restart(): Promise<void> {
    const mine = turn.then(restartNow);
    turn = mine.catch(() => undefined);
    return mine;
  }
  async function restartNow(): Promise<void> {
    await stop();
    if (choice.mode === 'off') {
      problem = null;
      changed();
      return;
    }
    try {
      await start();
    } catch (error) {
      const why = toAppError(error);
      await stop();
      state = 'stopped';
      problem = why.message;
      changed();
      throw why;
    }
  }

  return {
    adapters: listAdapters,
    status: (): BootStatus => ({
      state, choice, address: serving?.adapter.address ?? '', ports: serving?.ports ?? null, problem, settings, environment: environment.view(),
      leases: repo.leases().map((lease) => {
        const computer = known.computers[known.byMac[lease.mac] ?? -1];
        return { ...lease, computerId: computer?.id ?? null, computerName: computer?.name ?? '' };
      }),
    }),
    /** Starts serving, or stops with mode off; what was chosen is kept and holds after a restart. */
    async choose(wanted: BootChoice, actor: string): Promise<BootStatus> {
      const parsed = bootChoiceSchema.parse(wanted);
      if (parsed.mode !== 'off') requireAdapter(parsed);
      choice = parsed;
      repo.transaction(() => {
        repo.setConfig('choice', choice);
        events.record({ actor, entity: 'boot', id: 'boot', kind: 'chosen', message: choice.mode === 'off' ? 'Network boot switched off' : `Network boot switched to ${choice.mode} on ${choice.adapter}`, data: choice });
      });
      await restart();
      return this.status();
    },
    setSettings(patch: { [K in keyof BootSettingsView]?: BootSettingsView[K] | undefined }, actor: string): BootStatus {
      const borrowed = settings.borrowLease;
      settings = bootSettingsSchema.parse({ ...settings, ...Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) });
      repo.transaction(() => {
        repo.setConfig('settings', settings);
        events.record({ actor, entity: 'boot', id: 'boot', kind: 'settings', message: `Settings of network boot changed: ${Object.keys(patch).join(', ')}`, data: patch });
      });
      pushSnapshot();
      changed();
      // Other servers are overheard on a port of their own, which is opened at the start.
      if (settings.borrowLease !== borrowed && serving !== null && choice.mode === 'proxy') restart().catch((error: unknown) => log.error('network boot could not start', { error: toAppError(error) }));
      return this.status();
    },
    /** What one computer gets from now on; null: as the settings say. */
    setOverride(computerId: string, override: BootComputer['override'], actor: string): void {
      const name = repo.computerName(computerId);
      if (name === null) throw new AppError('not-found', 'There is no such computer.', { computerId });
      repo.transaction(() => {
        repo.setOverride(computerId, override);
        events.record({ actor, entity: 'computer', id: computerId, kind: 'boot', message: override === null ? 'Network boot: as the settings say' : `Network boot: ${override === 'portal' ? 'always to the portal' : override === 'local-disk' ? 'always to its disk' : 'left alone'}` });
      });
      events.changed('computer', computerId);
    },
    override: (computerId: string): BootComputer['override'] => repo.override(computerId),
    traces: (filter: { computer?: string | undefined; limit?: number | undefined }): BootTrace[] =>
      repo.traces({ computer: filter.computer ?? null, mac: null, limit: filter.limit ?? 50 }).map(({ secureBoot: _, ...trace }) => ({ ...trace, events: [...trace.events] })),
    /** An agent said hello from the environment: the last stage of its boot. */
    saidHello({ computerId, macs, address }: { computerId: string; macs: readonly string[]; address: string }): void {
      const at = clock();
      traces.take(macs.map((mac): BootEvent => ({ at, mac, address, stage: 'hello', text: 'The agent said hello', problem: false, facts: {} })), () => computerId);
    },
    /** What the environment said before its agent reached us, once a boot; belongs to the boot that just said hello. */
    saidLines({ computerId, macs, address, lines }: { computerId: string; macs: readonly string[]; address: string; lines: readonly string[] }): void {
      const at = clock();
      const said = lines.slice(0, MAX_SAID_LINES).map((line) => ({ text: `Environment: ${line.slice(0, MAX_SAID_CHARACTERS)}`, problem: /^\d+ !/.test(line) }));
      traces.take(macs.flatMap((mac) => said.map((each): BootEvent => ({ at, mac, address, stage: 'note', ...each, facts: {} }))), () => computerId);
    },
    /** Returns at once; the status tells how it goes. What is served changes at the next start of serving. */
    build(level?: number): BootStatus {
      environment.build(level).then(() => (choice.mode === 'off' ? undefined : restart()), (error: unknown) => log.error('building the boot environment failed', { error: toAppError(error) }))
        .catch((error: unknown) => log.error('network boot could not start with the new environment', { error: toAppError(error) }));
      return this.status();
    },
    preflight: (): Promise<PreflightCheck[]> => runPreflight({ adapters: listAdapters(), choice, serving: serving === null || serving.ports === null ? null : { address: serving.adapter.address, ports: serving.ports }, environment: environment.view(), ports: parts.ports, freeBytes: parts.freeBytes, probeMs: parts.probeMs ?? PROBE_MS }),
    settings: (): BootSettingsView => settings,
    /** Of the adapter that is served on; '' for none. */
    servedAddress: (): string => serving?.adapter.address ?? '',
    state: (): BootStatus['state'] => state,
    /** off where nothing is served, whatever was chosen. */
    servedMode: (): BootChoice['mode'] => (state === 'serving' ? choice.mode : 'off'),
    problem: (): string | null => (state === 'stopped' ? problem : null),
    /** At start, when everything else is up: goes on as it was chosen. A failure is shown, and ends nothing. */
    async recover(): Promise<void> {
      if (choice.mode === 'off') return;
      await restart().catch((error: unknown) => log.error('network boot could not start', { error: toAppError(error) }));
    },
    async close(): Promise<void> {
      clearInterval(judging);
      if (refresh !== null) clearTimeout(refresh);
      stopHints();
      closing = true;
      await turn;
      await stop();
    },
  };
}

/** From source the thread runs as it is; bundled, it is an entry of its own beside the bundle or its chunks' folder. */
function workerAddress(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./worker.ts', import.meta.url);
  const beside = new URL('./bootWorker.js', import.meta.url);
  return existsSync(beside) ? beside : new URL('../bootWorker.js', import.meta.url);
}
