// Owns `platen status`: the running server at a glance.
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
    const found = await (await api()).status.get.query();
    return { json: found, text: statusText(found) };
  },
};

export function statusText(found: ServerStatus): string {
  const { store } = found;
  const free = store.totalBytes > 0 ? ` of ${formatBytes(store.totalBytes)}` : '';
  return pairs([
    ['Server', `${printable(found.name)}, Platen ${found.version}`], ['Runs for', formatDuration((found.now - found.startedAt) / 1000)],
    ['Port', String(found.httpPort)], ['For others', found.addresses.length === 0 ? 'this machine only' : found.addresses.join('\n')], ['Fingerprint', found.fingerprint],
    ['Data folder', printable(found.dataFolder)], ['Free there', `${formatBytes(store.freeBytes)}${free}`],
    ['Store', `${formatBytes(store.rawBytes)} in ${store.chunks} chunks, ${formatBytes(store.packBytes)} on disk in ${store.packs} ${store.packs === 1 ? 'pack' : 'packs'}`],
    ['Not proved yet', store.unverifiedChunks === 0 ? '' : `${store.unverifiedChunks} chunks`],
    ['Going on', `${found.running} running, ${found.waiting} waiting`],
    ['Needs a person', found.problems.length === 0 ? 'nothing' : found.problems.map((problem) => printable(problem.message)).join('\n')],
  ]);
}
