// Starts the built server as a process of its own, as a user would have it, and stops it again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';

const readyLimitMs = 30_000;
const stopLimitMs = 15_000;

export type TestServer = {
  url: string;
  token: string;
  pid: number;
  dataFolder: string;
  /** The command it runs inside of, such as one that enters a network namespace; what talks to it has to do the same. */
  inside: readonly string[];
  /** What a browser opens: the URL with the token in its fragment. */
  address: string;
  /** Everything it said so far, for a failed test's report. */
  log(): string;
  /** Ends it as a service manager would; rejects when it does not end or ends badly. */
  stop(): Promise<void>;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
};

/** Resolves when the server says it is ready; a port of 0 lets it choose. */
export async function startTestServer(dataFolder: string, options: { httpPort?: number; args?: string[]; inside?: readonly string[] } = {}): Promise<TestServer> {
  const inside = options.inside ?? [];
  const [command, ...before] = [...inside, nodePath()];
  const child = spawn(command, [...before, join(root, 'out/main/headless.js'), 'serve', '--json', '--data', dataFolder, '--http-port', String(options.httpPort ?? 0), ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PLATEN_SERVER: undefined, PLATEN_TOKEN: undefined, PLATEN_DATA: undefined },
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString('utf8')));
  const ended = once(child, 'close');
  const ready = await new Promise<{ url: string; token: string; pid: number }>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the server was not ready after ${readyLimitMs} ms:\n${said.join('')}`)), readyLimitMs);
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      const answer = JSON.parse(line) as { url: string; token: string; pid: number; error?: { message: string } };
      if (answer.error === undefined) resolve(answer);
      else reject(new Error(`the server did not start: ${answer.error.message}`));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with ${code} before it was ready:\n${said.join('')}`));
    });
    child.once('error', reject);
  }).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    ...ready,
    dataFolder,
    inside,
    address: `${ready.url}/#token=${ready.token}`,
    log: () => said.join(''),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
      const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
      clearTimeout(timer);
      if (code !== 0) throw new Error(`the server ended with ${code ?? signal} instead of 0:\n${said.join('')}`);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
