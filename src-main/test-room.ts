// Test support: jobs through the API, and an agent that takes them. Not part of the product.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Task } from '#shared/model/job.ts';
import type { RunView } from '#shared/model/run.ts';
import type { RunningServer, ServerOptions } from './server.ts';
import { CHUNK, testChunk, testDisk, testInventory, type TestAgent } from './test-agent.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from './test-server.ts';

export const script = (id = 's', continueOnError = false): Task => ({ type: 'script', id, title: '', text: 'true', timeoutSeconds: 60, continueOnError });
export const message = (id = 'm'): Task => ({ type: 'message', id, text: 'Hello', seconds: 1 });
export const power = (id = 'p', action: 'restart' | 'shut-down' = 'restart'): Task => ({ type: 'power', id, action });
export const captureTask = (imageName: string, id = 'c'): Task => ({ type: 'capture', id, disk: { kind: 'only-internal' }, imageGuid: null, imageName, note: '' });
export const deployTask = (imageGuid: string, id = 'd', version: number | null = null): Task => ({ type: 'deploy', id, disk: { kind: 'only-internal' }, imageGuid, imageName: '', version });
export const failure = { code: 'io', message: 'It broke.' };

/** One server on a folder that outlives it, and one computer. */
export class Room {
  readonly dataFolder = testFolder();
  readonly inventory = testInventory(`pc-${randomUUID().slice(0, 8)}`);
  readonly options: Partial<ServerOptions>;
  server!: RunningServer;
  api!: TestApi;
  computerId = '';
  token = '';

  private constructor(options: Partial<ServerOptions>) {
    this.options = options;
  }
  static async open(options: Partial<ServerOptions> = {}): Promise<Room> {
    const room = new Room(options);
    await room.start();
    const first = await testAgent(room.server);
    ({ computerId: room.computerId, computerToken: room.token } = await first.portal(room.server.token, room.inventory));
    await first.close();
    return room;
  }
  async start(): Promise<void> {
    this.server = await testServer({ ...this.options, dataFolder: this.dataFolder });
    this.api = testApi(this.server);
  }
  /** Ended and started again, whatever is under way. */
  async restart(): Promise<void> {
    await this.server.close();
    await this.start();
  }
  /** Its portal, by its own token; the same session is the same start of the agent. */
  async agent(session: string = randomUUID()): Promise<TestAgent> {
    const agent = await testAgent(this.server);
    await agent.portal(this.token, this.inventory, session);
    return agent;
  }
  async job(name: string, tasks: Task[], folder: string | null = null): Promise<string> {
    return (await this.api.jobs.create.mutate({ folder, name, tasks })).id;
  }
  /** Starts it on the computer as the console does. */
  async begin(what: string): Promise<string[]> {
    return (await this.api.jobs.start.mutate({ what, computers: [this.computerId], groups: [], busy: 'queue' })).runs.map((run) => run.id);
  }
  run(id: string): Promise<RunView> {
    return this.api.runs.get.query({ id });
  }
  async states(ids: readonly string[]): Promise<string[]> {
    return Promise.all(ids.map(async (id) => {
      const { state, waitingFor } = await this.run(id);
      return waitingFor === null ? state : `${state} ${waitingFor}`;
    }));
  }
  /** An image of one version that is ready. */
  async image(name: string): Promise<string> {
    const agent = await testAgent(this.server);
    await agent.hello(this.server.token, this.inventory);
    const { imageGuid } = await agent.capture(name, [testChunk(randomBytes(CHUNK))], `image-${name}`);
    await eventually(() => this.api.images.get.query({ image: imageGuid }), (image) => image.newest?.state === 'ready');
    await agent.close();
    return imageGuid;
  }
}

export const beginDeploy = (agent: TestAgent, runId: string, index: number) => agent.request('deployBegin', { image: 'as the task says', disk: testDisk, resumeKey: 'deploy-target', task: { runId, index } });
