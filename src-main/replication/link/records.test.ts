import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signedPurposes, type RecordBody } from '#shared/replication/record.ts';
import { checkRecord } from './records.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const signed = (body: string, purpose: string = signedPurposes.record) => sign(null, Buffer.from(purpose + body), privateKey).toString('base64');
const [consoleId, ownId] = [randomUUID(), randomUUID()];
const who = { consoleId, ownId, consoleKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
const body: RecordBody = { purpose: 'record', console: consoleId, seq: 7, at: 1, by: 'anna', kind: 'delete-version', server: null, image: randomUUID(), versions: [{ guid: randomUUID(), manifest: 'a'.repeat(64) }] };
const record = (change: Partial<RecordBody> = {}, seq = 7) => {
  const text = JSON.stringify({ ...body, ...change });
  return { seq, body: text, signature: signed(text) };
};

describe('a record that deletes', () => {
  it('is carried out where its console signed it for this server or for all', () => {
    expect(checkRecord(record(), who)).toEqual({ ok: true, body });
    expect(checkRecord(record({ server: ownId }), who)).toMatchObject({ ok: true });
  });
  it.each([
    ['with a signature of something else', { ...record(), signature: signed('x') }],
    ['signed as a ticket', { ...record(), signature: signed(record().body, signedPurposes.ticket) }],
    ['for another server', record({ server: randomUUID() })],
    ['of another console', record({ console: randomUUID() })],
    ['under another number', record({}, 8)],
    ['with another body', { ...record(), body: JSON.stringify({ ...body, versions: [] }) }],
  ])('is not carried out %s', (title, given) => expect(checkRecord(given, who)).toMatchObject({ ok: false, isForOther: title === 'for another server' }));
  it('that is anything at all is refused and nothing worse', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (text, signature) => checkRecord({ seq: 1, body: text, signature }, who).ok === false && checkRecord({ seq: 1, body: text, signature: signed(text) }, who).ok === false));
  });
});
