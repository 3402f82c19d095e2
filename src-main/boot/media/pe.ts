// Owns what a UEFI program says of itself, as far as one can look before it is served: that it is one, for which processor, and who signed it
// (PE/COFF 8.3, "The Attribute Certificate Table"). Pure. Whether a signature is valid is the firmware's to say: nothing is verified here.

export type UefiProgram = { cpu: 'x64' | 'arm64' | 'ia32' | 'other'; /** Common names in its signatures, the signers' own first; empty: it is not signed. */ signers: string[] };

const cpus: Readonly<Record<number, UefiProgram['cpu']>> = { 0x8664: 'x64', 0xaa64: 'arm64', 0x14c: 'ia32' };
const EFI_APPLICATION = 10;
const PKCS_SIGNED_DATA = 2;
const COMMON_NAME = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03]);

/** null for what is no UEFI program, whatever else it is. */
export function readUefiProgram(file: Uint8Array): UefiProgram | null {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < 512 || bytes.toString('latin1', 0, 2) !== 'MZ') return null;
  const head = bytes.readUInt32LE(0x3c);
  if (head + 24 + 160 > bytes.length || bytes.toString('latin1', head, head + 4) !== 'PE\0\0') return null;
  const optional = head + 24;
  const is64 = bytes.readUInt16LE(optional) === 0x20b;
  if ((!is64 && bytes.readUInt16LE(optional) !== 0x10b) || bytes.readUInt16LE(optional + 68) !== EFI_APPLICATION) return null;
  const directories = optional + (is64 ? 112 : 96);
  const cpu = cpus[bytes.readUInt16LE(head + 4)] ?? 'other';
  // The fifth directory is the certificate table: its place is in the file, not in memory.
  const hasTable = bytes.readUInt32LE(directories - 4) > 4;
  return { cpu, signers: hasTable ? signersIn(bytes, bytes.readUInt32LE(directories + 32), bytes.readUInt32LE(directories + 36)) : [] };
}

function signersIn(bytes: Buffer, at: number, length: number): string[] {
  const names = new Set<string>();
  const end = at + length;
  if (at === 0 || length < 8 || end > bytes.length) return [];
  while (at + 8 <= end) {
    const size = bytes.readUInt32LE(at);
    if (size < 8 || at + size > end) break;
    if (bytes.readUInt16LE(at + 6) === PKCS_SIGNED_DATA) for (const name of namesIn(bytes.subarray(at + 8, at + size))) names.add(name);
    at += Math.ceil(size / 8) * 8;
  }
  return [...names].slice(0, 20);
}

/** Every common name in the certificates: authorities as well as who signed. */
function* namesIn(signature: Buffer): Generator<string> {
  for (let at = signature.indexOf(COMMON_NAME); at >= 0; at = signature.indexOf(COMMON_NAME, at + 1)) {
    const [kind, length] = [signature[at + 5] ?? 0, signature[at + 6] ?? 0];
    const text = signature.subarray(at + 7, at + 7 + length);
    // UTF8String, PrintableString, and the two-byte form of older certificates.
    if (length < 0x80 && [0x0c, 0x13].includes(kind)) yield text.toString('utf8').replaceAll(/[^\p{L}\p{N}\p{P} ]/gu, '').slice(0, 120);
    else if (length < 0x80 && kind === 0x1e && length % 2 === 0) yield Buffer.from(text).swap16().toString('utf16le').replaceAll(/[^\p{L}\p{N}\p{P} ]/gu, '').slice(0, 120);
  }
}
