// Owns the agent's commands: arguments to work, signals to cancellation, results and errors to stdout, stderr and exit codes.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { AppError, CancelledError } from '#shared/errors.ts';
import type { Inventory } from '#shared/model/computer.ts';
import { Control } from './connection.ts';
import { diskText } from './diskText.ts';
import { diskFacts } from './disks/disk.ts';
import { inventory, summariseDisk } from './disks/inventory.ts';
import type { DiskFacts } from './disks/types.ts';
import { bootEnvironmentOf } from './environment/environment.ts';
import { capture } from './imaging/capture.ts';
import { deploy } from './imaging/deploy.ts';
import type { RunContext } from './imaging/runScope.ts';
import { defaultDataFolder, localServer, serverLocation, type ServerLocation } from './net/endpoint.ts';
import { openDevice } from './portal/device.ts';
import type { DisplaySetup } from './portal/display.ts';
import { openPortal } from './portal/portal.ts';
import { captureSummary, deploySummary, errorDocument, errorText, exitCodeOf, Report, type Output } from './report.ts';
import { helpText } from './help.ts';
import { runSession } from './session/command.ts';
import { parseArguments, type Arguments } from './usage.ts';

export const agentVersion = '0.1.0';
export type AgentStart = { argv: string[]; env: NodeJS.ProcessEnv; /** The file worker threads are started from. */ entry: string };

const stderr: Output = { write: (text) => void process.stderr.write(text), isTerminal: process.stderr.isTTY, columns: () => process.stderr.columns ?? 80 };

/** Runs one command; resolves with the exit code and never rejects. */
export async function runAgent(start: AgentStart): Promise<number> {
  let json = start.argv.includes('--json');
  const abort = new AbortController();
  let signals = 0;
  const onSignal = (): void => {
    signals++;
    abort.abort(new CancelledError('Stopped.'));
    if (signals > 2) process.exit(1);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const args = parseArguments(start.argv);
    json = args.json;
    await dispatch(start, args, abort.signal);
    return 0;
  } catch (error) {
    if (json) process.stdout.write(`${errorDocument(error)}\n`);
    else process.stderr.write(`${errorText(error)}\n`);
    return exitCodeOf(error);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function dispatch(start: AgentStart, args: Arguments, signal: AbortSignal): Promise<void> {
  if (args.command === 'help') process.stdout.write(helpText(args.topic));
  else if (args.command === 'inventory') await showInventory(args);
  else if (args.command === 'capture') await runCapture(start, args, signal);
  else if (args.command === 'deploy') await runDeploy(start, args, signal);
  else await runJobs(start, args, signal);
}

async function showInventory(args: Arguments): Promise<void> {
  const found = await inventory();
  process.stdout.write(args.json ? `${JSON.stringify(found)}\n` : inventoryText(found));
}

async function runCapture(start: AgentStart, args: Arguments, signal: AbortSignal): Promise<void> {
  const path = resolve(args.disk);
  const result = await withServer(start, args, signal, (context) => capture(context, {
    path, image: args.image, note: args.note, ...(args.sectorSizeBytes === undefined ? {} : { sectorSizeBytes: args.sectorSizeBytes }),
  }));
  process.stdout.write(args.json ? `${JSON.stringify(result)}\n` : captureSummary(result));
}

async function runDeploy(start: AgentStart, args: Arguments, signal: AbortSignal): Promise<void> {
  const path = resolve(args.disk);
  const facts = await targetFacts(path, args.createSizeBytes);
  await confirm(args, facts, signal);
  const result = await withServer(start, args, signal, (context) => deploy(context, {
    facts, image: args.image, expect: args.expect,
    ...(args.version === undefined ? {} : { version: args.version }), ...(args.test ? { test: true } : {}),
    ...(args.createSizeBytes === undefined ? {} : { createSizeBytes: args.createSizeBytes }),
  }));
  process.stdout.write(args.json ? `${JSON.stringify(result)}\n` : deploySummary(result, path));
}

/** The menu, or one job, on this computer. */
async function runJobs(start: AgentStart, args: Arguments, signal: AbortSignal): Promise<void> {
  const { stdin, stdout } = process;
  const isInteractive = stdin.isTTY && process.stderr.isTTY;
  const report = new Report(stderr, { json: args.json, now: () => performance.now() });
  const { TERM: term = '', LC_ALL, LC_CTYPE, LANG } = start.env;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== '') ?? '';
  const onScreen = stdin.isTTY && stdout.isTTY && !args.json;
  const server = chooseServer(args, start.env);
  stdout.write(await runSession({
    args, server, report, environment: bootEnvironmentOf(start.env, { server, signal, patienceMs: args.patienceMs }), signal, agentVersion, entry: start.entry, isInteractive,
    openPortal: onScreen ? (parts) => openPortal({ input: stdin, output: stdout, term, locale, others: otherDisplays(args.terminals), ...parts }) : null,
  }));
}

/** One that can't be used is said on stderr, and the portal goes on without it. */
function otherDisplays(paths: readonly string[]): DisplaySetup[] {
  return paths.flatMap((path) => {
    const opened = openDevice(path);
    if ('display' in opened) return [opened.display];
    process.stderr.write(`${opened.problem}\n`);
    return [];
  });
}

async function withServer<T>(start: AgentStart, args: Arguments, signal: AbortSignal, work: (context: RunContext) => Promise<T>): Promise<T> {
  const server = chooseServer(args, start.env);
  const report = new Report(stderr, { json: args.json, now: () => performance.now() });
  const control = await Control.connect({ server, inventory: await inventory(), agentVersion, signal, patienceMs: args.patienceMs });
  try {
    return await work({ control, server, entry: start.entry, reporter: report, signal, patienceMs: args.patienceMs });
  } finally {
    report.end();
    await control.close();
  }
}

function chooseServer(args: Arguments, env: NodeJS.ProcessEnv): ServerLocation {
  const url = args.server ?? env['PLATEN_SERVER'];
  const token = args.token ?? env['PLATEN_TOKEN'];
  if (url !== undefined && url !== '' && args.data === undefined) {
    if (token === undefined || token === '') throw new AppError('usage', `--server ${url} needs --token T as well. "platen serve" prints it when it starts.`);
    return serverLocation(url, token);
  }
  return localServer(args.data ?? defaultDataFolder(env));
}

async function targetFacts(path: string, createSizeBytes: number | undefined): Promise<DiskFacts> {
  const exists = await stat(path).then(() => true, () => false);
  if (exists || createSizeBytes === undefined) return diskFacts(path);
  return {
    path, kind: 'file', sizeBytes: createSizeBytes, sectorSizeBytes: 512, physicalSectorSizeBytes: 512, model: '', serial: '', wwn: '', bus: 'file',
    removable: false, rotational: false, readOnly: false,
  };
}

/** Names what will be lost. A file that does not exist yet loses nothing. */
async function confirm(args: Arguments, facts: DiskFacts, signal: AbortSignal): Promise<void> {
  const isNew = facts.kind === 'file' && !(await stat(facts.path).then(() => true, () => false));
  if (args.yes || isNew) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new AppError('usage', `Deploying erases ${facts.path}. Without a terminal to ask on, say so with --yes (and say which disk you mean with --expect serial=…,size=…).`);
  }
  const summary = await summariseDisk(facts);
  process.stderr.write(`Deploying ${args.image} ERASES this disk:\n${diskText(summary)}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question('Type yes to go on: ', { signal }).catch(() => '');
    if (answer.trim().toLowerCase() !== 'yes') throw new CancelledError(`Nothing was written to ${facts.path}.`);
  } finally {
    terminal.close();
  }
}

function inventoryText(found: Inventory): string {
  const { identity } = found;
  const who = [identity.vendor, identity.product, identity.systemSerial === '' ? '' : `serial ${identity.systemSerial}`].filter((text) => text !== '').join(' ');
  return `${identity.hostname}${who === '' ? '' : `: ${who}`}\n${found.disks.length === 0 ? '  no disks\n' : found.disks.map(diskText).join('')}`;
}
