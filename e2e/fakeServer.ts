// A server for the console's own tests: the real API's procedures over made-up data in memory, and modes no real server has at
// will (answers never, fails, is gone). Serves the built console from out/renderer. Never a stand-in for the server's own tests.
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import { isFinal, runTitle } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import type { Change, TreeNode } from '#shared/model/server.ts';
import { settingsSchema } from '#shared/model/server.ts';
import type { AppRouter } from '../src-main/api/router.ts';
import { root } from '../scripts/sources.mjs';
import { bootFor, fakeBootRouter, fakeMediaRouter } from './fakeBoot.ts';
import type { FakeBoot } from './fakeBoot.ts';
import { computerNodes, fakeComputersRouter } from './fakeComputers.ts';
import type { FakeData } from './fakeData.ts';
import { fakeImportsRouter } from './fakeImports.ts';
import type { FakeImports } from './fakeImports.ts';
import { jobsFor } from './fakeJobData.ts';
import type { FakeJobs } from './fakeJobData.ts';
import { FakeUndo, jobsRouters } from './fakeJobs.ts';
import { jobViews } from './fakeJobViews.ts';
import { pendingProcedures } from './fakePending.ts';
import { fail, fakeToken, procedures, t } from './fakeProcedures.ts';
import type { FakeMode } from './fakeProcedures.ts';
import { fakeRunsRouter } from './fakeRuns.ts';
import { fakeServersRouters, serverNodes, serversFor } from './fakeServers.ts';
import type { FakeServers } from './fakeServers.ts';

const day = 86_400_000;

export { fakeToken };
export type FakeServer = {
  url: string;
  /** With the token: what a browser opens. */
  address: string;
  data: FakeData;
  jobs: FakeJobs;
  boot: FakeBoot;
  servers: FakeServers;
  imports: FakeImports;
  setMode(mode: FakeMode): void;
  /** Tells every window that something changed. */
  changed(entity: Change['entity'], id: string): void;
  reportRun(run: RunView): void;
  /** As if the process ended; `comeBack` starts it on the same port. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
};

class Feed<Item> {
  private readonly listeners = new Set<(item: Item) => void>();
  push(item: Item): void {
    for (const listener of this.listeners) listener(item);
  }
  async *read(signal: AbortSignal | undefined): AsyncGenerator<Item> {
    const waiting: Item[] = [];
    let wake: () => void = () => undefined;
    const listener = (item: Item): void => { waiting.push(item); wake(); };
    this.listeners.add(listener);
    signal?.addEventListener('abort', () => wake());
    try {
      while (signal?.aborted !== true) {
        const item = waiting.shift();
        if (item !== undefined) yield item;
        else await new Promise<void>((resolve) => { wake = resolve; });
      }
    } finally {
      this.listeners.delete(listener);
    }
  }
}

type State = { data: FakeData; jobs: FakeJobs; boot: FakeBoot; servers: FakeServers; imports: FakeImports; undo: FakeUndo; mode: FakeMode; changes: Feed<Change[]>; runs: Feed<RunView>; rev: number };

export function fakeRouter(state: State) {
  const { data } = state;
  const made = procedures(state);
  const { open, guarded } = made;
  const changed = (entity: Change['entity'], id: string): void => state.changes.push([{ entity, id, rev: ++state.rev }]);
  const imageOf = (ref: string): ImageDetail => data.images.find((image) => image.guid === ref || image.name === ref) ?? fail(new AppError('not-found', `There is no image “${ref}”.`));
  const versionOf = (image: ImageDetail, number: number): VersionSummary => image.versions.find((version) => version.number === number) ?? fail(new AppError('not-found', `${image.name} has no version ${number}.`));
  const target = z.object({ image: z.string(), version: z.number().optional() });
  const each = (input: z.infer<typeof target>, change: (item: ImageDetail | VersionSummary) => void): ImageDetail => {
    const image = imageOf(input.image);
    change(input.version === undefined ? image : versionOf(image, input.version));
    derive(image);
    changed('image', image.guid);
    return image;
  };
  return t.router({
    session: t.router({ whoami: open.query(() => ({ actor: 'anna', permissions: ['admin'] })) }),
    status: t.router({ get: guarded.query(() => ({ ...data.status, now: Date.now() })) }),
    changes: t.router({ watch: open.subscription(({ signal }) => state.changes.read(signal)) }),
    tree: t.router({ children: guarded.input(z.object({ parent: z.string().nullable() })).query(({ input }) => treeChildren(state, input.parent)) }),
    boot: fakeBootRouter(made, { boot: state.boot, changed }),
    media: fakeMediaRouter(made, { boot: state.boot, changed }),
    images: t.router({
      list: guarded.input(z.object({ trash: z.boolean().optional() })).query(({ input }) => data.images.filter((image) => (input.trash === true ? image.trashedAt !== null || image.versions.some((version) => version.trashedAt !== null) : image.trashedAt === null))),
      get: guarded.input(z.object({ image: z.string() })).query(({ input }) => imageOf(input.image)),
      version: guarded.input(z.object({ image: z.string(), version: z.number() })).query(({ input }) => {
        const image = imageOf(input.image);
        const graph = data.graphs.get(image.guid) ?? fail(new AppError('chunk-missing', 'The manifest of this version is missing.'));
        return { ...versionOf(image, input.version), graph, smallestTargetBytes: 38e9 };
      }),
      history: guarded.input(z.object({ image: z.string() })).query(({ input }) => data.history.get(imageOf(input.image).guid) ?? []),
      rename: guarded.input(z.object({ image: z.string(), name: z.string() })).mutation(({ input }) => {
        if (data.images.some((image) => image.name === input.name && image.guid !== input.image)) fail(new AppError('conflict', `There is already an image named “${input.name}”. Two images of one name could not be told apart on the command line; choose another name.`));
        each({ image: input.image }, (image) => { if ('name' in image) image.name = input.name; });
      }),
      describe: guarded.input(z.object({ image: z.string(), description: z.string() })).mutation(({ input }) => { each({ image: input.image }, (image) => { if ('description' in image) image.description = input.description; }); }),
      setNote: guarded.input(z.object({ image: z.string(), version: z.number(), note: z.string() })).mutation(({ input }) => { each(input, (version) => { if ('note' in version) version.note = input.note; }); }),
      setEnabled: guarded.input(target.extend({ enabled: z.boolean() })).mutation(({ input }) => { each(input, (item) => { item.enabled = input.enabled; }); }),
      setProtected: guarded.input(z.object({ image: z.string(), protected: z.boolean() })).mutation(({ input }) => { each({ image: input.image }, (image) => { if ('protected' in image) image.protected = input.protected; }); }),
      verify: guarded.input(target).mutation(({ input }) => {
        const image = imageOf(input.image);
        const started = image.versions.filter((version) => input.version === undefined || version.number === input.version);
        for (const version of started) version.verifying = { doneBytes: 0, totalBytes: version.usedBytes, rateBytesPerSecond: 0, etaSeconds: null };
        derive(image);
        changed('image', image.guid);
        return { started: started.map((version) => version.number) };
      }),
      delete: guarded.input(target).mutation(({ input }) => {
        if (input.version === undefined && imageOf(input.image).protected) fail(new AppError('image-protected', `“${imageOf(input.image).name}” is protected, so it was not moved to the trash. Remove its protection first.`));
        const deleteAfter = Date.now() + data.settings.trashDays * day;
        each(input, (item) => { item.trashedAt = Date.now(); item.deleteAfter = deleteAfter; });
        return { trashed: input, deleteAfter };
      }),
      deleteMany: guarded.input(z.object({ subjects: z.array(target) })).mutation(({ input }) => {
        const deleteAfter = Date.now() + data.settings.trashDays * day;
        const [kept, gone] = [input.subjects.map((subject) => imageOf(subject.image)).filter((image) => image.protected), input.subjects.map((subject) => imageOf(subject.image)).filter((image) => !image.protected)];
        for (const image of gone) each({ image: image.guid }, (item) => { item.trashedAt = Date.now(); item.deleteAfter = deleteAfter; });
        return { trashed: gone.map((image) => ({ image: image.guid, name: image.name, version: null, deleteAfter })), skipped: kept.map((image) => ({ image: image.guid, version: null, reason: `“${image.name}” is protected, so it was not moved to the trash. Remove its protection first.` })) };
      }),
      ...pendingProcedures(made, { data, changed }, derive),
      undelete: guarded.input(target).mutation(({ input }) => { each(input, (item) => { item.trashedAt = null; item.deleteAfter = null; }); }),
      purge: guarded.input(target).mutation(({ input }) => {
        const image = imageOf(input.image);
        if (input.version === undefined) data.images.splice(data.images.indexOf(image), 1);
        else image.versions = image.versions.filter((version) => version.number !== input.version);
        derive(image);
        changed('image', image.guid);
      }),
    }),
    runs: fakeRunsRouter({ data, made, changed, report: (run) => state.runs.push(run), watch: (signal) => state.runs.read(signal) }),
    computers: fakeComputersRouter({ data, guarded, undo: state.undo, changed }),
    ...fakeServersRouters(made, { made: state.servers, undo: state.undo, changed }),
    ...jobsRouters(made, { data, jobs: state.jobs, undo: state.undo, changed }),
    imports: fakeImportsRouter(made, state.imports),
    settings: t.router({
      get: guarded.query(() => data.settings),
      set: guarded.input(settingsSchema.partial()).mutation(({ input }) => {
        Object.assign(data.settings, input);
        changed('settings', 'settings');
        return data.settings;
      }),
    }),
  });
}
export type FakeRouter = ReturnType<typeof fakeRouter>;

/** Checked by the compiler: every procedure here is one of the real API's, takes no other input, and answers in its shape. */
type Differences<Fake, Real> = {
  [Router in keyof Fake]: Router extends keyof Real ? {
    // Where nothing is answered here, the console reads nothing either.
    [Procedure in keyof Fake[Router]]: Procedure extends keyof Real[Router] ? ([Fake[Router][Procedure]] extends [Real[Router][Procedure] | void] ? never : Procedure) : Procedure;
  }[keyof Fake[Router]] : Router;
}[keyof Fake];
type Never<Difference extends never> = Difference;
export type FakeAnswersLikeReal = Never<Differences<inferRouterOutputs<FakeRouter>, inferRouterOutputs<AppRouter>>>;
export type FakeAsksLikeReal = Never<Differences<inferRouterInputs<FakeRouter>, inferRouterInputs<AppRouter>>>;

/** What a real server derives from an image's versions. */
function derive(image: ImageDetail): void {
  const kept = image.versions.filter((version) => version.trashedAt === null);
  image.versionCount = kept.length;
  image.newest = kept.at(-1) ?? null;
  image.current = kept.findLast((version) => version.enabled && !version.pending)?.number ?? null;
}

function treeChildren({ data, jobs, boot, servers }: State, parent: string | null): TreeNode[] {
  const kept = data.images.filter((image) => image.trashedAt === null);
  const node = (id: string, kind: TreeNode['kind'], name: string, badge: string | null, hasChildren: boolean): TreeNode => ({ id, kind, name, badge, state: null, hasChildren });
  if (parent === null) {
    const active = data.runs.filter((run) => !isFinal(run.state)).length;
    return [
      node('computers', 'computers', 'Computers', String(data.computers.filter((computer) => computer.trashedAt === null).length), data.computers.length > 0), node('jobs', 'jobs', 'Jobs', String(jobs.jobs.filter((job) => job.trashedAt === null).length), jobs.jobs.length > 0), node('images', 'images', 'Images', String(kept.length), data.images.length > 0),
      node('servers', 'servers', 'Package servers', null, true), { ...node('boot', 'boot', 'Network boot', null, false), state: boot.status.state === 'off' ? null : boot.status.state }, node('activity', 'activity', 'Activity', active === 0 ? null : String(active), active > 0),
    ];
  }
  if (parent === 'jobs' || parent.startsWith('folder/')) return jobViews(jobs, data).treeChildren(parent);
  if (parent === 'servers') return serverNodes(servers);
  if (parent === 'activity') return data.runs.filter((run) => !isFinal(run.state)).map((run) => ({ ...node(`run/${run.id}`, 'run', runTitle(run), null, false), state: run.state }));
  if (parent === 'images') {
    const trashed = data.images.length - kept.length;
    const trash = trashed === 0 ? [] : [node('trash', 'trash', 'Trash', String(trashed), false)];
    return [...kept.toSorted((left, right) => left.name.localeCompare(right.name)).map((image) => ({
      ...node(`image/${image.guid}`, 'image', image.name, null, false), state: image.newest?.state === 'damaged' ? 'damaged' : image.enabled ? (image.newest?.verifying ? 'verifying' : 'ready') : 'disabled',
    })), ...trash];
  }
  return computerNodes(data, parent) ?? [];
}

const contentTypes: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
async function serveFile(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
  if (path === '/health') { response.writeHead(200).end('{"ok":true}'); return; }
  try {
    const name = path === '/' ? '/index.html' : path;
    const body = await readFile(join(root, 'out/renderer', name));
    response.writeHead(200, {
      'content-type': contentTypes[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'",
    }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}

export async function startFakeServer(data: FakeData): Promise<FakeServer> {
  const state: State = { data, jobs: jobsFor(data), boot: bootFor(data), servers: serversFor(data), imports: { now: null }, undo: new FakeUndo(), mode: 'answering', changes: new Feed(), runs: new Feed(), rev: 0 };
  const router = fakeRouter(state);
  let stop: () => Promise<void> = async () => undefined;
  const start = async (port: number): Promise<number> => {
    const http = createServer((request, response) => void serveFile(request, response));
    const wss = new WebSocketServer({ server: http, path: '/api' });
    applyWSSHandler({ wss, router, createContext: ({ info }) => ({ token: String(info.connectionParams?.['token'] ?? '') }) });
    await new Promise<void>((resolve) => { http.listen(port, '127.0.0.1', resolve); });
    stop = async () => {
      for (const client of wss.clients) client.terminate();
      wss.close();
      http.closeAllConnections();
      await new Promise((resolve) => { http.close(resolve); });
    };
    return (http.address() as AddressInfo).port;
  };
  const port = await start(0);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    address: `${url}/#token=${fakeToken}`,
    data,
    jobs: state.jobs,
    boot: state.boot,
    servers: state.servers,
    imports: state.imports,
    setMode: (mode) => { state.mode = mode; },
    changed: (entity, id) => state.changes.push([{ entity, id, rev: ++state.rev }]),
    reportRun: (run) => state.runs.push(run),
    goAway: () => stop(),
    comeBack: async () => { await start(port); },
    close: () => stop(),
  };
}
