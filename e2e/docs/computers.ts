// Computers for pictures: the built agent, each in a namespace in which it finds another firmware, another host name, and one disk at
// /mnt. Needs root, as `unshare` does. What it shows and does is the product's own.
import { join } from 'node:path';
import { nodePath } from '../../scripts/node.mjs';
import { root } from '../../scripts/sources.mjs';
import { Pty } from '../portal/pty.ts';
import type { TestServer } from '../server.ts';

export type Machine = { hostname: string; serial: string; vendor: string; model: string; /** A folder that it sees as /mnt. */ disks: string };

/** Nothing of the machine below is left to see: no firmware, no network adapters, no disks. */
const enter = [
  'hostname "$1"', 'mount --bind "$5" /mnt', 'mount -t tmpfs none /sys/block', 'mount -t tmpfs none /sys/class', 'mkdir -p /sys/class/dmi/id', 'cd /sys/class/dmi/id',
  'printf %s "$2" > product_serial', 'printf %s "$3" > sys_vendor', 'printf %s "$4" > product_name', 'cd /mnt', 'shift 5', 'exec "$@"',
].join(' && ');

function inside({ hostname, serial, vendor, model, disks }: Machine): string[] {
  return ['unshare', '--mount', '--uts', 'sh', '-c', enter, 'sh', hostname, serial, vendor, model, disks];
}

/** `platen agent …` on this computer, in a text console of 80×25. */
export function agentOn(machine: Machine, server: TestServer, args: readonly string[]): Pty {
  const agent = [nodePath(), join(root, 'out/agent/agent.cjs'), ...args, '--server', server.url, '--token', server.token];
  return new Pty([...inside(machine), ...agent], { term: 'linux', columns: 80, rows: 25 });
}
