// Owns a cable between a virtual computer and the switch that the test holds in its hands: each frame passes through it, so it can lose some,
// hold them back, and take from a ROM's DHCP messages that it is iPXE. QEMU's own ROM for BIOS is: so it becomes one that is not.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { LabProcess, Place } from './host.ts';

/** Where its sockets lie, and what starts a process at a place: of the boot lab, or of another one. */
export type WireHost<P extends string = Place> = { path(name: string): string; start(place: P, command: string, args: readonly string[]): LabProcess };

/** What a frame is passed on as; null: lost. */
type Pass = (frame: Buffer) => Buffer | null;

const LENGTH = 4;
const ETHERNET = 14;
const UDP = 17;
const DHCP_PORTS = new Set([67, 4011]);
const TFTP_PORT = 69;
/** BOOTP's header and the magic number (RFC 2131 §2). */
const DHCP_OPTIONS_AT = 240;
const PAD = 0;
const END = 255;
/** User class, and iPXE's own options. */
const TELLS_IPXE = new Set([77, 175]);

export class Wire {
  /** Of frames in both directions, 0 to 100. */
  lossPercent = 0;
  delayMs = 0;
  /** Until the computer fetches a loader: that one says what it is. */
  hidesIpxe = false;
  lost = 0;
  /** DHCP messages that something was taken from. */
  rewritten = 0;
  readonly computerSocket: string;
  readonly #servers: Server[] = [];
  readonly #ends = new Map<'computer' | 'switch', Socket>();
  #plug: LabProcess | null = null;
  /** The same losses each time. */
  #random = 1;

  private constructor(computerSocket: string) {
    this.computerSocket = computerSocket;
  }

  /** Plugged into a socket of the switch; a computer comes with `wire: computerSocket`. */
  static async open(host: WireHost, port: number): Promise<Wire> {
    const sockets = { computer: host.path(`wire${port}.computer`), switch: host.path(`wire${port}.switch`) };
    const wire = new Wire(sockets.computer);
    await wire.#listen('computer', sockets.computer, (frame) => wire.#fromComputer(frame));
    await wire.#listen('switch', sockets.switch, (frame) => frame);
    // A process of ours cannot open a tap; a virtual machine without a machine joins it with a socket.
    wire.#plug = plugTap(host, 'room', `tap${port}`, sockets.switch);
    return wire;
  }

  async close(): Promise<void> {
    for (const socket of this.#ends.values()) socket.destroy();
    for (const server of this.#servers) server.close();
    await this.#plug?.stop();
  }

  async #listen(end: 'computer' | 'switch', path: string, pass: Pass): Promise<void> {
    const server = createServer((socket) => this.#join(end, socket, pass));
    this.#servers.push(server);
    server.listen(path);
    await once(server, 'listening');
  }

  /** A frame comes as its length, then its bytes. */
  #join(end: 'computer' | 'switch', socket: Socket, pass: Pass): void {
    let held: Buffer = Buffer.alloc(0);
    this.#ends.set(end, socket);
    socket.on('error', () => undefined); // a computer that is switched off
    socket.on('data', (part: Buffer) => {
      held = held.length === 0 ? part : Buffer.concat([held, part]);
      let at = 0;
      while (held.length - at >= LENGTH && held.length - at >= LENGTH + held.readUInt32BE(at)) {
        const length = held.readUInt32BE(at);
        const frame = pass(Buffer.from(held.subarray(at + LENGTH, at + LENGTH + length)));
        at += LENGTH + length;
        if (frame !== null) this.#send(end === 'computer' ? 'switch' : 'computer', frame);
      }
      held = held.subarray(at);
    });
  }

  #send(to: 'computer' | 'switch', frame: Buffer): void {
    if (this.#isLost()) {
      this.lost++;
      return;
    }
    const length = Buffer.alloc(LENGTH);
    length.writeUInt32BE(frame.length);
    const send = (): void => void this.#ends.get(to)?.write(Buffer.concat([length, frame]));
    if (this.delayMs === 0) send();
    else setTimeout(send, this.delayMs).unref();
  }

  #isLost(): boolean {
    // Park and Miller's minimal standard.
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647 < this.lossPercent / 100;
  }

  #fromComputer(frame: Buffer): Buffer {
    const udp = udpOf(frame);
    if (!this.hidesIpxe || udp === null) return frame;
    if (udp.port === TFTP_PORT) this.hidesIpxe = false;
    if (DHCP_PORTS.has(udp.port) && withoutIpxe(frame.subarray(udp.at + 8, udp.end))) {
      this.rewritten++;
      writeUdpChecksum(frame, udp);
    }
    return frame;
  }
}

/** Joins a tap that is there with an end of a wire, or with another socket that takes frames. */
export function plugTap<P extends string>(host: WireHost<P>, place: P, tap: string, socket: string): LabProcess {
  return host.start(place, 'qemu-system-x86_64', [
    '-machine', 'none', '-nodefaults', '-display', 'none', '-monitor', 'none', '-netdev', `tap,id=tap,ifname=${tap},script=no,downscript=no`, '-netdev', `stream,id=socket,server=off,addr.type=unix,addr.path=${socket}`,
    '-netdev', 'hubport,id=first,hubid=0,netdev=tap', '-netdev', 'hubport,id=second,hubid=0,netdev=socket',
  ]);
}

/** Where an IPv4 frame's UDP header begins and its message ends; null for any other frame. */
type Udp = { at: number; end: number; port: number };
function udpOf(frame: Buffer): Udp | null {
  if (frame.length < ETHERNET + 28 || frame.readUInt16BE(12) !== 0x0800 || frame[ETHERNET + 9] !== UDP) return null;
  const at = ETHERNET + ((frame[ETHERNET] ?? 0) & 15) * 4;
  return { at, end: at + frame.readUInt16BE(at + 4), port: frame.readUInt16BE(at + 2) };
}

/** In place, so that no length changes; true where something was there. */
function withoutIpxe(message: Buffer): boolean {
  let found = false;
  for (let at = DHCP_OPTIONS_AT; at < message.length && message[at] !== END;) {
    const code = message[at] ?? END;
    const next = code === PAD ? at + 1 : at + 2 + (message[at + 1] ?? 0);
    if (TELLS_IPXE.has(code)) {
      message.fill(PAD, at, next);
      found = true;
    }
    at = next;
  }
  return found;
}

/** RFC 768: over a pseudo header of both addresses, the protocol and the length. */
function writeUdpChecksum(frame: Buffer, { at, end }: Udp): void {
  frame.writeUInt16BE(0, at + 6);
  let sum = UDP + (end - at);
  for (let address = ETHERNET + 12; address < ETHERNET + 20; address += 2) sum += frame.readUInt16BE(address);
  for (let word = at; word < end; word += 2) sum += word + 1 < end ? frame.readUInt16BE(word) : (frame[word] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  const checksum = ~sum & 0xffff;
  frame.writeUInt16BE(checksum === 0 ? 0xffff : checksum, at + 6);
}
