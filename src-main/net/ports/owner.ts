// Owns finding out which process has a port, on this system: its table of sockets, then the process and its program. What the system does
// not let us see stays null. Reading the tables is tables.ts.
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inTheWay, parseLsof, parseNetstat, parseProcNet, parseSs, parseTasklist, type SocketEntry } from './tables.ts';

export type WantedPort = { protocol: SocketEntry['protocol']; address: string; port: number; /** Of the address; a socket that keeps to another adapter is in nobody's way. */ adapter: string | null };
/** pid null: it belongs to another user, and only an administrator may see which program it is. */
export type PortHolder = { pid: number | null; program: string | null; /** Its whole command line, where known. */ command: string; userId: number | null };

const COMMAND_MS = 5000;
const start = promisify(execFile);

/** Who is in the way of binding this port, or null for nobody. Never throws: a table that can't be read says nothing. */
export async function portHolder(wanted: WantedPort): Promise<PortHolder | null> {
  if (process.platform === 'linux') return await holderOnLinux(wanted);
  const windows = process.platform === 'win32';
  const table = windows ? parseNetstat(await output('netstat', ['-ano'])) : parseLsof(await output('lsof', ['-nP', '-iUDP', '-iTCP', '-sTCP:LISTEN', '-F', 'pcPn']));
  const [found] = inTheWay(table, wanted);
  if (found === undefined) return null;
  const program = found.program ?? (windows && found.pid !== null ? parseTasklist(await output('tasklist', ['/FI', `PID eq ${found.pid}`, '/FO', 'CSV', '/NH']), found.pid) : null);
  return { pid: found.pid, program, command: program ?? '', userId: null };
}

/** "dnsmasq (process 811)", for a sentence. */
export function holderName({ pid, program, userId }: PortHolder): string {
  if (pid !== null) return `${program ?? 'a program'} (process ${pid})`;
  return userId === null ? 'another program' : `a program of ${userId === 0 ? 'root' : `user ${userId}`}, whose name only an administrator may see`;
}

async function holderOnLinux(wanted: WantedPort): Promise<PortHolder | null> {
  const { protocol } = wanted;
  const tables = await Promise.all(['', '6'].map((version) => readFile(`/proc/net/${protocol}${version}`, 'utf8').catch(() => '')));
  const blocking = inTheWay(tables.flatMap((text) => parseProcNet(text, protocol)), wanted);
  if (blocking.length === 0) return null;
  // Only ss knows that a socket on every address keeps to one adapter, as the DHCP servers of virtual networks do.
  const known = wanted.adapter === null ? [] : parseSs(await output('ss', ['-H', '-n', '-l', protocol === 'udp' ? '-u' : '-t']), protocol).filter((each) => each.port === wanted.port);
  if (known.length > 0 && inTheWay(known, wanted).length === 0) return null;
  const inodes = new Map(blocking.map((each) => [`socket:[${each.inode ?? ''}]`, each]));
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    for (const handle of await readdir(`/proc/${name}/fd`).catch(() => [])) {
      if (!inodes.has(await readlink(`/proc/${name}/fd/${handle}`).catch(() => ''))) continue;
      const [program, line] = await Promise.all(['comm', 'cmdline'].map((file) => readFile(`/proc/${name}/${file}`, 'utf8').catch(() => '')));
      const command = (line ?? '').split('\0').join(' ').trim();
      return { pid: Number(name), program: (program ?? '').trim() || null, command, userId: null };
    }
  }
  return { pid: null, program: null, command: '', userId: blocking[0]?.userId ?? null };
}

async function output(command: string, args: readonly string[]): Promise<string> {
  try {
    return (await start(command, args, { timeout: COMMAND_MS, maxBuffer: 16 * 1024 * 1024, windowsHide: true })).stdout;
  } catch {
    // Not installed, or not allowed: nothing is known then.
    return '';
  }
}
