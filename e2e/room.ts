// A room of simulated computers: each an agent reduced to its control channel, which takes the runs it is given, holds each task
// until the room is let go (so that it can be watched and cancelled), and comes back by itself when the server goes away.
import { randomUUID } from 'node:crypto';
import type { AssignedRun } from '#shared/agent/messages.ts';
import { TestAgent, testInventory } from '../src-main/test-agent.ts';

type Server = { url: string; token: string };

const RETRY_MS = 200;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class SimulatedComputer {
  readonly name: string;
  /** Every task that was really done here, by run: what must not happen twice shows here. */
  readonly done: string[] = [];
  private readonly inventory;
  private readonly session = randomUUID();
  private agent: TestAgent | null = null;
  private token: string;
  private readonly cancelled = new Set<string>();
  private stopped = false;
  private readonly ended: Promise<void>;

  private readonly room: SimulatedRoom;

  constructor(name: string, room: SimulatedRoom) {
    this.name = name;
    this.room = room;
    this.inventory = testInventory(name, `SERIAL-${name}`);
    this.token = room.server.token;
    this.ended = this.live();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.agent?.socket.terminate();
    await this.ended;
  }

  private async live(): Promise<void> {
    while (!this.stopped) {
      try {
        await this.work(await new TestAgent(this.room.server.url).open());
      } catch {
        // The server is away, or went away in mid-word: what was not answered is asked again.
      }
      await wait(RETRY_MS);
    }
  }

  private async work(agent: TestAgent): Promise<void> {
    this.agent = agent;
    const hello = await agent.portal(this.token, this.inventory, this.session);
    this.token = hello.computerToken;
    while (!this.stopped && !agent.closed) {
      for (const notice of agent.notices) if (notice['type'] === 'cancel') this.cancelled.add(String(notice['runId']));
      agent.notices.length = 0;
      const { run } = await agent.request('takeRun', {});
      if (run === null) await wait(100);
      else await this.perform(agent, run);
    }
  }

  private async perform(agent: TestAgent, run: AssignedRun): Promise<void> {
    for (let index = run.taskIndex; index < run.tasks.length; index++) {
      await agent.request('taskStarted', { runId: run.id, index });
      do {
        await wait(25);
        if (agent.closed) throw new Error('the server went away');
        if (agent.notices.some((notice) => notice['type'] === 'cancel' && notice['runId'] === run.id) || this.cancelled.has(run.id)) {
          await agent.request('taskFailed', { runId: run.id, index, error: { code: 'internal', message: 'Cancelled.' }, cancelled: true });
          return;
        }
      } while (this.room.isHeld);
      this.done.push(`${run.id} ${index}`);
      const { ended } = await agent.request('taskDone', { runId: run.id, index, result: {} });
      if (ended) return;
    }
  }
}

export class SimulatedRoom {
  readonly computers: SimulatedComputer[];
  server: Server;
  /** Tasks last as long as this is so. */
  isHeld = true;
  constructor(server: Server, count: number) {
    this.server = server;
    this.computers = Array.from({ length: count }, (_, index) => new SimulatedComputer(`SIM-${String(index + 1).padStart(2, '0')}`, this));
  }
  async stop(): Promise<void> {
    await Promise.all(this.computers.map((computer) => computer.stop()));
  }
}
