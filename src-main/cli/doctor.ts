// Owns `platen doctor`: looks for what does not add up, through the running server or, where none runs, through one started
// for that on loopback (so under the same lock on the data folder and by the same code).
import { stat } from 'node:fs/promises';
import { AppError } from '#shared/errors.ts';
import type { FindingView } from '#shared/model/server.ts';
import { asAppError, connect } from './client.ts';
import type { Api } from './client.ts';
import type { Command, CommandContext } from './command.ts';
import { findInstallation } from './installation.ts';
import { locateServer } from './locate.ts';
import { printable } from './table.ts';

export const doctor: Command = {
  path: ['doctor'],
  summary: 'find whatever does not add up in the data folder, and repair it',
  description: 'Looks for what does not add up: chunks, packs, manifests, records. Says for each finding what would be done about it; --repair does it. --deep reads every chunk back as well, which takes as long as reading the whole store. '
    + 'Works without a running server too: then the data folder is opened for the time it takes. Exit code 1 while findings remain.',
  positionals: [],
  options: { repair: { help: 'repair what can be repaired' }, deep: { help: 'read every chunk back' } },
  examples: ['platen doctor', 'platen doctor --deep --repair', 'platen doctor --data /mnt/old-server'],
  run: async (context) => {
    const question = { repair: context.input.switches.has('repair'), deep: context.input.switches.has('deep') };
    const findings = await withApi(context, async (api) => await api.doctor.run.mutate(question));
    const open = findings.filter((finding) => !finding.repaired);
    return { json: findings, text: findingsText(findings, question.repair), exitCode: open.length > 0 ? 1 : 0 };
  },
};

function findingsText(findings: readonly FindingView[], repair: boolean): string {
  if (findings.length === 0) return 'Everything adds up.';
  const lines = findings.map((finding) => {
    const what = finding.repaired ? '  repaired' : finding.repair === null ? '  cannot be repaired by itself' : `  ${repair ? 'not repaired' : 'repair'}: ${printable(finding.repair)}`;
    return `${finding.kind}: ${printable(finding.message)}\n${what}`;
  });
  const repairable = findings.some((finding) => !finding.repaired && finding.repair !== null);
  return [...lines, '', repairable && !repair ? 'To repair what can be repaired: platen doctor --repair' : ''].join('\n').trimEnd();
}

async function withApi<T>(context: CommandContext, work: (api: Api) => Promise<T>): Promise<T> {
  let api: Api;
  try {
    api = await context.api();
  } catch (error) {
    if (!isNotRunning(asAppError(error))) throw error;
    return await withOwnServer(context, work);
  }
  return await work(api);
}

/** The refusal of locate.ts, and nothing else that can go wrong with a connection. */
function isNotRunning(error: AppError): boolean {
  return error.code === 'connection-lost' && typeof error.data['dataFolder'] === 'string';
}

async function withOwnServer<T>({ dataFolder, say, json }: CommandContext, work: (api: Api) => Promise<T>): Promise<T> {
  if (!(await stat(dataFolder).then((found) => found.isDirectory(), () => false))) {
    throw new AppError('not-found', `There is no data folder ${dataFolder}, so there is nothing to examine. Name it with --data DIR.`, { dataFolder });
  }
  if (!json) say(`No server runs on ${dataFolder}; it is opened for this.`);
  const { startServer } = await import('../server.ts');
  const { version } = await findInstallation();
  const server = await startServer({ dataFolder, host: '127.0.0.1', httpPort: 0, version });
  try {
    const connection = await connect(await locateServer({ server: server.url, token: server.token, dataFolder }));
    try {
      return await work(connection.api);
    } finally {
      await connection.close();
    }
  } finally {
    await server.close();
  }
}
