// Owns the rules of sites: subnets that belong to one site each, the servers in them, and every change with its way back.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { siteInputSchema, windowSchema, type Site } from '#shared/model/replication.ts';
import type { ServersParts, Undoable } from './parts.ts';
import { changedSince } from './parts.ts';
import type { SiteRepo, SiteRow } from './sites-repo.ts';
import { parseSubnet } from './subnets.ts';

export type SiteInput = z.infer<typeof siteInputSchema>;
export type SiteChange = { [K in keyof SiteInput]?: SiteInput[K] | undefined };
type Parts = Pick<ServersParts, 'events' | 'undo' | 'clock'> & { sites: SiteRepo; replan: () => void };

const windowsSchema = z.array(windowSchema);
const textsSchema = z.array(z.string());
const savedSchema = z.object({ id: z.string(), before: siteInputSchema, after: siteInputSchema });
const trashedSchema = z.object({ id: z.string(), at: z.number(), servers: z.array(z.string()) });

export function openSites({ sites, events, undo, clock, replan }: Parts) {
  function find(ref: string): SiteRow {
    const row = sites.sites().find((each) => each.id === ref.toLowerCase() || each.name.toLowerCase() === ref.trim().toLowerCase());
    if (row === undefined) throw new AppError('not-found', `There is no site "${ref}". "platen site list" shows those there are.`, { site: ref });
    return row;
  }
  function view(row: SiteRow): Site {
    const template = row.template_id === null ? undefined : sites.template(row.template_id);
    return { id: row.id, ...inputOf(row), templateName: template?.name ?? null, serverIds: sites.serversOf(row.id).map((server) => server.id), createdAt: row.created_at };
  }
  function check(input: SiteInput, exceptId: string | null): void {
    const others = sites.sites().filter((row) => row.id !== exceptId);
    const same = others.find((row) => row.name.toLowerCase() === input.name.toLowerCase());
    if (same !== undefined) throw new AppError('conflict', `A site is called "${same.name}" already. Choose another name.`, { site: same.id });
    const mine = new Set<string>();
    for (const text of input.subnets) {
      const subnet = parseSubnet(text);
      if (subnet === null) throw new AppError('invalid-input', `"${text}" is no subnet. One reads like 10.1.0.0/16.`, { subnet: text });
      const key = `${subnet.network}/${subnet.bits}`;
      if (mine.has(key)) throw new AppError('invalid-input', `The subnet ${text} is there twice.`, { subnet: text });
      mine.add(key);
      const other = others.find((row) => inputOf(row).subnets.some((theirs) => keyOf(theirs) === key));
      if (other !== undefined) throw new AppError('conflict', `The subnet ${text} belongs to the site "${other.name}" already: a computer is at one site. Take it out there, or give a smaller one.`, { subnet: text, site: other.id });
    }
    if (input.templateId !== null) {
      const template = sites.template(input.templateId);
      if (template === undefined || template.trashed_at !== null) throw new AppError('not-found', 'There is no such site template. "platen site template list" shows those there are.', { template: input.templateId });
    }
  }
  const told = (id: string): void => {
    events.changed('site', id);
    replan();
  };

  undo.register('site.save', (payload, actor) => {
    const { id, before, after } = savedSchema.parse(payload);
    const row = sites.site(id);
    if (row === undefined || row.trashed_at !== null || JSON.stringify(inputOf(row)) !== JSON.stringify(after)) throw changedSince(`the site "${after.name}"`);
    check(before, id);
    sites.saveSite(rowOf(id, before));
    events.record({ actor, entity: 'site', id, kind: 'changed-back', message: `"${before.name}" is as before` });
    told(id);
  });
  undo.register('site.create', (payload, actor) => {
    const { id, after } = savedSchema.omit({ before: true }).parse(payload);
    const row = sites.site(id);
    if (row === undefined || row.trashed_at !== null || JSON.stringify(inputOf(row)) !== JSON.stringify(after) || sites.serversOf(id).length > 0) throw changedSince(`the site "${after.name}"`);
    sites.trashSite(id, clock());
    events.record({ actor, entity: 'site', id, kind: 'removed', message: `The site "${after.name}" was taken back` });
    told(id);
  });
  undo.register('site.trash', (payload, actor) => {
    const { id, at, servers } = trashedSchema.parse(payload);
    const row = sites.site(id);
    if (row === undefined || row.trashed_at !== at) throw changedSince('that site');
    check(inputOf(row), id);
    sites.trashSite(id, null);
    // A server that was put elsewhere since stays there.
    for (const serverId of servers) if (sites.sites().every((other) => !sites.serversOf(other.id).some((server) => server.id === serverId))) sites.setServerSite(serverId, id);
    events.record({ actor, entity: 'site', id, kind: 'restored', message: `The site "${row.name}" is there again, with its servers` });
    told(id);
    for (const serverId of servers) events.changed('server', serverId);
  });

  return {
    find, view,
    list: (): Site[] => sites.sites().map(view),
    get: (ref: string): Site => view(find(ref)),
    create(input: SiteInput, actor: string): Undoable & { id: string } {
      const id = randomUUID();
      const kept = sites.transaction(() => {
        check(input, null);
        sites.insertSite({ ...rowOf(id, input), created_at: clock() });
        events.record({ actor, entity: 'site', id, kind: 'created', message: `The site "${input.name}" was made` });
        return undo.keep('site.create', { actor, label: `Made the site ${input.name}`, payload: { id, after: input } });
      });
      told(id);
      return { id, undo: kept };
    },
    save(ref: string, change: SiteChange, actor: string): Undoable {
      const row = find(ref);
      const before = inputOf(row);
      const after: SiteInput = { ...before, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) };
      if (JSON.stringify(before) === JSON.stringify(after)) return { undo: null };
      const kept = sites.transaction(() => {
        check(after, row.id);
        sites.saveSite(rowOf(row.id, after));
        events.record({ actor, entity: 'site', id: row.id, kind: 'changed', message: `Changed: ${changedFields(before, after).join(', ')}`, data: { before, after } });
        return undo.keep('site.save', { actor, label: `Changed the site ${before.name}`, payload: { id: row.id, before, after } });
      });
      told(row.id);
      return { undo: kept };
    },
    /** Its servers stay joined, in no site. */
    trash(ref: string, actor: string): Undoable {
      const row = find(ref);
      const servers = sites.serversOf(row.id).map((server) => server.id);
      const kept = sites.transaction(() => {
        const at = clock();
        for (const serverId of servers) sites.setServerSite(serverId, null);
        sites.trashSite(row.id, at);
        events.record({ actor, entity: 'site', id: row.id, kind: 'trashed', message: `The site "${row.name}" was deleted; its ${servers.length === 1 ? 'server is' : `${servers.length} servers are`} in no site`, data: { servers } });
        return undo.keep('site.trash', { actor, label: `Deleted the site ${row.name}`, payload: { id: row.id, at, servers } });
      });
      told(row.id);
      for (const serverId of servers) events.changed('server', serverId);
      return { undo: kept };
    },
    history: (ref: string) => events.history('site', find(ref).id),
  };
}

const labels: Record<keyof SiteInput, string> = { name: 'name', description: 'description', subnets: 'subnets', locallyManaged: 'locally managed', templateId: 'template', bytesPerSecond: 'limit', windows: 'windows' };
function changedFields(before: SiteInput, after: SiteInput): string[] {
  return (Object.keys(labels) as (keyof SiteInput)[]).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).map((key) => labels[key]);
}

function keyOf(text: string): string | null {
  const subnet = parseSubnet(text);
  return subnet === null ? null : `${subnet.network}/${subnet.bits}`;
}

/** A row that can't be read has none of what can't be read: a site must not keep the server from starting. */
export function inputOf(row: SiteRow): SiteInput {
  return {
    name: row.name, description: row.description, subnets: textsSchema.catch([]).parse(json(row.subnets)), locallyManaged: row.locally_managed === 1, templateId: row.template_id,
    bytesPerSecond: row.bytes_per_second, windows: windowsSchema.catch([]).parse(json(row.windows)),
  };
}
function rowOf(id: string, input: SiteInput): Omit<SiteRow, 'created_at' | 'trashed_at'> {
  return {
    id, name: input.name, description: input.description, subnets: JSON.stringify(input.subnets), locally_managed: input.locallyManaged ? 1 : 0, template_id: input.templateId,
    bytes_per_second: input.bytesPerSecond, windows: JSON.stringify(input.windows),
  };
}
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
