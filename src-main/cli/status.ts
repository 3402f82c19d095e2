// Owns `platen status`: the running server at a glance.
import type { RunView } from '#shared/model/run.ts';
import type { ServerStatus } from '#shared/model/server.ts';
import { formatBytes, formatDuration } from '#shared/units.ts';
import type { Command } from './command.ts';
import { pairs, printable } from './table.ts';

export const status: Command = {
  path: ['status'],
  summary: 'the running server at a glance',
  description: 'Shows the running server: its addresses, its data folder and how full that is, what is going on, and what needs a person.',
  positionals: [],
  options: {},
  examples: ['platen status', 'platen status --json'],
  run: async ({ api }) => {
    const server = await api();
    const found = await server.status.get.query();
    const asking = (await server.runs.list.query({ states: ['waiting'], limit: 100 })).filter((run) => run.waitingFor === 'person');
    return { json: { ...found, asking: asking.map(({ id, computerName, jobName }) => ({ id, computerName, jobName })) }, text: statusText(found, asking) };
  },
};

export function statusText(found: ServerStatus, asking: readonly Pick<RunView, 'id' | 'computerName' | 'jobName'>[] = []): string {
  const { store } = found;
  const needs = [...asking.map((run) => `${run.jobName} on ${run.computerName} was cut off and waits for a word: platen run resume ${run.id.slice(0, 8)} [--end]`), ...found.problems.map((problem) => problem.message)];
  const free = store.totalBytes > 0 ? ` of ${formatBytes(store.totalBytes)}` : '';
  return pairs([
    ['Server', `${printable(found.name)}, Platen ${found.version}`], ['Runs for', formatDuration((found.now - found.startedAt) / 1000)],
    ['Port', String(found.httpPort)], ['For others', found.addresses.length === 0 ? 'this machine only' : found.addresses.join('\n')], ['Fingerprint', found.fingerprint],
    ['Console', found.console === null ? '' : `${printable(found.console.name)}${found.console.address === null ? '' : ` at ${printable(found.console.address)}`}${found.console.connected ? '' : ', not connected'}`],
    ['Data folder', printable(found.dataFolder)], ['Free there', `${formatBytes(store.freeBytes)}${free}`],
    ['Store', `${formatBytes(store.rawBytes)} in ${store.chunks} chunks, ${formatBytes(store.packBytes)} on disk in ${store.packs} ${store.packs === 1 ? 'pack' : 'packs'}`],
    ['Not proved yet', store.unverifiedChunks === 0 ? '' : `${store.unverifiedChunks} chunks`],
    ['Going on', `${found.running} running, ${found.waiting} waiting`],
    ['Needs a person', needs.length === 0 ? 'nothing' : needs.map(printable).join('\n')],
  ]);
}
