// The thread of the boot listeners: started and fed by service.ts. Events go back in batches, so that a room of computers that boot at
// once costs the server a few messages a second.
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { toAppError } from '#shared/errors.ts';
import { openListeners, type Listeners } from './listeners.ts';
import type { BootEvent } from './snapshot.ts';
import type { FromListeners, ToListeners } from './worker-messages.ts';

const EVENTS_MS = 100;

// Before hashing and compressing, where the system lets it: an answer takes microseconds, and firmware counts its seconds. On Linux 0 is the
// calling thread and not the whole process; root alone (or CAP_SYS_NICE) may.
if (process.platform === 'linux') {
  try {
    setPriority(0, constants.priority.PRIORITY_ABOVE_NORMAL);
  } catch {
    // It serves all the same.
  }
}
const port = parentPort;
if (port === null) throw new Error('This file is a thread of the server.');
const say = (message: FromListeners): void => port.postMessage(message);
let listeners: Listeners | null = null;
let pending: BootEvent[] = [];
const flush = (): void => {
  if (pending.length === 0) return;
  say({ type: 'events', events: pending });
  pending = [];
};
const timer = setInterval(flush, EVENTS_MS);

async function end(error?: unknown): Promise<void> {
  clearInterval(timer);
  await listeners?.close().catch(() => undefined);
  listeners = null;
  flush();
  if (error !== undefined) say({ type: 'failed', error: toAppError(error).toWire() });
  port?.close();
}

async function take(message: ToListeners): Promise<void> {
  if (message.type === 'close') await end();
  else if (message.type === 'snapshot') listeners?.update(message.snapshot);
  else {
    listeners = await openListeners({
      config: message.config, snapshot: message.snapshot, clock: Date.now, onEvent: (event) => pending.push(event), onLeases: (leases) => say({ type: 'leases', leases }), onError: (error) => void end(error), onWarning: (text) => say({ type: 'warning', text }),
    });
    say({ type: 'ready', ports: listeners.ports });
  }
}
port.on('message', (message: ToListeners) => {
  take(message).catch((error: unknown) => end(error));
});
