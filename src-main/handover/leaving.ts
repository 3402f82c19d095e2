// Owns how a hand-over ends by a person: the old server is let go, which is checked once more in the same transaction; that is taken back; or
// all of it is cancelled, and owners and servers are what they were.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Carrying } from './carrying.ts';
import type { Owning } from './giving-back.ts';
import { count, isOpen, type HandoverParts, type Row } from './parts.ts';
import type { HandoverRepo } from './repo.ts';

type Parts = Pick<HandoverParts, 'events' | 'undo' | 'servers' | 'clock' | 'log'> & { repo: HandoverRepo; owning: Owning; carrying: Carrying; /** After the transaction. */ after: (row: Row) => void };
const letGoSchema = z.object({ handover: z.string(), readers: z.unknown(), /** None in what an earlier program kept. */ assignments: z.array(z.string()).default([]) });

export function openLeaving({ repo, events, undo, servers, clock, log, owning, carrying, after }: Parts) {
  const nameOf = (id: string | null): string => servers.succession.all().find((server) => server.id === id)?.name ?? 'a server that is gone';
  const require = (id: string): Row => {
    const row = repo.byId(id);
    if (row === undefined) throw new AppError('not-found', 'There is no such hand-over. "platen server hand-overs" shows those there are.', { handover: id });
    return row;
  };
  function requireOpen(row: Row): void {
    if (isOpen(row)) return;
    const isGone = row.state === 'done' && (row.kind === 'retire' || row.kind === 'replace');
    throw new AppError('conflict', `This hand-over ended already (${row.state}). ${isGone ? 'Letting the server go can be undone for a week, in the hand-over itself.' : row.state === 'done' ? 'It can be undone for a week; or take ownership at the other server.' : 'Nothing was changed.'}`, { handover: row.id });
  }

  /** What it did so far is taken back, as far as an owner that is in and has proved copies can be given back. */
  function takeBack(row: Row, actor: string): void {
    const reasons: string[] = [];
    for (const image of row.body.images) {
      if (image.state !== 'switched') continue;
      const reason = owning.giveBack({ imageGuid: image.guid, from: image.from, to: image.to }, actor);
      if (reason === null) Object.assign(image, { state: 'waiting', undo: null });
      else {
        image.problem = `It stays with ${nameOf(image.to)}: ${reason}.`;
        reasons.push(`${image.name} stays with ${nameOf(image.to)}: ${reason}.`);
      }
    }
    giveStateBack(row);
    row.body.problem = reasons.length === 0 ? null : reasons.length === 1 ? reasons[0] ?? null : `${count(reasons.length, 'image')} stay with their new owner. The first: ${reasons[0]}`;
  }
  function giveStateBack(row: Row): void {
    if (row.body.place !== null && row.to !== null) servers.succession.putBack(row.to, row.body.place);
    const from = servers.succession.all().find((server) => server.id === row.from);
    if (from?.state === 'retiring' && row.body.begun && row.body.before !== null) servers.succession.setState(from.id, row.body.before === 'retiring' ? 'joined' : row.body.before);
  }
  function end(row: Row, state: Row['state']): void {
    Object.assign(row, { state, endedAt: clock() });
    repo.save(row);
  }

  undo.register('handover.let-go', (payload, actor) => {
    const { handover, readers, assignments } = letGoSchema.parse(payload);
    const row = require(handover);
    const from = servers.succession.all().find((server) => server.id === row.from);
    if (row.from === null || from === undefined || from.state !== 'retired' || row.state !== 'done') throw new AppError('conflict', `This can't be undone any more: ${nameOf(row.from)} ${from?.state === 'revoked' ? 'was revoked since' : 'has changed since'}. Add it again: platen server add NAME`, { handover });
    servers.succession.setState(row.from, 'retiring');
    servers.succession.giveAssignmentsBack(row.from, assignments);
    if (row.to !== null) servers.succession.giveReadersBack(row.from, row.to, readers);
    Object.assign(row, { state: 'ready', endedAt: null });
    row.body.undo = null;
    repo.save(row);
    events.record({ actor, entity: 'server', id: row.from, kind: 'taken-back', message: 'Letting it go was undone: it comes in again within half a minute. Its images stay with their new owners until the hand-over is cancelled', data: { handover } });
    // The transaction ends when this has returned.
    setImmediate(() => after(row));
  });

  return {
    /** The server that is gone for good is not waited for any more; what has changed hands so far stays so. Within a transaction. */
    supersede(row: Row, actor: string): void {
      giveStateBack(row);
      row.body.problem = `${actor} recovers its images instead.`;
      end(row, 'cancelled');
    },
    cancel(id: string, actor: string): Row {
      const row = repo.transaction(() => {
        const open = require(id);
        requireOpen(open);
        takeBack(open, actor);
        end(open, 'cancelled');
        for (const serverId of new Set([open.from, open.to])) {
          if (serverId !== null) events.record({ actor, entity: 'server', id: serverId, kind: 'handover-cancelled', message: serverId === open.from ? 'The hand-over was cancelled: what it owned is its own again' : 'A hand-over to it was cancelled', data: { handover: id, problem: open.body.problem } });
        }
        return open;
      });
      log.info('a hand-over was cancelled', { handover: id, actor, problem: row.body.problem });
      after(row);
      return row;
    },
    letGo(id: string, actor: string): Row {
      const row = repo.transaction(() => {
        const open = require(id);
        requireOpen(open);
        if (open.from === null || (open.kind !== 'retire' && open.kind !== 'replace')) throw new AppError('conflict', 'No server leaves by this hand-over, so there is none to let go.', { handover: id });
        const state = servers.succession.all().find((server) => server.id === open.from)?.state;
        if (open.state === 'ready' && state !== 'retiring') throw new AppError('conflict', `${nameOf(open.from)} was ${state ?? 'taken out'} meanwhile, so it is not let go by this. Cancel this hand-over; what changed hands stays where a proved copy is.`, { handover: id });
        const owned = repo.ownedBy(open.from).length;
        // What was true a moment ago may not be: a new capture, a damaged copy, a server that hung up.
        const reasons = open.state === 'ready' && owned === 0 ? carrying.leftBehind(open, servers.succession.all()) : [owned > 0 ? `${count(owned, 'image')} still ${owned === 1 ? 'belongs' : 'belong'} to it.` : open.body.problem ?? 'It has only begun.'];
        if (reasons.length > 0) throw new AppError('last-copy', `${nameOf(open.from)} can't be let go yet. ${reasons.slice(0, 3).join(' ')}${reasons.length > 3 ? ` And ${reasons.length - 3} more.` : ''} Nothing was changed; it goes on by itself where it can.`, { handover: id, reasons: reasons.slice(0, 100) });
        const readers = open.kind === 'replace' && open.to !== null ? servers.succession.takeReaders(open.from, open.to) : null;
        const assignments = servers.succession.takeAssignments(open.from);
        servers.succession.setState(open.from, 'retired');
        open.body.undo = undo.keep('handover.let-go', { actor, label: `Let ${nameOf(open.from)} go`, payload: { handover: id, readers, assignments } });
        open.body.problem = null;
        end(open, 'done');
        events.record({ actor, entity: 'server', id: open.from, kind: 'retired', message: 'It was let go: every version of every image deploys without it. It is neither asked nor served any more; what lies on its disk stays there', data: { handover: id, assignments: assignments.length } });
        return open;
      });
      log.info('a server was retired', { server: row.from, handover: id, actor });
      if (row.from !== null) servers.succession.end(row.from);
      after(row);
      return row;
    },
  };
}
