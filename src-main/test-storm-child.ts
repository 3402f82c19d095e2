// Test support: one server of the storm as a process of its own. Its clock is what the storm says, and its way to other servers leads
// through the storm's relays. Not part of the product.
import { Socket } from 'node:net';
import { checkFolder } from './replication/storm/test-storm-check.ts';

export type ChildTask =
  | { do: 'serve'; dataFolder: string; httpPort: number; offsetMs: number; /** Port of another server → port of the relay in between. */ relays: Record<string, number>; join: { url: string; token: string } | null; packageServer: boolean }
  | { do: 'check'; dataFolder: string; offsetMs: number };
export type ChildMessage = { ready: { url: string; token: string } } | { checked: Awaited<ReturnType<typeof checkFolder>> } | { line: string };

const task = JSON.parse(process.argv[2] ?? '') as ChildTask;
let offsetMs = task.offsetMs;
const clock = (): number => Date.now() + offsetMs;
const tell = (message: ChildMessage): void => void process.send?.(message, () => undefined);

// Whoever started it is gone: nothing of a storm outlives it.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', (message: { offsetMs: number }) => {
  offsetMs = message.offsetMs;
});

if (task.do === 'check') {
  tell({ checked: await checkFolder(task.dataFolder, clock) });
  process.disconnect();
} else {
  leadThrough(task.relays);
  const { startServer } = await import('./server.ts');
  const server = await startServer({
    dataFolder: task.dataFolder, host: '127.0.0.1', httpPort: task.httpPort, clock, linkFirstPauseMs: 100, runLeaseMs: 5000, version: '1.0.0',
    ...(task.packageServer ? { packageServer: { packageServer: true, join: task.join } } : {}),
    onLogLine: (line) => {
      if (line.includes('"error"')) tell({ line: line.slice(0, 2000) });
    },
  });
  process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));
  tell({ ready: { url: server.url, token: server.token } });
}

type Target = { port?: number | string | null };

/** Every connection to a server that has a relay goes to the relay. */
function leadThrough(relays: Record<string, number>): void {
  // eslint-disable-next-line typescript/unbound-method -- called with `this` below
  const original = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
  const led = (target: Target): Target => {
    const relay = relays[String(target.port)];
    return relay === undefined ? target : { ...target, port: relay };
  };
  Socket.prototype.connect = function connect(this: Socket, ...args: unknown[]): Socket {
    const [first] = args;
    // net.connect hands over its arguments as an array that it marked; only the target in it is another one.
    if (Array.isArray(first) && typeof first[0] === 'object') first[0] = led(first[0] as Target);
    else if (typeof first === 'object' && first !== null) args[0] = led(first as Target);
    return original.apply(this, args);
  } as typeof Socket.prototype.connect;
}
