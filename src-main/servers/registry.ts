// Owns changes of known servers: name, place, limit, and putting one out. Each can be taken back, but for putting out: a server that
// was told so keeps everything and joins again with a new token.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { formatRate } from '#shared/units.ts';
import { changedSince, findServer, type ServersParts, type Undoable } from './parts.ts';
import type { ServerRepo, ServerRow } from './repo.ts';

type Parts = Pick<ServersParts, 'events' | 'undo'> & { repo: ServerRepo; requireFreeName: (name: string, exceptId: string | null) => void; siteName: (id: string) => string; onRevoke: (serverId: string, reason: string) => void; replan: () => void };
const nameChange = z.object({ id: z.string(), before: z.string(), after: z.string() });
const place = z.object({ siteId: z.string().nullable(), parentId: z.string().nullable() });
const placeChange = z.object({ id: z.string(), before: place, after: place });
const limitChange = z.object({ id: z.string(), before: z.number().nullable(), after: z.number().nullable() });

export function openRegistry({ repo, events, undo, requireFreeName, siteName, onRevoke, replan }: Parts) {
  const require = (id: string): ServerRow => {
    const row = repo.byId(id);
    if (row === undefined) throw changedSince('that server');
    return row;
  };
  const told = (id: string): void => {
    events.changed('server', id);
    replan();
  };

  undo.register('server.rename', (payload, actor) => {
    const { id, before, after } = nameChange.parse(payload);
    if (require(id).name !== after) throw changedSince(`the name of "${after}"`);
    requireFreeName(before, id);
    repo.setName(id, before);
    events.record({ actor, entity: 'server', id, kind: 'renamed', message: `Renamed back from "${after}" to "${before}"` });
    told(id);
  });
  undo.register('server.place', (payload, actor) => {
    const { id, before, after } = placeChange.parse(payload);
    const row = require(id);
    if (row.site_id !== after.siteId || row.parent_id !== after.parentId) throw changedSince(`the site of "${row.name}"`);
    repo.setPlace(id, before.siteId, before.parentId);
    events.record({ actor, entity: 'server', id, kind: 'placed', message: `${placeWords(before)}, as before` });
    told(id);
  });
  undo.register('server.limit', (payload, actor) => {
    const { id, before, after } = limitChange.parse(payload);
    const row = require(id);
    if (row.bytes_per_second !== after) throw changedSince(`the limit of "${row.name}"`);
    repo.setLimit(id, before);
    events.record({ actor, entity: 'server', id, kind: 'limited', message: `${limitWords(before)}, as before` });
    told(id);
  });

  function placeWords({ siteId, parentId }: z.infer<typeof place>): string {
    const where = siteId === null ? 'In no site' : `In the site ${siteName(siteId)}`;
    return parentId === null ? where : `${where}, below ${repo.byId(parentId)?.name ?? 'another server'}`;
  }
  /** An edge server copies from a server of the first tier: chains would make a copy wait for a copy that waits. */
  function requireParent(row: ServerRow, parentId: string | null): void {
    if (parentId === null) return;
    const parent = repo.byId(parentId);
    if (parent === undefined || parent.state !== 'joined' || parent.role !== 'package-server') throw new AppError('conflict', 'An edge server copies from a package server that has joined. Choose another one.', { serverId: parentId });
    if (row.role === 'console') throw new AppError('conflict', 'The console is nobody\'s edge server.', { serverId: row.id });
    if (parent.id === row.id || parent.parent_id !== null) throw new AppError('conflict', `"${parent.name}" is ${parent.id === row.id ? 'this server itself' : 'an edge server'}; an edge server copies from one that is none.`, { serverId: parentId });
    if (repo.children(row.id).some((child) => child.state === 'joined')) throw new AppError('conflict', `Other servers copy from "${row.name}", so it can't be an edge server itself. Give those another parent first.`, { serverId: row.id });
  }

  return {
    rename(ref: string, name: string, actor: string): Undoable {
      const row = findServer(repo, ref);
      if (row.name === name) return { undo: null };
      if (row.is_self === 1) throw new AppError('conflict', 'This server\'s own name is the setting serverName: platen settings set serverName=NAME', { serverId: row.id });
      requireFreeName(name, row.id);
      const kept = repo.transaction(() => {
        repo.setName(row.id, name);
        events.record({ actor, entity: 'server', id: row.id, kind: 'renamed', message: `Renamed from "${row.name}" to "${name}"`, data: { from: row.name, to: name } });
        return undo.keep('server.rename', { actor, label: `Renamed ${row.name} to ${name}`, payload: { id: row.id, before: row.name, after: name } });
      });
      told(row.id);
      return { undo: kept };
    },

    place(ref: string, wanted: { siteId: string | null; parentId: string | null }, actor: string): Undoable {
      const row = findServer(repo, ref);
      if (row.site_id === wanted.siteId && row.parent_id === wanted.parentId) return { undo: null };
      if (wanted.siteId !== null) siteName(wanted.siteId);
      requireParent(row, wanted.parentId);
      const kept = repo.transaction(() => {
        repo.setPlace(row.id, wanted.siteId, wanted.parentId);
        events.record({ actor, entity: 'server', id: row.id, kind: 'placed', message: placeWords(wanted), data: wanted });
        return undo.keep('server.place', { actor, label: `Put ${row.name} elsewhere`, payload: { id: row.id, before: { siteId: row.site_id, parentId: row.parent_id }, after: wanted } });
      });
      told(row.id);
      return { undo: kept };
    },

    limit(ref: string, bytesPerSecond: number | null, actor: string): Undoable {
      const row = findServer(repo, ref);
      if (row.bytes_per_second === bytesPerSecond) return { undo: null };
      const kept = repo.transaction(() => {
        repo.setLimit(row.id, bytesPerSecond);
        events.record({ actor, entity: 'server', id: row.id, kind: 'limited', message: limitWords(bytesPerSecond) });
        return undo.keep('server.limit', { actor, label: `Changed the limit of ${row.name}`, payload: { id: row.id, before: row.bytes_per_second, after: bytesPerSecond } });
      });
      told(row.id);
      return { undo: kept };
    },

    /** It gets nothing and is asked for nothing any more. What it holds stays there; what it owns must have gone to others before. */
    revoke(ref: string, { ownedImages, force }: { ownedImages: (serverId: string) => number; force: boolean }, actor: string): void {
      const row = findServer(repo, ref);
      if (row.is_self === 1) throw new AppError('conflict', 'This server can\'t revoke itself.', { serverId: row.id });
      if (row.state === 'revoked') return;
      const owned = ownedImages(row.id);
      if (owned > 0 && !force) {
        throw new AppError('conflict', `"${row.name}" owns ${owned === 1 ? '1 image' : `${owned} images`}. Retire it, so that others own ${owned === 1 ? 'it' : 'them'} first: platen server retire "${row.name}". If it is lost or stolen, recover ${owned === 1 ? 'it' : 'them'} from the copies of others: platen server recover "${row.name}"; or revoke it all the same.`, { serverId: row.id, ownedImages: owned });
      }
      repo.transaction(() => {
        repo.setState(row.id, 'revoked');
        events.record({ actor, entity: 'server', id: row.id, kind: 'revoked', message: `"${row.name}" was revoked: it is neither served nor asked any more. What it holds stays there` });
      });
      onRevoke(row.id, `${actor} revoked it at the console.`);
      told(row.id);
    },
  };
}

function limitWords(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? 'No limit of its own' : `At most ${formatRate(bytesPerSecond)}`;
}
