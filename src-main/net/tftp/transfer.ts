// Owns one download: which blocks are on their way, what an acknowledgement moves, when to send again and when to give up. It knows no
// socket: it is told packets and ticks, and says what to send. Blocks are counted without bound here; the wire's 16 bits wrap to 0.
import type { TftpPacket } from './packet.ts';

export type Negotiated = { blockBytes: number; windowBlocks: number; timeoutMs: number; /** What is said back; empty for a client without options. */ answer: ReadonlyMap<string, string> };
export type TransferLimits = {
  /** What the path carries without fragments: a loader cut into fragments is the classic that never arrives. */
  maxBlockBytes: number;
  maxWindowBlocks: number;
};
export type Action = { send: 'options' } | { send: 'blocks'; from: number; to: number } | { end: 'done' | 'aborted' | 'timed-out'; reason: string } | null;

const DEFAULT_BLOCK_BYTES = 512;
const DEFAULT_TIMEOUT_MS = 1000;
/** Silence of so many timeouts ends a download. */
const PATIENCE_TIMEOUTS = 6;
/** On a fast line a lost packet is noticed by the time answers take, not by the second of RFC 1350; never sooner than this. */
const LEAST_RESEND_MS = 40;
const TRIPS_BEFORE_RESEND = 4;
/** Between the word of a gap and the window that closes it. */
const LEAST_GAP_MS = 5;
const TRIPS_BEFORE_GAP = 2;

/** An option whose value makes no sense is left out of the answer, as RFC 2347 §2 has it: the client goes on without it. */
export function negotiate(options: ReadonlyMap<string, string>, sizeBytes: number, limits: TransferLimits): Negotiated {
  const answer = new Map<string, string>();
  const number = (name: string, least: number, most: number): number | null => {
    const text = options.get(name) ?? '';
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : null;
  };
  const result = { blockBytes: DEFAULT_BLOCK_BYTES, windowBlocks: 1, timeoutMs: DEFAULT_TIMEOUT_MS };
  const block = number('blksize', 8, 65_464);
  if (block !== null) {
    result.blockBytes = Math.min(block, limits.maxBlockBytes);
    answer.set('blksize', String(result.blockBytes));
  }
  const timeout = number('timeout', 1, 255);
  if (timeout !== null) {
    result.timeoutMs = timeout * 1000;
    answer.set('timeout', String(timeout));
  }
  // An empty file's size is left out: curl takes a size of 0 for an error, and no client needs it.
  if (options.has('tsize') && sizeBytes > 0) answer.set('tsize', String(sizeBytes));
  const window = number('windowsize', 1, 65_535);
  if (window !== null) {
    result.windowBlocks = Math.min(window, limits.maxWindowBlocks);
    answer.set('windowsize', String(result.windowBlocks));
  }
  return { ...result, answer };
}

export class Transfer {
  readonly blocks: number;
  readonly #negotiated: Negotiated;
  /** Everything up to here has arrived. */
  #acknowledged = 0;
  /** The last block on its way. */
  #sent = 0;
  #optionsPending: boolean;
  #sentAt = 0;
  #heardAt = 0;
  #wasHeard = false;
  #resendMs: number;
  /** Smoothed time from sending to the answer; null until one came to something that was sent once. */
  #tripMs: number | null = null;
  #sentOnce = true;
  /** When the window goes again because a gap at its beginning was told; once per window. */
  #gapAt = Infinity;
  #gapTold = false;

  constructor(sizeBytes: number, negotiated: Negotiated) {
    this.#negotiated = negotiated;
    // A last block shorter than the others ends the transfer: an exact multiple needs an empty one (RFC 1350 §6).
    this.blocks = Math.floor(sizeBytes / negotiated.blockBytes) + 1;
    this.#optionsPending = negotiated.answer.size > 0;
    this.#resendMs = negotiated.timeoutMs;
  }

  get acknowledgedBytes(): number {
    return this.#acknowledged * this.#negotiated.blockBytes;
  }

  /** Something of it was acknowledged, if only its options. */
  get wasHeard(): boolean {
    return this.#wasHeard;
  }
  get heardAt(): number {
    return this.#heardAt;
  }

  start(now: number): Action {
    this.#heardAt = now;
    this.#sentAt = now;
    return this.#optionsPending ? { send: 'options' } : this.#window(now);
  }

  receive(packet: TftpPacket, now: number): Action {
    if (packet.kind === 'error') return { end: 'aborted', reason: `the client ended it: ${packet.code} ${packet.message}` };
    if (packet.kind !== 'acknowledge') return null;
    if (this.#optionsPending) {
      if (packet.block !== 0) return null;
      this.#optionsPending = false;
      this.#heard(now);
      return this.#window(now);
    }
    const block = this.#unwrapped(packet.block);
    if (block === null) return null;
    if (block > this.#acknowledged) {
      this.#acknowledged = block;
      this.#heard(now);
      this.#gapTold = false;
      if (block >= this.blocks) return { end: 'done', reason: '' };
      return this.#window(now);
    }
    // The acknowledgement before this window again. In lock-step it is an echo: answering it is what makes every packet go twice for ever
    // (the Sorcerer's Apprentice, RFC 1123 §4.2.3.1). With a window it may say that the window's first block was lost (RFC 7440 §4), or be a
    // client's answer to blocks that came twice, which it sends for each such window: so the next acknowledgement gets its time first.
    if (this.#negotiated.windowBlocks === 1 || block !== this.#acknowledged || this.#gapTold) return null;
    this.#gapTold = true;
    this.#gapAt = now + Math.max(LEAST_GAP_MS, TRIPS_BEFORE_GAP * (this.#tripMs ?? 0));
    return null;
  }

  /** Called now and then: what was not answered in time goes again, and not for ever. */
  tick(now: number): Action {
    if (now >= this.#gapAt) return this.#again(now);
    if (now - this.#sentAt < this.#resendMs) return null;
    if (now - this.#heardAt > PATIENCE_TIMEOUTS * this.#negotiated.timeoutMs) return this.gone(`no answer to ${this.#optionsPending ? 'the options' : `block ${this.#acknowledged + 1} of ${this.blocks}`}`);
    this.#gapTold = false;
    this.#resendMs = Math.min(this.#resendMs * 2, this.#negotiated.timeoutMs);
    return this.#again(now);
  }

  /** The request came again: its answer was lost. */
  asked(now: number): Action {
    return this.#optionsPending ? this.#again(now) : null;
  }

  /** The client is heard no more. One that had everything on its way and was lively until then has it all: the last acknowledgement is one that nobody sends again (RFC 1350 §6). */
  gone(reason: string): Action {
    return this.#wasHeard && this.#sent >= this.blocks ? { end: 'done', reason: '' } : { end: 'timed-out', reason };
  }

  /** Answers to what was sent twice measure nothing: it is not known which was answered (Karn's rule, RFC 6298 §3). */
  #heard(now: number): void {
    this.#heardAt = now;
    this.#wasHeard = true;
    if (this.#sentOnce) this.#tripMs = this.#tripMs === null ? now - this.#sentAt : this.#tripMs * 0.875 + (now - this.#sentAt) * 0.125;
    const wanted = this.#tripMs === null ? this.#negotiated.timeoutMs : this.#tripMs * TRIPS_BEFORE_RESEND;
    this.#resendMs = Math.min(this.#negotiated.timeoutMs, Math.max(LEAST_RESEND_MS, wanted));
  }

  #again(now: number): Action {
    const action = this.#optionsPending ? { send: 'options' as const } : this.#window(now);
    this.#sentAt = now;
    this.#sentOnce = false;
    return action;
  }

  #window(now: number): Action {
    this.#gapAt = Infinity;
    const from = this.#acknowledged + 1;
    this.#sent = Math.min(this.blocks, this.#acknowledged + this.#negotiated.windowBlocks);
    this.#sentAt = now;
    this.#sentOnce = true;
    return { send: 'blocks', from, to: this.#sent };
  }

  /** The block that 16 bits mean, of those that can be acknowledged now; null for one that is not on its way. */
  #unwrapped(low: number): number | null {
    const block = this.#acknowledged + ((low - this.#acknowledged) & 0xffff);
    return block <= this.#sent ? block : null;
  }
}
