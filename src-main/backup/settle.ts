// Owns what becomes of a database that was restored from a backup, before any server opens it: nothing that was proved then counts as proved
// now, and no number of a signed record can come again. What really is where, is said anew by every server, and re-hashed here.
import type { BackupAbout } from '#shared/model/backup.ts';
import { formatTimestamp } from './words.ts';
import type { BackupRepo } from './repo.ts';

/** No console writes as many records between a backup and its restore. */
const RECORDS_AHEAD = 1_000_000;
/** Two restores of one backup begin at other numbers as well: sixteen to each minute of the calendar. */
const RECORDS_A_MINUTE = 16;
const EPOCH = Date.UTC(2020, 0, 1);

export function settleRestored(repo: BackupRepo, about: Pick<BackupAbout, 'at' | 'images'>, now: number): { serverId: string; doubted: number } {
  return repo.transaction(() => {
    const self = repo.self();
    if (self === undefined) throw new Error('the database of the backup names no server of its own');
    repo.doubtOwn(self.id, about.images);
    const doubted = repo.doubtOthers(self.id);
    repo.deriveStates();
    repo.raiseRecords(nextRecords(repo.lastRecord(), now));
    repo.forgetPlan();
    repo.setRestored(now);
    repo.recordEvent({ at: now, selfId: self.id, message: `Restored from the backup of ${formatTimestamp(about.at)}${about.images ? '' : ', without images'}`, data: JSON.stringify({ backupAt: about.at, images: about.images }) });
    return { serverId: self.id, doubted };
  });
}

export function nextRecords(last: number, now: number): number {
  return Math.max(last + RECORDS_AHEAD, Math.floor(((now - EPOCH) / 60_000) * RECORDS_A_MINUTE));
}
