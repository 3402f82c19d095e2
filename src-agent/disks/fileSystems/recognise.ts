// Owns deciding what a volume is: one of the file systems whose used blocks are known, something named but raw, or unknown.
// Two answers at once (stale signatures) mean raw: taking every byte is always right.
import { hasMagic, readBytes, toHex } from '../bytes.ts';
import type { DiskReader } from '../types.ts';
import { recogniseExt } from './ext.ts';
import { decodeFat, recogniseFat } from './fat.ts';
import { recogniseNtfs } from './ntfs.ts';
import { decodeNtfsBoot } from './ntfsRecord.ts';
import { containers, findSignatures } from './signatures.ts';
import type { Signature } from './signatures.ts';
import { recogniseSwap } from './swap.ts';
import { refuse } from './volume.ts';
import type { Recognised } from './volume.ts';

/** 4967D63B-2E29-4AD8-8399-F6A339E3D001: BitLocker To Go, which looks like FAT32 from outside. */
const bitlockerToGo = '3bd66749292ed84a8399f6a339e3d001';

export async function recogniseVolume(volume: DiskReader, sectorSizeBytes: number): Promise<Recognised> {
  await refuseBitLocker(volume);
  const signatures = await findSignatures(volume);
  const container = signatures.find((one) => containers.has(one.detected));
  if (container !== undefined) return raw(sectorSizeBytes, container);
  const answers: Recognised[] = [];
  for (const recognise of [recogniseExt, recogniseNtfs, recogniseFat, recogniseSwap]) {
    const answer = await recognise(volume);
    if (answer !== null) answers.push(answer);
  }
  const [only, second] = answers;
  if (only !== undefined && second === undefined && signatures.every((one) => weak.has(one.detected))) return only;
  if (only === undefined) return raw(sectorSizeBytes, signatures[0]);
  const names = [...answers.map((a) => a.detected ?? a.fsType), ...signatures.map((s) => s.detected)];
  return { ...raw(sectorSizeBytes), note: `A volume carries the signatures of several file systems (${names.join(', ')}): all its blocks are captured.` };
}

/** Two-byte magic numbers turn up by chance inside other file systems' data. */
const weak = new Set(['minix', 'hfs', 'hfsplus', 'nilfs2', 'VMFS', 'ufs', 'udf', 'iso9660', 'ubifs', 'zfs_member']);

function raw(sectorSizeBytes: number, signature?: Signature): Recognised {
  return {
    fsType: 'raw', label: signature?.label ?? '', uuid: signature?.uuid ?? '', blockSizeBytes: sectorSizeBytes, map: 'all',
    ...(signature === undefined ? {} : { detected: signature.detected }),
  };
}

async function refuseBitLocker(volume: DiskReader): Promise<void> {
  if (volume.sizeBytes < 512) return;
  const boot = await readBytes(volume, 0, 512);
  const toGo = hasMagic(boot, 3, 'MSWIN4.1') && toHex(boot.subarray(424, 440)) === bitlockerToGo;
  if (hasMagic(boot, 3, '-FVE-FS-') || toGo) {
    throw refuse('volume-bitlocker', 'The volume is encrypted with BitLocker.', 'Decrypt it in Windows (manage-bde -off C:, with its own drive letter, and wait until manage-bde -status says 0%), then try again.', { fsType: 'BitLocker', label: '' });
  }
}

/** Whether LBA 0 is the start of a file system rather than of a partition table. */
export async function startsWithVolume(disk: DiskReader): Promise<boolean> {
  if (disk.sizeBytes < 65536) return false;
  const boot = await readBytes(disk, 0, 512);
  if (decodeNtfsBoot(boot) !== null || decodeFat(boot) !== null || hasMagic(boot, 3, 'EXFAT   ') || hasMagic(boot, 3, '-FVE-FS-')) return true;
  return (await findSignatures(disk)).some((one) => one.detected === 'iso9660');
}
