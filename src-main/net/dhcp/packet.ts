// Owns the bytes of a DHCP message (RFC 951, 2131, long options of RFC 3396): decode and encode, pure and total. What to answer is
// not decided here.
import { ProtocolError } from '#shared/errors.ts';
import { addressBytes, addressText, Option } from './options.ts';

export type DhcpPacket = {
  /** 1: from a client, 2: from a server. */
  op: 1 | 2;
  /** 1: Ethernet. */
  hardwareType: number;
  hops: number;
  /** Chosen by the client; the answer repeats it. */
  xid: number;
  secs: number;
  /** The client cannot take unicast before it has an address (RFC 2131 §4.1). */
  broadcast: boolean;
  ciaddr: string; yiaddr: string; siaddr: string;
  /** The relay that passed it on, else 0.0.0.0. */
  giaddr: string;
  /** Hardware address, at most 16 bytes. */
  chaddr: Uint8Array;
  /** Header fields, unless the options say that they hold options (overload). */
  sname: string; file: string;
  /** In the order they came; the parts of a long option are one value (RFC 3396). */
  options: ReadonlyMap<number, Uint8Array>;
};

export const HEADER_BYTES = 240;
const MAGIC = 0x63825363;
/** BOOTP's size: some relays and ROMs drop what is shorter (RFC 951 §3, RFC 1542 §2.1). */
const MIN_BYTES = 300;
const MAX_BYTES = 9000;
const MAX_OPTION_BYTES = 64 * 1024;
const SNAME = { offset: 44, length: 64 };
const FILE = { offset: 108, length: 128 };

/** Throws ProtocolError for what no DHCP message can be. Options that run past the end are an error, not a guess. */
export function decodeDhcp(bytes: Uint8Array): DhcpPacket {
  if (bytes.length < HEADER_BYTES) throw new ProtocolError(bytes.length, `a DHCP message has at least ${HEADER_BYTES} bytes`);
  if (bytes.length > MAX_BYTES) throw new ProtocolError(MAX_BYTES, `a DHCP message has at most ${MAX_BYTES} bytes here`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const op = bytes[0];
  if (op !== 1 && op !== 2) throw new ProtocolError(0, 'neither a request nor a reply');
  if (view.getUint32(236) !== MAGIC) throw new ProtocolError(236, 'not DHCP: the magic cookie is missing');
  const length = bytes[2] ?? 0;
  if (length > 16) throw new ProtocolError(2, 'a hardware address has at most 16 bytes');
  const options = new Map<number, Uint8Array>();
  collect(bytes, HEADER_BYTES, bytes.length, options);
  // RFC 2131 §4.1: first the options field, then file, then sname, as the overload option says.
  const overload = options.get(Option.overload)?.[0] ?? 0;
  options.delete(Option.overload);
  if ((overload & 1) !== 0) collect(bytes, FILE.offset, FILE.offset + FILE.length, options);
  if ((overload & 2) !== 0) collect(bytes, SNAME.offset, SNAME.offset + SNAME.length, options);
  return {
    op, hardwareType: bytes[1] ?? 0, hops: bytes[3] ?? 0, xid: view.getUint32(4), secs: view.getUint16(8), broadcast: (view.getUint16(10) & 0x8000) !== 0,
    ciaddr: addressText(bytes, 12), yiaddr: addressText(bytes, 16), siaddr: addressText(bytes, 20), giaddr: addressText(bytes, 24), chaddr: bytes.slice(28, 28 + length),
    sname: (overload & 2) === 0 ? headerText(bytes, SNAME) : '', file: (overload & 1) === 0 ? headerText(bytes, FILE) : '', options,
  };
}

/** Throws RangeError where a field of our own does not fit; never writes a message that decodeDhcp would refuse. */
export function encodeDhcp(packet: DhcpPacket): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [code, value] of ordered(packet.options)) parts.push(...split(code, value));
  const optionBytes = parts.reduce((sum, part) => sum + part.length, 0) + 1;
  const bytes = new Uint8Array(Math.max(MIN_BYTES, HEADER_BYTES + optionBytes));
  if (bytes.length > MAX_BYTES) throw new RangeError(`a DHCP message of ${bytes.length} bytes does not fit`);
  const view = new DataView(bytes.buffer);
  if (packet.chaddr.length > 16) throw new RangeError('a hardware address has at most 16 bytes');
  bytes.set([packet.op, packet.hardwareType, packet.chaddr.length, packet.hops]);
  view.setUint32(4, packet.xid);
  view.setUint16(8, packet.secs);
  view.setUint16(10, packet.broadcast ? 0x8000 : 0);
  for (const [offset, address] of [[12, packet.ciaddr], [16, packet.yiaddr], [20, packet.siaddr], [24, packet.giaddr]] as const) bytes.set(addressBytes(address), offset);
  bytes.set(packet.chaddr, 28);
  setHeaderText(bytes, SNAME, packet.sname);
  setHeaderText(bytes, FILE, packet.file);
  view.setUint32(236, MAGIC);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes[at] = Option.end;
  return bytes;
}

function collect(bytes: Uint8Array, from: number, to: number, into: Map<number, Uint8Array>): void {
  let at = from;
  while (at < to) {
    const code = bytes[at] ?? Option.end;
    if (code === Option.end) return;
    if (code === Option.pad) {
      at++;
      continue;
    }
    const length = at + 1 < to ? (bytes[at + 1] ?? 0) : -1;
    if (length < 0 || at + 2 + length > to) throw new ProtocolError(at, `option ${code} runs past the end`);
    const value = bytes.slice(at + 2, at + 2 + length);
    const before = into.get(code);
    into.set(code, before === undefined ? value : Uint8Array.of(...before, ...value));
    if ((into.get(code)?.length ?? 0) > MAX_OPTION_BYTES) throw new ProtocolError(at, `option ${code} is too long`);
    at += 2 + length;
  }
}

/** Message type first (some ROMs look no further), relay information last (RFC 3046 §2.2). */
function ordered(options: ReadonlyMap<number, Uint8Array>): [number, Uint8Array][] {
  const rank = (code: number): number => (code === Option.messageType ? 0 : code === Option.relayAgentInformation ? 2 : 1);
  return [...options].filter(([code]) => code !== Option.overload).toSorted(([left], [right]) => rank(left) - rank(right));
}

/** RFC 3396: a value over 255 bytes goes as several options of the same code, one after the other. */
function split(code: number, value: Uint8Array): Uint8Array[] {
  if (!Number.isInteger(code) || code < 1 || code > 254) throw new RangeError(`${code} is no option`);
  const parts: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < value.length; at += 255) {
    const piece = value.subarray(at, at + 255);
    parts.push(Uint8Array.of(code, piece.length), piece);
  }
  return parts;
}

function headerText(bytes: Uint8Array, { offset, length }: { offset: number; length: number }): string {
  const field = bytes.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return Buffer.from(end === -1 ? field : field.subarray(0, end)).toString('latin1');
}
/** The last byte stays zero: readers of C strings depend on it. */
function setHeaderText(bytes: Uint8Array, { offset, length }: { offset: number; length: number }, value: string): void {
  const encoded = Buffer.from(value, 'latin1');
  if (encoded.length >= length || encoded.includes(0)) throw new RangeError(`"${value}" does not fit into a field of ${length} bytes`);
  bytes.set(encoded, offset);
}
