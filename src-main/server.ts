// The composition root: lock → database → store → services → recovery → the port → ready; close() goes the same way back.
// It knows every part and holds no rule of its own.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { AppError, toAppError } from '#shared/errors.ts';
import type { BootChoice } from '#shared/model/boot.ts';
import { openAccess } from './access/service.ts';
import { openAgents } from './agents/service.ts';
import { openApi } from './api/connection.ts';
import { BACKUP_PATH, openBackup } from './backup/service.ts';
import { openEnvironment, type EnvironmentPlaces } from './boot/environment/service.ts';
import { MEDIUM_PATH, openMedia } from './boot/media/service.ts';
import { SLOT_FOLDER, withSignedSlot } from './boot/media/signed-slot.ts';
import { openBoot, type BootPorts } from './boot/service.ts';
import { openComputers } from './computers/service.ts';
import { Database } from './db/database.ts';
import { lockFolder } from './db/folder-lock.ts';
import { migrate } from './db/migrate.ts';
import { migrations } from './db/migrations/list.ts';
import { openDoctor } from './doctor/service.ts';
import { openEvents } from './events/service.ts';
import { openImages } from './images/service.ts';
import { openImporting } from './importing/service.ts';
import { openJobs } from './jobs/service.ts';
import { openLog, type LogService } from './log/service.ts';
import { isLoopback } from './net/http/guard.ts';
import { listen, tryPort, type Listener } from './net/http/listener.ts';
import { openStaticFiles } from './net/http/static-files.ts';
import { loadTlsIdentity } from './net/tls/certificate.ts';
import { findPortOwner, machineAddresses, syncFolder } from './platform.ts';
import { openPortal } from './portal/service.ts';
import { openReplicating, settleRole, type RoleChoice } from './replicating.ts';
import { openRuns } from './runs/service.ts';
import { openSearch } from './search/service.ts';
import { openOwnServer } from './servers/service.ts';
import { openSettings } from './settings/service.ts';
import { openStatus } from './status/service.ts';
import { openStore } from './store/open.ts';
import { openTree } from './tree/service.ts';
import { openUndo } from './undo/service.ts';
import { openUnknownCopies } from './unknown-copies.ts';
import { openUpkeep } from './upkeep/service.ts';
import { openWeb } from './web.ts';

export const DEFAULT_HTTP_PORT = 8420;
const DEFAULT_BOOT_PORTS: BootPorts = { dhcp: 67, pxe: 4011, tftp: 69, http: 8430, client: 68 };

export type ServerOptions = {
  dataFolder: string;
  /** Default 127.0.0.1: other machines reach it only when it is asked to listen for them (0.0.0.0). A package server is there for others: its default is 0.0.0.0. */
  host?: string;
  /** Default 8420; 0 picks a free one. */
  httpPort?: number;
  /** The built console; without it only API, agents and health are answered. */
  rendererFolder?: string;
  /** Of package.json. */
  version?: string;
  /** Receives each log line as it is written to the log file. */
  onLogLine?: (line: string) => void;
  clock?: () => number;
  /** Browsers' origins allowed besides the server's own address, for development. */
  allowedOrigins?: readonly string[];
  /** Of this installation's boot environment; without them network boot says that there is none. */
  bootPlaces?: EnvironmentPlaces;
  /** Default 67, 4011, 69 and 8430. */
  bootPorts?: Partial<BootPorts>;
  /** As flags say; kept like a choice made in the console. A choice that does not work refuses the start. */
  bootChoice?: BootChoice;
  /** Silence after which a run is lost; tests shorten it. */
  runLeaseMs?: number;
  /** Joins a console, once; the data folder remembers it. */
  packageServer?: RoleChoice;
  /** Of a package server that looks for its console; tests shorten it. */
  linkFirstPauseMs?: number;
};
export type RunningServer = {
  url: string; token: string; fingerprint: string; addresses: string[]; pid: number; dataFolder: string; httpPort: number; role: 'console' | 'package-server'; /** Name of the console of a package server. */ console: string | null;
  /** Drains and closes everything; may be called more than once. */
  close(): Promise<void>;
};

/** For frames under way, and again for connections that do not end. */
const CLOSE_GRACE_MS = 4000;

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const dataFolder = resolve(options.dataFolder);
  const clock = options.clock ?? Date.now;
  /** What has been opened, to be closed in reverse, also when the start fails half way. */
  const opened: (() => void | Promise<void>)[] = [];
  const closeOpened = async (log?: LogService): Promise<void> => {
    for (const close of opened.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        log?.error('closing a part of the server failed', { error: toAppError(error) });
      }
    }
  };
  try {
    const started = await compose(options, { dataFolder, clock, opened });
    let closing: Promise<void> | null = null;
    return { ...started.ready, close: () => (closing ??= started.beforeClose().then(() => closeOpened(started.log))) };
  } catch (error) {
    await closeOpened();
    throw error;
  }
}

type Frame = { dataFolder: string; clock: () => number; opened: (() => void | Promise<void>)[] };

async function compose(options: ServerOptions, { dataFolder, clock, opened }: Frame) {
  const startedAt = clock();
  const packageServer = options.packageServer ?? { packageServer: false, join: null };
  const at = { host: options.host ?? (packageServer.packageServer ? '0.0.0.0' : '127.0.0.1'), port: options.httpPort ?? DEFAULT_HTTP_PORT, findPortOwner };
  // A start that is refused leaves no new folder behind. Where there is one, whoever has it is the better answer.
  if (!existsSync(dataFolder)) await tryPort(at);
  makeDataFolder(dataFolder);
  const lock = lockFolder(dataFolder, startedAt);
  opened.push(() => lock.release());
  const log = openLog(join(dataFolder, 'logs'), clock, options.onLogLine);
  opened.push(() => log.close());

  const db = new Database(join(dataFolder, 'platen.db'), log.write);
  opened.push(() => db.close());
  migrate(db, migrations, log.write);
  const events = openEvents({ db, clock });
  const settings = openSettings({ db, events });
  settings.follow(({ logLevel }) => log.setLevel(logLevel));
  const serverId = openOwnServer({ db, events, settings, clock });
  const tls = loadTlsIdentity(join(dataFolder, 'tls'), 'Platen', startedAt);
  const access = openAccess({ db, clock, fingerprint: tls.fingerprint });

  const store = await openStore({ folder: join(dataFolder, 'store'), clock, log: log.write });
  opened.push(() => store.close());
  const version = options.version ?? '0.0.0';
  const role = await settleRole(packageServer, { db, store, tls, serverId, version, settings, log, now: clock() });
  if (options.host === undefined && role.role === 'package-server') at.host = '0.0.0.0';
  const runs = openRuns({
    db, events, log, clock, hardwareOf: (computerId) => computers.get(computerId), versions: { server: options.version ?? '0.0.0', node: process.version, system: `${process.platform} ${process.arch}` },
    ...(options.runLeaseMs === undefined ? {} : { leaseMs: options.runLeaseMs }),
  });
  opened.push(() => runs.close());
  const undo = openUndo({ db, clock });
  const images = openImages({ db, store, events, log, clock, settings, undo, selfId: serverId, knownAs: role.state.self()?.serverId ?? serverId, runsUsing: runs.using });
  opened.push(() => images.close());
  const computers = openComputers({ db, events, undo, runs, clock });
  const jobs = openJobs({ db, events, undo, images, computers, runs, clock, nearness: { near: () => servers.near(), nameOf: (id) => servers.known(id)?.name ?? 'a server that is gone' } });
  const portal = openPortal({ jobs, computers, runs, images, settings, log, clock });
  const search = openSearch({ computers, jobs, images });
  const listening: { at: Listener | null; problem: string | null } = { at: null, problem: null };
  const status = openStatus({
    store, images, runs, settings, clock, serverId, dataFolder, startedAt, version: options.version ?? '0.0.0', fingerprint: tls.fingerprint,
    listening: () => ({ addresses: listening.at === null ? [] : reachableAddresses(listening.at), httpPort: listening.at?.port ?? 0, problem: listening.problem }),
    boot: () => ({ mode: boot.servedMode(), problem: boot.problem() }), replication: () => replicating.status(),
  });
  const replicating = openReplicating({
    role, db, store, events, settings, undo, images, log, clock, tls, serverId, version, ...(options.linkFirstPauseMs === undefined ? {} : { linkFirstPauseMs: options.linkFirstPauseMs }),
    reachable: () => (listening.at === null ? [] : reachableAddresses(listening.at)), loopback: () => `https://127.0.0.1:${listening.at?.port ?? 0}`,
  });
  opened.push(() => replicating.close());
  const { servers, handovers } = replicating;
  const environment = withSignedSlot(openEnvironment(options.bootPlaces ?? noEnvironment(dataFolder), () => events.changed('boot', 'boot')), join(dataFolder, SLOT_FOLDER));
  const boot = openBoot({
    db, events, log, clock, environment, ports: { ...DEFAULT_BOOT_PORTS, ...options.bootPorts }, mintToken: access.mintBootToken, freeBytes: async () => (await store.figures()).freeBytes,
    reachableAt: (address) => reachableAt(address),
  });
  opened.push(() => boot.close());
  const media = openMedia({ environment, access, events, log, clock, settings: boot.settings, servedAddress: boot.servedAddress, reachable: () => reachableUrls() });
  const backup = openBackup({ db, store, events, log, clock, dataFolder, version });
  opened.push(() => backup.close());
  const importing = openImporting({ store, images, events, log, clock, plan: () => replicating.link()?.plan() ?? null, isConsole: role.role === 'console' });
  opened.push(() => importing.close());
  const doctor = openDoctor({ db, store, images, events, clock, selfId: serverId, isConsole: role.role === 'console', unknown: openUnknownCopies({ db, hub: replicating.hub, servers, images, store, selfId: serverId }) });
  const tree = openTree({ images, computers, jobs, runs, boot, servers });
  const agents = openAgents({
    store, access, boot, environment, computers, events, images, runs, portal, settings, log, clock, serverId, servers, channel: replicating.hub, guests: replicating.guests, consoleKey: () => (role.state.revoked() === null ? role.state.console()?.publicKey ?? null : null),
  });
  const api = openApi({ access, services: { boot, media, backup, importing, doctor, link: replicating.link, events, images, runs, computers, jobs, portal, search, undo, settings, log, status, tree, servers, handovers } });

  runs.recover();
  await images.recover();
  const web = openWeb({
    api, agents, replicating, downloads: { [MEDIUM_PATH]: media.request, [BACKUP_PATH]: backup.request }, files: await openStaticFiles(options.rendererFolder ?? null), allowedOrigins: options.allowedOrigins ?? [],
    health: () => ({ ok: true, serverId }), onError: (error) => log.error('a request failed', { error: error.cause instanceof Error ? error.cause : error }),
  });
  const listener = await listen({
    ...at, tls, ...web,
    onError: (error) => {
      listening.problem = `The server does not listen any more: ${error.message}. Restart it.`;
      log.error('the listener broke', { error });
      events.changed('status', 'status');
    },
  });
  listening.at = listener;
  opened.push(() => listener.close(CLOSE_GRACE_MS));
  const alsoAt = new Map<string, Promise<Listener>>();
  opened.push(async () => {
    for (const each of alsoAt.values()) await (await each).close(CLOSE_GRACE_MS);
  });
  /** A server that listens on loopback alone is made reachable where network boot serves: agents come back over TLS. */
  async function reachableAt(address: string): Promise<string> {
    const { host, port } = listener;
    if (host === '0.0.0.0' || host === '::' || host === address) return `https://${address}:${port}`;
    let also = alsoAt.get(address);
    if (also === undefined) {
      also = listen({ host: address, port, tls, ...web, findPortOwner, onError: (error) => log.error('a listener broke', { address, error }) });
      alsoAt.set(address, also);
      also.catch(() => alsoAt.delete(address));
    }
    return `https://${address}:${(await also).port}`;
  }
  function reachableUrls(): string[] {
    return [...[...alsoAt.keys()].map((address) => `https://${address}:${listener.port}`), ...reachableAddresses(listener)];
  }
  replicating.begin();
  const token = access.mintStartToken();
  const upkeep = openUpkeep({ images, jobs, runs, settings, undo, log, access, token });
  opened.push(() => upkeep.close());

  const ready = { url: urlOf(listener), token, fingerprint: tls.fingerprint, addresses: reachableAddresses(listener), pid: process.pid, dataFolder, httpPort: listener.port, role: role.role, console: role.state.console()?.name ?? null };
  const record = join(dataFolder, 'server.json');
  writeRecord(record, ready);
  opened.push(() => rmSync(record, { force: true }));
  lock.announce(ready.url);
  if (options.bootChoice === undefined) await boot.recover();
  else await boot.choose(options.bootChoice, 'command line');
  log.info('server ready', { url: ready.url, addresses: ready.addresses, tookMs: clock() - startedAt });
  return {
    ready, log,
    beforeClose: async (): Promise<void> => {
      log.info('server closing');
      upkeep.close();
      events.close();
      await agents.close(CLOSE_GRACE_MS);
      await replicating.disconnect();
      api.close();
    },
  };
}

/** Without an installation around it (tests) there is nothing to boot, and building it says so. */
function noEnvironment(dataFolder: string): EnvironmentPlaces {
  const folder = join(dataFolder, 'no-boot-environment');
  return { bootFolder: folder, cacheFolder: folder, resourcesFolder: folder, agentFolder: folder, nodePath: process.execPath };
}

function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new AppError('io', `The data folder ${folder} can't be made: ${error instanceof Error ? error.message : String(error)}. Choose another one with --data.`, { folder }, error);
  }
}

function urlOf({ host, port }: Listener): string {
  const own = host === '0.0.0.0' || host === '::' || isLoopback(host) || host === 'localhost';
  return own ? `http://127.0.0.1:${port}` : `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** Where other machines find it; nothing when it listens on loopback only. */
function reachableAddresses({ host, port }: Listener): string[] {
  if (isLoopback(host) || host === 'localhost') return [];
  const hosts = host === '0.0.0.0' || host === '::' ? machineAddresses().filter((address) => host === '::' || !isIPv6(address)) : [host];
  return hosts.map((address) => `https://${isIPv6(address) ? `[${address}]` : address}:${port}`);
}

/** For commands on this machine; readable by its owner only, gone when the server is. */
function writeRecord(path: string, ready: Record<string, unknown>): void {
  const unfinished = `${path}.part`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, `${JSON.stringify(ready)}\n`, { mode: 0o600, flush: true });
  renameSync(unfinished, path);
  syncFolder(join(path, '..'));
}
