// Owns a bad line for tests: stands between TFTP clients and a server, and loses, delays and repeats packets by a seeded roll. Every client
// has a port of its own towards the server, and every download one towards the client, as transfer identifiers need (RFC 1350 §4).
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export type Line = { /** Of a hundred packets. */ loses: number; repeats: number; delays: number; /** At most. */ delayMs: number; seed: number; /** So many packets at each client's beginning pass as they are. */ spares: number };
export type LossyRelay = { port: number; counts: { passed: number; lost: number; repeated: number; delayed: number }; close(): void };
type Path = { up: Socket; /** By the port that a download of the server speaks from. */ down: Map<number, Promise<Socket>>; seen: number };

const address = '127.0.0.1';

export async function openLossyRelay(serverPort: number, line: Line): Promise<LossyRelay> {
  const roll = seeded(line.seed);
  const counts = { passed: 0, lost: 0, repeated: 0, delayed: 0 };
  const opened = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const paths = new Map<number, Promise<Path>>();
  let closed = false;

  const open = async (): Promise<Socket> => {
    const socket = createSocket('udp4');
    opened.add(socket);
    socket.bind(0, address);
    await once(socket, 'listening');
    return socket;
  };
  const later = (send: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!closed) send();
    }, 1 + roll(line.delayMs));
    timers.add(timer);
  };
  const pass = (path: Path, send: () => void): void => {
    if (closed) return;
    if (path.seen++ < line.spares) {
      counts.passed++;
      send();
      return;
    }
    if (roll(100) < line.loses) {
      counts.lost++;
      return;
    }
    counts.passed++;
    if (roll(100) < line.delays) {
      counts.delayed++;
      later(send);
    } else send();
    if (roll(100) < line.repeats) {
      counts.repeated++;
      later(send);
    }
  };

  async function path(clientPort: number): Promise<Path> {
    const made: Path = { up: await open(), down: new Map(), seen: 0 };
    const downFrom = async (serverPort: number): Promise<Socket> => {
      const down = await open();
      down.on('message', (bytes: Buffer) => pass(made, () => made.up.send(bytes, serverPort, address)));
      return down;
    };
    made.up.on('message', (bytes: Buffer, from) => {
      const down = made.down.get(from.port) ?? downFrom(from.port);
      made.down.set(from.port, down);
      void down.then((socket) => pass(made, () => socket.send(bytes, clientPort, address)));
    });
    return made;
  }

  const front = await open();
  front.on('message', (bytes: Buffer, from) => {
    const known = paths.get(from.port) ?? path(from.port);
    paths.set(from.port, known);
    void known.then((made) => pass(made, () => made.up.send(bytes, serverPort, address)));
  });
  return {
    port: front.address().port, counts,
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      for (const socket of opened) socket.close();
    },
  };
}

/** The same rolls for the same seed (mulberry32). @returns a roll of 0 to below `sides` */
function seeded(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}
