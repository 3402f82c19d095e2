// A stretch of network between agent and server that a test can slow down, cut and mend: what a switch, a cable and a person who
// trips over it do. It moves bytes and knows nothing of what they mean.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';

export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;
  #moved = 0;
  #bytesPerMs = Number.POSITIVE_INFINITY;
  #freeAt = 0;
  #down = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((near) => this.#join(near));
  }

  /** Passes connections on to a port of this machine. */
  static async open(url: string): Promise<Relay> {
    const relay = new Relay(Number(new URL(url).port));
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the relay is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Bytes moved so far, in both directions. */
  get movedBytes(): number {
    return this.#moved;
  }

  /** As a line of this speed would; all connections share it. */
  slowTo(megabytesPerSecond: number): void {
    this.#bytesPerMs = megabytesPerSecond * 1000;
  }

  /** Ends every connection and refuses new ones until mend(). */
  cut(): void {
    this.#down = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(url?: string): void {
    if (url !== undefined) this.#target = Number(new URL(url).port);
    this.#down = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    if (this.#down) {
      near.destroy();
      return;
    }
    const far = connect(this.#target, '127.0.0.1');
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    // A broken end ends the other; whose fault it was is the ends' business.
    const over = (error: unknown): void => {
      if (error === undefined || error === null) return; // one direction ended in order; the other may still speak
      near.destroy();
      far.destroy();
    };
    pipeline(near, this.#gate(), far, over);
    pipeline(far, this.#gate(), near, over);
  }

  #gate(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#moved += chunk.length;
        const now = performance.now();
        this.#freeAt = Math.max(now, this.#freeAt) + chunk.length / this.#bytesPerMs;
        if (this.#freeAt - now < 2) done(null, chunk);
        else setTimeout(done, this.#freeAt - now, null, chunk);
      },
    });
  }
}
