// Owns package servers, sites and templates as the rest of the server uses them, and the plan of what is to be where. It only connects
// the pieces beside it; who is connected is told by the channel (replication/hub).
import { randomUUID } from 'node:crypto';
import { AppError, toAppError } from '#shared/errors.ts';
import type { Consequence, CopyState, Moving, PackageServer, TemplateContent, Transfer } from '#shared/model/replication.ts';
import { transferReportSchema, type Plan, type TransferReport } from '#shared/replication/messages.ts';
import type { TicketBody } from '#shared/replication/record.ts';
import { keyIdOf } from '../store/signing.ts';
import type { Database } from '../db/database.ts';
import type { Events } from '../events/service.ts';
import type { SettingsService } from '../settings/service.ts';
import { consequencesBetween } from './consequences.ts';
import { openHoldingsRepo } from './holdings-repo.ts';
import { openJoining } from './joining.ts';
import { openMatrix } from './matrix.ts';
import { findServer, readAddresses, type LiveServer, type ServersParts } from './parts.ts';
import { openPlanning } from './planning.ts';
import { openRegistry } from './registry.ts';
import { openServerRepo, type ServerRow, type SignedRecordRow } from './repo.ts';
import { inputOf, openSites } from './sites.ts';
import { openSiteRepo } from './sites-repo.ts';
import { addressesOf, chooseCaptureTarget, chooseSources, serversNear, siteOf, type Source, type SourceWorld } from './sources.ts';
import { parseSubnet } from './subnets.ts';
import { openTemplates } from './templates.ts';
import { openSuccession } from './succession.ts';
import { signTicket } from './tickets.ts';
import { countCopies, nameMoving, viewServer } from './views.ts';

export { neededOf } from './needed.ts';
export { openTicket } from './tickets.ts';
export { CONTRADICTED, LOST } from './parts.ts';
export type { LiveServer, SigningKey } from './parts.ts';
export type { Source } from './sources.ts';
export type { HandingServer } from './succession.ts';
export type { JoinAnswer, JoinRequest } from './joining.ts';

export type Servers = ReturnType<typeof openServers>;
export type OpenServersParts = ServersParts & {
  /** images.copies.move(…, 'assigned'): a copy that is to be there, and is not. */
  assign: (versionGuid: string, serverId: string) => void;
  unassign: (versionGuid: string, serverId: string) => void;
  /** Of this server's own store. */
  figures: () => { freeBytes: number; totalBytes: number };
};
export type SourceRuleInput = { subnet: string; server: string };
type Heard = Extract<LiveServer, object>;

const TICKET_MS = 12 * 3_600_000;
/** A heartbeat every ten seconds needs no row each; the connection itself says that it is there. */
const SEEN_EVERY_MS = 60_000;
/** No console ever writes so many records; who says so would use up the numbers. */
const MAX_RECORD_SEQ = 1_000_000_000;

/** @returns this server's id, the same for as long as its data folder lives */
export function openOwnServer({ db, events, settings, clock }: { db: Database; events: Events; settings: SettingsService; clock: () => number }): string {
  const id = db.transaction(() => {
    const known = db.get<{ id: string }>('SELECT id FROM server WHERE is_self = 1');
    if (known !== undefined) return known.id;
    const made = randomUUID();
    db.run("INSERT INTO server (id, name, role, is_self, created_at) VALUES (:id, :name, 'console', 1, :now)", { id: made, name: settings.get().serverName, now: clock() });
    return made;
  });
  // Owners and copies show its name, so the row follows the setting.
  settings.follow(({ serverName }) => {
    if (db.run('UPDATE server SET name = :serverName WHERE id = :id AND name <> :serverName', { id, serverName }) > 0) events.changed('server', id);
  });
  return id;
}

export function openServers(parts: OpenServersParts) {
  const { db, events, settings, clock, self } = parts;
  const [repo, siteRepo, holdings] = [openServerRepo(db), openSiteRepo(db), openHoldingsRepo(db)];
  const live = new Map<string, Heard>();
  const savedAt = new Map<string, number>();
  const urgent = new Set<string>();
  const onRevoked = new Set<(serverId: string, reason: string) => void>();
  const onRetired = new Set<(serverId: string) => void>();
  const onUrgent = new Set<(versionGuid: string) => void>();
  let alsoWanted: () => { imageGuid: string; serverId: string }[] = () => [];

  const planning = openPlanning({ ...parts, repo, sites: siteRepo, holdings, defaultScope: () => settings.get().defaultScope, alsoWanted: () => alsoWanted(), urgent });
  const replan = planning.soon;
  const joining = openJoining({ ...parts, repo, live, onJoin: replan });
  const sites = openSites({ ...parts, sites: siteRepo, replan });
  const templates = openTemplates({ ...parts, sites: siteRepo, replan, consequencesOf });
  const siteName = (id: string): string => {
    const row = siteRepo.site(id);
    if (row === undefined || row.trashed_at !== null) throw new AppError('not-found', 'There is no such site. "platen site list" shows those there are.', { site: id });
    return row.name;
  };
  const registry = openRegistry({
    ...parts, repo, requireFreeName: joining.requireFreeName, siteName, replan,
    onRevoke: (serverId, reason) => {
      for (const listener of onRevoked) listener(serverId, reason);
    },
  });
  const matrix = openMatrix({ ...parts, repo, holdings, planning });
  const succession = openSuccession({
    repo, holdings, planning, live, figures: parts.figures, siteName: (id) => siteRepo.site(id)?.name ?? null,
    onEnd: (serverId) => {
      for (const listener of onRetired) listener(serverId);
    },
  });
  repo.setOwn({ id: self.id, publicKey: self.key.publicKey, fingerprint: self.fingerprint, addresses: '[]', version: self.version, role: self.role });

  function consequencesOf(templateId: string, content: TemplateContent): Consequence[] {
    const { known } = planning.now();
    const affected = new Set(siteRepo.sitesOf(templateId).map((site) => site.id));
    if (affected.size === 0) return [{ kind: 'note', text: 'No site follows this template, so nothing moves.', imageGuid: null, serverId: null }];
    const changed = new Map([...known.world.sites].map(([id, site]) => [id, !affected.has(id) ? site : { ...site, template: { name: '', images: new Set(content.images), bytesPerSecond: content.bytesPerSecond, windows: content.windows } }]));
    const unknown = content.images.filter((guid) => !known.images.has(guid)).length;
    const none = content.images.flatMap((guid) => known.world.images.filter((image) => image.guid === guid && image.scope === 'none').map((image) => known.images.get(image.guid)?.name ?? guid));
    return [
      ...consequencesBetween(known, { ...known.world, sites: changed }),
      ...(unknown === 0 ? [] : [{ kind: 'note' as const, text: `${unknown === 1 ? '1 image' : `${unknown} images`} of the template ${unknown === 1 ? 'is' : 'are'} not there any more.`, imageGuid: null, serverId: null }]),
      ...none.map((name) => ({ kind: 'refusal' as const, text: `${name} goes to no server but its owner (scope none), so the template does not bring it. Change its scope where it should.`, imageGuid: null, serverId: null })),
    ];
  }

  function view(row: ServerRow, shared: { counts: ReturnType<typeof holdings.copyCounts>; owned: Map<string, number>; needed: ReturnType<typeof planning.needed>; deletions: Map<string, number> }): PackageServer {
    const site = row.site_id === null ? undefined : siteRepo.site(row.site_id);
    return viewServer(row, {
      live: live.get(row.id) ?? null, siteName: site?.name ?? null, keyId: keyIdOf(row.public_key) ?? '', ...(shared.needed.get(row.id) ?? { neededBytes: 0, growthBytesPerDay: 0 }), counts: countCopies(shared.counts, row), owned: shared.owned.get(row.id) ?? 0, waitingDeletions: shared.deletions.get(row.id) ?? 0,
      names: holdings.names, own: row.is_self === 1 ? { ...parts.figures(), version: self.version, addresses: parts.addresses() } : null, now: clock(),
    });
  }
  /** When it was last heard of is worth a row, and no more: a full disk ends no connection, and not the server that hears of one ending. */
  function keepSeen(serverId: string, at: number, { figures }: LiveServer): void {
    try {
      repo.setSeen(serverId, at, figures);
    } catch (error) {
      parts.log.warn('when a package server was last heard of could not be written down', { server: serverId, error: toAppError(error) });
    }
  }
  /** At a package server the others are names of owners; what they are, the console knows. */
  const known = (): ServerRow[] => repo.all().filter((row) => row.is_self === 1 || self.role === 'console');
  const shared = () => ({ counts: holdings.copyCounts(), owned: new Map(holdings.ownedCounts().map((each) => [each.server_id, each.count])), needed: planning.needed(), deletions: new Map(repo.waitingDeletions().map((each) => [each.server_id, each.count])) });

  function sourceWorld(): SourceWorld {
    return {
      servers: repo.all().map((row) => ({
        id: row.id, name: row.name, siteId: row.site_id, parentId: row.parent_id, isConsole: row.role === 'console', state: row.state, bytesPerSecond: null,
        addresses: row.is_self === 1 ? parts.addresses() : readAddresses(row.addresses), connected: row.is_self === 1 || live.has(row.id),
      })),
      sites: siteRepo.sites().map((row) => ({ id: row.id, name: row.name, subnets: inputOf(row).subnets })),
      rules: repo.rules().map((rule) => ({ subnet: rule.subnet, serverId: rule.server_id })),
    };
  }

  return {
    selfId: self.id, sites, templates, matrix, planning, succession,
    list: (): PackageServer[] => {
      const facts = shared();
      return known().map((row) => view(row, facts));
    },
    get: (ref: string): PackageServer => view(findServer(repo, ref), shared()),
    history: (ref: string) => events.history('server', findServer(repo, ref).id),
    names: (): { id: string; name: string; state: string; connected: boolean }[] => known().filter((row) => row.state !== 'revoked').map((row) => ({ id: row.id, name: row.name, state: row.state, connected: row.is_self === 1 || live.has(row.id) })),
    invite: ({ name, site, parent }: { name: string; site: string | null; parent: string | null }, actor: string) =>
      joining.invite({ name, siteId: site === null ? null : sites.find(site).id, parentId: parent === null ? null : findServer(repo, parent).id }, actor),
    join: joining.join,
    rename: registry.rename,
    place: (ref: string, { site, parent }: { site: string | null; parent: string | null }, actor: string) =>
      registry.place(ref, { siteId: site === null ? null : sites.find(site).id, parentId: parent === null ? null : findServer(repo, parent).id }, actor),
    limit: registry.limit,
    revoke: (ref: string, force: boolean, actor: string): void => {
      registry.revoke(ref, { force, ownedImages: (serverId) => holdings.ownedCounts().find((each) => each.server_id === serverId)?.count ?? 0 }, actor);
    },
    rules: () => repo.rules().map((rule) => ({ subnet: rule.subnet, serverId: rule.server_id })),
    setRules(rules: readonly SourceRuleInput[], actor: string): void {
      const rows = rules.map((rule, position) => {
        if (parseSubnet(rule.subnet) === null) throw new AppError('invalid-input', `"${rule.subnet}" is no subnet. One reads like 10.1.0.0/16.`, { subnet: rule.subnet });
        return { id: randomUUID(), subnet: rule.subnet, server_id: findServer(repo, rule.server).id, position };
      });
      repo.transaction(() => {
        repo.setRules(rows);
        events.record({ actor, entity: 'server', id: self.id, kind: 'rules', message: rows.length === 0 ? 'No rule says any more where computers read from' : `${rows.length === 1 ? '1 rule says' : `${rows.length} rules say`} where computers read from` });
      });
      events.changed('server', self.id);
    },

    /** Of a server that may come in now; null for one that is not known, or is out. */
    peerKey(serverId: string): string | null {
      const row = repo.byId(serverId);
      return row === undefined || row.is_self === 1 || (row.state !== 'joined' && row.state !== 'retiring') || row.public_key === '' ? null : row.public_key;
    },
    /** This server's own copy of what a manifest names; null where it has none. */
    ownCopy(manifest: string): { state: CopyState; pending: boolean; originId: string | null } | null {
      const row = holdings.ownCopy(manifest);
      return row === undefined ? null : { state: row.state, pending: row.pending === 1, originId: row.origin_server_id };
    },

    /** For the channel: who it is that connects, by the key the console keeps. */
    known: (serverId: string): ServerRow | null => repo.byId(serverId) ?? null,
    connected(serverId: string, contact: { fingerprint: string; addresses: readonly string[]; version: string }, heard: LiveServer): void {
      const before = repo.byId(serverId);
      live.set(serverId, heard);
      savedAt.set(serverId, clock());
      repo.setContact({ id: serverId, fingerprint: contact.fingerprint, addresses: JSON.stringify(contact.addresses), version: contact.version, seenAt: clock() });
      repo.setSeen(serverId, clock(), heard.figures);
      events.changed('server', serverId);
      // Peers find it where it is now.
      if (before?.addresses !== JSON.stringify(contact.addresses) || before.fingerprint !== contact.fingerprint) replan();
    },
    heard(serverId: string, heard: LiveServer): void {
      live.set(serverId, heard);
      if (clock() - (savedAt.get(serverId) ?? 0) >= SEEN_EVERY_MS) {
        savedAt.set(serverId, clock());
        keepSeen(serverId, clock(), heard);
      }
      events.changed('server', serverId);
    },
    disconnected(serverId: string): void {
      const heard = live.get(serverId);
      live.delete(serverId);
      if (heard !== undefined) keepSeen(serverId, heard.seenAt, heard);
      events.changed('server', serverId);
    },
    setReport: repo.setReport,
    recordsFor: (serverId: string, after: number): SignedRecordRow[] => repo.recordsFor(serverId, after),
    /** The highest number that a server has carried out. */
    recordsDone(serverId: string, seq: number): void {
      repo.transaction(() => {
        repo.setRecordsAcked(serverId, seq);
        if (seq > 0 && seq <= MAX_RECORD_SEQ) repo.skipRecords(seq);
      });
    },
    /** Servers that are in and have not come since then; none where that is null. */
    notSeenSince: (at: number | null): { id: string; name: string; addresses: string[]; fingerprint: string }[] => (at === null ? [] : repo.all().filter((row) => row.is_self === 0 && (row.state === 'joined' || row.state === 'retiring') && !live.has(row.id) && (row.last_seen_at ?? 0) < at && row.fingerprint !== '')
      .map((row) => ({ id: row.id, name: row.name, addresses: readAddresses(row.addresses), fingerprint: row.fingerprint }))),
    onRevoked: (listener: (serverId: string, reason: string) => void): void => void onRevoked.add(listener),
    onRetired: (listener: (serverId: string) => void): void => void onRetired.add(listener),
    transferEnded(serverId: string, report: TransferReport): void {
      const named = holdings.names(report.versionGuid);
      repo.insertTransfer({
        version_guid: report.versionGuid, server_id: serverId, image_name: named?.image_name ?? '', version_number: named?.number ?? 0, started_at: report.startedAt, ended_at: report.endedAt, outcome: report.outcome, facts: JSON.stringify(report),
      });
      events.changed('server', serverId);
    },
    transfers({ server, version, limit }: { server?: string | undefined; version?: string | undefined; limit?: number | undefined }): Transfer[] {
      const names = new Map(repo.all().map((row) => [row.id, row.name]));
      const nameOf = (id: string): string => names.get(id) ?? 'a server that is gone';
      return repo.transfers({ serverId: server === undefined ? null : findServer(repo, server).id, versionGuid: version ?? null, limit: limit ?? 200 }).flatMap((row): Transfer[] => {
        const facts = transferReportSchema.safeParse(JSON.parse(row.facts));
        if (!facts.success) return [];
        return [{ ...facts.data, id: row.id, serverId: row.server_id, serverName: nameOf(row.server_id), imageName: row.image_name, number: row.version_number, sources: facts.data.sources.map((source) => ({ ...source, serverName: nameOf(source.serverId) })) }];
      });
    },
    /** Everything on its way, by server. */
    moving: (): { serverId: string; serverName: string; moving: Moving[] }[] =>
      repo.all().flatMap((row) => (live.has(row.id) ? [{ serverId: row.id, serverName: row.name, moving: (live.get(row.id)?.moving ?? []).flatMap((each) => nameMoving(each, holdings.names)) }] : [])),
    /** What this server itself copies now, as another one's heartbeat would say. */
    selfMoving(moving: LiveServer['moving'], problems: string[]): void {
      live.set(self.id, { moving, problems, figures: { ...parts.figures(), skewMs: 0 }, seenAt: clock() });
      events.changed('server', self.id);
    },

    planText: planning.textFor,
    ownPlan: (): Plan | null => planning.planFor(self.id),
    onPlans: planning.onPlans,
    /** Images that hand-overs under way bring to servers; whoever has them says so and then asks for a new plan. */
    alsoWant(source: () => { imageGuid: string; serverId: string }[]): void {
      alsoWanted = source;
      replan();
    },
    replan,
    /** Somebody began to wait for a version. */
    onUrgent: (listener: (versionGuid: string) => void): void => void onUrgent.add(listener),
    /** What needs a person, of servers that are in. Of this one only what hinders its copying: its disk and its versions are told by the status itself. */
    problems: (): { serverId: string; name: string; problem: string }[] => {
      const facts = shared();
      const of = (row: ServerRow): string[] => (row.id === self.id ? live.get(row.id)?.problems ?? [] : view(row, facts).problems);
      return repo.all().filter((row) => row.state === 'joined' || row.state === 'retiring').flatMap((row) => of(row).map((problem) => ({ serverId: row.id, name: row.name, problem })));
    },
    /** A technician waits for this version: it comes before all others until nobody waits. */
    waitFor(versionGuid: string): () => void {
      urgent.add(versionGuid);
      replan();
      for (const listener of onUrgent) listener(versionGuid);
      return () => {
        urgent.delete(versionGuid);
        replan();
      };
    },

    /** Best first; empty where no server may hand it to this computer. */
    sourcesFor(computerAddress: string, versionGuid: string, consoleUrl: string | null = null): Source[] {
      const version = holdings.version(versionGuid);
      if (version === undefined) return [];
      const readyAt = new Set(holdings.copiesOf(versionGuid).filter((copy) => copy.state === 'ready').map((copy) => copy.server_id));
      return chooseSources({ computerAddress, readyAt, pendingFrom: version.pending === 1 ? version.origin_server_id : null, consoleUrl }, sourceWorld());
    },
    /** @param except servers that did not take it */
    captureTargetFor(computerAddress: string, except: ReadonlySet<string> = new Set()): Source {
      return chooseCaptureTarget(computerAddress, sourceWorld(), except) ?? { serverId: self.id, name: settings.get().serverName, addresses: parts.addresses(), reason: 'no package server is nearer' };
    },
    /** Where this computer reaches that server now, nearest first. */
    addressesOf(serverId: string, computerAddress: string): string[] {
      const server = sourceWorld().servers.find((each) => each.id === serverId);
      return server === undefined ? [] : addressesOf(server, computerAddress);
    },
    /** Servers that have a computer at their site, as sites and rules are now; for many computers at once. */
    near(): (computerAddress: string) => ReadonlySet<string> {
      const world = sourceWorld();
      return (computerAddress) => serversNear(computerAddress, world);
    },
    siteOf: (computerAddress: string): { id: string; name: string } | null => siteOf(computerAddress, sourceWorld().sites),
    /** For one computer's run at one server. */
    ticketFor(body: { server: string; run: string; may: TicketBody['may']; ttlMs?: number }): string {
      return signTicket({ aud: body.server, run: body.run, exp: clock() + (body.ttlMs ?? TICKET_MS), may: body.may }, self.key);
    },
    close(): void {
      planning.close();
    },
  };
}
