// Owns the bytes of TFTP (RFC 1350) and of its options (RFC 2347, 2348, 2349, 7440): decode and encode, pure and total.
import { ProtocolError } from '#shared/errors.ts';

export const Opcode = { read: 1, write: 2, data: 3, acknowledge: 4, error: 5, optionAcknowledge: 6 } as const;
/** RFC 1350 §5, RFC 2347 §4. */
export const ErrorCode = { undefined: 0, notFound: 1, accessViolation: 2, diskFull: 3, illegal: 4, unknownTransfer: 5, exists: 6, noUser: 7, option: 8 } as const;

export type TftpPacket =
  | { kind: 'read' | 'write'; path: string; mode: string; /** Names in lower case: RFC 2347 §1 has them without case. */ options: ReadonlyMap<string, string> }
  | { kind: 'data'; block: number; bytes: Uint8Array }
  | { kind: 'acknowledge'; block: number }
  | { kind: 'error'; code: number; message: string }
  | { kind: 'optionAcknowledge'; options: ReadonlyMap<string, string> };

/** RFC 2347 §2: a request is at most 512 bytes; some firmware adds a little. */
const MAX_REQUEST_BYTES = 1024;
const MAX_OPTIONS = 16;

/** Throws ProtocolError for what no TFTP packet can be. */
export function decodeTftp(bytes: Uint8Array): TftpPacket {
  if (bytes.length < 4) throw new ProtocolError(bytes.length, 'a TFTP packet has at least four bytes');
  const opcode = u16(bytes, 0);
  switch (opcode) {
    case Opcode.read:
    case Opcode.write: return { kind: opcode === Opcode.read ? 'read' : 'write', ...readRequest(bytes) };
    case Opcode.data: return { kind: 'data', block: u16(bytes, 2), bytes: bytes.subarray(4) };
    case Opcode.acknowledge: return { kind: 'acknowledge', block: u16(bytes, 2) };
    case Opcode.error: return { kind: 'error', code: u16(bytes, 2), message: strings(bytes.subarray(4, 4 + MAX_REQUEST_BYTES))[0] ?? '' };
    case Opcode.optionAcknowledge: return { kind: 'optionAcknowledge', options: pairs(strings(bytes.subarray(2))) };
    default: throw new ProtocolError(0, `there is no TFTP packet of kind ${opcode}`);
  }
}

/** Null for what no TFTP packet can be. */
export function decodedOrNull(bytes: Uint8Array): TftpPacket | null {
  try {
    return decodeTftp(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** In one piece of memory: copying a block costs less than a send of two pieces. @param block on the wire: its 16 bits */
export function encodeData(block: number, bytes: Uint8Array): Uint8Array {
  const packet = Buffer.allocUnsafe(4 + bytes.length);
  packet.writeUInt16BE(Opcode.data, 0);
  packet.writeUInt16BE(block & 0xffff, 2);
  packet.set(bytes, 4);
  return packet;
}
export function encodeError(code: number, message: string): Uint8Array {
  return Uint8Array.of(0, Opcode.error, 0, code, ...Buffer.from(message.slice(0, 200), 'latin1'), 0);
}
export function encodeOptions(options: ReadonlyMap<string, string>): Uint8Array {
  const body = [...options].map(([name, value]) => `${name}\0${value}\0`).join('');
  return Uint8Array.of(0, Opcode.optionAcknowledge, ...Buffer.from(body, 'latin1'));
}
export function encodeRead(path: string, options: ReadonlyMap<string, string> = new Map()): Uint8Array {
  const body = [path, 'octet', ...[...options].flat()].map((part) => `${part}\0`).join('');
  return Uint8Array.of(0, Opcode.read, ...Buffer.from(body, 'latin1'));
}
export function encodeAcknowledge(block: number): Uint8Array {
  return Uint8Array.of(0, Opcode.acknowledge, (block >> 8) & 0xff, block & 0xff);
}

function readRequest(bytes: Uint8Array): { path: string; mode: string; options: Map<string, string> } {
  if (bytes.length > MAX_REQUEST_BYTES) throw new ProtocolError(MAX_REQUEST_BYTES, 'the request is too long');
  const parts = strings(bytes.subarray(2));
  const [path, mode] = parts;
  if (path === undefined || path === '' || mode === undefined) throw new ProtocolError(2, 'a request names a file and a mode');
  return { path, mode: mode.toLowerCase(), options: pairs(parts.slice(2)) };
}

/** Zero-terminated texts; what is not terminated is not there. */
function strings(bytes: Uint8Array): string[] {
  const found: string[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at !== -1 && found.length < 2 + 2 * MAX_OPTIONS; at = bytes.indexOf(0, from)) {
    found.push(Buffer.from(bytes.subarray(from, at)).toString('latin1'));
    from = at + 1;
  }
  return found;
}
function pairs(parts: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length; at += 2) options.set((parts[at] ?? '').toLowerCase(), parts[at + 1] ?? '');
  return options;
}
function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
