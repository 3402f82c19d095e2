// Owns a deploy from the server's word to the proof: wait while the version is verified, check the manifest, plan, refuse; then wipe the
// old tables, write, flush, prove, write the tables last, prove them. Every refusal comes before the first write.
import type { WhereTimeGoes } from '#shared/model/run.ts';
import type { Answers, ServerNotice } from '#shared/agent/messages.ts';
import { AppError, CancelledError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import { openTarget } from '../disks/disk.ts';
import type { DiskFacts, ExpectedDisk, TargetHandle } from '../disks/types.ts';
import { RunningHash } from '../hash.ts';
import { defaultPacing, DeployPipeline, type DeployFigures } from './deployPipeline.ts';
import { RemoteManifest } from './manifestReader.ts';
import { diskOf, neededBytes, planDeploy, type DeployPlan } from './plan.ts';
import { noProof, proveAreas, proveTables, type Proof } from './proof.ts';
import { Reading, type SourceFigures } from './reading.ts';
import { resumeKeyOf, RunScope, type RunContext, type TaskRef } from './runScope.ts';
import { diskWords, graphWords, paceWords } from './words.ts';
import { workerCount, WorkerPool } from './workerPool.ts';

export type DeployRequest = {
  /** The target as it was shown to the person; what is opened must be this. */
  facts: DiskFacts;
  image: string;
  version?: number;
  /** Also where it waits to be validated. */
  test?: boolean;
  expect: ExpectedDisk;
  createSizeBytes?: number;
  /** How often what was written is flushed and thereby counts for a continuation. */
  pacing?: typeof defaultPacing;
  task?: TaskRef;
  /** Once the disk is proved and closed, before the server hears of the end. Lines of what it did; it never rejects. */
  afterWrite?: (path: string) => Promise<string[]>;
};
export type DeployResult = {
  image: { guid: string; name: string };
  version: number;
  resumed: boolean;
  writtenBytes: number;
  receivedBytes: number;
  seconds: number;
  rateBytesPerSecond: number;
  where: WhereTimeGoes;
  figures: DeployFigures;
  /** Whom it was read from, and how much of each. */
  sources: SourceFigures[];
  proof: Proof;
  notes: string[];
};

export async function deploy(context: RunContext, request: DeployRequest): Promise<DeployResult> {
  const scope = new RunScope(context, request.task);
  const touched = { yet: false };
  try {
    return await deployOnce(scope, request, touched);
  } catch (error) {
    const told = touched.yet ? incomplete(error, request) : untouched(error, request);
    await scope.failed(told);
    throw told;
  } finally {
    scope.close();
  }
}

async function deployOnce(scope: RunScope, request: DeployRequest, touched: { yet: boolean }): Promise<DeployResult> {
  const { control, reporter } = scope.context;
  const started = performance.now();
  const begun = await begin(scope, request);
  scope.begin(begun);
  scope.meter.enter('plan', 0);
  const reading = new Reading(begun.sources, { serverId: control.hello.serverId, name: control.hello.serverName, endpoint: scope.context.server }, (lines) => scope.log(lines));
  scope.shareTickets((_, sources) => void reading.renewed(sources));
  const manifest = await scope.race(RemoteManifest.open(scope.sourceClient(reading), { hash: begun.manifest, sizeBytes: begun.manifestBytes }));
  // The graph that counts is the manifest's own: its hash was checked, the answer's was not.
  const { graph } = manifest.head;
  const target = await openTarget({
    path: request.facts.path, expect: { ...identityOf(request), ...request.expect }, neededBytes: neededBytes(graph), sectorSizeBytes: diskOf(graph).sectorSizeBytes,
    ...(request.createSizeBytes === undefined ? {} : { createSizeBytes: request.createSizeBytes }),
  });
  try {
    const plan = planDeploy(graph, { path: request.facts.path, sizeBytes: target.sizeBytes, sectorSizeBytes: diskOf(graph).sectorSizeBytes, knownZero: target.knownZero });
    const resumed = begun.watermarks.some((mark) => mark.chunks > 0);
    if (resumed) reporter.note('An interrupted deploy to this disk is continued: what is there is checked, and only what differs is fetched.');
    scope.log([`${resumed ? 'The interrupted deploy goes on' : 'Deploy'} to ${diskWords({ ...target.facts, path: request.facts.path })}.`, ...graphWords(graph)]);
    await scope.race(control.request('deployStarted', { runId: begun.runId }));
    touched.yet = true;
    const figures = await write(scope, { plan, manifest, reading, target, watermarks: begun.watermarks, pacing: request.pacing ?? defaultPacing });
    scope.log([`${paceWords('Wrote', figures.pipeline.figures.writtenBytes, (performance.now() - started) / 1000)}; ${formatBytes(figures.pipeline.figures.receivedBytes)} fetched, every chunk checked against its hash.${sourceWords(reading.figures())}`]);
    const { proof, notes } = await finish(scope, plan, figures.pipeline, target);
    notes.push(...((await request.afterWrite?.(request.facts.path)) ?? []));
    for (const note of notes) reporter.note(note);
    scope.log([`Read back ${proof.areas} boot areas and superblocks and ${proof.tables} pieces of table${proof.fromDisk ? ' from the disk' : ''}: all as written.`, ...notes]);
    const seconds = (performance.now() - started) / 1000;
    const common = {
      resumed, writtenBytes: figures.pipeline.figures.writtenBytes, receivedBytes: figures.pipeline.figures.receivedBytes, seconds: Math.round(seconds * 100) / 100,
      rateBytesPerSecond: Math.round(scope.meter.totalBytes / Math.max(seconds, 0.001)), where: scope.meter.view().where, figures: figures.pipeline.figures, sources: reading.figures(), proof, notes,
    };
    scope.finishing();
    await scope.race(control.request('deployDone', { runId: begun.runId, result: common }));
    return { ...common, image: { guid: begun.imageGuid, name: begun.imageName }, version: begun.version };
  } finally {
    await target.close();
  }
}

async function begin(scope: RunScope, request: DeployRequest): Promise<Answers['deployBegin']> {
  const { control, reporter } = scope.context;
  const { facts } = request;
  let requestId = 0;
  let told = false;
  const onNotice = (notice: ServerNotice): void => {
    if (notice.type !== 'deployWait' || notice.requestId !== requestId) return;
    if (!told) reporter.note(`${notice.imageName} version ${notice.version} is still being verified by the server; the deploy waits for it.`);
    told = true;
    if (scope.meter.stage !== 'wait') scope.meter.enter('wait', notice.totalBytes, notice.doneBytes);
    scope.meter.totalBytes = notice.totalBytes;
    scope.meter.add(notice.doneBytes - scope.meter.doneBytes);
    scope.tell();
  };
  control.on('notice', onNotice);
  try {
    return await scope.race(control.request('deployBegin', {
      image: request.image,
      ...(request.version === undefined ? {} : { version: request.version }),
      ...(request.test === undefined ? {} : { test: request.test }),
      disk: { path: facts.path, model: facts.model, serial: facts.serial, sizeBytes: facts.sizeBytes },
      resumeKey: resumeKeyOf('deploy', [facts.serial, facts.sizeBytes, facts.path, request.image, request.version ?? 0]),
      ...(request.task === undefined ? {} : { task: request.task }),
    }, (id) => (requestId = id)));
  } finally {
    control.off('notice', onNotice);
  }
}

type Work = { plan: DeployPlan; manifest: RemoteManifest; reading: Reading; target: TargetHandle; watermarks: Answers['deployBegin']['watermarks']; pacing: typeof defaultPacing };

async function write(scope: RunScope, work: Work): Promise<{ pipeline: DeployPipeline }> {
  const { plan, manifest, reading, target } = work;
  const totals = plan.streams.map((stream) => {
    const { dataChunks, zeroChunks } = manifest.totalsOf(stream.index);
    return Math.min((dataChunks + zeroChunks) * stream.chunkSize, stream.lengthBytes);
  });
  scope.meter.enter('write', totals.reduce((sum, bytes) => sum + bytes, 0));
  for (const range of [...plan.wipes, ...plan.regionEdges]) await target.zeroRange(range.offset, range.length);
  await target.flush();
  // What a continued deploy compares must be what the disk holds, not what the kernel remembers of it.
  await target.dropCache();
  const pipeline = new DeployPipeline({
    plan, manifest, target, meter: scope.meter, watermarks: work.watermarks, pacing: work.pacing,
    onWatermarks: (marks) => {
      scope.watermarks = marks;
      scope.tell();
    },
    onReceived: (bySource) => reading.received(bySource),
  });
  const pool = new WorkerPool({
    entry: scope.context.entry,
    setups: Array.from({ length: workerCount() }, () => ({
      role: 'deploy', fd: target.fd, chunkSizeBytes: manifest.head.graph.chunkSizeBytes, endpoint: scope.context.server, ticket: scope.ticket, patienceMs: scope.context.patienceMs, sources: reading.list.entries(),
    })),
    onMessage: (worker, message) => {
      if (message.type === 'sourceLost') reading.left(message.change);
      else pipeline.receive(worker, message);
    },
    onTicketWanted: () => scope.renewTicket(),
    onFailure: (error) => pipeline.fail(error),
  });
  scope.shareTickets((ticket, sources) => pool.tellAll({ type: 'ticket', ticket, sources: reading.renewed(sources) }));
  reading.share((change) => pool.tellAll({ type: 'sourceLost', change }));
  const stop = (): void => pipeline.fail(scope.reason());
  scope.signal.addEventListener('abort', stop);
  try {
    if (scope.signal.aborted) throw scope.reason();
    await pipeline.run(pool);
    return { pipeline };
  } finally {
    scope.signal.removeEventListener('abort', stop);
    // No thread may write once the table is there, nor after the person was told that it ended.
    await pool.close();
  }
}

async function finish(scope: RunScope, plan: DeployPlan, pipeline: DeployPipeline, target: TargetHandle): Promise<{ proof: Proof; notes: string[] }> {
  const proof = noProof();
  const summary = new RunningHash();
  scope.meter.detail = 'partition tables';
  scope.meter.stage = 'prove';
  scope.tell();
  const started = performance.now();
  const edges = plan.regionEdges.map((range) => ({ ...range, hash: null, what: 'unused space' }));
  proof.fromDisk = await target.dropCache();
  await proveAreas(target, [...pipeline.expectations, ...edges], proof, summary);
  if (scope.signal.aborted) throw scope.reason();
  for (const table of plan.tables) await target.write(table.bytes, table.offsetBytes);
  await target.flush();
  proof.fromDisk = (await target.dropCache()) && proof.fromDisk;
  await proveTables(target, plan.tables, proof, summary);
  proof.hash = summary.digestHex();
  scope.meter.spend({ read: performance.now() - started });
  const note = await target.rereadTable();
  return { proof, notes: note === null ? [] : [note] };
}

/** Only where there is something to tell: of one server the run is enough. */
function sourceWords(sources: readonly SourceFigures[]): string {
  return sources.length < 2 ? '' : ` ${sources.map(({ name, receivedBytes }) => `${formatBytes(receivedBytes)} from ${name}`).join(', ')}.`;
}

/** The disk that was shown is the disk that must be opened; a plain file is known by its size alone, unless it is made now. */
function identityOf(request: DeployRequest): ExpectedDisk {
  const { facts } = request;
  return { sizeBytes: facts.sizeBytes, ...(facts.serial === '' ? {} : { serial: facts.serial }), ...(facts.wwn === '' ? {} : { wwn: facts.wwn }) };
}

function incomplete(error: unknown, request: DeployRequest): unknown {
  const again = request.task === undefined ? 'Run the same command again' : 'Run the job again';
  const text = `${request.facts.path} is incomplete and must not be used. ${again} to continue: what arrived is not fetched again.`;
  if (error instanceof CancelledError) return new CancelledError(`${error.message} ${text}`);
  // A refusal's code would promise an untouched disk.
  if (error instanceof AppError) return new AppError(error.isRefusal ? 'chunk-damaged' : error.code, `${error.message} ${text}`, error.data, error);
  return error;
}

function untouched(error: unknown, request: DeployRequest): unknown {
  return error instanceof CancelledError ? new CancelledError(`${error.message} Nothing was written to ${request.facts.path}.`) : error;
}
