// Pure: hand-overs in words: what each is called, how far it is, and what its preview says, the same in wizard, list, page and strip.
import type { Handover, HandoverPreview, HandoverRequest, Moving, PackageServer } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import type { Worded } from '../images/imageWords.ts';

export type Kind = HandoverRequest['kind'];
export type Names = ReadonlyMap<string, string>;
const gone = 'a server that is gone';
export const nameOf = (names: Names, id: string | null): string => (id === null ? gone : names.get(id) ?? gone);

export function isOpen(handover: Pick<Handover, 'state'>): boolean {
  return handover.state !== 'done' && handover.state !== 'cancelled' && handover.state !== 'failed';
}

/** What it is: "Retire PS008", "Give 3 images to PS009". */
export function titleOf(handover: Pick<Handover, 'kind' | 'fromServerId' | 'toServerId' | 'images'>, names: Names): string {
  const from = nameOf(names, handover.fromServerId);
  switch (handover.kind) {
    case 'take-ownership': return `Give ${subjectOf(handover.images)} to ${nameOf(names, handover.toServerId)}`;
    case 'retire': return `Retire ${from}`;
    case 'replace': return `Replace ${from} by ${nameOf(names, handover.toServerId)}`;
    case 'recover': return `Recover the images of ${from}`;
  }
}
/** "Win11 lab", or "3 images". */
export function subjectOf(images: readonly { imageName: string }[]): string {
  const [first] = images;
  return images.length === 1 && first !== undefined ? first.imageName : `${images.length} images`;
}

const stateWords: Record<Handover['state'], Worded> = {
  preparing: { tone: 'wait', word: 'Preparing' }, copying: { tone: 'run', word: 'Copying' }, proving: { tone: 'run', word: 'Proving' },
  ready: { tone: 'warn', word: 'Waits for you' }, done: { tone: 'ok', word: 'Done' }, cancelled: { tone: 'off', word: 'Cancelled' }, failed: { tone: 'fail', word: 'Failed' },
};
export function handoverState(handover: Pick<Handover, 'state'>): Worded {
  return stateWords[handover.state];
}

type Image = Handover['images'][number];
const imageWords: Record<Image['state'], Worded> = {
  waiting: { tone: 'wait', word: 'Waiting' }, copying: { tone: 'run', word: 'Copying' }, proving: { tone: 'run', word: 'Proving' },
  proved: { tone: 'ok', word: 'Proved' }, switched: { tone: 'ok', word: 'Handed over' }, failed: { tone: 'fail', word: 'Failed' },
};
/** It had changed hands, and somebody took that back. */
export function isGivenBack(image: Pick<Image, 'state' | 'undo' | 'problem'>): boolean {
  return image.state === 'switched' && image.undo === null && image.problem !== null;
}
export function imageState(image: Pick<Image, 'state' | 'undo' | 'problem'>): Worded {
  return isGivenBack(image) ? { tone: 'off', word: 'Given back' } : imageWords[image.state];
}

export type Progress = { proved: number; total: number; doneBytes: number; totalBytes: number; fraction: number | null };
export function progressOf({ images }: Pick<Handover, 'images'>): Progress {
  const proved = images.filter((image) => image.state === 'proved' || image.state === 'switched').length;
  const sum = (of: (image: Image) => number): number => images.reduce((total, image) => total + of(image), 0);
  const [doneBytes, totalBytes] = [sum((image) => (image.state === 'proved' || image.state === 'switched' ? image.bytes : Math.min(image.doneBytes, image.bytes))), sum((image) => image.bytes)];
  // Bytes move on while an image is copied; where there are none to count, images do.
  return { proved, total: images.length, doneBytes, totalBytes, fraction: totalBytes > 0 ? doneBytes / totalBytes : images.length === 0 ? null : proved / images.length };
}
/** "12 of 40 images proved". */
export function progressWords(handover: Pick<Handover, 'images'>): string {
  const { proved, total } = progressOf(handover);
  return total === 0 ? 'no images' : `${proved} of ${total === 1 ? '1 image' : `${total} images`} proved`;
}

/** The stages of a hand-over, in order; `at`: which one it is in now, its length when everything is done. */
export function stagesOf({ kind, state, fromServerId }: Pick<Handover, 'kind' | 'state' | 'fromServerId'>, names: Names): { stages: string[]; at: number } {
  const leaves = kind === 'retire' || kind === 'replace';
  const stages = ['Prepare', 'Copy', 'Prove', 'Hand over', ...(leaves ? [`Let ${nameOf(names, fromServerId)} go`] : [])];
  const at = { preparing: 0, copying: 1, proving: 2, ready: 4, done: stages.length, cancelled: -1, failed: -1 }[state];
  return { stages, at };
}

/** What of a server's transfers belongs to this image of a hand-over: rates together, and the longest that is left. */
export function movingOf(image: Pick<Image, 'imageGuid' | 'toServerId'>, servers: readonly { serverId: string; moving: readonly Moving[] }[]): { rateBytesPerSecond: number; etaSeconds: number | null; waitingFor: string | null } {
  const moving = servers.find((server) => server.serverId === image.toServerId)?.moving.filter((each) => each.imageGuid === image.imageGuid) ?? [];
  const etas = moving.map((each) => each.etaSeconds).filter((eta) => eta !== null);
  const under = moving.filter((each) => each.waitingFor === null && each.state !== 'queued');
  return { rateBytesPerSecond: moving.reduce((sum, each) => sum + each.rateBytesPerSecond, 0), etaSeconds: etas.length === 0 ? null : Math.max(...etas), waitingFor: under.length > 0 ? null : moving.find((each) => each.waitingFor !== null)?.waitingFor ?? null };
}

/** Kept free on every server's disk. */
const reserveBytes = 1e9;
export type Target = { serverId: string; name: string; images: number; missingBytes: number; freeBytes: number | null; fits: boolean };
/** What each new owner is to get: how many images, how much of that is still to be copied, and whether it fits. */
export function targetsOf(preview: Pick<HandoverPreview, 'images'>, servers: readonly PackageServer[], names: Names): Target[] {
  return [...Map.groupBy(preview.images, (image) => image.toServerId)].map(([serverId, images]) => {
    const server = servers.find((each) => each.id === serverId);
    const missingBytes = images.reduce((sum, image) => sum + image.missingBytes, 0);
    const freeBytes = server?.freeBytes ?? null;
    return { serverId, name: nameOf(names, serverId), images: images.length, missingBytes, freeBytes, fits: freeBytes === null || missingBytes === 0 || missingBytes + reserveBytes <= freeBytes };
  });
}
export function targetWords({ images, missingBytes, freeBytes, fits }: Target): string {
  const copied = missingBytes === 0 ? 'everything is there already' : `${formatBytes(missingBytes)} to copy`;
  const room = missingBytes === 0 ? '' : freeBytes === null ? ', its free space is not known' : `, ${formatBytes(freeBytes)} free: ${fits ? 'fits' : 'may not fit'}`;
  return `${images === 1 ? '1 image' : `${images} images`}, ${copied}${room}`;
}

/** Longer than this away with images of its own: their owner may be lost. */
const longAwayMs = 24 * 3_600_000;
export function mayBeLost(server: Pick<PackageServer, 'isSelf' | 'connected' | 'state' | 'ownedImages' | 'lastSeenAt'>, now: number): boolean {
  if (server.isSelf || server.ownedImages === 0) return false;
  if (server.state === 'revoked') return true;
  return !server.connected && server.state !== 'retired' && (server.lastSeenAt === null || now - server.lastSeenAt >= longAwayMs);
}
