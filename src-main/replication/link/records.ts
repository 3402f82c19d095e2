// Owns whether a record really is an order of this server's console: signed by its key, for this server, not older than what was done.
// Only then something goes, and only the exact manifests that it names. Pure.
import type { SignedRecord } from '#shared/replication/messages.ts';
import { recordBodySchema, signedPurposes, type RecordBody } from '#shared/replication/record.ts';
import { isSignedBy } from '../../store/signing.ts';

/** isForOther: nothing is wrong with it, and nothing of it is to be done here. */
export type RecordCheck = { ok: true; body: RecordBody } | { ok: false; isForOther: boolean; reason: string; /** What a person can do about it. */ next: string };

const REJOIN = 'If the console was restored or moved, let this server join it again with a new token (platen server add NAME at the console).';
const refused = (reason: string, next: string): RecordCheck => ({ ok: false, isForOther: false, reason, next });

export function checkRecord(record: SignedRecord, { consoleId, consoleKey, ownId }: { consoleId: string; consoleKey: string; ownId: string }): RecordCheck {
  if (!isSignedBy(consoleKey, signedPurposes.record, record.body, record.signature)) return refused('its signature is not the console\'s', REJOIN);
  const parsed = recordBodySchema.safeParse(read(record.body));
  if (!parsed.success) return refused('it is not understood', 'Install the version of the console on this server, too.');
  const body = parsed.data;
  if (body.console !== consoleId) return refused('it is of another console', REJOIN);
  // The number is signed too: an old record does not come back under a new one.
  if (body.seq !== record.seq) return refused('it has another number than it says', 'Look at the console\'s database: platen doctor there.');
  if (body.server !== null && body.server !== ownId) return { ok: false, isForOther: true, reason: 'it is for another server', next: '' };
  return { ok: true, body };
}

/** As both ends show it, until it is carried out. */
export function refusedWords(seq: number, { reason, next }: { reason: string; next: string }): string {
  return `A deletion that the console ordered (record ${seq}) was not carried out here: ${reason}. Nothing was deleted for it. ${next}`;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
