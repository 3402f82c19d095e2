// Owns what becomes of what a package server says of its copies. A copy that is said to be less than it was proved to be is a loss: it is
// written down, shown and logged, and nothing follows from it for any other copy. Nothing here deletes.
import type { CopyReport } from '#shared/replication/messages.ts';
import { CONTRADICTED, LOST } from '../../servers/service.ts';
import { eventsBetween, isLoss, sameEvent } from '../report.ts';
import type { HubParts, KnownCopy, UnknownBook } from './parts.ts';

export type Taken = { lost: KnownCopy[]; contradicted: CopyReport[]; /** The console does not know these versions (yet, or any more). */ unknown: CopyReport[]; /** Called ready by a proof from before the loss: to be re-hashed there. */ doubted: string[]; /** They were proved, and failed a check there; perhaps healed already. */ damaged: KnownCopy[]; images: Set<string> };

/** From so many on, reading all copies of a server at once is quicker than one by one. */
const MANY = 100;

type Parts = Pick<HubParts, 'servers' | 'events' | 'log' | 'copies' | 'transaction'> & { unknown?: UnknownBook };

/**
 * What was lost or contradicted counts again only by a proof made since: a disk that comes and goes, or a server that was set back to an older
 * state, still has the old one. Once it was doubted, any other proof is a new one, also by a clock that was set back.
 */
export function isOldProof(provedAt: number | null, row: Pick<KnownCopy, 'state' | 'provedAt' | 'problem'>): boolean {
  if (row.problem !== LOST && row.problem !== CONTRADICTED) return false;
  return row.state === 'verifying' ? provedAt === row.provedAt : (provedAt ?? 0) <= (row.provedAt ?? -1);
}

/** @param whole true: what is not named is not there */
export function takeReport({ servers, events, log, copies, transaction, unknown }: Parts, serverId: string, said: { digest: string; copies: readonly CopyReport[]; whole: boolean }): Taken {
  const taken: Taken = { lost: [], contradicted: [], unknown: [], doubted: [], damaged: [], images: new Set() };
  transaction(() => {
    // A change of a few copies comes with each one that a server has re-hashed: it is not worth reading all that is there.
    const rows = new Map((said.whole || said.copies.length > MANY ? copies.on(serverId) : []).map((row) => [row.versionGuid, row]));
    for (const copy of said.copies) takeOne(copy, rows.get(copy.versionGuid) ?? copies.at(copy.versionGuid, serverId));
    if (said.whole) {
      const named = new Set(said.copies.map((copy) => copy.versionGuid));
      for (const row of rows.values()) {
        // What is assigned and not begun is on its way.
        if (!named.has(row.versionGuid) && row.state !== 'absent' && row.state !== 'copying') takeOne({ versionGuid: row.versionGuid, manifest: row.manifest, state: 'absent', provedAt: null, damagedChunks: 0, problem: null }, row);
      }
    }
    // What is not known here is not kept by a row, and what is doubted is asked for by this session alone: the next one says all of it again.
    servers.setReport(serverId, taken.unknown.length > 0 || taken.doubted.length > 0 ? '' : said.digest);
    unknown?.note(serverId, taken.unknown, { said: said.copies, whole: said.whole });
    if (taken.lost.length > 0) {
      events.record({
        actor: 'server', entity: 'server', id: serverId, kind: 'copies-lost', data: { versions: taken.lost.map((row) => row.versionGuid).slice(0, 1000), whole: said.whole },
        message: `${taken.lost.length === 1 ? '1 version' : `${taken.lost.length} versions`} that it had proved ${taken.lost.length === 1 ? 'is' : 'are'} not there any more. Nothing was deleted anywhere else`,
      });
    }
    // Healing is quick, and what was damaged is then ready again: that a disk let go of something stays in the history.
    if (taken.damaged.length > 0) {
      events.record({
        actor: 'server', entity: 'server', id: serverId, kind: 'copies-damaged', data: { versions: taken.damaged.map((row) => row.versionGuid).slice(0, 1000) },
        message: `${taken.damaged.length === 1 ? '1 version' : `${taken.damaged.length} versions`} that it had proved failed a check there. Damaged chunks are fetched again from other servers. Look at its disk`,
      });
    }
  });
  if (taken.lost.length > 0) log.warn('a package server has less than it had proved', { server: serverId, versions: taken.lost.length, whole: said.whole });
  if (taken.contradicted.length > 0) log.error('a package server holds something else under the identity of a version', { server: serverId, versions: taken.contradicted.map((copy) => copy.versionGuid).slice(0, 20) });
  for (const imageGuid of taken.images) events.changed('image', imageGuid);
  events.changed('server', serverId);
  return taken;

  function takeOne(given: CopyReport, row: KnownCopy | null): void {
    // Nothing is called ready without a time of proof.
    const isDoubted = row !== null && given.manifest === row.manifest && given.state === 'ready' && isOldProof(given.provedAt, row);
    const copy: CopyReport = isDoubted || (given.state === 'ready' && given.provedAt === null) ? { ...given, state: 'verifying' } : given;
    if (isDoubted && (said.whole || row.state !== 'verifying')) taken.doubted.push(copy.versionGuid);
    if (row === null) {
      if (copy.state !== 'absent') taken.unknown.push(copy);
      return;
    }
    if (copy.state !== 'absent' && copy.manifest !== row.manifest) {
      taken.contradicted.push(copy);
      if (row.state !== 'absent' && row.state !== 'copying' && copies.move(row.versionGuid, serverId, 'lost', { problem: CONTRADICTED }) !== null) moved(row, row.state === 'ready');
      return;
    }
    const loss = isLoss(row.state, copy.state);
    if (row.state === 'ready' && !loss && !isDoubted && ['damaged', 'copying', 'verifying'].includes(copy.state)) taken.damaged.push(row);
    const problem = copy.problem ?? (loss || ((row.problem === LOST || row.problem === CONTRADICTED) && copy.state !== 'ready') ? (row.problem === CONTRADICTED ? CONTRADICTED : LOST) : null);
    const path = eventsBetween(row.state, copy.state);
    if (path === null) return;
    const facts = { damagedChunks: copy.damagedChunks, problem, ...(copy.provedAt === null ? {} : { provedAt: copy.provedAt }) };
    const steps = path.length > 0 ? path : problem === row.problem ? [] : [sameEvent[copy.state]];
    for (const event of steps) copies.move(row.versionGuid, serverId, event, facts);
    if (steps.length > 0 && (row.state !== copy.state || row.problem !== problem || row.provedAt !== copy.provedAt)) moved(row, loss);
  }
  function moved(row: KnownCopy, loss: boolean): void {
    taken.images.add(row.imageGuid);
    if (loss) taken.lost.push(row);
  }
}
