// Owns the two checksums that ext file systems keep of their metadata: CRC-32C (metadata_csum) and CRC-16 (uninit_bg).
// Pure; no final inversion, as the kernel's crc32c() and crc16() are used there.
const crc32cTable = makeTable(0x82f63b78);
const crc16Table = makeTable(0xa001);

function makeTable(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value >>> 0;
  });
}

export function crc32c(seed: number, bytes: Uint8Array): number {
  let crc = seed >>> 0;
  for (const byte of bytes) crc = ((crc >>> 8) ^ (crc32cTable[(crc ^ byte) & 0xff] ?? 0)) >>> 0;
  return crc;
}
export function crc16(seed: number, bytes: Uint8Array): number {
  let crc = seed & 0xffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (crc16Table[(crc ^ byte) & 0xff] ?? 0);
  return crc & 0xffff;
}
