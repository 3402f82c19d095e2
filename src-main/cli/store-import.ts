// Owns `platen store import`: asks the server to take in another store's folder, shows how far it is and what became of each version.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Import, ImportedVersion } from '#shared/model/import.ts';
import { formatBytes } from '#shared/units.ts';
import type { Api } from './client.ts';
import type { Command, CommandContext } from './command.ts';
import { withServer } from './own-server.ts';
import { pairs, printable, table } from './table.ts';

const pollMs = 200;
const words: Record<ImportedVersion['outcome'], string> = {
  taken: 'taken in', here: 'here already', incomplete: 'incomplete', 'not-wanted': 'not wanted here', deleted: 'deleted here', 'not-signed': 'not signed', damaged: 'damaged', conflict: 'conflict', failed: 'failed',
};
const troubles: readonly ImportedVersion['outcome'][] = ['incomplete', 'not-signed', 'damaged', 'conflict', 'failed'];

export const storeImport: Command = {
  path: ['store', 'import'],
  summary: 'take in images from a folder: a disk of a dead server, a copy on a USB disk',
  description: 'Reads another store\'s folder on the server\'s machine (a folder with packs/ and manifests/, or a data folder) without changing anything in it, checks every chunk, and takes in what is lacking here. At the console: every version found, with its identity; at a package server: those that it is to hold, and with --all the others. '
    + 'What is taken in is re-hashed before it is ready. A version whose chunks are not all there is named; what was found of it is kept for a week, so that a transfer brings only the rest. Versions that no known server signed are refused, unless --trust says that you know where the folder comes from. '
    + 'The import goes on when this command is ended; without FOLDER it shows how far the last one is, and --cancel stops it. Exit code 1 where something could not be taken in.',
  positionals: [{ name: 'FOLDER', required: false }],
  options: { trust: { help: 'also versions that no known server signed: this server vouches for them' }, all: { help: 'at a package server: also versions that it is not to hold' }, cancel: { help: 'stop the import under way' } },
  examples: ['platen store import /mnt/old-disk/platen', 'platen store import /media/usb/images --data /srv/platen', 'platen store import', 'platen store import --cancel'],
  run: async (context) => {
    const [folder] = context.input.positionals;
    const { switches } = context.input;
    return await withServer(context, async ({ api }) => {
      if (switches.has('cancel')) await api.imports.cancel.mutate();
      else if (folder !== undefined) await api.imports.start.mutate({ folder: resolve(folder), trust: switches.has('trust'), all: switches.has('all') });
      const ended = folder === undefined && !switches.has('cancel') ? await api.imports.get.query() : await untilEnd(api, context);
      if (ended === null) return { json: null, text: 'Nothing is being imported.' };
      const isTrouble = ended.state === 'failed' || ended.versions.some((version) => troubles.includes(version.outcome));
      return { json: ended, text: importText(ended), exitCode: isTrouble ? 1 : 0 };
    });
  },
};

async function untilEnd(api: Api, { progress, now }: CommandContext): Promise<Import | null> {
  const started = now();
  for (;;) {
    const view = await api.imports.get.query();
    if (view === null || view.state !== 'running') return view;
    const { current } = view;
    const seconds = Math.max(0.1, (now() - started) / 1000);
    progress.update(current === null
      ? { label: 'packs', doneBytes: view.packsRead, totalBytes: view.packs, rateBytesPerSecond: 0, etaSeconds: null }
      : { label: `${current.imageName} v${current.number}`, doneBytes: current.doneBytes, totalBytes: current.totalBytes, rateBytesPerSecond: (view.bytes + current.doneBytes) / seconds, etaSeconds: null });
    await sleep(pollMs);
  }
}

function importText(view: Import): string {
  const listed = table(view.versions, [
    { title: 'IMAGE', text: (version) => printable(version.imageName || version.manifest.slice(0, 16)) }, { title: 'VERSION', right: true, text: (version) => String(version.number) },
    { title: 'OUTCOME', text: (version) => words[version.outcome] }, { title: 'CHUNKS', right: true, text: (version) => String(version.chunks) }, { title: 'MISSING', right: true, text: (version) => String(version.lacking + version.damaged) },
  ]);
  const said = view.versions.filter((version) => troubles.includes(version.outcome)).map((version) => `${printable(version.imageName || version.manifest.slice(0, 16))} v${version.number}: ${printable(version.message)}`);
  return [
    pairs([['Folder', view.folder], ['State', view.state], ['Packs', `${view.packsRead} of ${view.packs} looked at, ${view.chunks} chunks`], ['Versions', String(view.versionsFound)], ['Brought', formatBytes(view.bytes)], ['Problem', view.problem ?? '']]),
    ...(view.unreadable.length === 0 ? [] : ['', ...view.unreadable.map((path) => `Could not be read: ${printable(path)}`)]),
    ...(view.versions.length === 0 ? [] : ['', listed]), ...(said.length === 0 ? [] : ['', ...said]),
  ].join('\n');
}
