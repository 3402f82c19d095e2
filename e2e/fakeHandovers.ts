// The fake server's hand-overs: previews over the made-up matrix, and hand-overs that go on only where a test says so.
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { handoverRequestSchema } from '#shared/model/replication.ts';
import type { Consequence, Handover, HandoverPreview, HandoverRequest, MatrixRow, PackageServer } from '#shared/model/replication.ts';
import type { Change } from '#shared/model/server.ts';
import { guidOf } from './fakeIds.ts';
import type { FakeUndo } from './fakeJobs.ts';
import { fail, t } from './fakeProcedures.ts';
import type { Procedures } from './fakeProcedures.ts';
import type { FakeServers } from './fakeServers.ts';

type Parts = { made: FakeServers; undo: FakeUndo; changed: (entity: Change['entity'], id: string) => void };
type Images = Map<string, MatrixRow[]>;

export function handoverOf(name: string, rows: Images, change: Partial<Handover> & Pick<Handover, 'kind' | 'toServerId'>): Handover {
  return {
    id: guidOf(`hand-over ${name}`), state: 'copying', fromServerId: null, actor: 'anna', startedAt: Date.now(), endedAt: null, problem: null, undo: null,
    images: [...rows].map(([imageGuid, versions]) => ({ imageGuid, imageName: versions[0]?.imageName ?? '', toServerId: change.toServerId ?? '', state: 'waiting' as const, versions: versions.length, bytes: sizeOf(versions), doneBytes: 0, problem: null, undo: null })),
    ...change,
  };
}
export function imagesOf(made: FakeServers, fits: (row: MatrixRow) => boolean): Images {
  return Map.groupBy(made.matrix.filter(fits), (row) => row.imageGuid);
}
const sizeOf = (rows: readonly MatrixRow[]): number => rows.reduce((sum, row) => sum + row.storedBytes, 0);

export function fakeHandoversRouter({ guarded }: Procedures, { made, undo, changed }: Parts) {
  const find = (id: string): Handover => made.handovers.find((handover) => handover.id === id) ?? fail(new AppError('not-found', `There is no hand-over "${id}".`));
  const serverOf = (ref: string | null): PackageServer | undefined => made.servers.find((server) => server.id === ref);
  const move = (handover: Handover, state: PackageServer['state']): void => {
    const from = serverOf(handover.fromServerId);
    if (from !== undefined && (handover.kind === 'retire' || handover.kind === 'replace')) from.state = state;
    changed('handover', handover.id);
    changed('server', handover.id);
  };
  return t.router({
    preview: guarded.input(handoverRequestSchema).query(({ input }) => previewOf(made, input)),
    begin: guarded.input(z.object({ request: handoverRequestSchema, digest: z.string().optional() })).mutation(({ input }) => {
      const preview = previewOf(made, input.request);
      if (input.digest !== preview.digest) fail(new AppError('conflict', 'What this would do is different by now. Look at the preview again, then begin.'));
      if (preview.blocked) fail(new AppError('conflict', 'This can\'t begin as asked.'));
      const guids = new Set(preview.images.map((image) => image.imageGuid));
      const handover = handoverOf(`begun ${made.handovers.length}`, imagesOf(made, (row) => guids.has(row.imageGuid)), { kind: input.request.kind, fromServerId: 'from' in input.request ? input.request.from : null, toServerId: input.request.to, state: 'copying' });
      for (const image of handover.images) image.toServerId = preview.images.find((each) => each.imageGuid === image.imageGuid)?.toServerId ?? '';
      made.handovers.unshift(handover);
      move(handover, 'retiring');
      return handover;
    }),
    list: guarded.input(z.object({ open: z.boolean().optional() }).optional()).query(({ input }) => made.handovers.filter((handover) => input?.open !== true || handover.endedAt === null)),
    get: guarded.input(z.object({ id: z.uuid() })).query(({ input }) => find(input.id)),
    cancel: guarded.input(z.object({ id: z.uuid() })).mutation(({ input }) => {
      const handover = Object.assign(find(input.id), { state: 'cancelled', endedAt: Date.now() });
      move(handover, 'joined');
      return handover;
    }),
    letGo: guarded.input(z.object({ id: z.uuid() })).mutation(({ input }) => {
      const handover = find(input.id);
      if (handover.state !== 'ready') fail(new AppError('conflict', 'Not every version deploys without it yet.'));
      Object.assign(handover, { state: 'done', endedAt: Date.now(), undo: undo.keep('Let it go', () => { Object.assign(handover, { state: 'ready', endedAt: null, undo: null }); move(handover, 'retiring'); }) });
      move(handover, 'retired');
      return handover;
    }),
  });
}

/** Without a server named, everything goes to the console. A server called "full" in a test's words refuses: see `refusal`. */
function previewOf(made: FakeServers, request: HandoverRequest): HandoverPreview {
  const name = (id: string): string => made.servers.find((server) => server.id === id)?.name ?? id;
  const to = request.to ?? made.servers.find((server) => server.isSelf)?.id ?? '';
  const wanted = imagesOf(made, (row) => ('images' in request ? request.images.includes(row.imageGuid) : row.ownerId === request.from) && row.ownerId !== to);
  const say = (kind: Consequence['kind'], text: string, serverId: string | null = null): Consequence => ({ kind, text, imageGuid: null, serverId });
  const images = [...wanted].map(([imageGuid, rows]) => {
    const missing = rows.filter((row) => row.cells.find((cell) => cell.serverId === to)?.state !== 'ready');
    return { imageGuid, imageName: rows[0]?.imageName ?? '', createdAt: rows[0]?.createdAt ?? 0, fromServerId: rows[0]?.ownerId ?? '', toServerId: to, versions: rows.length, bytes: sizeOf(rows), missingBytes: sizeOf(missing) };
  });
  const leaves = request.kind === 'retire' || request.kind === 'replace';
  const consequences = [
    ...(leaves ? [say('loss', `${name(request.from)} is neither asked nor served any more, once you let it go. What lies on its disk stays there; nothing is deleted.`, request.from)] : []),
    ...(request.kind === 'replace' ? [say('gain', `${name(to)} takes the place of ${name(request.from)}: the site Rome, what is assigned to it, its limit.`, to)] : []),
    ...images.map((image) => say('gain', `${image.imageName} belongs to ${name(to)} then, and not to ${name(image.fromServerId)} any more; ${image.versions === 1 ? 'its version is' : `its ${image.versions} versions are`} proved there first.`, to)),
    ...(request.kind === 'recover' ? [say('note', `Nothing is asked of ${name(request.from)}, and nothing is deleted there.`, request.from), ...(request.acceptLoss ? [say('loss', 'Linux workshop v2 is proved nowhere else: it stays listed as lost.')] : [say('refusal', `Linux workshop v2 is proved nowhere but on ${name(request.from)}. Bring that server back, or its disk to a package server.`)])] : []),
    ...images.filter((image) => image.missingBytes > 0).map((image) => say('note', `${name(to)} copies ${image.imageName} first.`, to)),
    ...(made.refusal === null ? [] : [say('refusal', made.refusal)]),
  ];
  return { kind: request.kind, consequences, blocked: consequences.some((each) => each.kind === 'refusal'), digest: JSON.stringify(consequences.map((each) => each.text)), images };
}
