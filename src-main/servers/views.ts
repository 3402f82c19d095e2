// Owns how servers look to clients, and which of their troubles need a person, in words. Pure: rows and figures come in as arguments.
import { forecastWords } from '#shared/model/forecast.ts';
import { copyStates } from '#shared/model/image.ts';
import type { Moving, PackageServer } from '#shared/model/replication.ts';
import { formatBytes, formatDuration } from '#shared/units.ts';
import type { HoldingsRepo } from './holdings-repo.ts';
import { fullInDays } from './needed.ts';
import { readAddresses, type LiveServer } from './parts.ts';
import type { ServerRow } from './repo.ts';

export const MAX_SKEW_MS = 60_000;
/** A disk is bought within two weeks. */
const SOON_FULL_DAYS = 14;
/** Copies stop before the disk is full; the store keeps about as much for itself. */
export const RESERVE_BYTES = 256 * 1024 * 1024;

export type ServerFacts = {
  live: LiveServer | null; siteName: string | null; keyId: string; /** Of what is still to come to it. */ neededBytes: number; /** Of versions of the last weeks that are there or are to come. */ growthBytesPerDay: number;
  counts: { copies: PackageServer['copies']; lost: number; provedAt: number | null }; owned: number; /** Ordered, and not carried out there yet. */ waitingDeletions: number; names: (versionGuid: string) => ReturnType<HoldingsRepo['names']>;
  /** Of this server itself: measured now, not reported. */
  own: { freeBytes: number; totalBytes: number; version: string; addresses: string[] } | null; now: number;
};

export function viewServer(row: ServerRow, facts: ServerFacts): PackageServer {
  const { live, own } = facts;
  const isSelf = row.is_self === 1;
  const freeBytes = own?.freeBytes ?? live?.figures.freeBytes ?? row.free_bytes;
  const totalBytes = own?.totalBytes ?? live?.figures.totalBytes ?? row.total_bytes;
  const fits = freeBytes === null || facts.neededBytes === 0 || facts.neededBytes + RESERVE_BYTES <= freeBytes;
  const soon = fullInDays({ freeBytes, neededBytes: facts.neededBytes, reserveBytes: RESERVE_BYTES, growthBytesPerDay: facts.growthBytesPerDay });
  const skew = isSelf ? 0 : live?.figures.skewMs ?? row.clock_skew_ms;
  const seen = { connected: isSelf || live !== null, lastSeenAt: isSelf ? facts.now : live?.seenAt ?? row.last_seen_at };
  return {
    id: row.id, name: row.name, role: row.role, isSelf, state: row.state, siteId: row.site_id, siteName: facts.siteName, parentId: row.parent_id, ...seen,
    addresses: own?.addresses ?? readAddresses(row.addresses), fingerprint: row.fingerprint, keyId: facts.keyId, version: own?.version ?? row.program_version,
    freeBytes, totalBytes, neededBytes: facts.neededBytes, fits, growthBytesPerDay: facts.growthBytesPerDay, fullInDays: soon, clockSkewMs: skew, bytesPerSecond: row.bytes_per_second,
    copies: facts.counts.copies, ownedImages: facts.owned, lastProofAt: facts.counts.provedAt, moving: (live?.moving ?? []).flatMap((each) => nameMoving(each, facts.names)),
    problems: problemsOf(row, { ...facts, fits, freeBytes, skew, soon }),
  };
}

export function nameMoving(moving: LiveServer['moving'][number], names: ServerFacts['names']): Moving[] {
  const known = names(moving.versionGuid);
  return known === undefined ? [] : [{ ...moving, imageGuid: known.image_guid, imageName: known.image_name, number: known.number }];
}

/** What moves: a server that is out is not asked how that went, so it would stand there for good. */
const underWay: ReadonlySet<string> = new Set(['copying', 'verifying', 'removing']);
export const isOut = (row: Pick<ServerRow, 'state'>): boolean => row.state === 'revoked' || row.state === 'retired';

export function countCopies(rows: ReturnType<HoldingsRepo['copyCounts']>, server: Pick<ServerRow, 'id' | 'state'>): ServerFacts['counts'] {
  const copies = { absent: 0, copying: 0, verifying: 0, ready: 0, damaged: 0, removing: 0 };
  let [lost, provedAt] = [0, null as number | null];
  for (const row of rows) {
    if (row.server_id !== server.id || !copyStates.includes(row.state) || (isOut(server) && underWay.has(row.state))) continue;
    copies[row.state] += row.count;
    lost += row.lost;
    if (row.proved_at !== null) provedAt = Math.max(provedAt ?? 0, row.proved_at);
  }
  return { copies, lost, provedAt };
}

function problemsOf(row: ServerRow, { counts, fits, freeBytes, skew, soon, live, neededBytes, growthBytesPerDay, waitingDeletions }: ServerFacts & { fits: boolean; freeBytes: number | null; skew: number | null; soon: number | null }): string[] {
  const problems: string[] = [];
  if (isOut(row)) return problems;
  if (live === null && waitingDeletions > 0) problems.push(`${waitingDeletions === 1 ? '1 deletion waits' : `${waitingDeletions} deletions wait`} for it: what was deleted for good is still on its disk, and goes when it is connected again. If it does not come back, revoke it.`);
  if (counts.lost > 0) {
    problems.push(`${versions(counts.lost)} that it had proved ${counts.lost === 1 ? 'is' : 'are'} not there any more, and nobody told it to let go. Nothing was deleted anywhere else. Look at its disk; what is assigned to it is copied there again from the others.`);
  }
  if (counts.copies.damaged > 0) problems.push(`${versions(counts.copies.damaged)} ${counts.copies.damaged === 1 ? 'is' : 'are'} damaged there and not handed out; damaged chunks are fetched again from other servers. Look at its disk.`);
  if (skew !== null && Math.abs(skew) > MAX_SKEW_MS) {
    problems.push(`Its clock is ${formatDuration(Math.abs(skew) / 1000)} ${skew > 0 ? 'ahead' : 'behind'}: windows open at the wrong time, and tickets for computers end too ${skew > 0 ? 'early' : 'late'}. Set its clock, or let it follow a time server.`);
  }
  if (!fits) problems.push(`${formatBytes(neededBytes)} are still to come and ${formatBytes(freeBytes ?? 0)} are free. Make room there, or let it hold fewer images.`);
  else if (soon !== null && soon <= 0) problems.push(`Only ${formatBytes(freeBytes ?? 0)} are free on its disk, so little more can come. Make room there, or let it hold fewer images.`);
  else if (soon !== null && soon < SOON_FULL_DAYS) problems.push(`Its disk is ${forecastWords(soon) ?? ''} at the pace of the last four weeks (${formatBytes(growthBytesPerDay)} a day). Make room there, or let it hold fewer images.`);
  return [...problems, ...(live?.problems ?? [])];
}

function versions(count: number): string {
  return count === 1 ? '1 version' : `${count} versions`;
}
