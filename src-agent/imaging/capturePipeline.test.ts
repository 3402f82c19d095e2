import { expect, test } from 'vitest';
import type { DeviceGraph } from '#shared/model/schema.ts';
import { FrameClient } from '../net/frameClient.ts';
import { CapturePipeline } from './capturePipeline.ts';
import { ProgressMeter } from './progress.ts';
import type { ToWorker } from './workerMessages.ts';
import { WorkerPool } from './workerPool.ts';

/** A pool of two threads that only writes down what it is told. */
class TwoThreads extends WorkerPool {
  readonly told: ToWorker['type'][] = [];
  override readonly size = 2;
  constructor() {
    super({ entry: '', setups: [], onMessage: () => undefined, onTicketWanted: () => undefined, onFailure: () => undefined });
  }
  override tellAll(message: ToWorker): void {
    this.told.push(message.type);
  }
}

test('a capture is over when every thread has said so, however late the frames of one of them arrive', async () => {
  const graph: DeviceGraph = { chunkSizeBytes: 262_144, nodes: [], streams: [] };
  const client = new FrameClient({ url: 'http://127.0.0.1:1', fingerprint: '' }, { current: () => 'ticket', after: () => Promise.reject(new Error('unused')) }, { patienceMs: 0, signal: new AbortController().signal });
  const pipeline = new CapturePipeline({ graph, maps: new Map(), slots: 1, slotChunks: 1, client, meter: new ProgressMeter('read', () => 0) });
  const threads = new TwoThreads();
  let over = false;
  const done = pipeline.run(threads).then(() => (over = true));
  const sent = { type: 'sent', frames: 1, bytes: 10, rawBytes: 20, where: {} } as const;
  pipeline.receive(0, sent);
  pipeline.receive(0, { type: 'finished' });
  pipeline.receive(1, sent);
  pipeline.receive(0, { type: 'finished' });
  await Promise.resolve();
  expect({ over, told: threads.told }).toEqual({ over: false, told: ['finish'] });
  pipeline.receive(1, { type: 'finished' });
  await done;
  expect(over).toBe(true);
});
