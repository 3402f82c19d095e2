// Owns the numbers of DHCP options that a boot server meets, and reading and writing their values. It knows no product.

/** Option codes: RFC 2132 unless a comment names another document. */
export const Option = {
  subnetMask: 1, router: 3, dnsServers: 6, hostName: 12, domainName: 15, broadcastAddress: 28, vendorSpecific: 43, requestedAddress: 50, leaseTime: 51, overload: 52, messageType: 53,
  serverIdentifier: 54, parameterRequestList: 55, message: 56, maximumMessageSize: 57, renewalTime: 58, rebindingTime: 59, vendorClass: 60, clientIdentifier: 61, tftpServerName: 66, bootFileName: 67,
  /** RFC 3004 */
  userClass: 77,
  /** RFC 3046; echoed as it came, last (RFC 3046 §2.2). */
  relayAgentInformation: 82,
  /** RFC 4578 */
  clientArchitecture: 93, clientNetworkInterface: 94, clientMachineId: 97,
  /** Etherboot's encapsulated options, as iPXE sends them. */
  etherboot: 175,
  pad: 0, end: 255,
} as const;

/** RFC 2132 §9.6 */
export const MessageType = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const;

/** "192.168.10.5" of four bytes. */
export function addressText(bytes: Uint8Array, offset = 0): string {
  return `${bytes[offset] ?? 0}.${bytes[offset + 1] ?? 0}.${bytes[offset + 2] ?? 0}.${bytes[offset + 3] ?? 0}`;
}

/** Four bytes of "192.168.10.5"; throws RangeError for anything else: addresses come from our own configuration. */
export function addressBytes(text: string): Uint8Array {
  const parts = text.split('.');
  const bytes = Uint8Array.from(parts, Number);
  if (parts.length !== 4 || !parts.every((part, index) => /^\d{1,3}$/.test(part) && Number(part) === bytes[index])) throw new RangeError(`${text} is no IPv4 address`);
  return bytes;
}

/** "52:54:00:77:00:01" */
export function macText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export function readAddress(value: Uint8Array | undefined): string | null {
  return value?.length === 4 ? addressText(value) : null;
}
export function readU8(value: Uint8Array | undefined): number | null {
  return value?.length === 1 ? (value[0] ?? null) : null;
}
/** The first 16 bits: option 93 may list several architectures, the first is the one that boots (RFC 4578 §2.1). */
export function readU16(value: Uint8Array | undefined): number | null {
  return value !== undefined && value.length >= 2 ? (value[0] ?? 0) * 256 + (value[1] ?? 0) : null;
}
export function readU32(value: Uint8Array | undefined): number | null {
  return value?.length === 4 ? new DataView(value.buffer, value.byteOffset, 4).getUint32(0) : null;
}
/** Printable text; some clients end theirs with a zero byte. */
export function readText(value: Uint8Array | undefined): string | null {
  if (value === undefined) return null;
  const end = value.indexOf(0);
  return Buffer.from(end === -1 ? value : value.subarray(0, end)).toString('latin1').replaceAll(/[^\x20-\x7e]/g, '?');
}
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
export function text(value: string): Uint8Array {
  return Uint8Array.from(Buffer.from(value, 'latin1'));
}

/** Encapsulated options (43, 175): the same code, length, value; ends at 255 or where it no longer fits. */
export function readEncapsulated(value: Uint8Array | undefined): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  let at = 0;
  while (value !== undefined && at < value.length) {
    const code = value[at] ?? Option.end;
    if (code === Option.end) break;
    if (code === Option.pad) {
      at++;
      continue;
    }
    const length = value[at + 1];
    if (length === undefined || at + 2 + length > value.length) break;
    found.set(code, value.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return found;
}
