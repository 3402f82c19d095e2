// Owns how a package server becomes known: a one-time token that a person asked for, kept as its hash, and the join that spends it.
// Which machine came is decided by the key it shows; nothing of it is believed beyond that.
import { createHash, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { OLDEST_REPLICA_PROTOCOL, REPLICA_PROTOCOL, type joinAnswerSchema, type joinRequestSchema } from '#shared/replication/messages.ts';
import type { joinTokenSchema } from '#shared/model/replication.ts';
import type { LiveServer, ServersParts } from './parts.ts';
import type { ServerRepo, ServerRow } from './repo.ts';

export type JoinToken = z.infer<typeof joinTokenSchema>;
export type JoinRequest = z.infer<typeof joinRequestSchema>;
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;
type Parts = Pick<ServersParts, 'events' | 'log' | 'clock' | 'self' | 'addresses' | 'reachable' | 'settings'> & { repo: ServerRepo; live: ReadonlyMap<string, LiveServer>; onJoin: (serverId: string) => void };

export const JOIN_TOKEN_MS = 24 * 3_600_000;
/** Tokens that ended are kept this long, so that who comes late hears why. */
const FORGOTTEN_AFTER_MS = 30 * 86_400_000;

export function openJoining({ repo, events, log, clock, self, addresses, reachable, settings, live, onJoin }: Parts) {
  function requireFreeName(name: string, exceptId: string | null): void {
    const other = repo.all().find((row) => row.id !== exceptId && row.state !== 'revoked' && row.state !== 'retired' && row.name.toLowerCase() === name.toLowerCase());
    if (other !== undefined) throw new AppError('conflict', `A server is called "${other.name}" already. Choose another name.`, { name, serverId: other.id });
  }

  function answer(row: { id: string; name: string }): JoinAnswer {
    return { serverId: row.id, name: row.name, console: { id: self.id, name: settings.get().serverName, publicKey: self.key.publicKey, fingerprint: self.fingerprint } };
  }

  /** Its own id stays, so that it is called the same everywhere; one whose id or key another has is a copy of that one's folder. */
  function settle(request: JoinRequest, token: { name: string; site_id: string | null; parent_id: string | null }): string {
    const known = repo.byKey(request.publicKey) ?? (request.serverId === null ? undefined : repo.byId(request.serverId));
    const place = { name: token.name, siteId: token.site_id, parentId: token.parent_id };
    if (known === undefined) {
      requireFreeName(token.name, null);
      const id = request.serverId ?? randomUUID();
      repo.insert({ id, ...place, publicKey: request.publicKey, now: clock() });
      return id;
    }
    const isCopy = known.is_self === 1 || known.public_key !== request.publicKey || live.has(known.id);
    if (isCopy) throw new AppError('conflict', `This data folder is a copy of the one of ${known.is_self === 1 ? 'this console' : `"${known.name}", which is connected`}: two servers can't share an identity. Start with an empty folder (--data DIR); what it is to hold is copied there.`, { serverId: known.id });
    requireFreeName(token.name, known.id);
    repo.rejoin({ id: known.id, ...place });
    return known.id;
  }

  return {
    requireFreeName,
    /** The token exists once, in the answer. */
    invite({ name, siteId, parentId }: { name: string; siteId: string | null; parentId: string | null }, actor: string): JoinToken {
      requireFreeName(name, null);
      const secret = randomBytes(32).toString('base64url');
      const now = clock();
      repo.forgetJoins(now - FORGOTTEN_AFTER_MS);
      repo.transaction(() => {
        repo.insertJoin({ hash: hashOf(secret), name, site_id: siteId, parent_id: parentId, created_at: now, created_by: actor, expires_at: now + JOIN_TOKEN_MS });
        events.record({ actor, entity: 'server', id: self.id, kind: 'invited', message: `A join token for the package server "${name}" was made; it is good once, for a day`, data: { name } });
      });
      const [url = ''] = addresses();
      const token = `join1.${secret}.${self.fingerprint}`;
      return {
        token, url, command: `platen serve --package-server --join ${url} --join-token ${token}`, expiresAt: now + JOIN_TOKEN_MS,
        note: reachable().length === 0 ? 'This console listens on its own machine alone, so no other one can join it. Start it with --host 0.0.0.0 first: platen serve --host 0.0.0.0' : null,
      };
    },

    /** POST /replica/join. The same machine may ask again with its token where the answer was lost on the way. */
    join(request: JoinRequest, address: string): JoinAnswer {
      if (self.role !== 'console') throw new AppError('conflict', 'This is a package server itself: package servers join a console. Use the console\'s address.');
      if (request.protocol > REPLICA_PROTOCOL + 1 || request.protocol < OLDEST_REPLICA_PROTOCOL) {
        throw new AppError('protocol-version', `That server speaks protocol ${request.protocol}, this console ${OLDEST_REPLICA_PROTOCOL} to ${REPLICA_PROTOCOL}. Install versions that are at most one apart.`, { oldest: OLDEST_REPLICA_PROTOCOL, newest: REPLICA_PROTOCOL });
      }
      requireEd25519(request.publicKey);
      const [prefix, secret = ''] = request.joinToken.split('.');
      const hash = hashOf(secret);
      const token = prefix === 'join1' ? repo.join(hash) : undefined;
      if (token === undefined) throw new AppError('unauthorized', 'This join token is not known here. Make another one at the console: platen server add NAME');
      if (token.used_by !== null) {
        const before = repo.byId(token.used_by);
        if (before !== undefined && before.public_key === request.publicKey && before.state === 'joined') return answer(before);
        throw new AppError('unauthorized', `This join token was used already${before === undefined ? '' : `, by "${before.name}"`}: each is good once. Make another one at the console: platen server add NAME`);
      }
      if (token.expires_at < clock()) throw new AppError('unauthorized', 'This join token has ended: each is good for a day. Make another one at the console: platen server add NAME');
      const row = repo.transaction((): ServerRow => {
        const id = settle(request, token);
        if (!repo.useJoin(hash, id)) throw new AppError('unauthorized', 'This join token was used meanwhile. Make another one at the console: platen server add NAME');
        repo.setContact({ id, fingerprint: request.fingerprint, addresses: JSON.stringify(request.addresses), version: request.version, seenAt: clock() });
        events.record({ actor: token.created_by, entity: 'server', id, kind: 'joined', message: `"${token.name}" joined from ${address}, with the token that ${token.created_by} made`, data: { address, addresses: request.addresses } });
        const made = repo.byId(id);
        if (made === undefined) throw new AppError('internal', 'The server could not be kept.');
        return made;
      });
      log.info('a package server joined', { server: row.id, name: row.name, address });
      events.changed('server', row.id);
      onJoin(row.id);
      return answer(row);
    },
  };
}

/** Secrets hold 256 random bits: a plain hash cannot be guessed back. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function requireEd25519(pem: string): void {
  try {
    if (createPublicKey(pem).asymmetricKeyType === 'ed25519') return;
  } catch {
    // Said below: whatever it is, it is no key that signatures can be checked with.
  }
  throw new AppError('invalid-input', 'The public key of that server is not understood. Its version may not fit this console\'s.');
}
