// Owns the decision what each server is to hold, from where it may copy, and in which order. Pure: all it knows comes in as a world.
// It only ever says what is wanted. What is not wanted is left alone: nothing here deletes.
import type { Scope, TransferWindow } from '#shared/model/replication.ts';

export type PlanServer = { id: string; name: string; siteId: string | null; parentId: string | null; isConsole: boolean; state: 'joined' | 'retiring' | 'retired' | 'revoked'; bytesPerSecond: number | null };
export type PlanSite = {
  id: string; name: string; locallyManaged: boolean; bytesPerSecond: number | null; windows: readonly TransferWindow[];
  /** As published; null: no template, or none published yet. */
  template: { name: string; images: ReadonlySet<string>; bytesPerSecond: number | null; windows: readonly TransferWindow[] } | null;
};
export type PlanVersion = { guid: string; number: number; enabled: boolean; pending: boolean; originId: string | null; trashed: boolean };
export type PlanImage = {
  guid: string; kind: 'image' | 'backup'; scope: Scope; ownerId: string; assigned: ReadonlySet<string>; priority: number; enabled: boolean; trashed: boolean;
  /** Newest first. */
  versions: readonly PlanVersion[];
  channels: { test: string | null; live: string | null };
};
export type PlanWorld = {
  servers: readonly PlanServer[]; sites: ReadonlyMap<string, PlanSite>; images: readonly PlanImage[];
  /** What an image whose scope is `default` does where no template says otherwise. */
  defaultScope: 'all' | 'none';
  /** All of it arrived there once, proved or not yet. */
  hasCopy: (versionGuid: string, serverId: string) => boolean;
  /** It is there, and bad: nobody serves it, and a store with a manifest that can't be read is not swept. */
  isDamaged: (versionGuid: string, serverId: string) => boolean;
  /** Images that a hand-over under way brings to a server. */
  alsoWanted: readonly { imageGuid: string; serverId: string }[];
  /** Versions that a technician waits for now. */
  urgent: ReadonlySet<string>;
};
/** validation: the console gets a pending version to prove it. edge: an edge server copies it from this one. kept: it is there already and stays. */
export type Why = 'owner' | 'origin' | 'validation' | 'all' | 'selected' | 'template' | 'hand-over' | 'edge' | 'kept';
export type Wanted = { image: PlanImage; version: PlanVersion; why: Why; priority: number };

/** What each server is to hold, first things first. Servers that are out hold nothing for us. */
export function planOf(world: PlanWorld): Map<string, Wanted[]> {
  const plan = new Map<string, Wanted[]>(world.servers.filter(isIn).map((server) => [server.id, []]));
  const also = Map.groupBy(world.alsoWanted, (each) => each.imageGuid);
  for (const image of world.images) {
    const forAll = holdersOf(image, world, new Set(also.get(image.guid)?.map((each) => each.serverId)));
    for (const version of image.versions) {
      const priority = priorityOf(image, version, world.urgent);
      for (const [serverId, why] of holdersOfVersion(image, version, { world, forAll })) plan.get(serverId)?.push({ image, version, why, priority });
    }
  }
  for (const wanted of plan.values()) wanted.sort((a, b) => b.priority - a.priority);
  return plan;
}

function isIn(server: PlanServer): boolean {
  return server.state === 'joined' || server.state === 'retiring';
}

/** Who holds an image that is neither pending nor in the trash. */
function holdersOf(image: PlanImage, world: PlanWorld, handedTo: ReadonlySet<string>): Map<string, Why> {
  const holders = new Map<string, Why>();
  for (const server of world.servers) {
    if (server.state !== 'joined') continue;
    const why = handedTo.has(server.id) ? 'hand-over' : whyHeld(image, server, world);
    if (why !== null) holders.set(server.id, why);
  }
  // A parent holds what its edge servers are to hold: they copy from nobody else.
  for (const server of world.servers) {
    const parent = server.parentId === null ? undefined : world.servers.find((each) => each.id === server.parentId);
    if (holders.has(server.id) && parent?.state === 'joined' && !holders.has(parent.id)) holders.set(parent.id, 'edge');
  }
  return holders;
}

/** Assignment has nothing to do with ownership, but that the owner always holds its own. */
function whyHeld(image: PlanImage, server: PlanServer, world: PlanWorld): Why | null {
  if (image.ownerId === server.id) return 'owner';
  if (image.scope === 'none') return null;
  if (image.scope === 'all') return 'all';
  const site = server.siteId === null ? undefined : world.sites.get(server.siteId);
  if (site?.template?.images.has(image.guid) === true) return 'template';
  if (image.scope === 'selected') return image.assigned.has(server.id) ? 'selected' : null;
  // By default a backup stays with its owner, a site with a template gets what that names, and one that is locally managed what it is told.
  if (image.kind === 'backup' || world.defaultScope === 'none') return null;
  return (site?.template ?? null) !== null || site?.locallyManaged === true ? null : 'all';
}

function holdersOfVersion(image: PlanImage, version: PlanVersion, { world, forAll }: { world: PlanWorld; forAll: Map<string, Why> }): Map<string, Why> {
  const holders = new Map<string, Why>();
  const keeps = (server: PlanServer): boolean => world.hasCopy(version.guid, server.id);
  if (image.trashed || version.trashed) {
    // It can be taken back until the record that deletes it: who has it keeps it, nobody else begins.
    for (const server of world.servers) if (isIn(server) && keeps(server)) holders.set(server.id, 'kept');
    return holders;
  }
  for (const server of world.servers) {
    if (!isIn(server)) continue;
    const why = version.pending ? whyPending(image, version, server) : forAll.get(server.id) ?? null;
    if (why !== null) holders.set(server.id, why);
    // What a retiring server has is what others copy from; a locally managed site keeps what it has, whatever a template says.
    else if (keeps(server) && (server.state === 'retiring' || (server.siteId !== null && world.sites.get(server.siteId)?.locallyManaged === true))) holders.set(server.id, 'kept');
    // Nobody wants it there any more, and nothing takes it away: it is made whole, as a damaged copy that is left alone would be damaged for ever.
    else if (world.isDamaged(version.guid, server.id)) holders.set(server.id, 'kept');
  }
  return holders;
}

/** Before it is validated a version is where it was made, and at the console, which proves it. */
function whyPending(image: PlanImage, version: PlanVersion, server: PlanServer): Why | null {
  if (server.id === (version.originId ?? image.ownerId)) return 'origin';
  return server.isConsole && image.kind === 'image' ? 'validation' : null;
}

const URGENT = 1_000_000;

/** What people deploy comes before what they might: the live or newest enabled version, then the one under test, then newer before older. */
export function priorityOf(image: PlanImage, version: PlanVersion, urgent: ReadonlySet<string>): number {
  const usable = image.versions.filter((each) => each.enabled && !each.pending && !each.trashed);
  const current = image.channels.live ?? usable[0]?.guid;
  const age = Math.min(9, image.versions.indexOf(version));
  const use = version.guid === current ? 50 : version.guid === image.channels.test ? 40 : version.pending ? 30 : version.enabled ? 20 : 10;
  return image.priority * 100 + use - age + (urgent.has(version.guid) ? URGENT : 0) - (image.trashed || version.trashed || !image.enabled ? 10 : 0);
}

/** Whom this server may ask for copies. An edge server asks its parent and its siblings; if the parent is out, everybody. */
export function isSourceFor(server: PlanServer, other: PlanServer, servers: readonly PlanServer[]): boolean {
  if (other.id === server.id || !isIn(other)) return false;
  const parent = server.parentId === null ? undefined : servers.find((each) => each.id === server.parentId);
  if (parent === undefined || !isIn(parent)) return true;
  return other.id === parent.id || other.parentId === parent.id;
}

/** A limit or window of the server itself, else of its site, else of the site's template. */
export function limitsOf(server: PlanServer, sites: ReadonlyMap<string, PlanSite>): { bytesPerSecond: number | null; windows: readonly TransferWindow[] } {
  const site = server.siteId === null ? undefined : sites.get(server.siteId);
  const windows = site === undefined ? [] : site.windows.length > 0 ? site.windows : site.template?.windows ?? [];
  return { bytesPerSecond: server.bytesPerSecond ?? site?.bytesPerSecond ?? site?.template?.bytesPerSecond ?? null, windows };
}
