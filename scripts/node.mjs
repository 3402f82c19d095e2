// Finds the Node that runs Platen (24 or newer) and runs children with it. Itself it runs on Node 20, which is what a fresh
// Debian machine has.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { root } from './sources.mjs';

export const oldestNode = 20;
export const wantedNode = 24;
export const runningNode = Number(process.versions.node.split('.')[0]);

/**
 * The path of a Node 24: the one running now, else the one among the project's packages.
 * @returns {string}
 */
export function nodePath() {
  if (runningNode >= wantedNode) return process.execPath;
  const own = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(own)) return realpathSync(own);
  throw new Error(`Platen runs on Node ${wantedNode} or newer and this is ${process.version}. On Linux x64 the setup brings one along; on other systems install Node ${wantedNode} first.`);
}

/** The environment for children: the project's commands, and so its Node, come first. */
export function childEnv() {
  return { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${withSystemFolders(process.env['PATH'])}` };
}

/**
 * A search path that also finds sfdisk and its like: Debian leaves their folders out for people who are not root.
 * @param {string | undefined} path
 */
export function withSystemFolders(path) {
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  if (process.platform === 'win32') return folders.join(delimiter);
  return [...folders, ...['/usr/local/sbin', '/usr/sbin', '/sbin'].filter((folder) => !folders.includes(folder))].join(delimiter);
}

/**
 * Runs a command in the project folder; resolves to its exit code (128 + signal number when a signal ended it).
 * @param {string} command @param {string[]} args
 * @param {{ stdio?: import('node:child_process').StdioOptions, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root, env: options.env ?? childEnv(), stdio: options.stdio ?? 'inherit',
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
    child.stderr?.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? exitCodeOf(signal), output: Buffer.concat(chunks).toString('utf8') }));
  });
}

/**
 * What a shell reports for a process that a signal ended.
 * @param {NodeJS.Signals | null} signal
 */
export function exitCodeOf(signal) {
  return { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 }[/** @type {'SIGHUP'} */ (signal)] ?? 1;
}

/**
 * Stays between the caller and a child: passes signals on, waits, and resolves to what it ended with.
 * Ctrl-C on a terminal reaches the child by itself, because both are in the terminal's process group; passing it on would
 * make it two, which programs read as "at once".
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} [interrupt] what an interrupt from elsewhere is passed on as
 * @returns {Promise<number>}
 */
export function superviseChild(child, interrupt = 'SIGINT') {
  return new Promise((resolve, reject) => {
    process.on('SIGINT', () => {
      if (![process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)) child.kill(interrupt);
    });
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    process.on('SIGHUP', () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? exitCodeOf(signal)));
  });
}
