// Owns asking whether somebody has an address, without rights: a datagram makes the system ask by ARP (RFC 826), and its table of
// neighbours shows who answered. Used before an address is given, and to name the adapter of another server.
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Hardware address by IPv4 address, of neighbours that answered. */
export type Neighbours = ReadonlyMap<string, string>;

/** RFC 863: whoever is there throws it away. */
const DISCARD_PORT = 9;
const COMMAND_MS = 2000;
const start = promisify(execFile);

/** Linux: /proc/net/arp. Flag 2: the entry is complete; one that still waits for its answer has none. */
export function parseProcArp(text: string): Neighbours {
  const found = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const [address = '', , flags = '', mac = ''] = line.trim().split(/\s+/);
    if ((Number.parseInt(flags, 16) & 2) !== 0 && isMac(mac)) found.set(address, mac.toLowerCase());
  }
  return found;
}

/** Windows and macOS: `arp -a`, whatever its language: an address, then a hardware address with dashes or colons, whose zeros macOS leaves out. */
export function parseArpCommand(text: string): Neighbours {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, address] = /(?:^|[\s(])(\d{1,3}(?:\.\d{1,3}){3})(?=[\s)]|$)/.exec(line) ?? [];
    const [, hardware] = /(?:^|\s)((?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2})(?=\s|$)/i.exec(line) ?? [];
    if (address === undefined || hardware === undefined) continue;
    const mac = hardware.toLowerCase().split(/[:-]/).map((byte) => byte.padStart(2, '0')).join(':');
    if (isMac(mac)) found.set(address, mac);
  }
  return found;
}

function isMac(mac: string): boolean {
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) && mac !== '00:00:00:00:00:00' && mac !== 'ff:ff:ff:ff:ff:ff';
}

/** What the system knows at this moment; nothing where it can't be asked. */
export async function readNeighbours(): Promise<Neighbours> {
  try {
    if (process.platform === 'linux') return parseProcArp(await readFile('/proc/net/arp', 'utf8'));
    return parseArpCommand((await start('arp', ['-a'], { timeout: COMMAND_MS, windowsHide: true })).stdout);
  } catch {
    return new Map();
  }
}

export type NeighbourWatch = {
  /** Who has the address, or null: nobody answered within the time. Never throws. */
  whoHas(address: string, waitMs: number): Promise<string | null>;
  close(): void;
};
export type WatchParts = { /** Ours on the adapter. */ from: string; read?: () => Promise<Neighbours>; everyMs?: number };

/** One socket and one reading of the table for all questions that are open at a time: a room asks at once. */
export function watchNeighbours({ from, read = readNeighbours, everyMs = process.platform === 'linux' ? 25 : 120 }: WatchParts): NeighbourWatch {
  const asking = createSocket('udp4').on('error', () => undefined);
  asking.bind(0, from);
  asking.unref();
  let reading: Promise<Neighbours> | null = null;
  let isClosed = false;
  const shared = (): Promise<Neighbours> => reading ??= read().catch(() => new Map<string, string>()).finally(() => {
    reading = null;
  });
  return {
    async whoHas(address, waitMs) {
      const until = performance.now() + waitMs;
      // Nobody may be there to take it, which is what is asked.
      if (!isClosed) asking.send(new Uint8Array(1), DISCARD_PORT, address, () => undefined);
      for (;;) {
        const found = (await shared()).get(address);
        const left = until - performance.now();
        if (found !== undefined || left <= 0 || isClosed) return found ?? null;
        await new Promise((resolve) => {
          setTimeout(resolve, Math.min(everyMs, left));
        });
      }
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      asking.close();
    },
  };
}
