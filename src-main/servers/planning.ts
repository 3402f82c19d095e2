// Owns the plan as it stands: computed again (a little later, once for many changes) when something it depends on changed, written down
// per server with a digest, so that what is the same does not travel. Rows of copies that begin are made here; none is ever taken away.
import { createHash } from 'node:crypto';
import { toAppError } from '#shared/errors.ts';
import type { Peer, Plan, WantedVersion } from '#shared/replication/messages.ts';
import type { HeldImageRow, HeldVersionRow } from './holdings-repo.ts';
import { readAddresses, type ServersParts } from './parts.ts';
import { growthOf, neededOf, type NeededVersion } from './needed.ts';
import { isSourceFor, limitsOf, planOf, type Wanted } from './plan.ts';
import type { ServerRow } from './repo.ts';
import { readWorld, type Known, type WorldParts } from './world.ts';

type Parts = WorldParts & Pick<ServersParts, 'events' | 'settings' | 'log' | 'clock' | 'self' | 'addresses'> & {
  /** A version is to be at a server where no copy of it is: its row says `copying` from now on. unassign: it is not to come any more, and has not. */
  assign: (versionGuid: string, serverId: string) => void;
  unassign: (versionGuid: string, serverId: string) => void;
};
/** As it goes to a server (replication/plan-parts.ts): digest over all of it but its revision; head without what is wanted, which is written once for all servers. */
export type PlanText = { digest: string; head: string; wanted: readonly string[] };
export type Planning = ReturnType<typeof openPlanning>;

/** Many changes at once are one plan, and planning takes at most a tenth of the time. */
const SOON_MS = 150;
const SOON_TIMES = 9;
const LATEST_SOON_MS = 5000;

export function openPlanning(parts: Parts) {
  const { repo, events, settings, log, clock, self, addresses, assign, unassign } = parts;
  const listeners = new Set<(serverIds: string[]) => void>();
  let current: { known: Known; plan: Map<string, Wanted[]> } | null = null;
  /** As it was computed last; for figures that may be a moment old. */
  let latest: { known: Known; plan: Map<string, Wanted[]> } | null = null;
  let tookMs = 0;
  let texts = new Map<string, PlanText>();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const compute = (): { known: Known; plan: Map<string, Wanted[]> } => {
    const known = readWorld(parts);
    latest = { known, plan: planOf(known.world) };
    return latest;
  };
  const now = (): { known: Known; plan: Map<string, Wanted[]> } => (current ??= compute());

  function refresh(): void {
    timer = null;
    // A package server follows its console's plan; it makes none.
    if (closed || self.role !== 'console') return;
    const started = performance.now();
    try {
      const fresh = compute();
      current = fresh;
      assignNew(fresh);
      const before = texts;
      texts = writeAll(fresh);
      const changed = [...texts].filter(([id, text]) => before.get(id)?.digest !== text.digest).map(([id]) => id);
      if (changed.length > 0) for (const listener of listeners) listener(changed);
    } catch (error) {
      log.error('the plan could not be computed', { error: toAppError(error) });
    }
    tookMs = performance.now() - started;
  }
  function soon(): void {
    current = null;
    if (timer === null && !closed && self.role === 'console') timer = setTimeout(refresh, Math.min(LATEST_SOON_MS, Math.max(SOON_MS, tookMs * SOON_TIMES)));
  }

  /** A copy that is wanted and not there is on its way from now on; one that was on its way and is not wanted any more is not. */
  function assignNew({ known, plan }: { known: Known; plan: Map<string, Wanted[]> }): void {
    const missing = [...plan].flatMap(([serverId, wanted]) => wanted.filter(({ why, version }) => why !== 'kept' && (known.copyOf(version.guid, serverId)?.state ?? 'absent') === 'absent').map(({ version }) => ({ serverId, versionGuid: version.guid })));
    const wantedAt = new Map([...plan].map(([serverId, wanted]) => [serverId, new Set(wanted.map((each) => each.version.guid))]));
    const dropped = known.copying.filter((copy) => wantedAt.get(copy.server_id)?.has(copy.version_guid) !== true).map((copy) => ({ serverId: copy.server_id, versionGuid: copy.version_guid }));
    if (missing.length + dropped.length === 0) return;
    repo.transaction(() => {
      for (const { versionGuid, serverId } of missing) assign(versionGuid, serverId);
      for (const { versionGuid, serverId } of dropped) unassign(versionGuid, serverId);
    });
    current = null;
    for (const serverId of new Set([...missing, ...dropped].map((each) => each.serverId))) events.changed('server', serverId);
  }

  function writeAll({ known, plan }: { known: Known; plan: Map<string, Wanted[]> }): Map<string, PlanText> {
    const rows = repo.all();
    /** The same for every server: written once. */
    const written = new Map<string, string>();
    const wantedText = (wanted: Wanted): string => {
      const done = written.get(wanted.version.guid);
      if (done !== undefined) return done;
      const text = JSON.stringify(wantedOf(wanted, known));
      written.set(wanted.version.guid, text);
      return text;
    };
    return new Map([...plan].flatMap(([serverId, wanted]): [string, PlanText][] => {
      const row = rows.find((each) => each.id === serverId);
      if (row === undefined) return [];
      const head = JSON.stringify(headOf(row, rows, known));
      const list = wanted.map(wantedText);
      const hash = createHash('sha256').update(head);
      for (const text of list) hash.update(text);
      return [[serverId, { digest: hash.digest('hex'), head: `{"rev":${clock()},${head.slice(1)}`, wanted: list }]];
    }));
  }

  function headOf(row: ServerRow, rows: readonly ServerRow[], { world }: Known): Omit<Plan, 'rev' | 'wanted'> {
    const mine = world.servers.find((each) => each.id === row.id);
    const others = rows.filter((each) => each.id !== row.id && (each.state === 'joined' || each.state === 'retiring') && each.fingerprint !== '' && each.public_key !== '');
    return {
      server: { id: row.id, name: row.name, siteId: row.site_id, parentId: row.parent_id },
      console: { id: self.id, name: settings.get().serverName, addresses: addresses(), fingerprint: self.fingerprint, publicKey: self.key.publicKey },
      peers: others.map((each): Peer => ({
        id: each.id, name: each.name, addresses: each.is_self === 1 ? addresses() : readAddresses(each.addresses), fingerprint: each.fingerprint, publicKey: each.public_key, siteId: each.site_id, isConsole: each.role === 'console',
        isSource: mine !== undefined && world.servers.some((other) => other.id === each.id && isSourceFor(mine, other, world.servers)),
      })),
      ...(mine === undefined ? { bytesPerSecond: null, windows: [] } : { bytesPerSecond: limitsOf(mine, world.sites).bytesPerSecond, windows: [...limitsOf(mine, world.sites).windows] }),
      verifyEveryDays: settings.get().verifyEveryDays,
    };
  }

  const stopListening = events.onChange(({ entity }) => {
    if (entity === 'image' || entity === 'settings') soon();
  });

  return {
    soon,
    /** At once, for those who can't wait for it (and for measuring). */
    refresh,
    now,
    /** Servers whose plan is another one now. */
    onPlans(listener: (serverIds: string[]) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    textFor(serverId: string): PlanText | null {
      if (current === null || !texts.has(serverId)) refresh();
      return texts.get(serverId) ?? null;
    },
    /** The same for this server itself, first things first. */
    planFor(serverId: string): Plan | null {
      const { known, plan } = now();
      const rows = repo.all();
      const row = rows.find((each) => each.id === serverId);
      const wanted = plan.get(serverId);
      return row === undefined || wanted === undefined ? null : { rev: clock(), ...headOf(row, rows, known), wanted: wanted.map((each) => wantedOf(each, known)) };
    },
    /** Room for what is to come to each server, as far as it can be told (needed.ts), and what the last weeks added there. */
    needed(): Map<string, { neededBytes: number; growthBytesPerDay: number }> {
      const { known, plan } = latest ?? now();
      const byImage = Map.groupBy(known.versions.values(), (version) => version.image_guid);
      return new Map([...plan].map(([serverId, wanted]) => {
        const wantedHere = new Set(wanted.map((each) => each.version.guid));
        const placeOf = (guid: string): NeededVersion['at'] => {
          const state = known.copyOf(guid, serverId)?.state ?? 'absent';
          return state !== 'absent' && state !== 'copying' && state !== 'removing' ? 'here' : wantedHere.has(guid) && state !== 'removing' ? 'to-come' : 'not';
        };
        let neededBytes = 0;
        const there: HeldVersionRow[] = [];
        for (const [imageGuid, versions] of byImage) {
          const placed = versions.map((row) => ({ row, number: row.number, storedBytes: row.stored_bytes, usedBytes: row.used_bytes, at: placeOf(row.guid) }));
          there.push(...placed.filter((each) => each.at !== 'not').map((each) => each.row));
          if (placed.some((each) => each.at === 'to-come')) neededBytes += neededOf(placed, known.images.get(imageGuid)?.stored_bytes ?? 0);
        }
        return [serverId, { neededBytes, growthBytesPerDay: growthOf(there.map((row) => ({ capturedAt: row.captured_at, storedBytes: row.stored_bytes })), clock()) }];
      }));
    },
    close(): void {
      closed = true;
      stopListening();
      if (timer !== null) clearTimeout(timer);
    },
  };
}

function ownerOf(image: HeldImageRow, { world }: Known): WantedVersion['image']['owner'] {
  const server = world.servers.find((each) => each.id === image.owner_id);
  return server === undefined ? null : { id: server.id, name: server.name };
}

function wantedOf({ version, image, priority }: Wanted, known: Known): WantedVersion {
  const row = known.versions.get(version.guid) as HeldVersionRow;
  const held = known.images.get(image.guid) as HeldImageRow;
  return {
    guid: row.guid, manifest: row.manifest, manifestBytes: row.manifest_bytes, number: row.number, note: row.note, enabled: row.enabled === 1, pending: row.pending === 1,
    capturedAt: row.captured_at, capturedBy: row.captured_by, computerName: row.computer_name, diskBytes: row.disk_bytes, usedBytes: row.used_bytes, newBytes: row.new_bytes, storedBytes: row.stored_bytes, smallestTargetBytes: row.smallest_target_bytes,
    image: { guid: held.guid, name: held.name, kind: held.kind, enabled: held.enabled === 1, protected: held.protected === 1, createdAt: held.created_at, owner: ownerOf(held, known) }, priority,
  };
}
