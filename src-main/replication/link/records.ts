// Owns whether a record really is an order of this server's console: signed by its key, for this server, not older than what was done.
// Only then something goes, and only the exact manifests that it names. Pure.
import type { SignedRecord } from '#shared/replication/messages.ts';
import { recordBodySchema, signedPurposes, type RecordBody } from '#shared/replication/record.ts';
import { isSignedBy } from '../../store/signing.ts';

export type RecordCheck = { ok: true; body: RecordBody } | { ok: false; reason: string };

export function checkRecord(record: SignedRecord, { consoleId, consoleKey, ownId }: { consoleId: string; consoleKey: string; ownId: string }): RecordCheck {
  if (!isSignedBy(consoleKey, signedPurposes.record, record.body, record.signature)) return { ok: false, reason: 'its signature is not the console\'s' };
  const parsed = recordBodySchema.safeParse(read(record.body));
  if (!parsed.success) return { ok: false, reason: 'it is not understood' };
  const body = parsed.data;
  if (body.console !== consoleId) return { ok: false, reason: 'it is of another console' };
  // The number is signed too: an old record does not come back under a new one.
  if (body.seq !== record.seq) return { ok: false, reason: 'it has another number than it says' };
  if (body.server !== null && body.server !== ownId) return { ok: false, reason: 'it is for another server' };
  return { ok: true, body };
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
