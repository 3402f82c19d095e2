// The fake server's package servers, sites and copies: the real API's procedures over made-up data in memory. Nothing moves by itself.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { HistoryEvent } from '#shared/model/image.ts';
import { scopes, siteInputSchema } from '#shared/model/replication.ts';
import type { Handover, MatrixRow, PackageServer, Site, SiteTemplate, Transfer } from '#shared/model/replication.ts';
import type { Change, TreeNode } from '#shared/model/server.ts';
import type { FakeData } from './fakeData.ts';
import { fakeHandoversRouter, handoverOf, imagesOf } from './fakeHandovers.ts';
import { guidOf } from './fakeIds.ts';
import type { FakeUndo } from './fakeJobs.ts';
import { fail, t } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';
import { addTemplates, templateProcedures } from './fakeTemplates.ts';
import type { FakeRevision } from './fakeTemplates.ts';

const gb = 1e9;
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export type FakeServers = {
  servers: PackageServer[]; sites: Site[]; matrix: MatrixRow[]; transfers: Transfer[]; history: Map<string, HistoryEvent[]>; note: string | null;
  templates: SiteTemplate[]; revisions: FakeRevision[]; rules: { subnet: string; serverId: string }[]; handovers: Handover[]; /** What every preview of a hand-over refuses. */ refusal: string | null;
};

const noCopies: PackageServer['copies'] = { absent: 0, copying: 0, verifying: 0, ready: 0, damaged: 0, removing: 0 };
export function fakePackageServer(name: string, change: Partial<PackageServer> = {}): PackageServer {
  return {
    id: guidOf(`server ${name}`), name, role: 'package-server', isSelf: false, state: 'joined', siteId: null, siteName: null, parentId: null, connected: true, lastSeenAt: Date.now(), addresses: [], fingerprint: guidOf(`certificate ${name}`).replaceAll('-', '').repeat(2), keyId: guidOf(`key ${name}`).slice(0, 8),
    version: '0.1.0', freeBytes: 620 * gb, totalBytes: 1000 * gb, neededBytes: 0, fits: true, growthBytesPerDay: 0, fullInDays: null, clockSkewMs: 120, bytesPerSecond: null, copies: { ...noCopies }, ownedImages: 0, lastProofAt: null, moving: [], problems: [], ...change,
  };
}

export function serversFor(data: FakeData, now = Date.now()): FakeServers {
  const own = fakePackageServer(data.status.name, { id: data.status.serverId, role: 'console', isSelf: true, addresses: data.status.addresses, fingerprint: data.status.fingerprint, freeBytes: data.status.store.freeBytes, clockSkewMs: 0 });
  const made: FakeServers = { servers: [own], sites: [], matrix: [], transfers: [], history: new Map(), note: null, templates: [], revisions: [], rules: [], handovers: [], refusal: null };
  if (data.images.length === 0) return made;
  const site = (name: string, subnets: string[], change: Partial<Site> = {}): Site => ({ id: guidOf(`site ${name}`), name, description: '', subnets, locallyManaged: false, templateId: null, bytesPerSecond: null, windows: [], templateName: null, serverIds: [], createdAt: now - 90 * day, ...change });
  const [rome, milan] = [site('Rome', ['10.1.0.0/16'], { bytesPerSecond: 12_500_000, windows: [{ days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' }] }), site('Milan', ['10.2.0.0/16', '10.3.0.0/16'], { locallyManaged: true })];
  const ps8 = fakePackageServer('PS008', { siteId: rome.id, siteName: 'Rome', addresses: ['https://10.1.0.8:8420'], neededBytes: 24.2 * gb, growthBytesPerDay: 6.4 * gb, fullInDays: 92, lastProofAt: now - 40 * minute, ownedImages: 1 });
  const ps9 = fakePackageServer('PS009', {
    siteId: milan.id, siteName: 'Milan', addresses: ['https://10.2.0.9:8420'], freeBytes: 14.1 * gb, totalBytes: 500 * gb, neededBytes: 38.4 * gb, fits: false, clockSkewMs: 194_000, lastProofAt: now - 26 * hour,
    problems: ['Its clock is 3 min 14 s ahead: windows open at the wrong time, and tickets for computers end too early. Set its clock, or let it follow a time server.', '38.4 GB are still to come and 14.1 GB are free. Make room there, or let it hold fewer images.'],
  });
  const laptop = fakePackageServer('PS010-laptop', { connected: false, lastSeenAt: now - 31 * day, freeBytes: 88 * gb, totalBytes: 256 * gb, lastProofAt: now - 31 * day, clockSkewMs: null });
  const gone = fakePackageServer('PS-old', { state: 'revoked', connected: false, lastSeenAt: now - 200 * day, freeBytes: null, totalBytes: null, clockSkewMs: null, version: '0.0.9' });
  made.servers.push(ps8, ps9, laptop, gone);
  [rome.serverIds, milan.serverIds] = [[ps8.id], [ps9.id]];
  made.sites.push(rome, milan);
  const shown = [own, ps8, ps9, laptop];
  for (const [index, image] of data.images.entries()) {
    if (image.trashedAt !== null) continue;
    const ownerId = image.name === 'Linux workshop' ? ps8.id : own.id;
    if (ownerId === ps8.id) image.owner = { serverId: ps8.id, serverName: ps8.name, managed: 'externally' };
    for (const version of image.versions) {
      const newest = version === image.versions.at(-1);
      const stateAt = (server: PackageServer): MatrixRow['cells'][number]['state'] => (server === own ? version.state : server === ps8 ? (newest && index === 0 ? 'copying' : newest && index === 2 ? 'absent' : 'ready') : server === ps9 ? (index === 0 && newest ? 'absent' : index === 1 ? 'damaged' : index === 3 ? 'removing' : 'ready') : index < 2 && !newest ? 'ready' : 'absent');
      made.matrix.push({
        imageGuid: image.guid, imageName: image.name, createdAt: image.createdAt, kind: 'image', scope: index === 3 ? 'none' : index === 4 ? 'selected' : index === 5 ? 'all' : 'default', versionGuid: version.guid, number: version.number, pending: false, ownerId, storedBytes: version.storedBytes, selected: index === 4 ? [ps8.id, ps9.id] : [],
        cells: shown.map((server) => {
          const state = stateAt(server);
          return { serverId: server.id, state, assigned: server !== laptop, provedAt: state === 'ready' ? now - (index + 1) * 7 * hour : null, problem: state === 'damaged' ? '2 chunks do not match; they are fetched again from other servers.' : null };
        }),
      });
    }
  }
  for (const server of shown) for (const row of made.matrix) server.copies[row.cells.find((cell) => cell.serverId === server.id)?.state ?? 'absent']++;
  own.ownedImages = new Set(made.matrix.filter((row) => row.ownerId === own.id).map((row) => row.imageGuid)).size;
  own.lastProofAt = now - 3 * hour;
  addMoving(made, ps8, own, ps9);
  addPast(made, data, now, ps8, own, ps9);
  addTemplates(made, now, data.images.map((image) => image.guid));
  made.rules.push({ subnet: '10.1.7.0/24', serverId: ps9.id }, { subnet: '10.9.0.0/16', serverId: ps8.id });
  addHandovers(made, now, ps9, gone);
  return made;
}

function addHandovers(made: FakeServers, now: number, ps9: PackageServer, gone: PackageServer): void {
  const given = imagesOf(made, (row) => ['Win11 teacher', 'Exam room 2025', 'Kiosk, entrance hall'].includes(row.imageName));
  const open = handoverOf('open', given, { kind: 'take-ownership', toServerId: ps9.id, startedAt: now - 20 * minute });
  for (const [index, image] of open.images.entries()) Object.assign(image, [{ state: 'copying', doneBytes: image.bytes * 0.4 }, { state: 'switched', doneBytes: image.bytes }, { state: 'waiting', problem: 'No server has a proved copy of v1. It waits until one has: verify it where it is, or delete that version.' }][index]);
  made.handovers.push(open, handoverOf('past', imagesOf(made, (row) => row.imageName === 'Linux workshop'), { kind: 'recover', fromServerId: gone.id, toServerId: ps9.id, state: 'done', startedAt: now - 199 * day, endedAt: now - 199 * day + hour }));
  for (const image of made.handovers[1]?.images ?? []) Object.assign(image, { state: 'switched', doneBytes: image.bytes });
}

function addMoving(made: FakeServers, ps8: PackageServer, own: PackageServer, ps9: PackageServer): void {
  const move = (name: string, change: Partial<PackageServer['moving'][number]>): PackageServer['moving'][number] => {
    const row = made.matrix.findLast((each) => each.imageName === name) ?? fail(new AppError('not-found', `There is no image “${name}” to move.`));
    return { versionGuid: row.versionGuid, imageGuid: row.imageGuid, imageName: name, number: row.number, state: 'queued', doneBytes: 0, totalBytes: 18.2 * gb, rateBytesPerSecond: 0, etaSeconds: null, waitingFor: null, sources: [], ...change };
  };
  ps8.moving = [
    move('Win11 lab', { state: 'copying', doneBytes: 2.4 * gb, totalBytes: 6 * gb, rateBytesPerSecond: 11.6e6, etaSeconds: 310, sources: [{ serverId: own.id, bytes: 1.9 * gb }, { serverId: ps9.id, bytes: 0.5 * gb }] }),
    move('Win11 teacher', { waitingFor: 'outside of its window, which opens at 22:00' }),
  ];
  ps9.moving = [move('Win11 lab', { waitingFor: 'there is no room: 38.4 GB to come, 14.1 GB free' })];
}

function addPast(made: FakeServers, data: FakeData, now: number, ps8: PackageServer, own: PackageServer, ps9: PackageServer): void {
  const [first] = data.images;
  const transfer = (id: number, change: Partial<Transfer>): Transfer => ({
    id, versionGuid: first?.versions[0]?.guid ?? '', serverId: ps8.id, serverName: ps8.name, imageName: first?.name ?? '', number: 3, startedAt: now - 30 * hour, endedAt: now - 29 * hour, outcome: 'done', problem: null, chunksHere: 12_408, chunksWhole: 1922, chunksDelta: 640, wireBytes: 1.3 * gb,
    sources: [{ serverId: own.id, serverName: own.name, bytes: 0.9 * gb }, { serverId: ps9.id, serverName: ps9.name, bytes: 0.4 * gb }], ...change,
  });
  made.transfers.push(
    transfer(3, {}), transfer(2, { number: 2, startedAt: now - 50 * hour, endedAt: now - 49.8 * hour, outcome: 'failed', problem: 'No server with a ready copy could be reached. It is tried again by itself.', wireBytes: 40e6, chunksHere: 12_408, chunksWhole: 61, chunksDelta: 0, sources: [{ serverId: own.id, serverName: own.name, bytes: 40e6 }] }),
    transfer(1, { number: 1, startedAt: now - 90 * hour, endedAt: now - 89.9 * hour, chunksHere: 14_970, chunksWhole: 0, chunksDelta: 0, wireBytes: 0, sources: [] }),
  );
  made.history.set(ps8.id, [{ id: 1, at: now - 90 * day, actor: 'anna', kind: 'joined', message: '"PS008" joined', data: {} }, { id: 2, at: now - 60 * day, actor: 'anna', kind: 'placed', message: 'In the site Rome', data: {} }]);
}

export function serverNodes(made: FakeServers): TreeNode[] {
  return [
    ...made.servers.filter((server) => server.state !== 'revoked').map((server): TreeNode => ({ id: `server/${server.id}`, kind: 'server', name: server.name, badge: null, state: server.state === 'joined' ? (server.connected ? 'online' : 'offline') : server.state, hasChildren: false })),
    ...made.sites.map((site): TreeNode => ({ id: `site/${site.id}`, kind: 'site', name: site.name, badge: String(site.serverIds.length), state: null, hasChildren: false })),
  ];
}

type Parts = { made: FakeServers; undo: FakeUndo; changed: (entity: Change['entity'], id: string) => void };
const one = z.object({ server: z.string() });

export function fakeServersRouters(procedures: Procedures, parts: Parts) {
  return { servers: fakeServersRouter(procedures, parts), sites: fakeSitesRouter(procedures, parts), replication: fakeReplicationRouter(procedures, parts), handovers: fakeHandoversRouter(procedures, parts) };
}

function fakeServersRouter({ guarded }: Procedures, { made, undo, changed }: Parts) {
  const find = (ref: string): PackageServer => made.servers.find((server) => server.id === ref || server.name === ref) ?? fail(new AppError('not-found', `There is no server "${ref}".`));
  const change = (ref: string, label: string, wanted: Partial<PackageServer>): { undo: number } => {
    const server = find(ref);
    const before = { ...server };
    Object.assign(server, wanted);
    changed('server', server.id);
    return { undo: undo.keep(label, () => { Object.assign(server, before); changed('server', server.id); }) };
  };
  return t.router({
    list: guarded.query(() => made.servers),
    get: guarded.input(one).query(({ input }) => find(input.server)),
    history: guarded.input(one).query(({ input }) => made.history.get(input.server) ?? []),
    transfers: guarded.input(z.object({ server: z.string().optional(), version: z.uuid().optional(), limit: z.number().optional() }).optional()).query(({ input }) => made.transfers.filter((transfer) => input?.server === undefined || transfer.serverId === input.server)),
    add: guarded.input(z.object({ name: z.string(), site: z.string().nullable().optional(), parent: z.string().nullable().optional() })).mutation(({ input }) => {
      if (made.servers.some((server) => server.name.toLowerCase() === input.name.toLowerCase() && server.state !== 'revoked')) fail(new AppError('conflict', `A server is called "${input.name}" already. Choose another name.`));
      return { token: 'join1.5b3Kq.a18df41e', url: 'https://192.168.10.5:8420', command: 'platen serve --package-server --join https://192.168.10.5:8420 --join-token join1.5b3Kq.a18df41e', expiresAt: Date.now() + day, note: made.note };
    }),
    rename: guarded.input(one.extend({ name: z.string() })).mutation(({ input }) => {
      if (made.servers.some((server) => server.name === input.name && server.id !== input.server)) fail(new AppError('conflict', `A server is called "${input.name}" already. Choose another name.`));
      return change(input.server, `Renamed to ${input.name}`, { name: input.name });
    }),
    setSite: guarded.input(one.extend({ site: z.string().nullable(), parent: z.string().nullable() })).mutation(({ input }) => {
      for (const site of made.sites) site.serverIds = [...site.serverIds.filter((id) => id !== input.server), ...(site.id === input.site ? [input.server] : [])];
      return change(input.server, 'Placed', { siteId: input.site, siteName: made.sites.find((site) => site.id === input.site)?.name ?? null, parentId: input.parent });
    }),
    moving: guarded.query(() => made.servers.filter((server) => server.moving.length > 0).map((server) => ({ serverId: server.id, serverName: server.name, moving: server.moving }))),
    rules: guarded.query(() => made.rules),
    setRules: guarded.input(z.object({ rules: z.array(z.object({ subnet: z.string(), server: z.string() })) })).mutation(({ input }) => {
      made.rules = input.rules.map((rule) => ({ subnet: rule.subnet, serverId: rule.server }));
      changed('server', made.servers[0]?.id ?? '');
    }),
    sources: guarded.input(z.object({ address: z.string(), version: z.uuid().optional() })).query(({ input }) => {
      const inSubnet = (subnet: string): boolean => { const [base = '', bits = '0'] = subnet.split('/'); const parts = Number(bits) / 8; return base.split('.').slice(0, parts).join('.') === input.address.split('.').slice(0, parts).join('.'); };
      const source = (server: PackageServer, reason: string) => ({ serverId: server.id, name: server.name, addresses: server.addresses, reason });
      const site = made.sites.find((each) => each.subnets.some(inSubnet));
      const ruled = made.rules.filter((rule) => inSubnet(rule.subnet)).map((rule) => source(find(rule.serverId), `a rule says so for the subnet ${rule.subnet}`));
      const near = made.servers.filter((server) => site !== undefined && server.siteId === site.id).map((server) => source(server, `it is at ${site?.name ?? ''}, the computer's site`));
      const own = made.servers.filter((server) => server.isSelf).map((server) => source(server, site === undefined ? 'the computer is at no site, so the console' : `no server at ${site.name} has it ready, so the console`));
      const all = [...ruled, ...near, ...own].filter((each, index, list) => list.findIndex((other) => other.serverId === each.serverId) === index);
      return { sources: input.version === undefined ? [] : all, capture: all[0] ?? fail(new AppError('not-found', 'There is no server.')) };
    }),
    setLimit: guarded.input(one.extend({ bytesPerSecond: z.number().nullable() })).mutation(({ input }) => change(input.server, 'Limited', { bytesPerSecond: input.bytesPerSecond })),
    revoke: guarded.input(one.extend({ force: z.boolean().optional() })).mutation(({ input }) => {
      const server = find(input.server);
      if (server.ownedImages > 0 && input.force !== true) fail(new AppError('conflict', `"${server.name}" owns images.`));
      Object.assign(server, { state: 'revoked', connected: false, moving: [], problems: [] });
      changed('server', server.id);
    }),
  });
}

function fakeSitesRouter({ guarded, ...others }: Procedures, { made, undo, changed }: Parts) {
  const find = (ref: string): Site => made.sites.find((site) => site.id === ref) ?? fail(new AppError('not-found', `There is no site "${ref}".`));
  return t.router({
    list: guarded.query(() => made.sites),
    ...templateProcedures({ guarded, ...others }, { made, undo, changed }),
    create: guarded.input(siteInputSchema).mutation(({ input }) => {
      if (made.sites.some((site) => site.name === input.name)) fail(new AppError('conflict', `A site is called "${input.name}" already. Choose another name.`));
      const id = guidOf(`site ${input.name}`);
      made.sites.push({ ...input, id, templateName: null, serverIds: [], createdAt: Date.now() });
      changed('site', id);
      return { id, undo: undo.keep(`Added ${input.name}`, () => { made.sites = made.sites.filter((site) => site.id !== id); changed('site', id); }) };
    }),
    save: guarded.input(z.object({ site: z.string(), change: siteInputSchema.partial() })).mutation(({ input }) => {
      const site = find(input.site);
      const before = { ...site };
      Object.assign(site, input.change);
      changed('site', site.id);
      return { undo: undo.keep(`Changed ${site.name}`, () => { Object.assign(site, before); changed('site', site.id); }) };
    }),
    trash: guarded.input(z.object({ site: z.string() })).mutation(({ input }) => {
      const site = find(input.site);
      made.sites = made.sites.filter((each) => each !== site);
      changed('site', site.id);
      return { undo: undo.keep(`Deleted ${site.name}`, () => { made.sites.push(site); changed('site', site.id); }) };
    }),
  });
}

const scopeChange = z.object({ images: z.array(z.string()), scope: z.enum(scopes), servers: z.array(z.string()).default([]) });
function fakeReplicationRouter({ guarded }: Procedures, { made, undo, changed }: Parts) {
  const about = (input: { images: string[] }): MatrixRow[] => made.matrix.filter((row) => input.images.includes(row.imageGuid));
  return t.router({
    matrix: guarded.input(z.object({ image: z.string().optional(), server: z.string().optional(), trash: z.boolean().optional() }).optional())
      .query(({ input }) => made.matrix.map((row) => ({ ...row, cells: row.cells.filter((cell) => input?.server === undefined || cell.serverId === input.server) })).filter((row) => row.cells.length > 0)),
    previewScope: guarded.input(scopeChange).query(({ input }) => {
      const [row] = about(input);
      return row === undefined || row.scope === input.scope ? [] : [{ kind: input.scope === 'none' ? 'loss' as const : 'gain' as const, text: input.scope === 'none' ? `${row.imageName} is not kept up to date on PS009 any more; what it has, it keeps.` : `PS010-laptop gets ${row.imageName}, 18.2 GB.`, imageGuid: row.imageGuid, serverId: null }];
    }),
    setScope: guarded.input(scopeChange).mutation(({ input }) => {
      const rows = about(input);
      const before = rows.map((row) => row.scope);
      for (const row of rows) row.scope = input.scope;
      for (const guid of input.images) changed('image', guid);
      return { undo: undo.keep('Changed where it goes', () => { for (const [index, row] of rows.entries()) row.scope = before[index] ?? 'default'; for (const guid of input.images) changed('image', guid); }) };
    }),
  });
}
