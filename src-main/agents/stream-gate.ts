// Owns how many frame streams run at once over all computers, in both directions: each holds a few MB, and a whole room may come
// at the same moment. Who comes first goes first; nobody is refused. A peer that fell silent does not keep others waiting.
import { CancelledError } from '#shared/errors.ts';

export type StreamGateOptions = { limit: number; /** A peer whose turn it is may be silent this long while others wait. */ stallMs: number; clock: () => number };
export type Slot = {
  /** From here on the peer has to read or to send. */
  peersTurn(): void;
  /** It did; what follows is our own work. */
  ourTurn(): void;
  leave(): void;
};
type Holder = { silentSince: number | null; cut: () => void };
type Waiting = { start: () => void };

const LOOK_EVERY_MS = 1000;

export class StreamGate {
  readonly #options: StreamGateOptions;
  readonly #holders = new Set<Holder>();
  readonly #queue: Waiting[] = [];
  #looking: NodeJS.Timeout | null = null;

  constructor(options: StreamGateOptions) {
    this.#options = options;
  }

  /** Waits for a turn. @param peer gone: it went away, also while it waits; cut: ends its stream, which must then leave */
  async enter(peer: { gone: AbortSignal; cut: () => void }): Promise<Slot> {
    const holder: Holder = { silentSince: null, cut: peer.cut };
    if (this.#holders.size < this.#options.limit && this.#queue.length === 0) this.#holders.add(holder);
    else await this.#wait(holder, peer.gone);
    return {
      peersTurn: () => {
        holder.silentSince ??= this.#options.clock();
      },
      ourTurn: () => {
        holder.silentSince = null;
      },
      leave: () => {
        if (this.#holders.delete(holder)) this.#next();
      },
    };
  }

  #wait(holder: Holder, gone: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(new CancelledError('the peer went away while it waited for its turn'));
      };
      const waiting: Waiting = {
        start: () => {
          gone.removeEventListener('abort', leave);
          this.#holders.add(holder);
          resolve();
        },
      };
      this.#queue.push(waiting);
      gone.addEventListener('abort', leave, { once: true });
      if (gone.aborted) return leave();
      this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    });
  }

  #next(): void {
    while (this.#holders.size < this.#options.limit) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) break;
      waiting.start();
    }
    if (this.#queue.length > 0 || this.#looking === null) return;
    clearInterval(this.#looking);
    this.#looking = null;
  }

  /** While somebody waits: who does not use the turn loses it. An agent that is alive simply asks again. */
  #look(): void {
    const since = this.#options.clock() - this.#options.stallMs;
    for (const holder of this.#holders) if (holder.silentSince !== null && holder.silentSince < since) holder.cut();
  }
}
