// Owns which server has a version and what of that is proved. Copies are the truth: a version's state follows from them, in the same
// transaction, whoever's copy moved. Compare-and-set by nextCopyState; nothing here deletes anything but by a signed record.
import { AppError } from '#shared/errors.ts';
import { versionStateOf } from '#shared/model/image.ts';
import { nextCopyState, type CopyEvent, type CopyState } from '#shared/model/replication.ts';
import type { Events } from '../events/service.ts';
import type { HeldCopy, KnownCopy } from './copies-repo.ts';
import { refuseLastCopy } from './last-copy.ts';
import { orderRemoval, type RecordsParts } from './records.ts';
import type { ImageRepo } from './repo.ts';

export type Copies = ReturnType<typeof openCopies>;
/** provedAt: when that server re-hashed it; of one's own: now. problem: undefined leaves what is there. */
export type CopyFacts = { provedAt?: number | null; damagedChunks?: number; problem?: string | null };
export type CopiesParts = RecordsParts & {
  repo: ImageRepo; events: Events;
  /** A version's state, or that of the copy here, is another one: whoever waits for it looks again. */
  onMove: (versionGuid: string) => void;
  /** A signed record was written. */
  onOrdered: () => void;
  /** The last copy of a version that is being removed is gone. */
  onGone: () => void;
};

export function openCopies(parts: CopiesParts) {
  const { copiesRepo, repo, selfId, events, onMove, onGone, onOrdered } = parts;

  /** @returns the state it is in now; null where the event does not happen in the state it was in, or nobody knows the version */
  function move(versionGuid: string, serverId: string, event: CopyEvent, facts: CopyFacts = {}): CopyState | null {
    const moved = copiesRepo.transaction(() => {
      const copy = copiesRepo.at(versionGuid, serverId);
      const to = copy === undefined ? null : nextCopyState(copy.state, event);
      if (copy === undefined || to === null) return null;
      const problem = facts.problem === undefined ? copy.problem : facts.problem;
      if (!copiesRepo.move({ versionGuid, serverId, from: copy.state, to, provedAt: facts.provedAt ?? null, problem })) return null;
      const isOther = derive(versionGuid, serverId, event, facts);
      return { to, tell: isOther || (serverId === selfId && to !== copy.state), imageGuid: copy.imageGuid };
    });
    if (moved === null) return null;
    if (moved.tell) {
      events.changed('image', moved.imageGuid);
      onMove(versionGuid);
    }
    if (moved.to === 'absent' && copiesRepo.isBeingRemoved(versionGuid)) onGone();
    return moved.to;
  }

  /** @returns whether the version's state is another one now */
  function derive(versionGuid: string, serverId: string, event: CopyEvent, facts: CopyFacts): boolean {
    const version = copiesRepo.factsOf(versionGuid, selfId);
    if (version === undefined) return false;
    const state = versionStateOf(version.states);
    // Where the copy is here, the damage meant is this one's.
    const counts = serverId === selfId || !['verifying', 'ready', 'damaged'].includes(version.ownState);
    const damagedChunks = !counts ? null : event === 'damage-found' ? facts.damagedChunks ?? version.damagedChunks : event === 'verified' ? 0 : null;
    if (state === version.state && event !== 'verified' && damagedChunks === null) return false;
    repo.setVersionState(versionGuid, { state, verifiedAt: event === 'verified' ? facts.provedAt ?? null : null, damagedChunks });
    return state !== version.state;
  }

  return {
    move,
    /** Every copy of a version that was ever spoken of, this server's first. */
    of: (versionGuid: string): HeldCopy[] => copiesRepo.of(versionGuid),
    on: (serverId: string): KnownCopy[] => copiesRepo.on(serverId),
    at: (versionGuid: string, serverId: string): KnownCopy | null => copiesRepo.at(versionGuid, serverId) ?? null,
    /** Of this server's own copy. */
    stateOf: (versionGuid: string): CopyState => copiesRepo.at(versionGuid, selfId)?.state ?? 'absent',
    /** The same of all of them at once; a version that has none is not named. */
    states: (): Map<string, CopyState> => copiesRepo.states(selfId),
    readyAt: (versionGuid: string): string[] => copiesRepo.of(versionGuid).filter((copy) => copy.state === 'ready').map((copy) => copy.serverId),
    assign: (versionGuid: string, serverId: string): CopyState | null => move(versionGuid, serverId, 'assigned'),

    /**
     * One server lets go of its copy: another one is ready, and a signed record says so. Of this server's own copy: at once, without a record.
     * @returns the record's number; null where there was nothing to let go of, or where it is this server's own
     */
    release(versionGuid: string, serverId: string, actor: string): number | null {
      const seq = copiesRepo.transaction(() => {
        const version = repo.versionByGuid(versionGuid);
        const image = version === undefined ? undefined : repo.imageByGuid(version.image_guid);
        if (version === undefined || image === undefined) throw new AppError('not-found', 'There is no such version any more. Nothing was let go of.', { version: versionGuid });
        const from = copiesRepo.at(versionGuid, serverId)?.state ?? 'absent';
        if (from === 'absent' || from === 'removing') return null;
        refuseLastCopy({ imageGuid: image.guid, imageName: image.name, number: version.number, copies: copiesRepo.of(versionGuid) }, new Set([serverId]));
        const [number] = serverId === selfId ? [] : orderRemoval(parts, { kind: 'release-copy', server: serverId, image: image.guid, versions: [version], by: actor });
        move(versionGuid, serverId, 'released');
        events.record({ actor, entity: 'image', id: image.guid, kind: 'released', message: `${copiesRepo.server(serverId)?.name ?? 'A server'} lets go of its copy of version ${version.number}`, data: { version: version.number, server: serverId } });
        return number ?? null;
      });
      if (serverId === selfId) onGone();
      else if (seq !== null) onOrdered();
      return seq;
    },

    /** What servers said they carried out is gone there, also where no report named it. */
    settleAcknowledged(): void {
      for (const { versionGuid, serverId } of copiesRepo.acknowledgedGone()) move(versionGuid, serverId, 'gone');
    },
  };
}
