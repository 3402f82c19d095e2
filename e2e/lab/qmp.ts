// Owns the monitor of a virtual machine (QEMU's QMP): one command at a time, answers in order, events let pass.
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

type Waiting = { resolve(answer: unknown): void; reject(error: Error): void };

export class Monitor {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => this.#receive(line));
    socket.on('error', () => undefined); // close follows
    socket.on('close', () => {
      for (const each of this.#waiting.splice(0)) each.reject(new Error('the virtual machine has ended'));
    });
  }

  /** The socket is there a moment after QEMU has started. */
  static async open(path: string, limitMs = 15_000): Promise<Monitor> {
    const until = performance.now() + limitMs;
    for (;;) {
      try {
        const monitor = new Monitor(await connected(path));
        await monitor.ask('qmp_capabilities');
        return monitor;
      } catch (error) {
        if (performance.now() > until) throw error;
        await sleep(50);
      }
    }
  }

  ask(execute: string, args: Record<string, unknown> = {}): Promise<unknown> {
    if (this.#socket.destroyed) return Promise.reject(new Error('the virtual machine has ended'));
    this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(line: string): void {
    const message = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
    if (message.error !== undefined) this.#waiting.shift()?.reject(new Error(message.error.desc));
    else if ('return' in message) this.#waiting.shift()?.resolve(message.return);
  }
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
