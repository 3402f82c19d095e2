// Owns what a hand-over would do, told before it does: who gains what, what stays, what is lost, and why it can't begin as asked. Pure.
// Figures that change by themselves (room, what was copied meanwhile) are told, and are no part of what a person agrees to.
import { createHash } from 'node:crypto';
import type { Consequence, HandoverPreview } from '#shared/model/replication.ts';
import { formatBytes } from '#shared/units.ts';
import { neededOf, type HandingServer } from '../servers/service.ts';
import { count, handedVersions, stillBrings, type HeldImage, type HeldVersion, type Row } from './parts.ts';
import { isIn, type Asked, type Handed } from './targets.ts';

export type PreviewWorld = {
  servers: readonly HandingServer[]; /** By image: who would hold it if nobody owned it. */ heldByScope: ReadonlyMap<string, ReadonlySet<string>>; open: readonly Row[];
  siteName: (id: string) => string | null; dependentsOf: (serverId: string) => { subnets: string[]; edges: string[] };
};
export type Previewed = { preview: HandoverPreview; asked: Asked; /** What changes hands, in order. */ going: Handed[]; /** Another hand-over that is to end first. */ waitsFor: Row | null };
type Line = Consequence & { passing?: boolean };

/** Kept free on every disk: a transfer that would use it up does not begin. */
const RESERVE_BYTES = 1_000_000_000;
const MAX_LINES = 500;

export function previewOf(asked: Asked, world: PreviewWorld): Previewed {
  const lines: Line[] = [];
  const going: Handed[] = [];
  const say = (kind: Consequence['kind'], text: string, about: { image?: HeldImage; server?: HandingServer | null; passing?: boolean } = {}): void => {
    lines.push({ kind, text, imageGuid: about.image?.guid ?? null, serverId: about.server?.id ?? null, ...(about.passing === true ? { passing: true } : {}) });
  };
  const waitsFor = tellServers(asked, world, say);
  for (const handed of asked.handed) if (tellImage(handed, asked, world, say)) going.push(handed);
  if (asked.kind === 'take-ownership' && going.length === 0 && !lines.some((line) => line.kind === 'refusal')) say('refusal', 'Nothing changes hands by this: there is nothing to do.');
  tellRoom(going, say);

  const images = going.map(({ image, from, to }) => ({
    imageGuid: image.guid, imageName: image.name, createdAt: image.createdAt, fromServerId: from?.id ?? image.ownerId, toServerId: to?.id ?? '', versions: handedVersions(image).length, bytes: bytesToCome(image, null), missingBytes: bytesToCome(image, to),
  }));
  const agreed = lines.filter((line) => line.passing !== true).map(({ kind, text }) => [kind, text]);
  const digest = createHash('sha256').update(JSON.stringify([asked.kind, asked.from?.id ?? null, agreed, images.map(({ imageGuid, fromServerId, toServerId, versions }) => [imageGuid, fromServerId, toServerId, versions])])).digest('hex');
  return { preview: { kind: asked.kind, consequences: shown(lines), blocked: lines.some((line) => line.kind === 'refusal'), digest, images }, asked, going, waitsFor };
}

type Say = (kind: Consequence['kind'], text: string, about?: { image?: HeldImage; server?: HandingServer | null; passing?: boolean }) => void;

function tellServers(asked: Asked, world: PreviewWorld, say: Say): Row | null {
  const { kind, from, to } = asked;
  const retires = kind === 'retire' || kind === 'replace';
  if (to !== null) tellTarget(to, world, say);
  else if (asked.handed.length > 0 && asked.handed.some((handed) => handed.to === null)) say('refusal', 'No other server is there to take these images. Add one first: platen server add NAME');
  if (from === null) return null;
  if (to?.id === from.id) say('refusal', `${from.name} can't take over from itself. Name another server.`, { server: from });
  if (from.isConsole) say('refusal', 'The console is not retired. Its images can be handed over (take ownership), and the console itself can be moved to another machine: backup and restore.', { server: from });
  if (retires && !isIn(from)) say('refusal', from.state === 'retired' ? `${from.name} was retired already.` : `${from.name} was revoked, so nothing can be asked of it. Recover its images instead: platen server recover "${from.name}"`, { server: from });
  const same = world.open.find((row) => row.from === from.id);
  if (same !== undefined && !(kind === 'recover' && same.kind !== 'recover')) say('refusal', `${from.name} is being handed over already (${wordsOf(same)}). Let that end, or cancel it: platen server hand-over ${same.id} --cancel`, { server: from });
  if (kind === 'recover') {
    tellRecovery(asked, same ?? null, say);
    return null;
  }
  const target = world.open.find((row) => row.id !== same?.id && stillBrings(row, from.id));
  if (target !== undefined) say('note', `${from.name} is taking over images itself (${wordsOf(target)}). This waits until that is through, and takes those along. To go straight on, cancel that one and name the last server there: platen server hand-over ${target.id} --cancel`, { server: from });
  tellLeaving(asked, from, world, say);
  return target ?? null;
}

function tellTarget(to: HandingServer, world: PreviewWorld, say: Say): void {
  const leaving = world.open.find((row) => row.from === to.id && row.kind !== 'take-ownership');
  if (leaving !== undefined || to.state === 'retiring') say('refusal', `${to.name} is being handed over itself${leaving === undefined ? '' : ` (${wordsOf(leaving)})`}, so it takes over nothing. Choose a server that stays, or cancel that first.`, { server: to });
  else if (to.state !== 'joined') say('refusal', `${to.name} was ${to.state}, so it takes over nothing. Choose another server.`, { server: to });
  else if (!to.connected) say('note', `${to.name} is not connected now. Nothing changes hands before it is there and has proved its copies.`, { server: to, passing: true });
}

function tellRecovery({ from, acceptLoss }: Asked, open: Row | null, say: Say): void {
  if (from === null) return;
  if (open !== null) say('note', `The hand-over under way (${wordsOf(open)}) ends by this.`, { server: from });
  if (from.connected) say('note', `${from.name} is connected now. If it is to go, retire it instead: that takes along what it alone has. platen server retire "${from.name}"`, { server: from, passing: true });
  say('note', `Nothing is asked of ${from.name}, and nothing is deleted there. It stays in the list until it is revoked: platen server revoke "${from.name}"`, { server: from });
  if (acceptLoss) say('note', 'Versions that are proved nowhere stay listed as lost; if a server comes back with one, it is copied from there.');
}

function tellLeaving({ kind, to }: Asked, from: HandingServer, world: PreviewWorld, say: Say): void {
  say('loss', `${from.name} is neither asked nor served any more, once you let it go. What lies on its disk stays there; nothing is deleted.`, { server: from });
  if (!from.connected) say('note', `${from.name} is not connected now. What it alone has is copied when it is there; of what was captured at it since, the console knows nothing. If it is gone for good: platen server recover "${from.name}"`, { server: from, passing: true });
  const { subnets, edges } = world.dependentsOf(from.id);
  if (kind === 'replace' && to !== null) {
    const site = from.siteId === null ? null : world.siteName(from.siteId);
    say('gain', `${to.name} takes the place of ${from.name}: ${site === null ? 'no site' : `the site ${site}`}, what is assigned to it, its limit${subnets.length === 0 ? '' : `, its rules (${subnets.join(', ')})`}${edges.length === 0 ? '' : `, its edge servers (${edges.join(', ')})`}.`, { server: to });
    if (to.siteId !== null && to.siteId !== from.siteId) say('loss', `${to.name} leaves the site ${world.siteName(to.siteId) ?? ''}.`, { server: to });
    if (to.parentId !== null && edges.some((name) => name !== to.name)) say('note', `${to.name} is no edge server any more: others copy from it.`, { server: to });
    return;
  }
  if (subnets.length > 0) say('loss', `Rules send computers of ${subnets.join(', ')} to ${from.name}; then they read from the next nearest server.`, { server: from });
  if (edges.length > 0) say('loss', `${edges.join(', ')} ${edges.length === 1 ? 'copies' : 'copy'} from ${from.name} alone; then from every server.`, { server: from });
  const others = from.siteId === null ? [] : world.servers.filter((server) => server.siteId === from.siteId && server.id !== from.id && server.state === 'joined');
  if (from.siteId !== null && others.length === 0) say('loss', `${world.siteName(from.siteId) ?? 'Its site'} has no other package server: its computers then read from the console.`, { server: from });
}

/** @returns whether it changes hands */
function tellImage({ image, from, to }: Handed, asked: Asked, world: PreviewWorld, say: Say): boolean {
  if (to === null) return true;
  const owner = from?.name ?? 'nobody';
  if (image.ownerId === to.id) {
    say('note', `${image.name} belongs to ${to.name} already.`, { image, server: to });
    return false;
  }
  if (image.trashed && asked.kind === 'take-ownership') {
    say('note', `${image.name} is in the trash, so it is left out. Take it back first where it is to change hands.`, { image });
    return false;
  }
  const busy = world.open.find((row) => row.kind === 'take-ownership' && row.body.images.some((each) => each.guid === image.guid && each.state !== 'switched' && each.state !== 'failed'));
  const leaving = world.open.find((row) => row.from !== null && row.from === image.ownerId);
  if (asked.kind === 'take-ownership' && (busy ?? leaving) !== undefined) {
    say('refusal', `${image.name} is being handed over already (${wordsOf((busy ?? leaving) as Row)}). Let that end, or cancel it.`, { image });
    return false;
  }
  if (busy !== undefined) say('note', `${image.name} is being handed over already (${wordsOf(busy)}); this waits for that.`, { image });
  tellGain(image, to, owner, say);
  const scope = world.heldByScope.get(image.guid);
  if (!image.trashed && scope?.has(to.id) !== true) say('note', `${image.name} is not assigned to ${to.name}: as owner it holds it whatever the scope says. The scope stays as it is.`, { image, server: to });
  if (from !== null && asked.kind === 'take-ownership') {
    say('note', scope?.has(from.id) === true ? `${from.name} goes on holding ${image.name}, as its scope says.` : `${from.name} keeps its copies of ${image.name}. It is not assigned there, so newer versions do not come; nothing is deleted.`, { image, server: from });
  }
  if (image.protected) say('note', `${image.name} is protected against deletion, and stays so.`, { image });
  tellVersions({ image, from, to }, asked, world, say);
  return true;
}

function tellGain(image: HeldImage, to: HandingServer, owner: string, say: Say): void {
  const versions = handedVersions(image);
  const proof = versions.length === 0 ? '' : `; ${versions.length === 1 ? 'its version is' : `its ${versions.length} versions are`} proved there first`;
  say('gain', `${image.name} belongs to ${to.name} then, and not to ${owner} any more${proof}.`, { image, server: to });
  const missing = missingAt(image, to);
  if (missing.length > 0) say('note', `${to.name} copies ${count(missing.length, 'version')} of ${image.name} first, at most ${formatBytes(bytesToCome(image, to))}.`, { image, server: to, passing: true });
}

function tellVersions({ image, from, to }: Handed, asked: Asked, world: PreviewWorld, say: Say): void {
  const inNow = new Set(world.servers.filter(isIn).map((server) => server.id));
  const gone = asked.kind === 'recover' && from !== null ? from.id : null;
  const provedElsewhere = (version: HeldVersion, except: string | null): boolean => [...version.copies].some(([id, copy]) => copy.state === 'ready' && id !== except && inNow.has(id));
  const numbers = (versions: readonly HeldVersion[]): string => versions.map((version) => `v${version.number}`).toReversed().join(', ');
  const unproved = handedVersions(image).filter((version) => !provedElsewhere(version, gone));
  if (unproved.length > 0) {
    const which = `${image.name} ${numbers(unproved)}`;
    if (gone === null) say('note', `No server has a proved copy of ${which} now. ${image.name} waits until one has: verify it where it is (platen image verify), or delete that version. The others go on.`, { image, passing: true });
    else if (asked.acceptLoss) say('loss', `${which} is proved nowhere but on ${from?.name ?? 'that server'}: it stays listed as lost.`, { image, server: from });
    else say('refusal', `${which} is proved nowhere but on ${from?.name ?? 'that server'}. Bring that server back, or its disk to a package server; to give it up and recover the rest: --accept-loss.`, { image, server: from });
  }
  const pending = image.versions.filter((version) => version.pending && !version.trashed);
  if (pending.length > 0) say('note', `${image.name} ${numbers(pending)} waits to be validated, and is not copied to ${to?.name ?? 'the new owner'} before.`, { image });
  const trashed = (image.trashed ? image.versions : image.versions.filter((version) => version.trashed)).filter((version) => version.copies.size > 0);
  if (trashed.length === 0) return;
  const lost = asked.kind === 'take-ownership' || from === null ? [] : trashed.filter((version) => !provedElsewhere(version, from.id));
  say('note', `${image.name}${image.trashed ? '' : ` ${numbers(trashed)}`} is in the trash, so nothing of it is copied.`, { image });
  if (lost.length > 0) say('loss', `${image.name} ${numbers(lost)} is in the trash and on ${from?.name ?? 'that server'} alone: taken back later, it has no files. Take it back now where it is still wanted.`, { image, server: from });
}

function tellRoom(going: readonly Handed[], say: Say): void {
  for (const handed of Map.groupBy(going, (each) => each.to?.id ?? '').values()) {
    const to = handed[0]?.to ?? null;
    const bytes = handed.reduce((sum, { image }) => sum + bytesToCome(image, to), 0);
    if (to === null || bytes === 0 || to.freeBytes === null) continue;
    const fits = bytes + RESERVE_BYTES <= to.freeBytes;
    say('note', fits ? `At most ${formatBytes(bytes)} are copied to ${to.name}; ${formatBytes(to.freeBytes)} are free there.`
      : `At most ${formatBytes(bytes)} are to be copied to ${to.name}, and only ${formatBytes(to.freeBytes)} are free there. What it has already in other images is not copied again, so it may fit; where it does not, this waits. Make room there.`, { server: to, passing: true });
  }
}

function missingAt(image: HeldImage, to: HandingServer | null): HeldVersion[] {
  return handedVersions(image).filter((version) => {
    const state = to === null ? 'absent' : version.copies.get(to.id)?.state ?? 'absent';
    return state === 'absent' || state === 'copying';
  });
}
/** What is missing there (null: everything), told as the list of servers tells it once it is to come (servers/needed.ts). */
function bytesToCome(image: HeldImage, to: HandingServer | null): number {
  const missing = new Set(missingAt(image, to));
  const placeOf = (version: HeldVersion): 'here' | 'to-come' | 'not' => {
    const state = to === null ? 'absent' : version.copies.get(to.id)?.state ?? 'absent';
    return missing.has(version) ? 'to-come' : state === 'verifying' || state === 'ready' || state === 'damaged' ? 'here' : 'not';
  };
  return neededOf(image.versions.map((version) => ({ number: version.number, storedBytes: version.storedBytes, usedBytes: version.usedBytes, at: placeOf(version) })), image.storedBytes);
}
const kinds: Record<Row['kind'], string> = { 'take-ownership': 'ownership is taken', retire: 'it is retired', replace: 'it is replaced', recover: 'its images are recovered' };
export function wordsOf(row: Row): string {
  return `${kinds[row.kind]}, hand-over ${row.id.slice(0, 8)}`;
}
function shown(lines: readonly Line[]): Consequence[] {
  const plain = lines.map(({ kind, text, imageGuid, serverId }): Consequence => ({ kind, text, imageGuid, serverId }));
  if (plain.length <= MAX_LINES) return plain;
  // What hinders it is never among those that are only counted.
  const first = plain.filter((line) => line.kind === 'refusal' || line.kind === 'loss').slice(0, MAX_LINES);
  const rest = plain.filter((line) => line.kind !== 'refusal' && line.kind !== 'loss').slice(0, MAX_LINES - first.length);
  return [...first, ...rest, { kind: 'note', text: `And ${plain.length - first.length - rest.length} more like these.`, imageGuid: null, serverId: null }];
}
