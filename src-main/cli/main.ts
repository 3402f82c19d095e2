// Owns one run of the command line: parse, connect when a command asks, print its outcome or its error, give the exit code.
// Knows no command; everything outside the process comes in as an argument.
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { errorCodes, shortCode } from '#shared/errors.ts';
import type { AppError, ErrorCode } from '#shared/errors.ts';
import { defaultDataFolder } from '../platform.ts';
import { asAppError, connect } from './client.ts';
import type { Connection } from './client.ts';
import type { Surroundings } from './command.ts';
import { commands, groups } from './commands.ts';
import { helpFor } from './help.ts';
import { findInstallation } from './installation.ts';
import { openDownload } from './download.ts';
import { locateServer } from './locate.ts';
import type { Target } from './locate.ts';
import { parse } from './parse.ts';
import type { Globals, Parsed } from './parse.ts';

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused before anything was written. */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { json, progress, print, say } = surroundings;
  try {
    const parsed = parse(argv, commands, groups);
    if (parsed.kind === 'run') return await runCommand(parsed, surroundings);
    const text = parsed.kind === 'help' ? helpFor(parsed.path, commands, groups) : (await findInstallation()).version;
    print(json ? JSON.stringify({ [parsed.kind]: text }) : parsed.kind === 'help' ? text : `platen ${text}`);
    return 0;
  } catch (caught) {
    const error = asAppError(caught);
    progress.end();
    if (json) print(JSON.stringify({ error: { ...error.data, code: error.code, message: error.message, shortCode: error.shortCode } }));
    else say(errorText(error));
    return exitCodeOf(error);
  }
}

async function runCommand({ command, input, globals }: Extract<Parsed, { kind: 'run' }>, surroundings: Surroundings): Promise<number> {
  const dataFolder = resolve(globals.data ?? defaultDataFolder(surroundings.env));
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  let connection: Promise<Connection> | undefined;
  const locate = (): Promise<Target> => locateServer({ ...serverOf(globals, surroundings.env), dataFolder });
  const download = async (path: string): Promise<IncomingMessage> => openDownload(await locate(), path);
  const api = async () => {
    connection ??= locate().then(connect);
    const open = await connection;
    open.lost.catch(lost.reject);
    return open.api;
  };
  try {
    // A connection that ends ends the command, whatever it was waiting for.
    const outcome = await Promise.race([command.run({ ...surroundings, input, dataFolder, api, download }), lost.promise]).catch((error: unknown) => moreTelling(error, lost.promise));
    surroundings.progress.end();
    if (surroundings.json && outcome.json !== undefined) surroundings.print(JSON.stringify(outcome.json));
    else if (!surroundings.json && outcome.text !== '') surroundings.print(outcome.text);
    return outcome.exitCode ?? 0;
  } finally {
    await connection?.then((open) => open.close(), () => undefined);
  }
}

/** When the connection ends, a call under way fails first, saying only "closed"; the reason follows in the same turn. */
async function moreTelling(error: unknown, lost: Promise<never>): Promise<never> {
  if (asAppError(error).code !== 'connection-lost') throw error;
  return await Promise.race([lost, new Promise<never>((_, reject) => setImmediate(() => reject(error)))]);
}

/** --data names a local server, so it outweighs PLATEN_SERVER; --server outweighs both. */
function serverOf(globals: Globals, env: Surroundings['env']): { server: string | undefined; token: string | undefined } {
  if (globals.server === undefined && globals.data !== undefined) return { server: undefined, token: globals.token };
  const server = globals.server ?? (env['PLATEN_SERVER'] || undefined);
  return { server, token: globals.token ?? (server === undefined ? undefined : env['PLATEN_TOKEN'] || undefined) };
}

/** Said by the server before it changed anything; a command changes by one call, so nothing was written. Runs may end with these codes as well. */
const refusedCalls: ReadonlySet<ErrorCode> = new Set(['not-found', 'conflict', 'unauthorized', 'forbidden', 'lease-lost']);

export function exitCodeOf(error: AppError): number {
  if (error.code === 'usage' || error.code === 'invalid-input') return 2;
  return errorCodes[error.code].refusal || refusedCalls.has(error.code) ? 3 : 1;
}

function errorText(error: AppError): string {
  if (error.code === 'usage') return error.message;
  return `${error.message} (${shortCode(error.code)})`;
}
