// Runs the built agent as a person at the computer would, in a process of its own, and tells what it said and how it ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nodePath } from '../scripts/node.mjs';
import { root } from '../scripts/sources.mjs';

/** One document of `--json`; errors as {error: {code, message}}. */
export type AgentAnswer = Record<string, unknown> & { error?: { code: string; message: string; data?: Record<string, unknown> } };
/** signal: what killed it, when it did not end by itself. */
export type AgentEnd = { code: number | null; signal: string | null; answer: AgentAnswer; said: string };

export type RunningAgent = {
  pid: number;
  ended: Promise<AgentEnd>;
  /** Ends it and everything it started at once, as pulling the plug would. */
  kill(): Promise<void>;
};

const programs = {
  agent: join(root, 'out/agent/agent.cjs'),
  server: join(root, 'out/main/headless.js'),
};

function start(program: keyof typeof programs, args: string[], inside: readonly string[] = []): RunningAgent {
  const [command, ...before] = [...inside, nodePath()];
  // A process group of its own, so that kill() reaches helpers too.
  const child = spawn(command, [...before, programs[program], ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'], detached: true,
    env: { ...process.env, PLATEN_SERVER: undefined, PLATEN_TOKEN: undefined, PLATEN_DATA: undefined },
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`could not start ${programs[program]}`);
  const out: Buffer[] = [];
  const said: string[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const ended = once(child, 'close').then(([code, signal]): AgentEnd => {
    const text = Buffer.concat(out).toString('utf8').trim();
    let answer: AgentAnswer = {};
    if (text !== '') {
      try {
        answer = JSON.parse(text) as AgentAnswer;
      } catch {
        throw new Error(`stdout is not one JSON document: ${text}\n${said.join('\n')}`);
      }
    }
    return { code: code as number | null, signal: signal as string | null, answer, said: said.join('\n') };
  });
  return {
    pid, ended,
    kill: async () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        return; // it had ended by itself
      }
      await once(child, 'close').catch(() => undefined);
    },
  };
}

type ServerAddress = { url: string; token: string; /** As of the server that is meant. */ inside?: readonly string[] };

/** `platen agent …`. */
export function startAgent(server: ServerAddress, args: string[]): RunningAgent {
  return start('agent', [...args, '--server', server.url, '--token', server.token], server.inside);
}

export function runAgent(server: ServerAddress, args: string[]): Promise<AgentEnd> {
  return startAgent(server, args).ended;
}

/** Any other command of `platen`, against a running server. */
export function platen(server: ServerAddress, args: string[]): Promise<AgentEnd> {
  return start('server', [...args, '--server', server.url, '--token', server.token], server.inside).ended;
}

/** The end of a command that must succeed; what it said is the error otherwise. */
export async function succeeded(end: Promise<AgentEnd>): Promise<AgentAnswer> {
  const { code, signal, answer, said } = await end;
  if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${JSON.stringify(answer)}\n${said}`);
  return answer;
}
