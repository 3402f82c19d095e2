// Owns what a boot client says of itself in a DHCP message: which kind of boot, which machine, which loader is running. Pure; reads by
// the rules seen on real firmware (docs/design/quirks.md).
import { macText, MessageType, Option, readAddress, readEncapsulated, readText, readU16, readU8 } from './options.ts';
import type { DhcpPacket } from './packet.ts';

/** RFC 4578 §2.1 and IANA's registry of processor architecture types. */
export const architectures: Readonly<Record<number, Architecture>> = {
  0: { firmware: 'bios', cpu: 'x86', name: 'BIOS' }, 6: { firmware: 'uefi', cpu: 'x86', name: 'UEFI 32-bit' },
  7: { firmware: 'uefi', cpu: 'x64', name: 'UEFI' }, 9: { firmware: 'uefi', cpu: 'x64', name: 'UEFI' }, 11: { firmware: 'uefi', cpu: 'arm64', name: 'UEFI ARM 64-bit' },
  10: { firmware: 'uefi', cpu: 'arm', name: 'UEFI ARM 32-bit' }, 27: { firmware: 'uefi', cpu: 'riscv64', name: 'UEFI RISC-V 64-bit' }, 39: { firmware: 'uefi', cpu: 'loongarch64', name: 'UEFI LoongArch 64-bit' },
  15: { firmware: 'uefi-http', cpu: 'x86', name: 'UEFI HTTP boot 32-bit' }, 16: { firmware: 'uefi-http', cpu: 'x64', name: 'UEFI HTTP boot' }, 19: { firmware: 'uefi-http', cpu: 'arm64', name: 'UEFI HTTP boot ARM 64-bit' },
};
export type Architecture = { firmware: 'bios' | 'uefi' | 'uefi-http'; cpu: 'x86' | 'x64' | 'arm' | 'arm64' | 'riscv64' | 'loongarch64'; name: string };

export type BootClient = {
  mac: string;
  /** discover and request as DHCP has them; null for a message without a type (plain BOOTP). */
  type: keyof typeof MessageType | null;
  /** By the prefix of option 60: anything else is none of a boot server's business. */
  kind: 'pxe' | 'http';
  /** As sent, also where this table does not know it. */
  architectureCode: number; architecture: Architecture | null;
  /** Of the SMBIOS table, as Linux and iPXE print it; null where option 97 is missing or of another kind. */
  uuid: string | null;
  /** iPXE says its name as user class (RFC 3004, or without the length bytes); '' for none. */
  userClass: string;
  /** iPXE's own options were there: version such as "2.0.0" and the PCI id of the adapter, where said. */
  ipxe: { version: string; pciId: string } | null;
  /** Option 54: which server a request is for; null in a discover. */
  serverIdentifier: string | null;
  requestedAddress: string | null;
};

const typeNames = Object.entries(MessageType) as [keyof typeof MessageType, number][];

/** null for a client that does not boot from the network. */
export function bootClientOf(packet: DhcpPacket): BootClient | null {
  const { options } = packet;
  const vendorClass = readText(options.get(Option.vendorClass)) ?? '';
  const kind = vendorClass.startsWith('PXEClient') ? 'pxe' : vendorClass.startsWith('HTTPClient') ? 'http' : null;
  if (packet.op !== 1 || kind === null || packet.chaddr.length !== 6) return null;
  const code = readU16(options.get(Option.clientArchitecture)) ?? architectureOfClass(vendorClass);
  const type = readU8(options.get(Option.messageType));
  return {
    mac: macText(packet.chaddr), type: typeNames.find(([, number]) => number === type)?.[0] ?? null, kind, architectureCode: code, architecture: architectures[code] ?? null,
    uuid: machineUuid(options.get(Option.clientMachineId)), userClass: userClassOf(options.get(Option.userClass)), ipxe: ipxeOf(options.get(Option.etherboot)),
    serverIdentifier: readAddress(options.get(Option.serverIdentifier)), requestedAddress: readAddress(options.get(Option.requestedAddress)),
  };
}

/** "PXEClient:Arch:00007:UNDI:003000"; iPXE 2 says a bare "PXEClient", and BIOS is what is left then. */
function architectureOfClass(vendorClass: string): number {
  const found = /:Arch:(\d{5})/.exec(vendorClass)?.[1];
  return found === undefined ? 0 : Number(found);
}

/** Option 97: type 0, then the UUID in SMBIOS order, whose first three fields are little-endian. */
function machineUuid(value: Uint8Array | undefined): string | null {
  if (value?.length !== 17 || value[0] !== 0) return null;
  const order = [4, 3, 2, 1, 6, 5, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16];
  const hex = order.map((index) => (value[index] ?? 0).toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** One name as iPXE and many ROMs send it, or names with their lengths before them (RFC 3004 §4); of several iPXE's counts, else the first. */
function userClassOf(value: Uint8Array | undefined): string {
  if (value === undefined || value.length === 0) return '';
  const names: string[] = [];
  for (let at = 0; at < value.length; at += 1 + (value[at] ?? 0)) {
    const length = value[at] ?? 0;
    if (length === 0 || at + 1 + length > value.length) return readText(value) ?? '';
    names.push(readText(value.subarray(at + 1, at + 1 + length)) ?? '');
  }
  return names.includes('iPXE') ? 'iPXE' : names[0] ?? '';
}

/** Sub-options of 175: 235 the version, 177 bus type and PCI vendor and device. */
function ipxeOf(value: Uint8Array | undefined): BootClient['ipxe'] {
  if (value === undefined) return null;
  const inner = readEncapsulated(value);
  const version = inner.get(235);
  const bus = inner.get(177);
  const pciId = bus?.length === 5 && bus[0] === 1 ? `${hex16(bus, 1)}:${hex16(bus, 3)}` : '';
  return { version: version === undefined ? '' : [...version].join('.'), pciId };
}
function hex16(bytes: Uint8Array, at: number): string {
  return (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16).padStart(4, '0');
}
