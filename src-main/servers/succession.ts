// Owns what the registry does where one server takes over from another: who may, the states of who leaves, and the place of a server that is
// replaced. Call within the transaction of the hand-over; what was before comes back, for the way back.
import { z } from 'zod';
import type { HoldingsRepo } from './holdings-repo.ts';
import { findServer, type LiveServer } from './parts.ts';
import { planOf } from './plan.ts';
import type { Planning } from './planning.ts';
import type { ServerRepo, ServerRow, ServerState } from './repo.ts';

export type HandingServer = {
  id: string; name: string; state: ServerState; siteId: string | null; parentId: string | null; isConsole: boolean; isSelf: boolean; connected: boolean;
  freeBytes: number | null; skewMs: number; bytesPerSecond: number | null;
};
type Parts = { repo: ServerRepo; holdings: HoldingsRepo; planning: Planning; live: ReadonlyMap<string, LiveServer>; figures: () => { freeBytes: number }; siteName: (id: string) => string | null; onEnd: (serverId: string) => void };

const placeSchema = z.object({ siteId: z.string().nullable(), parentId: z.string().nullable(), bytesPerSecond: z.number().nullable(), assignments: z.array(z.string()) });
const readersSchema = z.object({ rules: z.array(z.string()), children: z.array(z.string()) });

export function openSuccession({ repo, holdings, planning, live, figures, siteName, onEnd }: Parts) {
  const view = (row: ServerRow): HandingServer => {
    const heard = live.get(row.id);
    return {
      id: row.id, name: row.name, state: row.state, siteId: row.site_id, parentId: row.parent_id, isConsole: row.role === 'console', isSelf: row.is_self === 1, connected: row.is_self === 1 || heard !== undefined,
      freeBytes: row.is_self === 1 ? figures().freeBytes : heard?.figures.freeBytes ?? row.free_bytes, skewMs: row.is_self === 1 ? 0 : heard?.figures.skewMs ?? row.clock_skew_ms ?? 0, bytesPerSecond: row.bytes_per_second,
    };
  };

  return {
    find: (ref: string): HandingServer => view(findServer(repo, ref)),
    all: (): HandingServer[] => repo.all().map(view),
    siteName,
    setState: (id: string, state: ServerState): void => repo.setState(id, state),
    /** A server that was let go: its channel ends. After the transaction. */
    end: (id: string): void => onEnd(id),
    /** Who would hold each image if nobody owned it: what scope, sites and templates say. */
    heldByScope(): Map<string, Set<string>> {
      const { world } = planning.now().known;
      const held = new Map<string, Set<string>>();
      for (const [serverId, wanted] of planOf({ ...world, images: world.images.map((image) => ({ ...image, ownerId: '' })), alsoWanted: [] })) {
        for (const { image, why } of wanted) if (why !== 'kept') held.set(image.guid, (held.get(image.guid) ?? new Set()).add(serverId));
      }
      return held;
    },
    /** Versions that a server is to hold as things are. */
    wantedAt: (serverId: string): Set<string> => new Set(planning.now().plan.get(serverId)?.filter((each) => each.why !== 'kept').map((each) => each.version.guid)),
    /** Subnets whose computers a rule sends there, and servers that copy from it alone. */
    dependentsOf: (serverId: string): { subnets: string[]; edges: string[] } => ({
      subnets: repo.rules().filter((rule) => rule.server_id === serverId).map((rule) => rule.subnet), edges: repo.children(serverId).filter((child) => child.state === 'joined').map((child) => child.name),
    }),

    /** Its site, its limit and what is assigned to it, from the old server; so it gets what that has. @returns for putBack */
    takePlace(fromId: string, toId: string): unknown {
      const [from, to] = [repo.byId(fromId), repo.byId(toId)];
      if (from === undefined || to === undefined) return null;
      const assigned = new Set(holdings.assignments().filter((each) => each.server_id === toId).map((each) => each.image_guid));
      const added = holdings.assignments().filter((each) => each.server_id === fromId && !assigned.has(each.image_guid)).map((each) => each.image_guid);
      // Edge servers copy from one of the first tier: who has some of its own stays there.
      repo.setPlace(toId, from.site_id, from.parent_id === toId || repo.children(toId).length > 0 ? null : from.parent_id);
      repo.setLimit(toId, from.bytes_per_second);
      for (const imageGuid of added) holdings.assign(imageGuid, toId);
      return { siteId: to.site_id, parentId: to.parent_id, bytesPerSecond: to.bytes_per_second, assignments: added } satisfies z.infer<typeof placeSchema>;
    },
    putBack(toId: string, before: unknown): void {
      const place = placeSchema.safeParse(before);
      if (!place.success) return;
      repo.setPlace(toId, place.data.siteId, place.data.parentId);
      repo.setLimit(toId, place.data.bytesPerSecond);
      for (const imageGuid of place.data.assignments) holdings.unassign(imageGuid, toId);
    },
    /** Those that read from the old server read from the new one: computers by rule, and edge servers. @returns for giveReadersBack */
    takeReaders(fromId: string, toId: string): unknown {
      const rules = repo.rules();
      const moved = { rules: rules.filter((rule) => rule.server_id === fromId).map((rule) => rule.id), children: repo.children(fromId).filter((child) => child.id !== toId).map((child) => child.id) };
      repo.setRules(rules.map((rule) => (rule.server_id === fromId ? { ...rule, server_id: toId } : rule)));
      for (const id of moved.children) repo.setPlace(id, repo.byId(id)?.site_id ?? null, toId);
      return moved satisfies z.infer<typeof readersSchema>;
    },
    /** A server that leaves is to hold nothing any more; no copy changes by that. @returns for giveAssignmentsBack */
    takeAssignments(id: string): string[] {
      const images = holdings.assignedTo(id);
      for (const imageGuid of images) holdings.unassign(imageGuid, id);
      return images;
    },
    /** Of images that are still there. */
    giveAssignmentsBack(id: string, images: readonly string[]): void {
      for (const imageGuid of images) holdings.assign(imageGuid, id);
    },
    /** Where nobody has changed them since. */
    giveReadersBack(fromId: string, toId: string, before: unknown): void {
      const moved = readersSchema.safeParse(before);
      if (!moved.success) return;
      const rules = new Set(moved.data.rules);
      repo.setRules(repo.rules().map((rule) => (rules.has(rule.id) && rule.server_id === toId ? { ...rule, server_id: fromId } : rule)));
      for (const id of moved.data.children) {
        const child = repo.byId(id);
        if (child?.parent_id === toId) repo.setPlace(id, child.site_id, fromId);
      }
    },
  };
}
