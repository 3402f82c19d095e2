// Owns talking to the server of a data folder whether it runs or not: the running one, or, where none runs, one started for this on loopback
// (so under the same lock on the data folder and by the same code).
import type { IncomingMessage } from 'node:http';
import { stat } from 'node:fs/promises';
import { AppError } from '#shared/errors.ts';
import { asAppError, connect } from './client.ts';
import type { Api } from './client.ts';
import type { CommandContext } from './command.ts';
import { openDownload } from './download.ts';
import { findInstallation } from './installation.ts';
import { locateServer } from './locate.ts';

export type Reached = { api: Api; download: (path: string) => Promise<IncomingMessage> };

export async function withServer<T>(context: CommandContext, work: (server: Reached) => Promise<T>): Promise<T> {
  let api: Api;
  try {
    api = await context.api();
  } catch (error) {
    if (!isNotRunning(asAppError(error))) throw error;
    return await withOwnServer(context, work);
  }
  return await work({ api, download: context.download });
}

/** The refusal of locate.ts, and nothing else that can go wrong with a connection. */
function isNotRunning(error: AppError): boolean {
  return error.code === 'connection-lost' && typeof error.data['dataFolder'] === 'string';
}

async function withOwnServer<T>({ dataFolder, say, json }: CommandContext, work: (server: Reached) => Promise<T>): Promise<T> {
  if (!(await stat(dataFolder).then((found) => found.isDirectory(), () => false))) {
    throw new AppError('not-found', `There is no data folder ${dataFolder}. Name it with --data DIR.`, { dataFolder });
  }
  if (!json) say(`No server runs on ${dataFolder}; it is opened for this.`);
  const { startServer } = await import('../server.ts');
  const { version } = await findInstallation();
  const server = await startServer({ dataFolder, host: '127.0.0.1', httpPort: 0, version });
  try {
    const target = await locateServer({ server: server.url, token: server.token, dataFolder });
    const connection = await connect(target);
    try {
      return await work({ api: connection.api, download: (path) => openDownload(target, path) });
    } finally {
      await connection.close();
    }
  } finally {
    await server.close();
  }
}
