// Owns the matrix of images and servers, and the scope of images: which servers are to hold them. Who owns them is another matter.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { scopes, type Consequence, type MatrixRow, type Scope } from '#shared/model/replication.ts';
import { consequencesBetween } from './consequences.ts';
import type { HoldingsRepo } from './holdings-repo.ts';
import { changedSince, findServer, type ServersParts, type Undoable } from './parts.ts';
import type { PlanWorld } from './plan.ts';
import type { Planning } from './planning.ts';
import type { ServerRepo } from './repo.ts';

type Parts = Pick<ServersParts, 'events' | 'undo'> & { repo: ServerRepo; holdings: HoldingsRepo; planning: Planning };
export type ScopeChange = { images: readonly string[]; scope: Scope; /** Of scope `selected`: names or ids. */ servers: readonly string[] };

const oneSchema = z.object({ guid: z.uuid(), before: z.object({ scope: z.enum(scopes), servers: z.array(z.string()) }), after: z.object({ scope: z.enum(scopes), servers: z.array(z.string()) }) });
const words: Record<Scope, string> = { default: 'as the setting and its site say', all: 'to every server', none: 'to no server but its owner', selected: 'to selected servers' };

export function openMatrix({ events, undo, repo, holdings, planning }: Parts) {
  /** Read anew: whoever asks may have changed it a moment ago. */
  function rows(filter: { image?: string | undefined; server?: string | undefined; trash?: boolean | undefined } = {}): MatrixRow[] {
    const { known, plan } = planning.now();
    const server = filter.server === undefined ? null : findServer(repo, filter.server);
    const wanted = new Map([...plan].map(([serverId, list]) => [serverId, new Set(list.filter((each) => each.why !== 'kept').map((each) => each.version.guid))]));
    const shown = known.world.servers.filter((each) => each.state !== 'revoked' && each.state !== 'retired');
    return known.world.images.flatMap((image): MatrixRow[] => {
      const row = known.images.get(image.guid);
      if (row === undefined || (filter.image !== undefined && image.guid !== filter.image && row.name !== filter.image) || (image.trashed && filter.trash !== true)) return [];
      return image.versions.filter((version) => !version.trashed || filter.trash === true).map((version): MatrixRow => ({
        imageGuid: image.guid, imageName: row.name, createdAt: row.created_at, kind: image.kind, scope: image.scope, versionGuid: version.guid, number: version.number, pending: version.pending, ownerId: image.ownerId,
        storedBytes: known.versions.get(version.guid)?.stored_bytes ?? 0, selected: [...image.assigned],
        cells: shown.filter((each) => server === null || each.id === server.id).map((each) => {
          const copy = known.copyOf(version.guid, each.id);
          return { serverId: each.id, state: copy?.state ?? 'absent', assigned: wanted.get(each.id)?.has(version.guid) ?? false, provedAt: copy?.proved_at ?? null, problem: copy?.problem ?? null };
        }),
      }));
    });
  }

  function requireImage(ref: string): { guid: string; name: string } {
    const images = holdings.images();
    const byGuid = images.find((image) => image.guid === ref.toLowerCase());
    if (byGuid !== undefined) return byGuid;
    const named = images.filter((image) => image.name === ref.trim() && image.trashed_at === null);
    const [found] = named;
    if (found === undefined) throw new AppError('not-found', `There is no image "${ref}". "platen image list" shows what there is.`, { image: ref });
    if (named.length > 1) throw new AppError('ambiguous-name', `${named.length} images are called "${ref}": ${named.map((each) => each.guid).join(', ')}. Use the GUID.`, { image: ref, guids: named.map((each) => each.guid) });
    return found;
  }
  function resolve(change: ScopeChange): { images: { guid: string; name: string }[]; servers: string[] } {
    const images = change.images.map(requireImage);
    const servers = change.scope === 'selected' ? [...new Set(change.servers.map((ref) => findServer(repo, ref).id))] : [];
    if (change.scope !== 'selected' && change.servers.length > 0) throw new AppError('invalid-input', `Servers are named with the scope "selected" alone; with "${change.scope}" they have no meaning.`, {});
    return { images, servers };
  }
  function apply(guid: string, to: { scope: Scope; servers: readonly string[] }): void {
    holdings.setScope(guid, to.scope);
    // Names of an earlier selection stay for when it is selected again.
    if (to.scope === 'selected') holdings.setAssigned(guid, to.servers);
  }

  undo.register('image.scope', (payload, actor) => {
    for (const { guid, before, after } of z.array(oneSchema).parse(payload)) {
      const now = holdings.images().find((image) => image.guid === guid);
      if (now === undefined || now.scope !== after.scope || JSON.stringify(holdings.assigned(guid)) !== JSON.stringify(after.servers)) throw changedSince('where one of these images is to be');
      holdings.setScope(guid, before.scope);
      holdings.setAssigned(guid, before.servers);
      events.record({ actor, entity: 'image', id: guid, kind: 'scope', message: `It goes ${words[before.scope]}, as before` });
      events.changed('image', guid);
    }
  });

  return {
    rows,
    /** What a change of scope would do. */
    preview(change: ScopeChange): Consequence[] {
      const { images, servers } = resolve(change);
      const guids = new Set(images.map((image) => image.guid));
      const { known } = planning.now();
      const world: PlanWorld = { ...known.world, images: known.world.images.map((image) => (guids.has(image.guid) ? { ...image, scope: change.scope, assigned: new Set(servers) } : image)) };
      return consequencesBetween(known, world);
    },
    setScope(change: ScopeChange, actor: string): Undoable {
      const { images, servers } = resolve(change);
      const changed: z.infer<typeof oneSchema>[] = [];
      const scopeOf = new Map(holdings.images().map((image) => [image.guid, image.scope]));
      const kept = repo.transaction(() => {
        for (const image of images) {
          const before = { scope: scopeOf.get(image.guid) ?? 'default', servers: holdings.assigned(image.guid) };
          apply(image.guid, { scope: change.scope, servers });
          const after = { scope: change.scope, servers: holdings.assigned(image.guid) };
          if (JSON.stringify(before) === JSON.stringify(after)) continue;
          changed.push({ guid: image.guid, before, after });
          events.record({ actor, entity: 'image', id: image.guid, kind: 'scope', message: `It goes ${words[change.scope]}${servers.length === 0 ? '' : `: ${servers.map((id) => repo.byId(id)?.name ?? id).join(', ')}`}`, data: { before, after } });
        }
        return changed.length === 0 ? null : undo.keep('image.scope', { actor, label: changed.length === 1 ? `Changed where ${images[0]?.name ?? 'an image'} goes` : `Changed where ${changed.length} images go`, payload: changed });
      });
      for (const { guid } of changed) events.changed('image', guid);
      planning.soon();
      return { undo: kept };
    },
  };
}
