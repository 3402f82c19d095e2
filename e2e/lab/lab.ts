// Owns a lab as a spec uses it: the network, a real server in it, virtual computers, and what the server says of their boots. What was
// seen and said is attached to the report.
import { test as base } from '@playwright/test';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '../../scripts/lock.mjs';
import { nodePath } from '../../scripts/node.mjs';
import { root } from '../../scripts/sources.mjs';
import type { BootTrace } from '../../src-shared/model/boot.ts';
import { platen, startAgent, succeeded } from '../agent.ts';
import { run } from '../disks/host.ts';
import { startTestServer, type TestServer } from '../server.ts';
import { startForeignServer, startRelay, type ForeignServer } from './foreign.ts';
import { labAdapter, labAddress, LabHost, labLack } from './host.ts';
import { makeLinuxDisk, type LinuxDisk } from './linux-disk.ts';
import { Vm, type VmOptions } from './vm.ts';
import { Wire } from './wire.ts';

export { expect } from '@playwright/test';

const POLL_MS = 1000;
const MiB = 1024 * 1024;
const targetBytes = 1024 * MiB;
/** An emulated processor that is not let run for a tenth of a second fails the kernel's test of its timer, and the boot with it. */
const emulated = 'no_timer_check';

type WorkerFixtures = { environment: string };
type Fixtures = { lab: Lab };
export type LabOptions = {
  /** Who gives addresses from the start; null: nobody. */
  foreign?: ForeignServer | null;
  /** A second network beyond a router, whose relay passes DHCP on to whoever serves. */
  relay?: boolean;
  /** A place for somebody else's server, whether one runs or not. */
  dhcp?: boolean;
  /** Addresses of lab mode. */
  pool?: string;
  /** false: the network alone; startServer follows. */
  serve?: boolean;
};

export const test = base.extend<Fixtures, WorkerFixtures>({
  /** Built where it is missing or old, which takes seconds where it is neither; the lack where no lab can be built. */
  // Playwright reads what a fixture needs from its argument's pattern: an empty one says "nothing".
  // oxlint-disable-next-line no-empty-pattern
  environment: [async ({}, use) => {
    const lack = labLack();
    if (lack === null) await withLock(join(root, '.cache', 'boot-build.lock'), 'the boot environment', async () => void (await run(nodePath(), [join(root, 'bin/platen'), 'boot', 'build'])));
    await use(lack ?? '');
  }, { scope: 'worker', timeout: 300_000 }],

  /** For a test that has a lab of its own. */
  lab: async ({ environment: lack }, use) => {
    test.skip(lack !== '', lack);
    const lab = new Lab();
    try {
      await use(lab);
    } finally {
      await lab.close();
    }
  },
});

/** For tests that follow each other in one lab. */
export function sharedLab(): () => Lab {
  let lab: Lab | null = null;
  test.beforeAll(({ environment: lack }) => {
    test.skip(lack !== '', lack);
    lab = new Lab();
  });
  test.afterAll(async () => {
    await lab?.close();
    lab = null;
  });
  return () => {
    if (lab === null) throw new Error('There is no lab outside its tests.');
    return lab;
  };
}

export class Lab {
  readonly #vms: Vm[] = [];
  readonly #wires: Wire[] = [];
  #host: LabHost | null = null;
  #server: TestServer | null = null;
  readonly #begun = performance.now();

  get host(): LabHost {
    if (this.#host === null) throw new Error('The lab has no network yet: open it first.');
    return this.#host;
  }
  get server(): TestServer {
    if (this.#server === null) throw new Error('The lab has no server yet: open it first.');
    return this.#server;
  }

  /** The network with a server that serves network boot on it. As a proxy it is beside somebody else's server, unless told otherwise. */
  async open(mode: 'lab' | 'proxy', { foreign = mode === 'proxy' ? 'dnsmasq' : null, relay = false, dhcp = foreign !== null, serve = true, pool }: LabOptions = {}): Promise<void> {
    this.#host = await LabHost.open({ dhcp, router: relay });
    if (foreign !== null) startForeignServer(this.host, foreign);
    if (relay) startRelay(this.host, [...(foreign === null ? [] : [labAddress.dhcp]), labAddress.server]);
    if (serve) await this.startServer(mode, pool === undefined ? {} : { pool });
  }
  /** mode: none serves as it did before. environment: a folder instead of this checkout's boot environment. */
  async startServer(mode?: 'lab' | 'proxy', { httpPort, pool, environment }: { httpPort?: number; pool?: string; environment?: string } = {}): Promise<void> {
    const args = mode === undefined ? [] : ['--interface', labAdapter, '--dhcp', mode, ...(pool === undefined ? [] : ['--dhcp-pool', pool])];
    const inside = this.host.inside('server');
    // What is entered has mounts of its own: nobody else sees this one.
    if (environment !== undefined) inside.push('sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh', environment, join(root, '.cache', 'boot', 'environment'));
    this.#server = await startTestServer(this.host.path('data'), { args, inside, ...(httpPort === undefined ? {} : { httpPort }) });
    if (mode !== undefined) await this.platen('boot', 'settings', `kernelWords=${emulated}`);
  }

  /** A command of ours, which must succeed. */
  async platen<T>(...args: string[]): Promise<T> {
    return (await succeeded(platen(this.server, args))) as unknown as T;
  }

  /** The lab's own system, captured into an image by our agent, with a job of the portal that deploys it. */
  async offer(firmware: 'bios' | 'uefi', image: string): Promise<LinuxDisk> {
    const folder = this.host.path(`disk-${firmware}`);
    mkdirSync(folder);
    const disk = await makeLinuxDisk(folder, firmware);
    await succeeded(startAgent(this.server, ['capture', '--disk', disk.path, '--image', image]).ended);
    await this.platen('job', 'create', `${image} (MI)`, '--deploy', image, '--power', 'restart');
    return disk;
  }

  /** A disk with nothing on it. */
  blankDisk(name: string): string {
    const path = this.host.path(`${name}.disk`);
    writeFileSync(path, '', { flag: 'wx' });
    truncateSync(path, targetBytes);
    return path;
  }

  async switchOn(options: VmOptions): Promise<Vm> {
    const vm = await Vm.start(this.host, options);
    this.#vms.push(vm);
    return vm;
  }

  /** A cable through the test, in a socket of the switch. */
  async wire(port: number): Promise<Wire> {
    const wire = await Wire.open(this.host, port);
    this.#wires.push(wire);
    return wire;
  }

  /** Newest first. */
  traces(limit = 20): Promise<BootTrace[]> {
    return this.platen<BootTrace[]>('boot', 'trace', '--limit', String(limit));
  }
  /** The newest boot of an adapter, once it is as it should be. */
  async trace(mac: string, isRight: (trace: BootTrace) => boolean, limitMs: number): Promise<BootTrace> {
    const until = performance.now() + limitMs;
    let last: BootTrace | undefined;
    while (performance.now() < until) {
      last = (await this.traces()).find((trace) => trace.mac === mac);
      if (last !== undefined && isRight(last)) return last;
      await sleep(POLL_MS);
    }
    throw new Error(`the trace of ${mac} is not as it should be: ${JSON.stringify(last, null, 1)}`);
  }

  /** Seconds since the test began, said in its report. */
  note(what: string): void {
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1);
    test.info().annotations.push({ type: 'seconds', description: `${seconds} ${what}` });
    process.stdout.write(`  ${seconds.padStart(6)} s  ${what}\n`);
  }
  async keepScreen(vm: Vm, name: string): Promise<void> {
    const path = test.info().outputPath(`${vm.options.name}-${name.replaceAll(/[^a-z0-9]+/gi, '-')}.png`);
    writeFileSync(path, await vm.png());
    await test.info().attach(`${vm.options.name}, ${name}`, { path, contentType: 'image/png' });
  }

  /** As a file of its own: a body would be kept by few reporters, and its beginning printed. */
  async #keepText(name: string, text: string): Promise<void> {
    const path = test.info().outputPath(`${name}.txt`);
    writeFileSync(path, text);
    await test.info().attach(name, { path, contentType: 'application/octet-stream' });
  }

  async close(): Promise<void> {
    const failed = test.info().status !== test.info().expectedStatus;
    for (const vm of this.#vms) {
      if (failed) await this.keepScreen(vm, 'at the end').catch(() => undefined);
      await this.#keepText(`${vm.options.name}-serial`, vm.serial());
      await vm.kill();
    }
    for (const wire of this.#wires) await wire.close();
    if (this.#server !== null) {
      const traces = await this.traces().catch(() => []);
      await this.#keepText('boot-traces', JSON.stringify(traces, null, 1));
      await this.#server.stop().catch((error: unknown) => (failed ? undefined : Promise.reject(error)));
      if (failed) await this.#keepText('server-log', this.#server.log());
    }
    await this.#host?.close();
  }
}
