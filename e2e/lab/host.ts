// Owns what the boot lab borrows from this machine: network namespaces with a bridge between them, a scratch folder, and processes in
// them. close() gives all of it back whatever happened before; what a killed test left behind goes when the next lab opens.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, openSync, closeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isRoot, run } from '../disks/host.ts';

/** server: where Platen runs; room: the switches and the computers; dhcp: somebody else's DHCP server; router: between the room's network and a
 * second one, with a relay for DHCP. */
export type Place = 'server' | 'room' | 'dhcp' | 'router';
export type LabProcess = { pid: number; ended: Promise<number | null>; /** What it said on stderr and stdout. */ said(): string; stop(): Promise<void> };

export const labAddress = { server: '10.77.0.1', dhcp: '10.77.0.2', router: '10.77.0.3', prefixLength: 24, /** The router's, on the second network. */ beyond: '10.80.0.1', beyondNetwork: '10.80.0.0/24' } as const;
/** The server's adapter on the lab's network. */
export const labAdapter = 'lab0';
/** The first ones are on the server's network, the others beyond the router. */
const PORTS = 4;
const PORTS_BEYOND = 2;
const namePattern = /^platen-(\d+)-/;
let opened = 0;

/** Why no lab can be built here, or null. */
export function labLack(): string | null {
  if (process.platform !== 'linux') return 'the boot lab needs Linux: it is made of network namespaces';
  if (!isRoot()) return 'the boot lab needs root: network namespaces and taps';
  try {
    closeSync(openSync('/dev/net/tun', 'r+'));
  } catch {
    return 'the boot lab needs /dev/net/tun, and this system does not let it be opened';
  }
  const missing = ['ip', 'qemu-system-x86_64', 'mkfs.vfat', 'mcopy', 'sfdisk', 'syslinux', 'dnsmasq', 'dhcpd', 'dpkg-deb', 'setpriv', 'nice', 'tc'].filter((command) => !isProgram(command));
  if (!existsSync('/usr/share/OVMF/OVMF_CODE_4M.secboot.fd')) missing.push('ovmf');
  return missing.length === 0 ? null : `the boot lab needs what is not installed here: ${missing.join(', ')} ("npm run setup -- --system --test" installs it)`;
}

export class LabHost {
  readonly folder: string;
  readonly #id: string;
  readonly #processes = new Set<LabProcess>();
  readonly #places: Place[] = [];

  private constructor(folder: string, id: string) {
    this.folder = folder;
    this.#id = id;
  }

  static async open(options: { dhcp?: boolean; router?: boolean } = {}): Promise<LabHost> {
    await removeLeftBehind();
    const host = new LabHost(await mkdtemp(join(tmpdir(), 'platen-lab-')), `${process.pid}-${opened++}`);
    try {
      await host.#build(['server', 'room', ...(options.dhcp === true ? ['dhcp' as const] : []), ...(options.router === true ? ['router' as const] : [])]);
    } catch (error) {
      await host.close();
      throw error;
    }
    return host;
  }

  path(name: string): string {
    return join(this.folder, name);
  }
  /** The command that runs what follows in a place; it ends with this process, even where that is killed. */
  inside(place: Place): string[] {
    return ['ip', 'netns', 'exec', this.#name(place), 'setpriv', '--pdeathsig', 'KILL', '--'];
  }

  start(place: Place, command: string, args: readonly string[]): LabProcess {
    const [first = '', ...rest] = [...this.inside(place), command, ...args];
    const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const made = labProcess(child, command);
    this.#processes.add(made);
    return made;
  }

  /** Everything the server sends goes no faster than this; 0: as it comes. */
  async slowServerTo(megabitsPerSecond: number): Promise<void> {
    const device = ['dev', labAdapter, 'root'];
    const shaped = megabitsPerSecond > 0 ? ['replace', ...device, 'tbf', 'rate', `${megabitsPerSecond}mbit`, 'burst', '64kb', 'latency', '400ms'] : ['del', ...device];
    await run('ip', ['netns', 'exec', this.#name('server'), 'tc', 'qdisc', ...shaped]);
  }

  async close(): Promise<void> {
    for (const each of this.#processes) await each.stop();
    for (const place of this.#places.splice(0).reverse()) await run('ip', ['netns', 'del', this.#name(place)], { okCodes: [0, 1] });
    await rm(this.folder, { recursive: true, force: true });
  }

  #name(place: Place): string {
    return `platen-${this.#id}-${place}`;
  }

  /** No place has a way out: nothing leaves. Deleting the namespaces removes adapters, bridge and taps. */
  async #build(places: readonly Place[]): Promise<void> {
    for (const place of places) {
      await run('ip', ['netns', 'add', this.#name(place)]);
      this.#places.push(place);
      await this.#ip(place, 'link', 'set', 'lo', 'up');
    }
    await this.#switch('br0', 0, PORTS);
    await this.#connect('server', { adapter: labAdapter, address: labAddress.server, bridge: 'br0' });
    if (places.includes('dhcp')) await this.#connect('dhcp', { adapter: 'lan0', address: labAddress.dhcp, bridge: 'br0' });
    if (!places.includes('router')) return;
    await this.#switch('br1', PORTS, PORTS_BEYOND);
    await this.#connect('router', { adapter: 'lan0', address: labAddress.router, bridge: 'br0' });
    await this.#connect('router', { adapter: 'lan1', address: labAddress.beyond, bridge: 'br1' });
    await run('ip', ['netns', 'exec', this.#name('router'), 'sysctl', '-qw', 'net.ipv4.ip_forward=1']);
    for (const place of places.filter((each) => each === 'server' || each === 'dhcp')) await this.#ip(place, 'route', 'add', labAddress.beyondNetwork, 'via', labAddress.router);
  }
  async #switch(bridge: string, firstPort: number, ports: number): Promise<void> {
    // A bridge that first listens for half a minute would lose every first question for an address.
    await this.#ip('room', 'link', 'add', bridge, 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0');
    await this.#ip('room', 'link', 'set', bridge, 'up');
    for (let port = firstPort; port < firstPort + ports; port++) {
      // "ip -n" would make the tap in this process's own namespace.
      await run('ip', ['netns', 'exec', this.#name('room'), 'ip', 'tuntap', 'add', 'dev', `tap${port}`, 'mode', 'tap']);
      await this.#ip('room', 'link', 'set', `tap${port}`, 'master', bridge, 'up');
    }
  }
  async #connect(place: Place, { adapter, address, bridge }: { adapter: string; address: string; bridge: string }): Promise<void> {
    const end = `${place}-${bridge}`;
    await this.#ip('room', 'link', 'add', end, 'type', 'veth', 'peer', 'name', adapter, 'netns', this.#name(place));
    await this.#ip('room', 'link', 'set', end, 'master', bridge, 'up');
    await this.#ip(place, 'addr', 'add', `${address}/${labAddress.prefixLength}`, 'dev', adapter);
    await this.#ip(place, 'link', 'set', adapter, 'up');
  }
  async #ip(place: Place, ...args: string[]): Promise<void> {
    await run('ip', ['-n', this.#name(place), ...args]);
  }
}

/** Namespaces outlive a killed test; their names say whose they were. */
async function removeLeftBehind(): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'list']);
  for (const line of stdout.split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = namePattern.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await run('ip', ['netns', 'del', name], { okCodes: [0, 1] });
  }
}

export function labProcess(child: ChildProcess, command: string): LabProcess {
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started`);
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => said.push(part.toString('utf8')));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { pid, ended, said: () => said.join(''), stop };
}

function isProgram(command: string): boolean {
  return `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
