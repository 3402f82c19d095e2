import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signedPurposes, type TicketBody } from '#shared/replication/record.ts';
import type { SigningKey } from './parts.ts';
import { openTicket, signTicket } from './tickets.ts';

function newKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(), sign: (purpose, message) => sign(null, Buffer.from(purpose + message), privateKey).toString('base64') };
}
const key = newKey();
const ownId = randomUUID();
const body: TicketBody = { aud: ownId, run: randomUUID(), exp: 1000, may: { kind: 'read', manifest: 'a'.repeat(64) } };
const at = { ownId, consoleKey: key.publicKey, now: 999 };
const refused = expect.objectContaining({ code: 'unauthorized' }) as Error;

describe('a ticket', () => {
  it('opens at the server it names, until it ends, what it says', () => {
    expect(openTicket(signTicket(body, key), at)).toEqual(body);
    const capture: TicketBody = { ...body, may: { kind: 'capture', capture: 'c1' } };
    expect(openTicket(signTicket(capture, key), at)).toEqual(capture);
  });
  it('opens nothing elsewhere, later, with another key, or signed for another purpose', () => {
    const ticket = signTicket(body, key);
    const otherPurpose: SigningKey = { ...key, sign: (_purpose, message) => key.sign(signedPurposes.record, message) };
    for (const tried of [() => openTicket(ticket, { ...at, ownId: randomUUID() }), () => openTicket(ticket, { ...at, now: 1001 }), () => openTicket(ticket, { ...at, consoleKey: newKey().publicKey }), () => openTicket(signTicket(body, otherPurpose), at), () => openTicket(signTicket(body, newKey()), at)]) {
      expect(tried).toThrow(refused);
    }
  });
  it('that was changed anywhere, or is no ticket, is refused and nothing worse', () => {
    const ticket = signTicket(body, key);
    fc.assert(fc.property(fc.nat(ticket.length - 1), fc.constantFrom(...'ABCabc019-_.'), (index, letter) => {
      const changed = ticket.slice(0, index) + letter + ticket.slice(index + 1);
      // The last letter of base64 holds bits that stand for nothing.
      if (changed === ticket || index === ticket.length - 1) return;
      expect(() => openTicket(changed, at)).toThrow(refused);
    }));
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => `ticket2.${text}`), fc.tuple(fc.base64String(), fc.base64String()).map((parts) => `ticket2.${parts.join('.')}`)), (text) => {
      expect(() => openTicket(text, at)).toThrow(refused);
    }));
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const text = Buffer.from(JSON.stringify(value)).toString('base64url');
      const made = `ticket2.${text}.${Buffer.from(key.sign(signedPurposes.ticket, text), 'base64').toString('base64url')}`;
      expect(() => openTicket(made, at)).toThrow(refused);
    }));
  });
});
