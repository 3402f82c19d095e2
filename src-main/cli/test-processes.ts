// Owns what the tests of the command line share: the program as a child process, a server that runs on a folder, a sample disk.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);

export type Result = { code: number | null; stdout: string; stderr: string };
export type Serving = { ready: { url: string; token: string; pid: number; fingerprint: string; dataFolder: string; addresses: string[]; role: 'console' | 'package-server'; console: string | null }; child: ChildProcess; stderr(): string; ended: Promise<unknown[]> };

/** No setting of the person who runs the tests may reach the program. */
function cleanEnv(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PLATEN_DATA: _data, PLATEN_SERVER: _server, PLATEN_TOKEN: _token, ...rest } = process.env;
  return { ...rest, LANG: 'C.UTF-8', ...extra };
}

async function collect(file: string, args: readonly string[], env: Record<string, string>): Promise<Result> {
  const child = spawn(process.execPath, [join(root, file), ...args], { env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => { texts[name] += text; });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...texts };
}
export function platen(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  return collect('src-main/headless.ts', args, env);
}
export function platenAgent(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  return collect('src-agent/main.ts', args, env);
}

/** As it is released; null where it is not built. From source it takes more memory: types are stripped in every thread. */
export const bundle: string | null = existsSync(join(root, 'out/main/headless.js')) ? 'out/main/headless.js' : null;

/** Resolves with the ready line; rejects with what the program said when it ends before. */
export async function serve(dataFolder: string, args: readonly string[] = [], program = 'src-main/headless.ts'): Promise<Serving> {
  const child = spawn(process.execPath, [join(root, program), 'serve', '--json', '--http-port', '0', '--data', dataFolder, ...args], { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
  const ended = once(child, 'close');
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('close', (code) => reject(new Error(`serve ended with ${code}: ${said}`)));
  });
  return { ready: JSON.parse(line) as Serving['ready'], child, stderr: () => said, ended };
}

/** @returns the exit code, or the signal that ended it */
export async function stop(serving: Serving, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
  if (serving.child.exitCode === null && serving.child.signalCode === null) serving.child.kill(signal);
  const [code, ended] = (await serving.ended) as [number | null, NodeJS.Signals | null];
  return code ?? ended;
}

/** A GPT disk with one empty ext4, in a plain file. */
export async function makeDisk(path: string): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(64 * 1024 * 1024);
  await file.close();
  const partitioning = spawn('sfdisk', ['-q', path], { stdio: ['pipe', 'ignore', 'ignore'] });
  partitioning.stdin.end('label: gpt\nstart=2048,size=98304,type=L,name=root\n');
  const [code] = (await once(partitioning, 'close')) as [number];
  if (code !== 0) throw new Error(`sfdisk ended with ${code}`);
  await run('mke2fs', ['-q', '-t', 'ext4', '-L', 'root', '-E', `offset=${2048 * 512}`, path, '48M']);
}
