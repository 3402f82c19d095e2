// Test support: one direction of one link, as a TCP relay that can be cut, fall silent, be slow or break off in the middle of a message.
// It knows nothing of what passes. Not part of the product.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export type LinkFault = { kind: 'cut' } | { kind: 'silent' } | { kind: 'slow'; bytesPerSecond: number } | { kind: 'breaks'; afterBytes: number };
type Pair = { near: Socket; far: Socket };

const TICK_MS = 25;

export class Relay {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<Pair>();
  #fault: LinkFault | null = null;
  #left = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#accept(near));
  }

  static async to(target: number): Promise<Relay> {
    const relay = new Relay(target);
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get fault(): LinkFault | null {
    return this.#fault;
  }

  /** null: all is well again. What was silent for a while is cut then, as routers forget connections. */
  set(fault: LinkFault | null): void {
    const before = this.#fault;
    this.#fault = fault;
    if (fault?.kind === 'breaks') this.#left = fault.afterBytes;
    if (fault?.kind === 'cut' || (fault === null && before?.kind === 'silent')) this.#cutAll();
  }

  close(): void {
    this.#cutAll();
    this.#server.close();
  }

  #cutAll(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#fault?.kind === 'cut') return void near.destroy();
    const far = connect(this.#target, '127.0.0.1');
    const pair = { near, far };
    this.#pairs.add(pair);
    far.on('error', () => near.destroy());
    const ended = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.on('close', ended);
    far.on('close', ended);
    void this.#pump(near, far);
    void this.#pump(far, near);
  }

  async #pump(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const piece of from as AsyncIterable<Buffer>) await this.#pass(piece, to);
      to.end();
    } catch {
      // Cut on purpose, or by either end: that is what links do here.
      to.destroy();
    }
  }

  async #pass(piece: Buffer, to: Socket): Promise<void> {
    let rest = piece;
    while (rest.length > 0 && !to.destroyed) {
      const fault = this.#fault;
      if (fault?.kind === 'silent') {
        await tick();
        continue;
      }
      const most = fault?.kind === 'slow' ? Math.max(1, Math.floor((fault.bytesPerSecond * TICK_MS) / 1000)) : fault?.kind === 'breaks' ? Math.max(1, this.#left) : rest.length;
      const part = rest.subarray(0, most);
      rest = rest.subarray(part.length);
      if (!to.write(part)) await Promise.race([new Promise((resolve) => to.once('drain', resolve)), new Promise((resolve) => to.once('close', resolve))]);
      if (fault?.kind === 'slow') await tick();
      if (fault?.kind !== 'breaks') continue;
      this.#left -= part.length;
      if (this.#left > 0) continue;
      // Once: whoever tries again gets through.
      this.#fault = null;
      this.#cutAll();
    }
  }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, TICK_MS).unref());
}
