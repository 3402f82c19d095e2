// Owns a capture from inspection to the new version: refuse first, read and send through the pipeline, check that the source stood
// still, commit. The source is opened for reading only; nothing is ever written to it. Where pages and frames go is in sending.ts.
import { AppError, CancelledError } from '#shared/errors.ts';
import type { WhereTimeGoes } from '#shared/model/run.ts';
import { formatBytes } from '#shared/units.ts';
import { assertCapturable } from '../disks/busy.ts';
import { openDiskForReading } from '../disks/disk.ts';
import { inspectDisk } from '../disks/inspect.ts';
import type { Inspection, SourceDisk } from '../disks/types.ts';
import { CapturePipeline, type CaptureFigures } from './capturePipeline.ts';
import { bytesToRead } from './layout.ts';
import { mostStreams, resumeKeyOf, RunScope, type RunContext, type TaskRef } from './runScope.ts';
import { NotTaken, Sending, type Passed } from './sending.ts';
import { SourceWitness } from './sourceWitness.ts';
import { diskWords, graphWords, paceWords } from './words.ts';
import { workerCount, WorkerPool } from './workerPool.ts';

export type CaptureRequest = { path: string; image: string; note: string; sectorSizeBytes?: number; task?: TaskRef };
export type CaptureResult = {
  image: { guid: string; name: string; isNew: boolean };
  version: number;
  manifest: string;
  resumed: boolean;
  readBytes: number;
  sentBytes: number;
  /** Raw bytes no version had before, and what they take in the store. */
  newBytes: number;
  storedBytes: number;
  /** It waits to be validated at the console. */
  pending: boolean;
  seconds: number;
  rateBytesPerSecond: number;
  where: WhereTimeGoes;
  chunks: CaptureFigures;
  notes: string[];
};

const slotChunks = 8;
const bodyBytes = 2 * 1024 * 1024;
/** After these the capture starts over under its lease: what arrived is not sent again. */
const startOver = new Set(['chunk-missing', 'lease-lost']);
const mostAttempts = 3;
/** Servers that may be tried in vain. */
const mostPassed = 10;

export async function capture(context: RunContext, request: CaptureRequest): Promise<CaptureResult> {
  const options = request.sectorSizeBytes === undefined ? {} : { sectorSizeBytes: request.sectorSizeBytes };
  const source = await openDiskForReading(request.path, options);
  try {
    await assertCapturable(request.path);
    const witness = await SourceWitness.begin(source);
    const inspection = await inspectDisk(source, source.facts);
    await witness.inspected(inspection.graph);
    const not: Passed[] = [];
    for (let attempt = 1; ; attempt++) {
      const scope = new RunScope(context, request.task);
      try {
        return await captureOnce(scope, { source, inspection, witness, not }, request);
      } catch (error) {
        if (error instanceof NotTaken && not.length < mostPassed && !context.signal.aborted) {
          not.push({ serverId: error.serverId, why: error.message });
          context.reporter.note(`${error.message} Another server takes the capture.`);
          attempt--;
          continue;
        }
        const again = error instanceof AppError && startOver.has(error.code) && attempt < mostAttempts && !context.signal.aborted;
        if (!again) {
          const told = error instanceof CancelledError ? stopped(error, request) : error;
          await scope.failed(told);
          throw told;
        }
        context.reporter.note(`${error.message} Starting over; what arrived is not sent again.`);
      } finally {
        scope.close();
      }
    }
  } finally {
    await source.close();
  }
}

type Subject = { source: SourceDisk; inspection: Inspection; witness: SourceWitness; not: Passed[] };

async function captureOnce(scope: RunScope, { source, inspection, witness, not }: Subject, request: CaptureRequest): Promise<CaptureResult> {
  const { control, reporter } = scope.context;
  const started = performance.now();
  const { facts } = source;
  const begun = await scope.race(control.request('captureBegin', {
    image: request.image,
    note: request.note,
    disk: { path: facts.path, model: facts.model, serial: facts.serial, sizeBytes: facts.sizeBytes },
    graph: inspection.graph,
    resumeKey: resumeKeyOf('capture', [facts.serial, facts.sizeBytes, facts.path, request.image]),
    elsewhere: { not },
    ...(request.task === undefined ? {} : { task: request.task }),
  }));
  scope.begin(begun);
  scope.log([`${begun.resumed ? 'The interrupted capture goes on' : 'Capture'}: ${diskWords(facts)}.`, ...graphWords(inspection.graph), ...inspection.notes]);
  for (const note of inspection.notes) reporter.note(note);
  if (begun.resumed) reporter.note('An interrupted capture of this disk is continued: what arrived is not sent again.');
  const total = inspection.graph.streams.reduce((sum, stream) => sum + bytesToRead(stream, inspection.maps.get(stream.index) ?? 'all'), 0);
  scope.meter.enter('read', total);
  const sending = begun.sendTo === undefined ? null : await Sending.reach(scope, begun.sendTo);
  const figures = await readAndSend(scope, { source, inspection, sending });
  scope.log([`${paceWords('Read', figures.readBytes, (performance.now() - started) / 1000)}; ${formatBytes(scope.meter.sentBytes)} sent: ${figures.sentFrames} chunks of ${figures.dataChunks} were new.`]);
  await witness.check(inspection.graph);
  scope.log(['The disk did not change while it was read.']);
  scope.finishing();
  scope.meter.enter('commit', total, total);
  scope.tell();
  const seconds = (performance.now() - started) / 1000;
  const common = {
    readBytes: figures.readBytes, sentBytes: scope.meter.sentBytes, seconds: round(seconds), rateBytesPerSecond: Math.round(figures.readBytes / Math.max(seconds, 0.001)),
    where: scope.meter.view().where, chunks: figures, notes: inspection.notes, resumed: begun.resumed,
  };
  const committed = await scope.race(control.request('captureCommit', { runId: begun.runId, result: common }));
  scope.tell();
  return {
    ...common, seconds: round((performance.now() - started) / 1000), image: { guid: committed.imageGuid, name: begun.imageName, isNew: begun.newImage },
    version: committed.version, manifest: committed.manifest, newBytes: committed.newBytes, storedBytes: committed.storedBytes, pending: committed.pending === true,
  };
}

async function readAndSend(scope: RunScope, { source, inspection, sending }: { source: SourceDisk; inspection: Inspection; sending: Sending | null }): Promise<CaptureFigures> {
  const workers = workerCount();
  // Fewer slots each where there are more threads: the whole stays within the memory bound.
  const slots = workers <= 2 ? 10 : workers <= 4 ? 6 : 4;
  const bodies = workers <= 4 ? 3 : 2;
  const posts = Math.max(1, Math.min(bodies, Math.floor((mostStreams - 1) / workers)));
  const pipeline = new CapturePipeline({ graph: inspection.graph, maps: inspection.maps, slots, slotChunks, client: scope.frameClient(sending?.patience), meter: scope.meter });
  const pool = new WorkerPool({
    entry: scope.context.entry,
    setups: Array.from({ length: workers }, () => ({
      role: 'capture', fd: source.fd, chunkSizeBytes: inspection.graph.chunkSizeBytes, endpoint: scope.frames, ticket: scope.ticket,
      patienceMs: scope.context.patienceMs, slots, slotChunks, bodyBytes, bodies, posts,
    })),
    onMessage: (worker, message) => {
      if (message.type === 'waits') sending?.waits(message.why);
      else pipeline.receive(worker, message);
    },
    onTicketWanted: () => scope.renewTicket(),
    onFailure: (error) => pipeline.fail(error),
  });
  scope.shareTickets((ticket) => pool.tellAll({ type: 'ticket', ticket }));
  try {
    await scope.race(pipeline.run(pool));
    return pipeline.figures;
  } catch (error) {
    throw sending?.said(error) ?? error;
  } finally {
    await pool.close();
  }
}

function stopped(error: CancelledError, request: CaptureRequest): CancelledError {
  const again = request.task === undefined ? 'Run the same command again to continue' : 'Run the job again to continue';
  return new CancelledError(`${error.message} ${request.path} was only read, and no version was made of it. What arrived is kept for a while. ${again}: it is not sent again.`);
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
