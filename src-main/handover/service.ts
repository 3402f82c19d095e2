// Owns hand-overs: ownership of images going from one server to another, and servers that leave. A hand-over copies, proves at the new owner,
// and only then changes who owns what. It deletes no copy, writes no record that deletes, and changes no scope.
import { randomUUID } from 'node:crypto';
import { AppError, toAppError } from '#shared/errors.ts';
import type { Handover, HandoverRequest } from '#shared/model/replication.ts';
import { openCarrying, keptOf } from './carrying.ts';
import { openOwning } from './giving-back.ts';
import { openLeaving } from './leaving.ts';
import { isOpen, type HandoverParts, type Handovers, type Row } from './parts.ts';
import { previewOf, type Previewed } from './preview.ts';
import { openHandoverRepo } from './repo.ts';
import { findImage, readRequest } from './targets.ts';

export type { Handovers } from './parts.ts';

/** Many copies change at once; one look is enough, and looking takes at most a tenth of the time. */
const SOON_MS = 100;
const SOON_TIMES = 9;
/** Also where nothing was heard: what was asked is asked again. */
const EVERY_MS = 3000;
const ENDED_SHOWN = 200;

export function openHandovers(parts: HandoverParts): Handovers {
  const { db, events, undo, log, clock, servers } = parts;
  const repo = openHandoverRepo(db);
  const owning = openOwning({ repo, events, undo, servers });
  const carrying = openCarrying({ ...parts, repo, owning });
  /** Those under way as they are now; figures that move with every chunk are not written down each time. */
  const current = new Map<string, Row>();
  let wanted: { imageGuid: string; serverId: string }[] = [];
  let timer: NodeJS.Timeout | null = null;
  let tookMs = 0;
  let closed = false;

  const leaving = openLeaving({
    ...parts, repo, owning, carrying,
    after: (row) => {
      refresh(repo.open());
      told(row, row.body.images.map((image) => image.guid));
    },
  });

  function told(row: Row, imageGuids: readonly string[]): void {
    events.changed('handover', row.id);
    for (const guid of imageGuids) events.changed('image', guid);
    for (const id of new Set([row.from, row.to, ...row.body.images.flatMap((image) => [image.from, image.to])])) if (id !== null && id !== '') events.changed('server', id);
    servers.replan();
  }
  function refresh(rows: readonly Row[]): void {
    current.clear();
    for (const row of rows) current.set(row.id, row);
    wanted = rows.filter((row) => row.body.begun).flatMap((row) => row.body.images.filter((image) => image.state !== 'switched' && image.state !== 'failed').map((image) => ({ imageGuid: image.guid, serverId: image.to })));
  }

  function arrivedBytes(): Map<string, number> {
    return new Map(servers.moving().flatMap(({ serverId, moving }) => moving.map((each): [string, number] => [`${serverId}/${each.versionGuid}`, each.doneBytes])));
  }
  /** One transaction for each: what one decides, the next one sees. */
  function look(): void {
    const started = performance.now();
    carrying.noticeConnections(servers.succession.all());
    const arrived = arrivedBytes();
    let goesOn = false;
    for (const id of repo.openIds()) {
      const result = repo.transaction(() => {
        const open = repo.open();
        const at = open.findIndex((each) => each.id === id);
        const row = open[at];
        if (row === undefined) return null;
        const before = lasting(row);
        const switched = carrying.carryOn(row, open.slice(0, at), { now: clock(), arrived });
        const isOther = before !== lasting(row);
        if (isOther) repo.save(row);
        return { row, switched, isOther };
      });
      if (result === null) continue;
      const { row, switched, isOther } = result;
      const shown = JSON.stringify(current.get(id)) !== JSON.stringify(row);
      if (isOther || shown) current.set(id, row);
      if (isOther) {
        log.info('a hand-over went on', { handover: id, kind: row.kind, state: row.state, switched: switched.length, problem: row.body.problem });
        told(row, switched);
      } else if (shown) events.changed('handover', id);
      goesOn ||= switched.length > 0;
    }
    refresh([...current.values()].filter(isOpen));
    // What is proved already is not kept waiting.
    tookMs = goesOn ? 0 : performance.now() - started;
    if (goesOn) soon();
  }
  function soon(): void {
    if (closed || timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      lookNow();
    }, Math.max(SOON_MS, tookMs * SOON_TIMES));
  }
  /** What fails now (a full disk) is tried again; what began has begun. */
  function lookNow(): void {
    try {
      look();
    } catch (error) {
      log.error('hand-overs could not be carried on', { error: toAppError(error) });
    }
  }
  const stopListening = events.onChange(({ entity }) => {
    if (current.size > 0 && (entity === 'image' || entity === 'server')) soon();
  });
  const regularly = setInterval(() => {
    if (current.size > 0) soon();
  }, EVERY_MS);

  function previewed(request: HandoverRequest): Previewed {
    const all = servers.succession.all();
    if (all.find((server) => server.isSelf)?.isConsole !== true) throw new AppError('conflict', 'This is a package server. Ownership is handed over at its console.');
    const asked = readRequest(request, { servers: all, find: servers.succession.find, image: (ref) => findImage(ref, { exists: repo.exists, named: repo.guidsNamed }), images: repo.images, ownedBy: repo.ownedBy });
    return previewOf(asked, { servers: all, heldByScope: servers.succession.heldByScope(), open: repo.open(), siteName: servers.succession.siteName, dependentsOf: servers.succession.dependentsOf });
  }
  function require(id: string): Row {
    const row = current.get(id) ?? repo.byId(id);
    if (row === undefined) throw new AppError('not-found', 'There is no such hand-over. "platen server hand-overs" shows those there are.', { handover: id });
    return row;
  }

  refresh(repo.open());
  servers.alsoWant(() => wanted);
  soon();

  return {
    preview: (request) => previewed(request).preview,
    begin(request, digest, actor): Handover {
      const { preview, asked, going, waitsFor } = previewed(request);
      if (digest !== null && digest !== preview.digest) throw new AppError('conflict', 'What this would do is not what was shown any more: images, servers or other hand-overs have changed since. Look at it again, then begin.', { digest: preview.digest });
      if (preview.blocked) throw new AppError('conflict', refusalsOf(preview.consequences), { consequences: preview.consequences.filter((each) => each.kind === 'refusal').slice(0, 50) });
      const row: Row = {
        id: randomUUID(), kind: asked.kind, state: 'preparing', from: asked.from?.id ?? null, to: asked.to?.id ?? null, actor, startedAt: clock(), endedAt: null,
        body: {
          images: going.flatMap(({ image, from, to }) => (to === null ? [] : [keptOf(image, { from: from?.id ?? image.ownerId, to: to.id })])), problem: null, undo: null, chooses: asked.chooses, acceptLoss: asked.acceptLoss, begun: false, before: null, place: null,
        },
      };
      repo.transaction(() => {
        if (asked.kind === 'recover') for (const other of repo.open().filter((each) => each.from === asked.from?.id)) leaving.supersede(other, actor);
        repo.insert(row);
        if (row.from !== null) events.record({ actor, entity: 'server', id: row.from, kind: 'handover', message: `${beginnings[row.kind]}: ${row.body.images.length === 1 ? '1 image' : `${row.body.images.length} images`}`, data: { handover: row.id, waits: waitsFor?.id ?? null } });
      });
      log.info('a hand-over began', { handover: row.id, kind: row.kind, from: row.from, to: row.to, images: row.body.images.length, actor });
      refresh(repo.open());
      told(row, []);
      lookNow();
      return view(require(row.id));
    },
    list: (openOnly = false) => [...[...current.values()].toReversed(), ...(openOnly ? [] : repo.ended(ENDED_SHOWN))].map(view),
    get: (id) => view(require(id)),
    cancel: (id, actor) => view(leaving.cancel(id, actor)),
    letGo: (id, actor) => view(leaving.letGo(id, actor)),
    close(): void {
      closed = true;
      stopListening();
      clearInterval(regularly);
      if (timer !== null) clearTimeout(timer);
    },
  };
}

const beginnings: Record<Row['kind'], string> = { 'take-ownership': 'Taking ownership began', retire: 'Retiring began', replace: 'Replacing began', recover: 'Recovering its images began' };

function refusalsOf(consequences: readonly { kind: string; text: string }[]): string {
  const texts = consequences.filter((each) => each.kind === 'refusal').map((each) => each.text);
  return texts.length <= 3 ? texts.join(' ') : `${texts.slice(0, 3).join(' ')} And ${texts.length - 3} more like these.`;
}

/** What is worth a write: all but figures that move with every chunk. */
function lasting(row: Row): string {
  return JSON.stringify({ ...row, body: { ...row.body, images: row.body.images.map((image) => ({ ...image, doneBytes: 0 })) } });
}

function view(row: Row): Handover {
  const { id, kind, state, from, to, actor, startedAt, endedAt, body } = row;
  return {
    id, kind, state, fromServerId: from, toServerId: to, actor, startedAt, endedAt, problem: body.problem, undo: body.undo,
    images: body.images.map((image) => ({ imageGuid: image.guid, imageName: image.name, toServerId: image.to, state: image.state, versions: image.versions, bytes: image.bytes, doneBytes: image.doneBytes, problem: image.problem, undo: isOpen(row) && from !== null ? null : image.undo })),
  };
}
