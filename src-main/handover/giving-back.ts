// Owns who owns an image, changed in one transaction with what is written down about it and what takes it back. An image never belongs to a
// server that is out: what can't be given back stays where it is, with the reason.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { HandoverParts, HeldImage } from './parts.ts';
import { handedVersions, isOpen } from './parts.ts';
import type { HandoverRepo } from './repo.ts';
import { isIn } from './targets.ts';

const moveSchema = z.object({ imageGuid: z.string(), from: z.string(), to: z.string() });
const kept = z.object({ handover: z.string(), moves: z.array(moveSchema) });
export type Move = z.infer<typeof moveSchema>;
export type Owning = ReturnType<typeof openOwning>;
type Parts = Pick<HandoverParts, 'events' | 'undo' | 'servers'> & { repo: HandoverRepo };

export function openOwning({ repo, events, undo, servers }: Parts) {
  const nameOf = (id: string): string => servers.succession.all().find((server) => server.id === id)?.name ?? 'a server that is gone';

  /** null: it can be given back. */
  function whyNot({ imageGuid, from, to }: Move, image: HeldImage | undefined): string | null {
    if (image === undefined) return 'the image is there no more';
    if (image.ownerId !== to) return `${image.name} belongs to ${nameOf(image.ownerId)} by now`;
    const old = servers.succession.all().find((server) => server.id === from);
    if (old === undefined || !isIn(old)) return `${nameOf(from)} is out, and an image must belong to a server that is in`;
    const missing = handedVersions(image).filter((version) => version.copies.get(from)?.state !== 'ready');
    if (missing.length > 0) return `${old.name} has no proved copy of ${image.name} ${missing.map((version) => `v${version.number}`).toReversed().join(', ')}. Take ownership there instead, which copies and proves first: platen server take-ownership ${imageGuid} --to "${old.name}"`;
    return null;
  }

  function change(move: Move, { actor, kind, message }: { actor: string; kind: string; message: string }): boolean {
    if (!repo.setOwner(move.imageGuid, move.from, move.to)) return false;
    events.record({ actor, entity: 'image', id: move.imageGuid, kind, message, data: { from: move.from, to: move.to } });
    return true;
  }

  /** Within a transaction. @returns why it stays as it is, null where it was given back */
  function giveBack(move: Move, actor: string): string | null {
    const image = repo.images([move.imageGuid]).get(move.imageGuid);
    const reason = whyNot(move, image);
    if (reason !== null) return reason;
    change({ imageGuid: move.imageGuid, from: move.to, to: move.from }, { actor, kind: 'owner', message: `It belongs to ${nameOf(move.from)} again, as before` });
    return null;
  }

  /** What was given back is not offered again. */
  function noteGivenBack(handover: string, moves: readonly Move[], actor: string): void {
    const row = repo.byId(handover);
    if (row === undefined) return;
    const back = new Set(moves.map((move) => move.imageGuid));
    for (const image of row.body.images) if (back.has(image.guid) && image.undo !== null) Object.assign(image, { undo: null, problem: `${actor} gave it back to ${nameOf(image.from)}.` });
    if (row.body.images.every((image) => image.undo === null)) row.body.undo = null;
    repo.save(row);
  }

  undo.register('handover.owner', (payload, actor) => {
    const { handover, moves } = kept.parse(payload);
    const row = repo.byId(handover);
    if (row !== undefined && isOpen(row) && row.from !== null) throw new AppError('conflict', `${nameOf(row.from)} is still being handed over, so the image would go at once again. Cancel the hand-over instead: platen server hand-over ${handover.slice(0, 8)} --cancel`, { handover });
    for (const move of moves) {
      // One that a person gave back by itself before is as it was already.
      const owner = repo.images([move.imageGuid]).get(move.imageGuid)?.ownerId;
      if (moves.length > 1 && owner === move.from) continue;
      const reason = giveBack(move, actor);
      if (reason !== null) throw new AppError('conflict', `This can't be undone: ${reason}. Nothing was changed.`, { image: move.imageGuid });
    }
    noteGivenBack(handover, moves, actor);
    events.changed('handover', handover);
    for (const { imageGuid } of moves) events.changed('image', imageGuid);
  });

  return {
    giveBack,
    /** Within a transaction. @returns what takes it back; null where the image does not belong to `from` any more */
    handOver(move: Move, image: HeldImage, { actor, handover }: { actor: string; handover: string }): number | null {
      const message = `It belongs to ${nameOf(move.to)} now, and not to ${nameOf(move.from)} any more: every version was proved there before`;
      if (!change(move, { actor, kind: 'owner', message: handedVersions(image).length === 0 ? message.split(':')[0] ?? message : message })) return null;
      return undo.keep('handover.owner', { actor, label: `${nameOf(move.to)} owns ${image.name}`, payload: { handover, moves: [move] } });
    },
    /** For all images of a hand-over that is through. */
    keepAll: (moves: readonly Move[], { actor, label, handover }: { actor: string; label: string; handover: string }): number => undo.keep('handover.owner', { actor, label, payload: { handover, moves } }),
  };
}
