// Composes what package servers need: the registry with its plan, the console's or the package server's end of the channel, and who answers
// below /replica. The role is remembered in the data folder: one that has joined a console is a package server.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '#shared/errors.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { MOVED_PATH } from '#shared/replication/record.ts';
import { restoredAt } from './backup/service.ts';
import { openCopying } from './copying.ts';
import type { Database } from './db/database.ts';
import type { Events } from './events/service.ts';
import { openHandovers } from './handover/service.ts';
import type { Images } from './images/service.ts';
import type { LogService } from './log/service.ts';
import { answerJson } from './net/http/answer.ts';
import { smallJson } from './net/http/small-json.ts';
import type { TlsIdentity } from './net/tls/certificate.ts';
import { openKnocking } from './replication/hub/knocking.ts';
import { openHub, type Hub } from './replication/hub/service.ts';
import { openGuestCaptures } from './replication/link/captures.ts';
import { joinConsole, mustJoin, type JoinChoice } from './replication/link/join.ts';
import { openLocalCopies } from './replication/link/local.ts';
import { openLink, type Link } from './replication/link/service.ts';
import { openReplicaState, type ReplicaState } from './replication/link/state.ts';
import { openServers, type Servers } from './servers/service.ts';
import type { SettingsService } from './settings/service.ts';
import type { Store } from './store/types.ts';
import type { Undo } from './undo/service.ts';

/** packageServer: it is to be one; join: with these, unless it has joined before. */
export type RoleChoice = { packageServer: boolean; join: JoinChoice | null };
export type Role = { role: 'console' | 'package-server'; state: ReplicaState };

/** What this data folder is, joining where that was asked for. Nothing is served before this is settled. */
export async function settleRole(choice: RoleChoice, { db, store, tls, serverId, version, settings, log, now }: { db: Database; store: Store; tls: TlsIdentity; serverId: string; version: string; settings: SettingsService; log: LogService; now: number }): Promise<Role> {
  const state = openReplicaState(db);
  if (choice.join !== null && mustJoin(state, choice.join)) {
    refuseConsole(db);
    const { name, console } = await joinConsole(choice.join, { publicKey: store.publicKey, fingerprint: tls.fingerprint, version, serverId }, { state, now });
    settings.set({ serverName: name }, 'console');
    log.info('joined a console', { console, name });
  }
  const role = state.console() === null ? 'console' : 'package-server';
  if (choice.packageServer && role === 'console') {
    throw new AppError('usage', 'This data folder has not joined a console yet. Make a token there (platen server add NAME), then: platen serve --package-server --join URL --join-token TOKEN');
  }
  return { role, state };
}

/** A console with servers of its own has no console above it. */
function refuseConsole(db: Database): void {
  const servers = db.get<{ count: number }>("SELECT count(*) AS count FROM server WHERE is_self = 0 AND state IN ('joined', 'retiring')")?.count ?? 0;
  if (servers > 0) throw new AppError('conflict', `This data folder is a console: ${servers === 1 ? 'a package server has' : `${servers} package servers have`} joined it. Choose an empty folder with --data for the package server.`, { servers });
}

export type ReplicatingParts = {
  role: Role; db: Database; store: Store; events: Events; settings: SettingsService; undo: Undo; images: Images; log: LogService; clock: () => number; tls: TlsIdentity; serverId: string; version: string;
  /** Where other machines reach it; empty where it listens on loopback alone. */
  reachable: () => string[]; loopback: () => string; linkFirstPauseMs?: number;
};
export type Replicating = ReturnType<typeof openReplicating>;

const FIGURES_EVERY_MS = 10_000;
/** A console that starts again is away for a moment; that is nobody's concern. */
const AWAY_MS = 120_000;

export function openReplicating(parts: ReplicatingParts) {
  const { role, db, store, events, log, clock, tls, serverId, version, reachable, images } = parts;
  /** Servers on one machine reach each other over loopback, where they listen on nothing else. */
  const addresses = (): string[] => (reachable().length > 0 ? reachable() : [parts.loopback()]);
  let figures = { freeBytes: 0, totalBytes: 0 };
  const measure = (): void => void store.figures().then(({ freeBytes, totalBytes }) => (figures = { freeBytes, totalBytes })).catch(() => undefined);
  measure();
  const measuring = setInterval(measure, FIGURES_EVERY_MS);
  const { copies } = images;
  const servers: Servers = openServers({
    ...parts, addresses, self: { id: serverId, role: role.role, fingerprint: tls.fingerprint, version, key: store }, figures: () => figures,
    assign: (versionGuid, id) => void copies.move(versionGuid, id, 'assigned'), unassign: (versionGuid, id) => void copies.move(versionGuid, id, 'lost'),
  });
  const hub: Hub | null = role.role === 'console' ? openHub({
    events, log, clock, copies, fingerprint: tls.fingerprint, transaction: (work) => db.transaction(work), trustKey: (key) => store.trustKey(key), captured: images.captured,
    servers: {
      ...servers,
      recordsDone: (id, seq) => {
        servers.recordsDone(id, seq);
        copies.settleAcknowledged();
      },
    },
  }) : null;

  const local = openLocalCopies({ db, store, ownId: serverId });
  const guests = role.role === 'console' ? null : openGuestCaptures({ state: role.state, store, images, captured: local.captured, log, clock });

  function openOwnLink(): Link {
    return openLink({
      state: role.state, key: store, events, log, clock, own: { id: serverId, fingerprint: tls.fingerprint, version }, addresses, figures: () => figures, trustKey: (key) => store.trustKey(key),
      local: {
        ...local,
        verify: (versionGuid) => void images.verifyHere(versionGuid, 'console'),
        // First what is on its way: it would arrive after the record was carried out, and nobody would ever delete it.
        letGo: async (version) => {
          role.state.forgetWanted(version.guid);
          await copying.forget(version.guid);
          await images.letGo(version);
        },
      },
      onPlan: (plan) => {
        images.takeOver(plan.wanted);
        copying.setPlan(plan);
        if (parts.settings.get().verifyEveryDays !== plan.verifyEveryDays || parts.settings.get().serverName !== plan.server.name) parts.settings.set({ verifyEveryDays: plan.verifyEveryDays, serverName: plan.server.name }, 'console');
      },
      onUrgent: copying.urgent,
      capture: (request) => guests === null ? Promise.reject(new AppError('not-found', 'A console takes no captures of another one.')) : guests.handle(request),
      ...(parts.linkFirstPauseMs === undefined ? {} : { firstPauseMs: parts.linkFirstPauseMs }),
    });
  }
  let link: Link | null = null;
  let knocking: { close(): void } | null = null;
  const copying = openCopying({ store, images, servers, events, log, clock, ownId: role.state.self()?.serverId ?? serverId, link: () => link, isConsole: role.role === 'console' });
  images.onOrdered(() => hub?.recordsChanged());
  const handovers = openHandovers({ ...parts, servers, askToVerify: (id, versionGuid) => hub?.notify(id, { type: 'verify', versionGuid }) });
  servers.onUrgent((versionGuid) => {
    hub?.notifyAll({ type: 'urgent', versionGuid });
    copying.urgent(versionGuid);
  });

  function status(): { console: ServerStatus['console']; problems: ServerStatus['problems'] } {
    if (link === null) {
      const waiting = handovers.list(true).filter((each) => each.problem !== null).map((each) => ({ code: 'handover', message: `A hand-over waits: ${each.problem ?? ''}`, link: `handover/${each.id}` }));
      return { console: null, problems: [...servers.problems().map(({ serverId: id, name, problem }) => ({ code: 'server', message: `${name}: ${problem}`, link: `server/${id}` })), ...waiting] };
    }
    const { console, address, connected, since, problem, revoked, retired, refused } = link.status();
    const problems: ServerStatus['problems'] = [];
    if (revoked !== null) problems.push({ code: 'revoked', message: `The console "${console}" has revoked this server: ${revoked} It keeps what it has. To join again: platen server add NAME at the console.`, link: null });
    else if (retired !== null) problems.push({ code: 'retired', message: `The console "${console}" has retired this server: other servers have its images, and it is neither asked nor served. It keeps everything that is on its disk. It can be switched off; or, to let it work again, take it back at the console within a week (Hand-overs, or platen server hand-over ID --undo), later with a new token (platen server add NAME).`, link: null });
    else if (!connected && clock() - since > AWAY_MS) problems.push({ code: 'console-away', message: `The console "${console}" is not connected. What is proved here is served all the same. ${problem ?? ''}`.trim(), link: null });
    for (const message of refused) problems.push({ code: 'record-refused', message, link: null });
    return { console: { name: console, address, connected, problem: revoked ?? problem }, problems };
  }

  return {
    servers, handovers, hub, status, link: () => link,
    /** Captures that the console sent here; null at a console. */
    guests,
    /** Once this server listens: only then it can say where it is. */
    begin(): void {
      if (role.role === 'console') {
        knocking = openKnocking({ targets: () => servers.notSeenSince(restoredAt(db)), self: { id: serverId, sign: (purpose, message) => store.sign(purpose, message) }, addresses, log, clock, ...(parts.linkFirstPauseMs === undefined ? {} : { firstMs: parts.linkFirstPauseMs }) });
        return servers.replan();
      }
      link = openOwnLink();
      // What it was to hold when it was last told: it goes on without its console, from the others.
      const plan = link.plan();
      if (plan !== null) copying.setPlan(plan);
    },
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      if (hub !== null) hub.upgrade(request, socket, head);
      else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    },
    async request(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
      if (path === '/replica/join' && hub !== null) return await hub.join(request, response);
      if (path === '/replica/join') throw new AppError('not-found', 'This is a package server: package servers join a console. Use the console\'s address.');
      if (path === MOVED_PATH && request.method === 'POST' && link !== null) {
        link.heardFromConsole(await smallJson(request));
        return answerJson(response, {});
      }
      await copying.request(request, response);
    },
    /** Goodbye to the others, before this server stops listening. */
    async disconnect(): Promise<void> {
      knocking?.close();
      await copying.close();
      await hub?.close();
      await link?.close();
    },
    close(): void {
      clearInterval(measuring);
      handovers.close();
      servers.close();
    },
  };
}
