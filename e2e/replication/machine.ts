// Owns one machine of the replication lab: a real server process in a namespace of its own, with a data folder, that can be stopped, killed,
// cut off and watched in a browser. What the servers do with each other is theirs.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { nodePath } from '../../scripts/node.mjs';
import { root } from '../../scripts/sources.mjs';
import { platen, startAgent, succeeded, type AgentAnswer, type AgentEnd } from '../agent.ts';
import { run } from '../disks/host.ts';
import { startTestServer, type TestServer } from '../server.ts';
import type { LabNetwork, Traffic } from './network.ts';

const PORT = 8420;

export class LabMachine {
  readonly name: string;
  readonly address: string;
  /** Another one takes effect with the next start. */
  dataFolder: string;
  readonly #network: LabNetwork;
  #server: TestServer | null = null;
  #forward: { child: ChildProcess; server: Server; url: string } | null = null;

  constructor(network: LabNetwork, name: string, address: string) {
    this.#network = network;
    this.name = name;
    this.address = address;
    this.dataFolder = join(network.folder, name);
  }

  get server(): TestServer {
    if (this.#server === null) throw new Error(`${this.name} does not run.`);
    return this.#server;
  }
  get isRunning(): boolean {
    return this.#server !== null;
  }
  get inside(): string[] {
    return this.#network.inside(this.name);
  }
  /** As other machines of the lab reach it. */
  get url(): string {
    return `https://${this.address}:${PORT}`;
  }

  /** args: how it joins, the first time. */
  async start(args: string[] = []): Promise<void> {
    this.#server = await startTestServer(this.dataFolder, { httpPort: PORT, inside: this.inside, args: ['--host', '0.0.0.0', ...args] });
  }
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.stop();
  }
  /** At once, as a power cut would. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.kill();
  }

  /** The cable. */
  disconnect(): Promise<void> {
    return this.#network.plug(this.name, false);
  }
  connect(): Promise<void> {
    return this.#network.plug(this.name, true);
  }
  shape(megabits: number): Promise<void> {
    return this.#network.shape(this.name, megabits);
  }
  /** Since the lab began. */
  traffic(): Promise<Traffic> {
    return this.#network.traffic(this.name);
  }

  /** A command against this server, which must succeed. */
  async platen<T = AgentAnswer>(...args: string[]): Promise<T> {
    return (await succeeded(platen(this.server, args))) as unknown as T;
  }
  /** Likewise, however it ends. */
  tryPlaten(...args: string[]): Promise<AgentEnd> {
    return platen(this.server, args);
  }
  /** A command that works on a data folder here and needs no server; it must succeed. */
  async offline(...args: string[]): Promise<void> {
    const [command = '', ...before] = this.inside;
    await run(command, [...before, nodePath(), join(root, 'out/main/headless.js'), ...args, '--json']);
  }
  /** The agent on this machine, against the server here or another one. */
  async agent(args: string[], against: LabMachine = this): Promise<AgentEnd> {
    const server = against === this ? this.server : { url: against.url, token: against.server.token, inside: this.inside };
    return await startAgent(server, args).ended;
  }
  async capture(disk: string, image: string, against: LabMachine = this): Promise<AgentAnswer> {
    return await succeeded(this.agent(['capture', '--disk', disk, '--image', image], against));
  }

  /** What a browser outside of the lab opens; the same after a restart. */
  async browserUrl(): Promise<string> {
    this.#forward ??= await openForward(this.inside, join(this.#network.folder, `${this.name}.socket`));
    return `${this.#forward.url}/#token=${this.server.token}`;
  }

  /** For the report of a failed test. */
  log(): string {
    return this.#server?.log() ?? '';
  }

  async close(): Promise<void> {
    await this.kill();
    if (this.#forward === null) return;
    this.#forward.server.close();
    this.#forward.child.kill('SIGKILL');
    await once(this.#forward.child, 'close');
  }
}

async function openForward(inside: readonly string[], file: string) {
  const [command, ...before] = [...inside, nodePath()];
  const child = spawn(command, [...before, join(root, 'e2e/replication/forward.mjs'), file, String(PORT)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const server = createServer((near) => {
    const far = connect(file);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the forward has no port');
  return { child, server, url: `http://127.0.0.1:${address.port}` };
}
