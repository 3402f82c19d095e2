// Test support: a console and package servers as processes, each with a data folder on a small file system of its own, and a relay for each
// direction between them. It starts, kills, cuts and fills; what is done with it is decided elsewhere. Not part of the product.
import { execFile, execFileSync, fork, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { WebSocket } from 'ws';
import type { ChildMessage, ChildTask } from './test-storm-child.ts';
import type { TestApi } from './test-server.ts';
import { Relay, type LinkFault } from './replication/storm/test-relay.ts';
import type { CheckedFolder } from './replication/storm/test-storm-check.ts';

const run = promisify(execFile);
const childFile = fileURLToPath(new URL('./test-storm-child.ts', import.meta.url));
const DISK_BYTES = 640 * 1024 * 1024;
const MIB = 1024 * 1024;
const START_LIMIT_MS = 60_000;

/** One server of the storm. */
export class Place {
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  readonly relays: Record<string, number> = {};
  child: ChildProcess | null = null;
  url = '';
  token = '';
  api!: TestApi;
  /** As the console calls it. */
  serverId = '';
  offsetMs = 0;
  /** Its disk was hurt, and it has not proved everything since. */
  hurt = false;
  backup: string | null = null;
  readonly errors: string[] = [];
  #client: ReturnType<typeof createWSClient> | null = null;

  constructor(name: string, port: number, folder: string) {
    this.name = name;
    this.port = port;
    this.folder = folder;
  }
  get up(): boolean {
    return this.child !== null;
  }
  get dataFolder(): string {
    return join(this.folder, 'data');
  }
  connected(ready: { url: string; token: string }): void {
    this.url = ready.url;
    this.token = ready.token;
    const client = createWSClient({ url: `${ready.url.replace('http', 'ws')}/api`, WebSocket: WebSocket as unknown as typeof globalThis.WebSocket, connectionParams: { token: ready.token } });
    this.#client = client;
    // The router's type is the one that TestApi names; tests of a feature do not import it.
    this.api = createTRPCClient({ links: [wsLink({ client })] } as never) as unknown as TestApi;
  }
  disconnected(): void {
    const client = this.#client;
    this.#client = null;
    void client?.close();
  }
}

export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'platen-storm-'));
  readonly console: Place;
  readonly servers: Place[] = [];
  readonly #relays = new Map<string, Relay>();
  /** Processes that ended by themselves, with what they said. */
  readonly crashes: string[] = [];

  private constructor(console: Place, servers: Place[]) {
    this.console = console;
    this.servers.push(...servers);
  }

  static async open(names: readonly string[]): Promise<World> {
    const ports = await freePorts(names.length + 1);
    const [console, ...servers] = ['HQ', ...names].map((name, at) => new Place(name, ports[at] ?? 0, ''));
    if (console === undefined) throw new Error('no console');
    const world = new World(console, servers);
    for (const place of world.places) Object.assign(place, { folder: smallFileSystem(join(world.folder, place.name)) });
    for (const near of world.places) {
      for (const far of world.places) {
        if (near === far) continue;
        const relay = await Relay.to(far.port);
        world.#relays.set(`${near.name}-${far.name}`, relay);
        near.relays[String(far.port)] = relay.port;
      }
    }
    await world.start(world.console);
    await Promise.all(world.servers.map((place) => world.join(place)));
    return world;
  }
  get places(): Place[] {
    return [this.console, ...this.servers];
  }
  placeOf = (serverId: string): string => this.places.find((place) => place.serverId === serverId)?.name ?? serverId;

  /** A fault of the direction in which `near` opens connections to `far`; null lifts it. */
  link(near: Place, far: Place, fault: LinkFault | null): void {
    this.#relays.get(`${near.name}-${far.name}`)?.set(fault);
  }

  async join(place: Place): Promise<void> {
    const { token } = await this.console.api.servers.add.mutate({ name: place.name });
    await this.start(place, { url: `https://127.0.0.1:${this.console.port}`, token });
    place.serverId = (await this.console.api.servers.get.query({ server: place.name })).id;
  }

  async start(place: Place, joining: { url: string; token: string } | null = null): Promise<void> {
    const child = this.#fork({ do: 'serve', dataFolder: place.dataFolder, httpPort: place.port, offsetMs: place.offsetMs, relays: place.relays, join: joining, packageServer: place !== this.console });
    place.child = child;
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
    const ready = new Promise<{ url: string; token: string }>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${place.name} did not start in time`)), START_LIMIT_MS);
      child.on('message', (message: ChildMessage) => {
        if ('ready' in message) {
          clearTimeout(timer);
          resolve(message.ready);
        } else if ('line' in message) place.errors.push(message.line);
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        if (place.child === child) {
          place.child = null;
          place.disconnected();
          this.crashes.push(`${place.name} ended by itself (${code ?? signal}): ${said}`);
        }
        reject(new Error(`${place.name} did not start (${code ?? signal}): ${said}`));
      });
    });
    ready.catch(() => undefined);
    place.connected(await ready);
    if (place === this.console) place.serverId = (await place.api.servers.list.query()).find((server) => server.isSelf)?.id ?? '';
  }

  /** SIGKILL: as a power cut, but that the disk keeps what was written. */
  async kill(place: Place, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | NodeJS.Signals | null> {
    const { child } = place;
    if (child === null) return null;
    place.child = null;
    place.disconnected();
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('exit', (code, by) => resolve(code ?? by)));
    child.kill(signal);
    return await ended;
  }

  setClock(place: Place, offsetMs: number): void {
    place.offsetMs = offsetMs;
    place.child?.send({ offsetMs });
  }

  /** Leaves this much free on its disk; nothing at all with 0. */
  async fill(place: Place, leaveBytes: number): Promise<void> {
    this.drain(place);
    const { bavail, bsize } = statfsSync(place.folder);
    const size = Math.floor((bavail * bsize - leaveBytes) / MIB) * MIB;
    if (size > 0) await run('fallocate', ['-l', String(size), join(place.folder, 'filler')]).catch(() => undefined);
    if (leaveBytes === 0) await run('sh', ['-c', `cat /dev/zero > '${join(place.folder, 'filler-rest')}'`]).catch(() => undefined);
  }
  drain(place: Place): void {
    for (const name of ['filler', 'filler-rest']) rmSync(join(place.folder, name), { force: true });
  }

  /** Of a killed server: its folder as it lies there. */
  keepCopy(place: Place): void {
    const at = join(this.folder, `${place.name}-backup`);
    rmSync(at, { recursive: true, force: true });
    cpSync(place.dataFolder, at, { recursive: true, preserveTimestamps: true });
    place.backup = at;
  }
  restoreCopy(place: Place): void {
    if (place.backup === null) throw new Error('there is no copy');
    rmSync(place.dataFolder, { recursive: true, force: true });
    cpSync(place.backup, place.dataFolder, { recursive: true, preserveTimestamps: true });
  }

  /** Files of its store, below this folder. */
  files(place: Place, below: 'packs' | 'manifests'): string[] {
    const at = join(place.dataFolder, 'store', below);
    return existsSync(at) ? readdirSync(at, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)) : [];
  }

  /** By a fresh process, of a server that does not run. */
  async check(place: Place): Promise<CheckedFolder> {
    const child = this.#fork({ do: 'check', dataFolder: place.dataFolder, offsetMs: 0 });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    let checked: CheckedFolder | null = null;
    child.on('message', (message: ChildMessage) => {
      if ('checked' in message) ({ checked } = message);
    });
    await new Promise((resolve) => child.once('close', resolve));
    if (checked === null) throw new Error(`${place.name} could not be read: ${said}`);
    return checked;
  }

  async close(): Promise<void> {
    for (const place of this.places) await this.kill(place);
    for (const relay of this.#relays.values()) relay.close();
    for (const place of this.places) if (place.folder !== '') execFileSync('umount', ['--lazy', place.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  #fork(task: ChildTask): ChildProcess {
    return fork(childFile, [JSON.stringify(task)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
  }
}

/** An ext4 that takes no room until it is used, mounted. */
function smallFileSystem(at: string): string {
  const file = `${at}.disk`;
  writeFileSync(file, '');
  truncateSync(file, DISK_BYTES);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-m', '0', '-O', '^has_journal', file]);
  mkdirSync(at);
  execFileSync('mount', ['-o', 'loop', file, at]);
  return at;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map((server) => new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
