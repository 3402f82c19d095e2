// Owns reading the world of the plan from the database, all of it at once: a thousand images on five servers are a few tables.
import { windowSchema } from '#shared/model/replication.ts';
import { z } from 'zod';
import type { HeldImageRow, HeldVersionRow, HoldingsRepo } from './holdings-repo.ts';
import type { CopyRow } from './parts.ts';
import type { PlanImage, PlanSite, PlanWorld } from './plan.ts';
import type { ServerRepo } from './repo.ts';
import type { SiteRepo } from './sites-repo.ts';
import { readContent } from './templates.ts';

export type WorldParts = { repo: ServerRepo; sites: SiteRepo; holdings: HoldingsRepo; defaultScope: () => 'all' | 'none'; alsoWanted: () => PlanWorld['alsoWanted']; urgent: ReadonlySet<string> };
/** The world with the rows that it was made of. */
export type Known = { world: PlanWorld; images: ReadonlyMap<string, HeldImageRow>; versions: ReadonlyMap<string, HeldVersionRow>; copyOf: (versionGuid: string, serverId: string) => CopyRow | undefined; /** On their way, as far as the rows say. */ copying: readonly CopyRow[] };

const windowsSchema = z.array(windowSchema).catch([]);

export function readWorld({ repo, sites, holdings, defaultScope, alsoWanted, urgent }: WorldParts): Known {
  const imageRows = holdings.images();
  const versionRows = holdings.versions();
  const copies = new Map<string, Map<string, CopyRow>>();
  const copying: CopyRow[] = [];
  for (const copy of holdings.copies()) {
    if (copy.state === 'copying') copying.push(copy);
    const ofVersion = copies.get(copy.version_guid);
    if (ofVersion === undefined) copies.set(copy.version_guid, new Map([[copy.server_id, copy]]));
    else ofVersion.set(copy.server_id, copy);
  }
  const copyOf = (versionGuid: string, serverId: string): CopyRow | undefined => copies.get(versionGuid)?.get(serverId);
  const assigned = new Map<string, Set<string>>();
  for (const { image_guid, server_id } of holdings.assignments()) assigned.set(image_guid, (assigned.get(image_guid) ?? new Set()).add(server_id));
  const channels = new Map<string, PlanImage['channels']>();
  for (const channel of holdings.channels()) channels.set(channel.image_guid, { ...(channels.get(channel.image_guid) ?? { test: null, live: null }), [channel.name]: channel.version_guid });
  const byImage = Map.groupBy(versionRows, (version) => version.image_guid);
  const images = imageRows.map((row): PlanImage => ({
    guid: row.guid, kind: row.kind, scope: row.scope, ownerId: row.owner_id, assigned: assigned.get(row.guid) ?? none, priority: row.priority, enabled: row.enabled === 1, trashed: row.trashed_at !== null,
    channels: channels.get(row.guid) ?? { test: null, live: null },
    versions: (byImage.get(row.guid) ?? []).map((version) => ({ guid: version.guid, number: version.number, enabled: version.enabled === 1, pending: version.pending === 1, originId: version.origin_server_id, trashed: version.trashed_at !== null })),
  }));
  return {
    world: {
      servers: repo.all().map((row) => ({ id: row.id, name: row.name, siteId: row.site_id, parentId: row.parent_id, isConsole: row.role === 'console', state: row.state, bytesPerSecond: row.bytes_per_second })),
      sites: readSites(sites), images, defaultScope: defaultScope(), alsoWanted: alsoWanted(), urgent,
      hasCopy: (versionGuid, serverId) => {
        const state = copyOf(versionGuid, serverId)?.state ?? 'absent';
        return state === 'verifying' || state === 'ready' || state === 'damaged';
      },
      isDamaged: (versionGuid, serverId) => copyOf(versionGuid, serverId)?.state === 'damaged',
    },
    images: new Map(imageRows.map((row) => [row.guid, row])), versions: new Map(versionRows.map((row) => [row.guid, row])), copyOf, copying,
  };
}

const none: ReadonlySet<string> = new Set();

function readSites(sites: SiteRepo): Map<string, PlanSite> {
  const templates = new Map(sites.templates().map((row) => [row.id, { row, content: readContent(row.published) }]));
  return new Map(sites.sites().map((row): [string, PlanSite] => {
    const template = row.template_id === null ? undefined : templates.get(row.template_id);
    const content = template?.content ?? null;
    return [row.id, {
      id: row.id, name: row.name, locallyManaged: row.locally_managed === 1, bytesPerSecond: row.bytes_per_second, windows: windowsSchema.parse(parse(row.windows)),
      template: template === undefined || content === null ? null : { name: template.row.name, images: new Set(content.images), bytesPerSecond: content.bytesPerSecond, windows: content.windows },
    }];
  }));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
