// Owns the remains of former lives that a used disk carries: signatures of RAID, LVM and file systems, at the places where
// blkid and the kernel look for them. Each is complete enough (checksums, copies) that blkid really reports it.
import { crc32 } from 'node:zlib';
import { writeAt } from './content.ts';
import { run, type Host, type Region } from './host.ts';

const KiB = 1024;

/** Writes signatures into the region; a whole disk (offset 0) gets an old GPT where a volume gets an LVM label, as both lie in its second sector. */
export async function soil(host: Host, file: string, region: Region, sectorSizeBytes: number): Promise<void> {
  const put = (at: number, data: Buffer): Promise<void> => writeAt(file, region.offsetBytes + at, data);
  if (region.offsetBytes === 0) await oldGpt(host, file, sectorSizeBytes);
  else await put(512, lvmLabel());
  await put(64 * KiB, btrfsSuperblock());
  await put(32 * KiB, Buffer.from('\u0001CD001\u0001', 'latin1'));
  for (const label of [0, 256 * KiB, region.sizeBytes - 512 * KiB, region.sizeBytes - 256 * KiB]) {
    for (let i = 0; i < 8; i++) await put(label + 128 * KiB + i * KiB, Buffer.from('0cb1ba0000000000', 'hex'));
  }
  await raidAtEnd(put, region.sizeBytes);
}

async function oldGpt(host: Host, file: string, sectorSizeBytes: number): Promise<void> {
  const device = await host.attach(file, { sectorSizeBytes });
  try {
    const script = 'label: gpt\n1 : start=4096, size=8192\n2 : size=16384\n';
    await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', '--wipe', 'never', '--wipe-partitions', 'never', device], { input: script });
  } finally {
    await host.release(device);
  }
}

/** Linux MD, metadata 1.0: its superblock lies 8 to 12 KiB before the end. */
async function raidAtEnd(put: (at: number, data: Buffer) => Promise<void>, sizeBytes: number): Promise<void> {
  const sectors = Math.floor(sizeBytes / 512);
  const at = Math.floor((sectors - 16) / 8) * 8;
  const block = Buffer.alloc(256 + 4);
  block.writeUInt32LE(0xa92b4efc, 0);
  block.writeUInt32LE(1, 4);
  block.write('0123456789abcdef', 16, 'latin1');
  block.write('oldhost:array', 32, 'latin1');
  block.writeUInt32LE(1, 72); // level
  block.writeUInt32LE(2, 92); // disks
  block.writeBigUInt64LE(BigInt(at), 144);
  block.writeUInt32LE(2, 220); // entries of dev_roles, two bytes each
  let sum = 0n;
  for (let i = 0; i < block.length; i += 4) sum += BigInt(block.readUInt32LE(i));
  block.writeUInt32LE(Number((sum & 0xffffffffn) + (sum >> 32n)) >>> 0, 216);
  await put(at * 512, block);
  // Intel's firmware RAID: in the last but one sector.
  await put((sectors - 2) * 512, Buffer.from('Intel Raid ISM Cfg Sig. 1.1.00'));
}

function lvmLabel(): Buffer {
  const sector = Buffer.alloc(512);
  sector.write('LABELONE', 0, 'latin1');
  sector.writeBigUInt64LE(1n, 8);
  sector.writeUInt32LE(32, 20);
  sector.write('LVM2 001', 24, 'latin1');
  sector.write('0123456789abcdefghijklmnopqrstuv', 32, 'latin1');
  // LVM starts its CRC at a value of its own and does not invert, zlib does both.
  sector.writeUInt32LE(~crc32(sector.subarray(20), ~0xf597a6cf >>> 0) >>> 0, 16);
  return sector;
}

function btrfsSuperblock(): Buffer {
  const block = Buffer.alloc(4096);
  block.write('old btrfs 123456', 32, 'latin1');
  block.writeBigUInt64LE(65536n, 48);
  block.write('_BHRfS_M', 64, 'latin1');
  block.writeUInt32LE(4096, 0x90); // sector size
  block.writeUInt32LE(16384, 0x94);
  block.writeUInt32LE(crc32c(block.subarray(32)), 0);
  return block;
}

function crc32c(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
