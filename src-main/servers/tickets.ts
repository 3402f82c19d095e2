// Owns tickets that the console signs for one computer's run at one server: `ticket2.<body>.<signature>`. Whoever has the console's key
// checks one without asking anybody. Pure.
import { AppError } from '#shared/errors.ts';
import { signedPurposes, ticketBodySchema, type TicketBody } from '#shared/replication/record.ts';
import { isSignedBy } from '../store/signing.ts';
import type { SigningKey } from './parts.ts';

const MAX_TICKET = 2000;
const shape = /^ticket2\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

export function signTicket(body: TicketBody, key: SigningKey): string {
  const text = Buffer.from(JSON.stringify(ticketBodySchema.parse(body))).toString('base64url');
  return `ticket2.${text}.${Buffer.from(key.sign(signedPurposes.ticket, text), 'base64').toString('base64url')}`;
}

/** What a ticket opens here; throws unauthorized for one that is not for this server, not this console's, over, or no ticket at all. */
export function openTicket(ticket: string, { ownId, consoleKey, now }: { ownId: string; consoleKey: string; now: number }): TicketBody {
  const match = ticket.length > MAX_TICKET ? null : shape.exec(ticket);
  const [, text = '', signature = ''] = match ?? [];
  // The signature comes first: what is not the console's is not even read.
  if (match === null || !isSignedBy(consoleKey, signedPurposes.ticket, text, Buffer.from(signature, 'base64url').toString('base64'))) throw refusal('This ticket was not made by the console of this server.');
  const parsed = ticketBodySchema.safeParse(read(text));
  if (!parsed.success) throw refusal('This ticket is not understood here. The console may be of another version.');
  if (parsed.data.aud !== ownId) throw refusal('This ticket is for another server.');
  if (parsed.data.exp < now) throw refusal('This ticket is over.');
  return parsed.data;
}

function refusal(what: string): AppError {
  return new AppError('unauthorized', `${what} Ask for another over the control channel.`);
}

function read(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
