// Owns what stands between an image and its new owner: copied there, proved there after the hand-over began, then it may change hands. And
// what stands between a server and being let go. Pure: it looks at copies and proofs, and never believes a proof from before.
import type { HandingServer } from '../servers/service.ts';
import { handedVersions, type HeldImage, type HeldVersion, type ImageState, type Kind } from './parts.ts';
import { isIn } from './targets.ts';

export type StepWorld = {
  kind: Kind; startedAt: number; acceptLoss: boolean; servers: readonly HandingServer[]; fromId: string | null;
  /** What has arrived so far of a version that is on its way. */
  arrivedBytes: (versionGuid: string, serverId: string) => number;
};
export type Step = {
  state: Exclude<ImageState, 'switched' | 'failed'>; problem: string | null; bytes: number; doneBytes: number;
  /** To be re-hashed there: nothing newer than the hand-over is known of them. */
  unproved: HeldVersion[];
};
export type Stranded = { imageGuid: string; imageName: string; number: number; reason: string };

/** Clocks are compared through the time a message takes; half a minute of doubt is settled by asking again. */
const SKEW_DOUBT_MS = 2000;

/**
 * Proved after the hand-over began: the server re-hashed it at a later time by its own clock than what it said before, and that time, put
 * into this console's time, is not before the beginning.
 */
export function isProof(provedAt: number | null, before: number | null, { startedAt, skewMs }: { startedAt: number; skewMs: number }): boolean {
  return provedAt !== null && provedAt !== before && provedAt - skewMs >= startedAt - SKEW_DOUBT_MS;
}

export function stepOf(image: HeldImage, { to, proofs }: { to: HandingServer; proofs: Readonly<Record<string, number | null>> }, world: StepWorld): Step {
  const versions = handedVersions(image);
  const step: Step = { state: 'proved', problem: null, bytes: 0, doneBytes: 0, unproved: [] };
  const lost: HeldVersion[] = [];
  const worse = (state: Step['state'], problem: string | null): void => {
    if (state === 'copying' || step.state === 'proved') step.state = state;
    step.problem ??= problem;
  };
  if (to.state !== 'joined') return { ...step, state: 'waiting', problem: `${to.name} ${to.state === 'retiring' ? 'is being retired itself' : `was ${to.state}`}, so it can't take over. Cancel this, and choose another server.` };
  for (const version of versions) {
    const copy = version.copies.get(to.id) ?? { state: 'absent' as const, provedAt: null };
    const isThere = copy.state === 'ready' || copy.state === 'verifying' || copy.state === 'damaged';
    step.bytes += version.storedBytes;
    step.doneBytes += isThere ? version.storedBytes : Math.min(version.storedBytes, world.arrivedBytes(version.guid, to.id));
    if (copy.state === 'ready') {
      const before = Object.hasOwn(proofs, version.guid) ? proofs[version.guid] ?? null : copy.provedAt;
      if (isProof(copy.provedAt, before, { startedAt: world.startedAt, skewMs: to.skewMs })) continue;
      step.unproved.push(version);
      worse('proving', to.connected ? null : `${to.name} is not connected. What it has is proved when it is there; start it, or look why it does not reach the console.`);
    } else if (copy.state === 'damaged') {
      worse('proving', `v${version.number} of ${image.name} is damaged on ${to.name}. Damaged chunks are fetched again from other servers, then it is checked again. Look at the disk of ${to.name}.`);
    } else if (copy.state === 'verifying') worse('proving', to.connected ? null : `${to.name} is not connected; it was re-hashing v${version.number} of ${image.name}.`);
    else if (copy.state === 'removing') worse('waiting', `v${version.number} of ${image.name} is being removed from ${to.name}, as a person ordered. It is copied there anew afterwards.`);
    else {
      const problem = whyNotCopied(image, version, { to, world });
      if (problem !== null && world.kind === 'recover' && world.acceptLoss && !isProvedElsewhere(version, world, false)) lost.push(version);
      else worse('copying', problem);
    }
  }
  if (step.state === 'proved' && lost.length > 0) step.problem = `${lost.map((version) => `v${version.number}`).toReversed().join(', ')} of ${image.name} is proved nowhere: lost, unless a server comes back with it.`;
  return step;
}

function isProvedElsewhere(version: HeldVersion, { servers, fromId, kind }: StepWorld, connected: boolean): boolean {
  return servers.some((server) => version.copies.get(server.id)?.state === 'ready' && isIn(server) && (!connected || server.connected) && !(kind === 'recover' && server.id === fromId));
}

/** null: it is on its way, as far as is known here. */
function whyNotCopied(image: HeldImage, version: HeldVersion, { to, world }: { to: HandingServer; world: StepWorld }): string | null {
  const what = `v${version.number} of ${image.name}`;
  if (!to.connected) return `${to.name} is not connected, so ${what} is not copied there now. Start it, or look why it does not reach the console.`;
  if (isProvedElsewhere(version, world, true)) return null;
  const from = world.servers.find((server) => server.id === world.fromId) ?? world.servers.find((server) => server.id === image.ownerId);
  const holders = world.servers.filter((server) => version.copies.get(server.id)?.state === 'ready' && isIn(server) && !(world.kind === 'recover' && server.id === world.fromId));
  if (holders.length > 0) {
    const [names, it] = [holders.map((server) => server.name).join(', '), holders.length === 1];
    const dead = from !== undefined && holders.some((server) => server.id === from.id) ? ` If ${from.name} is gone for good, recover its images instead: platen server recover "${from.name}"` : '';
    return `Only ${names} ${it ? 'has' : 'have'} a proved copy of ${what}, and ${it ? 'is not' : 'none of them is'} connected now. Start ${it ? 'it' : 'one of them'}; this goes on then.${dead}`;
  }
  const damaged = world.servers.filter((server) => version.copies.get(server.id)?.state === 'damaged').map((server) => server.name);
  const verifying = world.servers.some((server) => version.copies.get(server.id)?.state === 'verifying');
  if (verifying) return `No copy of ${what} is proved yet; it is being re-hashed. This goes on when that is done.`;
  if (world.kind === 'recover') return `No other server has a proved copy of ${what}. Bring ${from?.name ?? 'the lost server'} back; or cancel this, and recover the rest with --accept-loss.`;
  return `No server has a proved copy of ${what}${damaged.length === 0 ? '' : ` (damaged on ${damaged.join(', ')})`}, so it can't be copied. Repair a copy and verify it, or delete that version; the other images go on.`;
}

/**
 * What would not deploy with the old server ignored: every version it has, or owns, must be ready on another server that is in and connected.
 * What is in the trash is named in the preview and does not hold anybody back.
 */
export function strandedWithout(fromId: string, images: Iterable<HeldImage>, servers: readonly HandingServer[]): Stranded[] {
  const others = servers.filter((server) => server.id !== fromId && isIn(server));
  const stranded: Stranded[] = [];
  for (const image of images) {
    if (image.trashed) continue;
    for (const version of image.versions) {
      if (version.trashed) continue;
      const here = version.copies.get(fromId)?.state ?? 'absent';
      const holds = here === 'ready' || here === 'verifying' || here === 'damaged';
      if (!holds && image.ownerId !== fromId) continue;
      const readyAt = others.filter((server) => version.copies.get(server.id)?.state === 'ready');
      if (readyAt.some((server) => server.connected)) continue;
      const add = (reason: string): void => void stranded.push({ imageGuid: image.guid, imageName: image.name, number: version.number, reason });
      const what = `v${version.number} of ${image.name}`;
      if (readyAt.length > 0) add(`Besides, ${what} is ready on ${readyAt.map((server) => server.name).join(', ')} alone, and ${readyAt.length === 1 ? 'that server is' : 'those servers are'} not connected now. Start ${readyAt.length === 1 ? 'it' : 'one of them'}.`);
      else if (version.pending) add(`${what} waits to be validated, and no other server has proved it yet. This goes on when the console has copied it, which it does by itself; or reject it, where nobody wants it: platen image reject.`);
      else add(`${what} is not proved on any other server yet.`);
    }
  }
  return stranded;
}
