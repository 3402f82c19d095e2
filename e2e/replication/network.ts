// Owns the replication lab's network: a namespace for each machine, a switch between them, shaped links, cables that can be pulled. No
// namespace has a way out. close() gives all of it back; what a killed test left behind goes when the next lab opens.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isRoot, run } from '../disks/host.ts';
import { labProcess, type LabProcess } from '../lab/host.ts';
import { plugTap, Wire } from '../lab/wire.ts';

const SWITCH = 'switch';
const PREFIX = '10.79.0';
/** As a machine sees it. */
export const labAdapter = 'lan0';
const folderPattern = /^platen-replication-(\d+)-/;
const namespacePattern = /^platen-(\d+)-/;
/** What a burst may hold: the timer's resolution at the set rate, and never less than a few frames. */
const burstBytes = (megabits: number): number => Math.max(16_384, Math.ceil((megabits * 1e6) / 8 / 250));
/** Of an adapter. */
const MAX_NAME = 15;
let opened = 0;

/** Why no lab can be built here, or null. lines: with long or lossy ones. */
export function replicationLabLack(lines = false): string | null {
  if (process.platform !== 'linux') return 'the replication lab needs Linux: it is made of network namespaces';
  if (!isRoot()) return 'the replication lab needs root: network namespaces, loop devices and mounts';
  const folders = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(delimiter);
  const missing = ['ip', 'tc', 'setpriv', 'sfdisk', 'mke2fs', 'losetup', ...(lines ? ['qemu-system-x86_64'] : [])].filter((command) => !folders.some((folder) => isProgram(join(folder, command))));
  return missing.length === 0 ? null : `the replication lab needs what is not installed here: ${missing.join(', ')} ("npm run setup -- --system --test" installs it)`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a long or a bad line does to frames in each direction. */
export type Line = { delayMs?: number; lossPercent?: number };
/** Bytes of Ethernet frames, as the adapter counts them. */
export type Traffic = { sentBytes: number; receivedBytes: number };

export class LabNetwork {
  readonly folder: string;
  readonly #id: string;
  readonly #places: string[] = [];
  readonly #processes: LabProcess[] = [];
  readonly #wires: Wire[] = [];
  /** The switch's end of each machine's link. */
  readonly #ports = new Map<string, string>();

  private constructor(folder: string, id: string) {
    this.folder = folder;
    this.#id = id;
  }

  static async open(): Promise<LabNetwork> {
    await removeLeftBehind();
    const network = new LabNetwork(await mkdtemp(join(tmpdir(), `platen-replication-${process.pid}-`)), `${process.pid}-r${opened++}`);
    try {
      await network.#addNamespace(SWITCH);
      await network.#ip(SWITCH, 'link', 'add', 'br0', 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0');
      await network.#ip(SWITCH, 'link', 'set', 'br0', 'up');
    } catch (error) {
      await network.close();
      throw error;
    }
    return network;
  }

  /** A machine on the network. @returns its address */
  async add(name: string, megabits: number, line: Line = {}): Promise<string> {
    const address = `${PREFIX}.${this.#places.length}`;
    await this.#addNamespace(name);
    if (line.delayMs === undefined && line.lossPercent === undefined) await this.#cable(name);
    else await this.#badLine(name, line);
    await this.#ip(name, 'addr', 'add', `${address}/24`, 'dev', labAdapter);
    await this.#ip(name, 'link', 'set', labAdapter, 'up');
    await this.shape(name, megabits);
    return address;
  }

  async #cable(name: string): Promise<void> {
    const port = `p-${name}`.slice(0, MAX_NAME);
    this.#ports.set(name, port);
    await this.#ip(SWITCH, 'link', 'add', port, 'type', 'veth', 'peer', 'name', labAdapter, 'netns', this.#namespace(name));
    // One frame each, as on a real wire: what is counted is what a cable would carry.
    await this.#ip(SWITCH, 'link', 'set', port, 'gso_max_segs', '1', 'master', 'br0', 'up');
    await this.#ip(name, 'link', 'set', labAdapter, 'gso_max_segs', '1');
  }

  /** Where the kernel has no netem: each frame passes through this process, which holds it back or loses it. */
  async #badLine(name: string, { delayMs = 0, lossPercent = 0 }: Line): Promise<void> {
    const number = this.#wires.length;
    const tap = `tap${number}`;
    // "ip -n" would make the taps in this process's own namespace.
    for (const [place, device] of [[SWITCH, tap], [name, labAdapter]] as const) await run('ip', ['netns', 'exec', this.#namespace(place), 'ip', 'tuntap', 'add', 'dev', device, 'mode', 'tap']);
    const host = { path: (file: string) => join(this.folder, file), start: (place: string, command: string, args: readonly string[]) => this.#start(place === 'room' ? SWITCH : place, command, args) };
    const wire = await Wire.open(host, number);
    Object.assign(wire, { delayMs, lossPercent });
    this.#wires.push(wire);
    plugTap(host, name, labAdapter, wire.computerSocket);
    this.#ports.set(name, tap);
    await this.#ip(SWITCH, 'link', 'set', tap, 'master', 'br0', 'up');
  }

  #start(name: string, command: string, args: readonly string[]): LabProcess {
    const [first = '', ...rest] = [...this.inside(name), command, ...args];
    const started = labProcess(spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] }), command);
    this.#processes.push(started);
    return started;
  }

  /** Both directions of a machine's link go no faster than this. */
  async shape(name: string, megabits: number): Promise<void> {
    for (const [place, device] of [[name, labAdapter], [SWITCH, this.#ports.get(name) ?? '']] as const) {
      await run('ip', ['netns', 'exec', this.#namespace(place), 'tc', 'qdisc', 'replace', 'dev', device, 'root', 'tbf', 'rate', `${megabits}mbit`, 'burst', String(burstBytes(megabits)), 'latency', '50ms']);
    }
  }

  /** Pulls the cable, or puts it back; the machine keeps its address and sees no carrier. */
  async plug(name: string, isIn: boolean): Promise<void> {
    await this.#ip(SWITCH, 'link', 'set', this.#ports.get(name) ?? '', isIn ? 'up' : 'down');
  }

  async traffic(name: string): Promise<Traffic> {
    const { stdout } = await run('ip', ['-n', this.#namespace(name), '-j', '-s', 'link', 'show', 'dev', labAdapter]);
    const [link] = JSON.parse(stdout) as [{ stats64: { rx: { bytes: number }; tx: { bytes: number } } }];
    return { sentBytes: link.stats64.tx.bytes, receivedBytes: link.stats64.rx.bytes };
  }

  /** The command that runs what follows on a machine; it ends with this process, even where that is killed. */
  inside(name: string): string[] {
    return ['ip', 'netns', 'exec', this.#namespace(name), 'setpriv', '--pdeathsig', 'KILL', '--'];
  }

  async close(): Promise<void> {
    for (const wire of this.#wires.splice(0)) await wire.close();
    for (const process of this.#processes.splice(0)) await process.stop();
    for (const name of this.#places.splice(0).reverse()) await run('ip', ['netns', 'del', this.#namespace(name)], { okCodes: [0, 1] });
    await rm(this.folder, { recursive: true, force: true });
  }

  #namespace(name: string): string {
    return `platen-${this.#id}-${name}`;
  }
  async #addNamespace(name: string): Promise<void> {
    await run('ip', ['netns', 'add', this.#namespace(name)]);
    this.#places.push(name);
    await this.#ip(name, 'link', 'set', 'lo', 'up');
  }
  async #ip(name: string, ...args: string[]): Promise<void> {
    await run('ip', ['-n', this.#namespace(name), ...args]);
  }
}

/** Namespaces and folders outlive a killed test; their names say whose they were. */
async function removeLeftBehind(): Promise<void> {
  const isDead = (pid: string | undefined): boolean => pid !== undefined && !existsSync(`/proc/${pid}`);
  const { stdout } = await run('ip', ['netns', 'list']);
  for (const line of stdout.split('\n')) {
    const [name = ''] = line.split(' ');
    if (isDead(namespacePattern.exec(name)?.[1])) await run('ip', ['netns', 'del', name], { okCodes: [0, 1] });
  }
  for (const name of readdirSync(tmpdir())) if (isDead(folderPattern.exec(name)?.[1])) await rm(join(tmpdir(), name), { recursive: true, force: true });
}
