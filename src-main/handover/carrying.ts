// Owns carrying a hand-over on: one look at the copies and proofs there are, and what follows from it. Everything it decides is in the row,
// so that a console that was killed goes on where it was; what it asked for is asked again.
import type { HandingServer } from '../servers/service.ts';
import type { Owning } from './giving-back.ts';
import { count, handedVersions, stillBrings, type HandoverParts, type HeldImage, type KeptImage, type Row } from './parts.ts';
import { isProof, stepOf, strandedWithout, type StepWorld } from './progress.ts';
import type { HandoverRepo } from './repo.ts';
import { targetsFor } from './targets.ts';

type Parts = Pick<HandoverParts, 'events' | 'servers' | 'images' | 'askToVerify'> & { repo: HandoverRepo; owning: Owning };
export type Carrying = ReturnType<typeof openCarrying>;

/** A server re-hashes one version after the other, and forgets what it was asked when it restarts. */
const ASK_AGAIN_MS = 20_000;
const ASKED_AT_ONCE = 50;
/** Owners that change in one transaction: each image whole or not at all, and few enough that nobody waits. */
const AT_ONCE = 1000;

export function openCarrying({ repo, events, servers, images, askToVerify, owning }: Parts) {
  const askedAt = new Map<string, number>();
  let connected = new Set<string>();

  function worldOf(row: Row, all: readonly HandingServer[], arrived: ReadonlyMap<string, number>): StepWorld {
    return { kind: row.kind, startedAt: row.startedAt, acceptLoss: row.body.acceptLoss, servers: all, fromId: row.from, arrivedBytes: (versionGuid, serverId) => arrived.get(`${serverId}/${versionGuid}`) ?? 0 };
  }

  /** Within a transaction: the old server takes nothing new any more, and its successor has its place. */
  function start(row: Row, all: readonly HandingServer[]): void {
    row.body.begun = true;
    const from = all.find((server) => server.id === row.from);
    if (from === undefined || (row.kind !== 'retire' && row.kind !== 'replace')) return;
    row.body.before = from.state;
    servers.succession.setState(from.id, 'retiring');
    if (row.kind === 'replace' && row.to !== null) row.body.place = servers.succession.takePlace(from.id, row.to);
    events.record({ actor: row.actor, entity: 'server', id: from.id, kind: 'retiring', message: `Its images are handed over${row.to === null ? '' : ` to ${all.find((server) => server.id === row.to)?.name ?? ''}`}: it takes nothing new, and serves what it has until it is let go`, data: { handover: row.id } });
  }

  /** One that came back with a new token meanwhile is still to leave; one that was put out can't be asked for anything. */
  function stillLeaves(row: Row, all: readonly HandingServer[]): boolean {
    const from = all.find((server) => server.id === row.from);
    if (from === undefined || (row.kind !== 'retire' && row.kind !== 'replace')) return true;
    if (from.state === 'joined') servers.succession.setState(from.id, 'retiring');
    if (from.state === 'joined' || from.state === 'retiring') return true;
    row.state = 'copying';
    row.body.problem = `${from.name} was ${from.state} meanwhile, so nothing can be asked of it. Recover what it still owns from the copies of others, which ends this: platen server recover "${from.name}"`;
    return false;
  }

  /** The images it is about now: also what the old server captured meanwhile, and not what others have taken over. */
  function follow(row: Row, all: readonly HandingServer[]): Map<string, HeldImage> {
    const { body } = row;
    const guids = row.kind === 'take-ownership' || row.from === null ? [] : repo.ownedBy(row.from);
    const held = repo.images([...new Set([...body.images.map((image) => image.guid), ...guids])]);
    const choice = choiceOf(row, [...held.values()], all);
    const listed = new Map(body.images.map((image) => [image.guid, image]));
    for (const guid of guids) {
      const image = held.get(guid);
      const to = image === undefined ? null : choice.of(image);
      if (image === undefined || to === null || (listed.has(guid) && listed.get(guid)?.state !== 'failed' && listed.get(guid)?.state !== 'switched')) continue;
      const known = listed.get(guid);
      // Given back by itself meanwhile: it is still to leave.
      if (known !== undefined) Object.assign(known, { state: 'waiting', problem: null, undo: null });
      else body.images.push(keptOf(image, { from: row.from ?? '', to: to.id }));
    }
    body.images = body.images.filter((kept) => settle(row, kept, held.get(kept.guid)));
    if (body.chooses) for (const kept of body.images) rechoose(kept, held.get(kept.guid), { all, of: choice.of });
    for (const kept of body.images) rememberProofs(row, kept, { image: held.get(kept.guid), to: all.find((server) => server.id === kept.to) });
    return held;
  }

  /** Who was chosen and is out by now is not the new owner of anything more. */
  function choiceOf(row: Row, held: readonly HeldImage[], all: readonly HandingServer[]): { of: (image: HeldImage) => HandingServer | null } {
    const named = all.find((server) => server.id === row.to) ?? null;
    const from = all.find((server) => server.id === row.from);
    if (from === undefined || (named !== null && (named.state === 'joined' || !row.body.chooses))) return { of: () => named };
    const choice = targetsFor(row.kind, held, { from, named: null, servers: all });
    if (row.kind !== 'recover') row.to = choice.one?.id ?? row.to;
    return choice;
  }

  /** @returns whether it stays listed */
  function settle(row: Row, kept: KeptImage, image: HeldImage | undefined): boolean {
    if (kept.state === 'switched') return image !== undefined || row.kind === 'take-ownership';
    if (image !== undefined && image.ownerId === kept.from) return true;
    if (row.kind !== 'take-ownership') return false;
    const owner = servers.succession.all().find((server) => server.id === image?.ownerId)?.name ?? 'nobody';
    Object.assign(kept, { state: 'failed', problem: image === undefined ? `${kept.name} was deleted meanwhile.` : `${kept.name} belongs to ${owner} by now, so it was left there. Take ownership again where it is still wanted.` } satisfies Partial<KeptImage>);
    return true;
  }
  function rechoose(kept: KeptImage, image: HeldImage | undefined, { all, of }: { all: readonly HandingServer[]; of: (image: HeldImage) => HandingServer | null }): void {
    if (kept.state === 'switched' || image === undefined || all.find((server) => server.id === kept.to)?.state === 'joined') return;
    const to = of(image);
    if (to !== null && to.id !== kept.to) Object.assign(kept, { to: to.id, proofs: {} } satisfies Partial<KeptImage>);
  }
  function rememberProofs(row: Row, kept: KeptImage, { image, to }: { image: HeldImage | undefined; to: HandingServer | undefined }): void {
    if (kept.state === 'switched' || image === undefined || to === undefined) return;
    for (const version of handedVersions(image)) {
      const provedAt = version.copies.get(to.id)?.provedAt ?? null;
      if (!Object.hasOwn(kept.proofs, version.guid)) kept.proofs[version.guid] = isProof(provedAt, null, { startedAt: row.startedAt, skewMs: to.skewMs }) ? null : provedAt;
    }
  }

  function ask(to: HandingServer, guids: readonly string[]): void {
    const now = performance.now();
    for (const guid of guids.slice(0, ASKED_AT_ONCE)) {
      const key = `${to.id}/${guid}`;
      if (now - (askedAt.get(key) ?? -Infinity) < ASK_AGAIN_MS) continue;
      askedAt.set(key, now);
      if (to.isSelf) images.verifyHere(guid, 'hand-over');
      else askToVerify(to.id, guid);
    }
  }

  /** Within a transaction: what is proved changes hands. @returns the images that did */
  function switchProved(row: Row, held: Map<string, HeldImage>): string[] {
    const done: string[] = [];
    for (const kept of row.body.images) {
      const image = held.get(kept.guid);
      if (kept.state !== 'proved' || image === undefined || done.length >= AT_ONCE) continue;
      const undo = owning.handOver({ imageGuid: kept.guid, from: kept.from, to: kept.to }, image, { actor: row.actor, handover: row.id });
      if (undo === null) continue;
      Object.assign(kept, { state: 'switched', undo, doneBytes: kept.bytes } satisfies Partial<KeptImage>);
      done.push(kept.guid);
    }
    return done;
  }

  function step(row: Row, held: Map<string, HeldImage>, all: readonly HandingServer[], world: StepWorld): void {
    const unproved = new Map<string, string[]>();
    const busy = new Map((row.kind === 'take-ownership' ? [] : repo.otherTakings(row.id)).toReversed().flatMap((other) => other.body.images.filter((its) => its.state !== 'switched' && its.state !== 'failed').map((its): [string, Row] => [its.guid, other])));
    for (const kept of row.body.images) {
      const [image, to] = [held.get(kept.guid), all.find((server) => server.id === kept.to)];
      if (kept.state === 'switched' || kept.state === 'failed' || image === undefined || to === undefined) continue;
      const other = busy.get(kept.guid);
      if (other !== undefined) {
        Object.assign(kept, { state: 'waiting', problem: `Another hand-over (${other.id.slice(0, 8)}) brings ${kept.name} elsewhere. Let that end, or cancel it.` } satisfies Partial<KeptImage>);
        continue;
      }
      const next = stepOf(image, { to, proofs: kept.proofs }, world);
      Object.assign(kept, { name: image.name, versions: handedVersions(image).length, state: next.state, problem: next.problem, bytes: next.bytes, doneBytes: next.doneBytes } satisfies Partial<KeptImage>);
      if (next.unproved.length === 0 || !to.connected) continue;
      const guids = unproved.get(to.id) ?? [];
      guids.push(...next.unproved.map((version) => version.guid));
      unproved.set(to.id, guids);
    }
    for (const [serverId, guids] of unproved) ask(all.find((server) => server.id === serverId) as HandingServer, guids);
  }

  /** What the images together say. */
  function conclude(row: Row, all: readonly HandingServer[], now: number): void {
    const { images: list } = row.body;
    const open = list.filter((image) => image.state !== 'switched' && image.state !== 'failed');
    const problems = list.map((image) => image.problem).filter((problem) => problem !== null);
    row.body.problem = problems.length === 0 ? null : problems.length === 1 ? problems[0] ?? null : `${count(problems.length, 'image')} need a person or wait. The first: ${problems[0]}`;
    if (open.length > 0) {
      row.state = open.every((image) => image.state === 'proving' || image.state === 'proved') ? 'proving' : 'copying';
      return;
    }
    if (row.kind === 'take-ownership' || row.kind === 'recover') {
      row.state = list.length > 0 && list.every((image) => image.state === 'failed') ? 'failed' : 'done';
      row.endedAt = now;
      const moves = list.filter((image) => image.undo !== null).map((image) => ({ imageGuid: image.guid, from: image.from, to: image.to }));
      if (moves.length > 0) row.body.undo = owning.keepAll(moves, { actor: row.actor, label: `${count(moves.length, 'image')} changed hands`, handover: row.id });
      return;
    }
    const reasons = leftBehind(row, all);
    row.state = reasons.length === 0 ? 'ready' : 'proving';
    if (reasons.length > 0) row.body.problem = `Not everything deploys without it yet. ${reasons[0]}${reasons.length === 1 ? '' : ` And ${reasons.length - 1} more.`}`;
  }

  /** Why the old server can't be let go; empty where every version of every image deploys without it, now. */
  function leftBehind(row: Row, all: readonly HandingServer[]): string[] {
    if (row.from === null) return [];
    const held = repo.images(repo.concerning(row.from));
    const captures = repo.capturesAt(row.from);
    const reasons = [
      ...(captures === 0 ? [] : [`${count(captures, 'capture')} ${captures === 1 ? 'goes' : 'go'} to it right now: what is captured is taken along when that is done.`]), ...strandedWithout(row.from, held.values(), all).map((each) => each.reason),
    ];
    const to = all.find((server) => server.id === row.to);
    if (row.kind !== 'replace' || to === undefined) return reasons;
    const wanted = servers.succession.wantedAt(to.id);
    const missing = [...held.values()].flatMap((image) => image.versions.filter((version) => wanted.has(version.guid) && version.copies.get(row.from ?? '')?.state === 'ready' && version.copies.get(to.id)?.state !== 'ready'));
    return missing.length === 0 ? reasons : [...reasons, `${count(missing.length, 'version')} that it holds besides ${missing.length === 1 ? 'is' : 'are'} still copied to ${to.name}.`];
  }

  return {
    leftBehind,
    /** Within a transaction. Changes the row; who calls it writes it down. @returns images whose owner is another one now */
    carryOn(row: Row, older: readonly Row[], { now, arrived }: { now: number; arrived: ReadonlyMap<string, number> }): string[] {
      const all = servers.succession.all();
      const waitsFor = row.kind === 'recover' || row.body.begun ? undefined : older.find((other) => other.from !== row.from && stillBrings(other, row.from ?? ''));
      if (waitsFor !== undefined) {
        const names = new Map(all.map((server) => [server.id, server.name]));
        row.state = 'preparing';
        row.body.problem = `${names.get(row.from ?? '') ?? 'It'} is still taking over images${waitsFor.from === null ? '' : ` of ${names.get(waitsFor.from) ?? 'another server'}`} (hand-over ${waitsFor.id.slice(0, 8)}). This begins when that is through, and takes those along. To go straight on, cancel that one.`;
        return [];
      }
      if (!row.body.begun) start(row, all);
      else if (!stillLeaves(row, all)) return [];
      const held = follow(row, row.kind === 'retire' || row.kind === 'replace' ? servers.succession.all() : all);
      step(row, held, all, worldOf(row, all, arrived));
      const switched = switchProved(row, held);
      conclude(row, all, now);
      return switched;
    },
    /** Servers that came back have forgotten what they were asked. */
    noticeConnections(all: readonly HandingServer[]): void {
      if (repo.openIds().length === 0) askedAt.clear();
      const now = new Set(all.filter((server) => server.connected).map((server) => server.id));
      for (const key of askedAt.keys()) if (!connected.has(key.split('/')[0] ?? '') && now.has(key.split('/')[0] ?? '')) askedAt.delete(key);
      connected = now;
    },
  };
}

export function keptOf(image: HeldImage, { from, to }: { from: string; to: string }): KeptImage {
  const versions = handedVersions(image);
  return {
    guid: image.guid, name: image.name, from, to, state: 'waiting', problem: null, undo: null, versions: versions.length, bytes: versions.reduce((sum, version) => sum + version.storedBytes, 0), doneBytes: 0,
    // What it had proved before counts for nothing: a proof is a later one.
    proofs: Object.fromEntries(versions.map((version) => [version.guid, version.copies.get(to)?.provedAt ?? null])),
  };
}
