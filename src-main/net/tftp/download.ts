// Owns one download's socket (its transfer identifier, RFC 1350 §4): what transfer.ts decides is sent, what comes is handed to it. It hears its
// client alone: packets of others never reach it.
import type { RemoteInfo, Socket } from 'node:dgram';
import { decodedOrNull, encodeData, encodeError, encodeOptions, ErrorCode } from './packet.ts';
import { Transfer, type Action, type Negotiated } from './transfer.ts';

export type Ending = { kind: 'done' | 'aborted' | 'timed-out' | 'failed'; reason: string; tookMs: number };
export type DownloadParts = {
  /** Connected to the client. */
  socket: Socket;
  client: { address: string; port: number };
  file: Uint8Array;
  negotiated: Negotiated;
  /** Once. */
  ended: (ending: Ending) => void;
};

export class Download {
  readonly #parts: DownloadParts;
  readonly #transfer: Transfer;
  readonly #startedAt = performance.now();
  #over = false;

  constructor(parts: DownloadParts) {
    const { socket, client, file, negotiated } = parts;
    this.#parts = parts;
    this.#transfer = new Transfer(file.length, negotiated);
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      // Between binding and connecting the system let others in.
      if (from.port !== client.port || from.address !== client.address) return;
      const packet = decodedOrNull(bytes);
      if (packet !== null) this.#act(this.#transfer.receive(packet, performance.now()));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A port that is closed stays closed. Everything else (a pulled cable, a firewall that thinks) may pass, and is like packets lost.
      if (error.code === 'ECONNREFUSED') this.#act(this.#transfer.gone('the client has closed its port'));
    });
  }

  get wasHeard(): boolean {
    return this.#transfer.wasHeard;
  }
  get heardAt(): number {
    return this.#transfer.heardAt;
  }

  start(): void {
    this.#act(this.#transfer.start(performance.now()));
  }
  /** Its request came again. */
  asked(): void {
    this.#act(this.#transfer.asked(performance.now()));
  }
  tick(): void {
    this.#act(this.#transfer.tick(performance.now()));
  }

  /** @param told what the client is told, if anything */
  end(kind: Ending['kind'], reason: string, told?: string): void {
    if (this.#over) return;
    this.#over = true;
    const { socket, ended } = this.#parts;
    if (told === undefined) socket.close();
    else socket.send(encodeError(ErrorCode.undefined, told), () => socket.close());
    ended({ kind, reason, tookMs: performance.now() - this.#startedAt });
  }

  #act(action: Action): void {
    if (action === null || this.#over) return;
    if ('end' in action) return this.end(action.end, action.reason);
    const { socket, file, negotiated: { blockBytes, answer } } = this.#parts;
    if (action.send === 'options') {
      socket.send(encodeOptions(answer));
      return;
    }
    // Without a callback: what the system says comes as the socket's error, and costs nothing while it says nothing.
    for (let block = action.from; block <= action.to; block++) socket.send(encodeData(block, file.subarray((block - 1) * blockBytes, block * blockBytes)));
  }
}
