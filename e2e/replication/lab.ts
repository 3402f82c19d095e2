// Owns a replication lab: headquarters and package servers as real processes on a network of their own, and the questions every story asks
// of them. Knows no test runner: benchmarks use it too. Always close() it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MatrixRow, PackageServer, Transfer } from '../../src-shared/model/replication.ts';
import { LabMachine } from './machine.ts';
import { LabNetwork, type Line } from './network.ts';

const POLL_MS = 250;
const LIMIT_MS = 120_000;
/** Mbit/s of every link, both ways. */
const RATE = 100;

export type LabOptions = { servers?: readonly string[]; /** Mbit/s. */ rate?: number; /** By machine: a long or a bad line instead of a cable. */ lines?: Readonly<Record<string, Line>> };
export type CopyWord = MatrixRow['cells'][number]['state'];

export class ReplicationLab {
  readonly network: LabNetwork;
  readonly #machines = new Map<string, LabMachine>();
  #headquarters = 'HQ';
  readonly #options: Required<Omit<LabOptions, 'servers'>>;

  private constructor(network: LabNetwork, options: Required<Omit<LabOptions, 'servers'>>) {
    this.network = network;
    this.#options = options;
  }

  /** Headquarters, called HQ, and these package servers, joined and connected. */
  static async start({ servers = [], rate = RATE, lines = {} }: LabOptions = {}): Promise<ReplicationLab> {
    const lab = new ReplicationLab(await LabNetwork.open(), { rate, lines });
    try {
      await (await lab.addMachine('HQ')).start();
      await lab.hq.platen('settings', 'set', 'serverName=HQ');
      for (const name of servers) await lab.addServer(name);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  get hq(): LabMachine {
    return this.server(this.#headquarters);
  }
  /** From now on another machine is headquarters. */
  moveTo(machine: LabMachine): void {
    this.#headquarters = machine.name;
  }
  get machines(): LabMachine[] {
    return [...this.#machines.values()];
  }
  server(name: string): LabMachine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw new Error(`There is no ${name} in this lab.`);
    return machine;
  }

  /** A machine with a link and nothing running on it. */
  async addMachine(name: string): Promise<LabMachine> {
    const machine = new LabMachine(this.network, name, await this.network.add(name, this.#options.rate, this.#options.lines[name]));
    this.#machines.set(name, machine);
    return machine;
  }

  /** A package server that joins headquarters as its administrator would have it. options: of `platen server add`. */
  async addServer(name: string, ...options: string[]): Promise<LabMachine> {
    const machine = await this.addMachine(name);
    await this.join(machine, ...options);
    return machine;
  }
  async join(machine: LabMachine, ...options: string[]): Promise<void> {
    const { token } = await this.hq.platen<{ token: string }>('server', 'add', machine.name, ...options);
    await machine.start(['--package-server', '--join', this.hq.url, '--join-token', token]);
    await this.until(`${machine.name} is connected`, async () => (await this.serverView(machine.name)).connected);
  }

  serverView(name: string): Promise<PackageServer> {
    return this.hq.platen<PackageServer>('server', 'show', name);
  }
  /** What came to a server, newest first. */
  async transfers(name: string): Promise<Transfer[]> {
    return (await this.hq.platen<{ transfers: Transfer[] }>('server', 'show', name, '--history')).transfers;
  }

  /** Polls until it is so; what was last seen is in the error. */
  async until(what: string, isSo: () => Promise<boolean | string>, limitMs = LIMIT_MS): Promise<void> {
    const end = performance.now() + limitMs;
    let last: boolean | string = false;
    for (;;) {
      last = await isSo();
      if (last === true) return;
      if (performance.now() > end) throw new Error(`after ${limitMs / 1000} s it is still not so that ${what}${typeof last === 'string' ? `: ${last}` : ''}`);
      await sleep(POLL_MS);
    }
  }

  /** Likewise, until there is something. */
  async untilFound<T>(what: string, look: () => Promise<T | null>, limitMs?: number): Promise<T> {
    let found: T | null = null;
    await this.until(what, async () => (found = await look()) !== null, limitMs);
    if (found === null) throw new Error(`there is nothing to show that ${what}`);
    return found;
  }

  /** Also where a start failed half way. */
  async close(): Promise<void> {
    for (const machine of this.machines) await machine.close();
    await this.network.close();
  }
}
