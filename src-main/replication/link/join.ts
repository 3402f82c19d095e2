// Owns joining a console, once: the address and the one-time token that a person brought. TLS is pinned by the token's fingerprint before
// a byte of it is sent.
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { request as start } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { AppError, fromWire, toAppError, type ErrorCode } from '#shared/errors.ts';
import { joinAnswerSchema, REPLICA_PROTOCOL } from '#shared/replication/messages.ts';
import { z } from 'zod';
import { PinnedAgent } from '../../net/tls/pinned.ts';
import type { ReplicaState } from './state.ts';

export type JoinChoice = { url: string; token: string };
export type OwnFacts = { publicKey: string; fingerprint: string; version: string; serverId: string };

const ANSWER_LIMIT_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string(), data: z.record(z.string(), z.unknown()).optional() }) });

/** What a start with --join comes to: join now, or nothing because it did before. Throws where the folder belongs elsewhere. */
export function mustJoin(state: ReplicaState, choice: JoinChoice): boolean {
  const { fingerprint } = readToken(choice.token);
  const known = state.console();
  if (known === null) return true;
  // Another token than the one it joined with was made for this: it may have been put out while it was away, and not know it yet.
  if (known.fingerprint === fingerprint) return state.revoked() !== null || (state.joinedWith() !== null && state.joinedWith() !== hashOf(choice.token));
  throw new AppError('conflict', `This data folder belongs to another console, "${known.name}" (${known.addresses[0] ?? 'address unknown'}). A package server has one console. Choose an empty folder with --data for this one; or, if that console is gone for good, `
    + 'move its images first: they are still served from here.', { console: known.id, fingerprint: known.fingerprint });
}

export async function joinConsole(choice: JoinChoice, own: OwnFacts, { state, now }: { state: ReplicaState; now: number }): Promise<{ name: string; console: string }> {
  const { fingerprint } = readToken(choice.token);
  const url = readUrl(choice.url);
  const body = Buffer.from(JSON.stringify({ joinToken: choice.token, protocol: REPLICA_PROTOCOL, name: hostname().slice(0, 63) || 'server', publicKey: own.publicKey, fingerprint: own.fingerprint, addresses: [], version: own.version, serverId: own.serverId }));
  const answer = joinAnswerSchema.safeParse(await post(url, body, fingerprint));
  if (!answer.success) throw new AppError('protocol', `What answered at ${url.origin} is no Platen console of a version that fits.`, { url: url.origin });
  const { serverId, name, console: about } = answer.data;
  if (about.fingerprint !== fingerprint) throw new AppError('pin-mismatch', `The console at ${url.origin} names another certificate than the one it shows. Take a new token there.`, { expected: fingerprint, shown: about.fingerprint });
  state.joined({ console: { ...about, addresses: [url.origin] }, serverId, name, at: now, tokenHash: hashOf(choice.token) });
  return { name, console: about.name };
}

function readToken(token: string): { fingerprint: string } {
  const fingerprint = /^join1\.[\w-]{20,200}\.([0-9a-f]{64})$/.exec(token)?.[1];
  if (fingerprint === undefined) throw new AppError('usage', 'This is no join token: it begins with join1. and has three parts. Copy the whole of it, as the console printed it (platen server add NAME).');
  return { fingerprint };
}
function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
function readUrl(text: string): URL {
  const withProtocol = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(withProtocol) || new URL(withProtocol).protocol !== 'https:') throw new AppError('usage', `"${text}" is not the address of a console. It looks like https://192.168.1.5:8420.`);
  return new URL(withProtocol);
}

async function post(url: URL, body: Buffer, fingerprint: string): Promise<unknown> {
  const agent = new PinnedAgent(fingerprint, { keepAlive: false });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = start(new URL('/replica/join', url), { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': body.length } });
      outgoing.setTimeout(ANSWER_LIMIT_MS, () => outgoing.destroy(new AppError('connection-lost', `no answer within ${ANSWER_LIMIT_MS / 1000} s`)));
      outgoing.once('error', reject);
      outgoing.once('response', resolve);
      outgoing.end(body);
    });
    const value = await readJson(response);
    if (response.statusCode === 200) return value;
    const refusal = errorBody.safeParse(value);
    if (!refusal.success) throw new AppError('protocol', `What answers at ${url.origin} is no Platen console: it answered HTTP ${response.statusCode}.`, { url: url.origin });
    const { code, message, data } = refusal.data.error;
    throw fromWire({ code: code as ErrorCode, message, ...(data === undefined ? {} : { data }) });
  } catch (error) {
    if (error instanceof AppError && error.code === 'pin-mismatch') {
      throw new AppError('pin-mismatch', `The console at ${url.origin} is not the one this token belongs to: it shows another certificate. Nothing was sent to it. Check the address, or take a new token there.`, error.data, error);
    }
    if (error instanceof AppError && error.code !== 'connection-lost') throw error;
    throw new AppError('connection-lost', `No console answers at ${url.origin}: ${toAppError(error).message}. Check the address, that the console runs with --host 0.0.0.0, and that its port is reachable from here; then start this again.`, { url: url.origin }, error);
  } finally {
    agent.destroy();
  }
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_ANSWER_BYTES) throw new AppError('protocol', 'The answer is too long.');
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
