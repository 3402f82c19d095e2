// Owns which disk a task means on a computer: a pure choice by what a disk is, never by the order in which disks were found.
// The console's sheet, the portal's erase screen and the agent all ask this one function.
import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { formatBytes } from '../units.ts';
import type { DiskSummary } from './computer.ts';

export const diskPolicySchema = z.discriminatedUnion('kind', [
  /** The one internal disk; a computer with several is refused. */
  z.object({ kind: z.literal('only-internal') }),
  /** The smallest internal disk that is large enough; two of that size are refused. */
  z.object({ kind: z.literal('smallest-that-fits') }),
  z.object({ kind: z.literal('serial'), serial: z.string().trim().min(1).max(256) }),
  /** A device or image file by its path: for tests and for agents started by hand. */
  z.object({ kind: z.literal('path'), path: z.string().trim().min(1).max(4096) }),
]);
export type DiskPolicy = z.infer<typeof diskPolicySchema>;

export type DiskChoice = { ok: true; disk: DiskSummary } | { ok: false; code: ErrorCode; reason: string };
export type DiskNeed = { purpose: 'capture' | 'deploy'; /** Smallest target of the version; 0 where it is not known. */ sizeBytes: number };

/** @param disks as the agent sees them now; every refusal names the disks it chose from */
export function chooseDisk(policy: DiskPolicy, disks: readonly DiskSummary[], need: DiskNeed): DiskChoice {
  const { candidates, none } = candidatesOf(policy, disks);
  if (candidates.length === 0) return { ok: false, code: 'target-mismatch', reason: `${none} ${inventory(disks)}` };
  const fitting = need.purpose === 'deploy' ? candidates.filter((disk) => disk.sizeBytes >= need.sizeBytes) : candidates;
  if (fitting.length === 0) {
    return { ok: false, code: 'target-too-small', reason: `This needs a disk of ${formatBytes(need.sizeBytes)} or more. ${inventory(candidates)}` };
  }
  const wanted = policy.kind === 'smallest-that-fits' ? smallest(fitting) : fitting;
  const [disk] = wanted;
  if (disk === undefined || wanted.length > 1) {
    return { ok: false, code: 'target-mismatch', reason: `Several disks fit, so none is taken: ${wanted.map(diskWords).join('; ')}. Name the disk in the task by its serial number.` };
  }
  const obstacle = obstacleOf(disk, need.purpose);
  return obstacle === null ? { ok: true, disk } : { ok: false, ...obstacle };
}

/** "Deploy … to the first internal disk": the policy in a person's words. */
export function diskPolicyWords(policy: DiskPolicy): string {
  switch (policy.kind) {
    case 'only-internal': return 'the internal disk';
    case 'smallest-that-fits': return 'the smallest internal disk that fits';
    case 'serial': return `the disk with serial ${policy.serial}`;
    case 'path': return policy.path;
  }
}

/** "NVMe SAMSUNG PM9A1 512 GB, S/N S64ANX0R" */
export function diskWords(disk: Pick<DiskSummary, 'path' | 'model' | 'serial' | 'sizeBytes'>): string {
  return [`${disk.model === '' ? disk.path : disk.model} ${formatBytes(disk.sizeBytes)}`, disk.serial === '' ? '' : `S/N ${disk.serial}`].filter((part) => part !== '').join(', ');
}

function candidatesOf(policy: DiskPolicy, disks: readonly DiskSummary[]): { candidates: DiskSummary[]; none: string } {
  if (policy.kind === 'serial') return { candidates: disks.filter((disk) => disk.serial.trim().toLowerCase() === policy.serial.toLowerCase()), none: `No disk here has the serial ${policy.serial}.` };
  if (policy.kind === 'path') return { candidates: disks.filter((disk) => disk.path === policy.path), none: `There is no disk ${policy.path} here.` };
  return { candidates: disks.filter(isInternal), none: 'This computer has no internal disk.' };
}

/** USB and card readers are never internal; what the bus calls "file" is a disk the person named when starting the agent. */
function isInternal(disk: DiskSummary): boolean {
  return !disk.removable && disk.bus !== 'usb' && disk.bus !== 'mmc-removable';
}

function smallest(disks: readonly DiskSummary[]): DiskSummary[] {
  const size = Math.min(...disks.map((disk) => disk.sizeBytes));
  return disks.filter((disk) => disk.sizeBytes === size);
}

function obstacleOf(disk: DiskSummary, purpose: DiskNeed['purpose']): { code: ErrorCode; reason: string } | null {
  if (purpose === 'capture') return null;
  if (disk.systemDisk) return { code: 'target-is-system-disk', reason: `${diskWords(disk)} is the disk this system runs from, so it is not erased.` };
  if (disk.readOnly) return { code: 'target-busy', reason: `${diskWords(disk)} is read-only.` };
  return disk.busy === null ? null : { code: 'target-busy', reason: `${diskWords(disk)} is in use: ${disk.busy}.` };
}

function inventory(disks: readonly DiskSummary[]): string {
  return disks.length === 0 ? 'No disk was found.' : `Found: ${disks.map(diskWords).join('; ')}.`;
}
