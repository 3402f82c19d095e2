// Owns reading the tables in which a system lists its sockets: Linux's /proc/net, and what ss, lsof, netstat and tasklist print. Pure: text
// in, entries out; a line that is not understood is left out.

export type SocketEntry = {
  protocol: 'udp' | 'tcp';
  /** "10.0.0.1"; "0.0.0.0" for every IPv4 address; "::" for every address, IPv4 mostly included; IPV6_ALONE; other IPv6 addresses in full. */
  address: string;
  port: number;
  /** Only from ss: bound to this adapter, and in nobody's way on another. */
  adapter: string | null;
  /** null where this table does not say. */
  pid: number | null;
  program: string | null;
  /** Only from /proc: by which a process is found, and whose it is. */
  inode: string | null; userId: number | null;
};
const entry = (given: Pick<SocketEntry, 'protocol' | 'address' | 'port'> & Partial<SocketEntry>): SocketEntry => ({ adapter: null, pid: null, program: null, inode: null, userId: null, ...given });

/** Every IPv6 address and no IPv4 one: in nobody's way here. Only ss tells it from "::". */
const IPV6_ALONE = 'ipv6';
/** State of a TCP socket that listens; UDP sockets have none that matters. */
const LISTEN = '0A';

/** /proc/net/udp, udp6, tcp or tcp6: addresses are hexadecimal words in the processor's order, which is little-endian where Platen runs. */
export function parseProcNet(text: string, protocol: SocketEntry['protocol']): SocketEntry[] {
  return text.split('\n').slice(1).flatMap((line) => {
    const [, local = '', , state = '', , , , userId = '', , inode = ''] = line.trim().split(/\s+/);
    const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/i.exec(local) ?? [];
    if (address === undefined || port === undefined || !/^\d+$/.test(inode) || (protocol === 'tcp' && state !== LISTEN)) return [];
    return [entry({ protocol, address: procAddress(address), port: Number.parseInt(port, 16), inode, userId: Number(userId) })];
  });
}

function procAddress(hex: string): string {
  const bytes = hex.match(/.{8}/g)?.flatMap((word) => (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16))) ?? [];
  return bytes.length === 4 ? bytes.join('.') : sixteen(bytes);
}
/** "::" for all zeros, an IPv4 address written as IPv6 as what it is, else eight groups. */
function sixteen(bytes: readonly number[]): string {
  if (bytes.every((byte) => byte === 0)) return '::';
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255) return bytes.slice(12).join('.');
  return Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0)).toString(16)).join(':');
}

/** `ss -H -n -l -u` or `-t`, with or without -p: the only table of Linux's that says which adapter a socket is bound to, and ("*", not "[::]") whether
 * one for IPv6 takes IPv4 too. */
export function parseSs(text: string, protocol: SocketEntry['protocol']): SocketEntry[] {
  return text.split('\n').flatMap((line) => {
    const local = line.trim().split(/\s+/)[3] ?? '';
    const [, address, adapter, port] = /^\[?([0-9a-fA-F:.*]+?)\]?(?:%([^\s:]+?))?\]?:(\d+)$/.exec(local) ?? [];
    if (address === undefined || port === undefined) return [];
    const [, program, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(line) ?? [];
    return [entry({ protocol, address: address === '::' ? IPV6_ALONE : wildcard(address), port: Number(port), adapter: adapter ?? null, pid: pid === undefined ? null : Number(pid), program: program ?? null })];
  });
}

/** Windows: `netstat -ano`. States are in the system's language: a TCP socket that listens has no other end. */
export function parseNetstat(text: string): SocketEntry[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [kind = '', local = '', foreign = ''] = fields;
    const protocol = /^TCP$/i.test(kind) ? 'tcp' : /^UDP$/i.test(kind) ? 'udp' : null;
    const [, address, port] = /^\[?([0-9a-fA-F:.*]+?)(?:%\d+)?\]?:(\d+)$/.exec(local) ?? [];
    const pid = fields.at(-1) ?? '';
    if (protocol === null || address === undefined || port === undefined || !/^\d+$/.test(pid) || (protocol === 'tcp' && !foreign.endsWith(':0'))) return [];
    return [entry({ protocol, address: wildcard(address), port: Number(port), pid: Number(pid) })];
  });
}

/** Windows: `tasklist /FO CSV /NH` with a filter for one process. */
export function parseTasklist(text: string, pid: number): string | null {
  for (const line of text.split(/\r?\n/)) {
    const [, name, id] = /^"([^"]+)","(\d+)"/.exec(line.trim()) ?? [];
    if (name !== undefined && Number(id) === pid) return name;
  }
  return null;
}

/** macOS: `lsof -nP -iUDP -iTCP -sTCP:LISTEN -F pcPn`: a letter begins each line; p and c hold until the next p, P until the next f. */
export function parseLsof(text: string): SocketEntry[] {
  const found: SocketEntry[] = [];
  let [pid, program, protocol] = [null as number | null, null as string | null, null as SocketEntry['protocol'] | null];
  for (const line of text.split('\n')) {
    const value = line.slice(1).trim();
    if (line.startsWith('p')) [pid, program] = [Number(value), null];
    else if (line.startsWith('c')) program = value;
    else if (line.startsWith('P')) protocol = value === 'UDP' ? 'udp' : value === 'TCP' ? 'tcp' : null;
    else if (line.startsWith('n')) {
      const [, address, port] = /^\[?([0-9a-fA-F:.*]+?)\]?:(\d+)$/.exec(value) ?? [];
      if (protocol !== null && address !== undefined && port !== undefined) found.push(entry({ protocol, address: wildcard(address), port: Number(port), pid, program }));
    }
  }
  return found;
}

function wildcard(address: string): string {
  return address === '*' ? '::' : address;
}

/** Whose socket is in the way of one bound to this address of an adapter; one that holds every address is, unless it is another adapter's. */
export function inTheWay(entries: readonly SocketEntry[], wanted: { protocol: SocketEntry['protocol']; address: string; port: number; adapter: string | null }): SocketEntry[] {
  return entries.filter(({ protocol, address, port, adapter }) =>
    protocol === wanted.protocol && port === wanted.port && (address === wanted.address || address === '0.0.0.0' || address === '::' || wanted.address === '0.0.0.0') && (adapter === null || wanted.adapter === null || adapter === wanted.adapter));
}
