// Owns `platen backup`: making a backup of a server, looking into one, and making a data folder of one. What a backup holds and what is
// believed after a restore is src-main/backup.
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#shared/errors.ts';
import type { BackupAbout } from '#shared/model/backup.ts';
import { formatBytes } from '#shared/units.ts';
import type { Command, CommandContext } from './command.ts';
import { withServer } from './own-server.ts';
import { pairs, printable, table } from './table.ts';
import { usage } from './usage.ts';
import { formatTime } from './words.ts';

const FILE = { name: 'FILE', required: true } as const;
const MIN_PASSPHRASE = 8;
const passphraseOption = { 'passphrase-file': { value: 'PATH', help: 'a file whose first line is the passphrase (else PLATEN_PASSPHRASE)' } };

export const backupCreate: Command = {
  path: ['backup', 'create'],
  summary: 'back up a server: database, keys and settings, with its images or without',
  description: 'Writes one file with all that makes this server what it is: its database as it is at one moment, its keys and certificate, its settings. It works while the server runs, and without one. '
    + 'Without --with-images the images are only named, with the servers that have a proved copy; after a restore they are copied back from those. With --with-images everything in the image store is in the file. '
    + 'Whoever has the file has the keys of this server: give it a passphrase (--passphrase-file or PLATEN_PASSPHRASE), without which nothing in it can be read. Without one the file is only readable by you (mode 0600) and must be kept like a key. An existing file is not replaced.',
  positionals: [FILE],
  options: { 'with-images': { help: 'images too, not only their names' }, ...passphraseOption },
  examples: ['platen backup create /backup/platen-monday.plb --passphrase-file /root/platen.pass', 'platen backup create /mnt/usb/platen.plb --with-images'],
  run: async (context) => {
    const path = resolve(context.input.positionals[0] ?? '');
    if (existsSync(path)) throw new AppError('io', `${path} is there already. Name another file, or remove it first.`, { path });
    const passphrase = await givenPassphrase(context);
    if (passphrase !== null && passphrase.length < MIN_PASSPHRASE) throw usage(`The passphrase has ${passphrase.length} characters, and must have at least ${MIN_PASSPHRASE}: whoever has the file can try as many as he likes.`, 'platen backup');
    return await withServer(context, async ({ api, download }) => {
      const prepared = await api.backup.prepare.mutate({ images: context.input.switches.has('with-images') });
      const { seal } = await import('../backup/sealing.ts');
      const bytes = await write(path, seal(counted(await download(prepared.path), prepared.bytes, context), passphrase), context);
      const { about } = prepared;
      const alone = about.images ? [] : about.versions.filter((version) => version.here && version.readyAt.length <= 1);
      return {
        json: { path, sizeBytes: bytes, encrypted: passphrase !== null, images: about.images, versions: about.versions.length, onlyHere: alone.length },
        text: [
          pairs([['Written', path], ['Size', formatBytes(bytes)], ['Holds', about.images ? `${versions(about)} with their images` : `the names of ${versions(about)}, no images`], ['Encrypted', passphrase === null ? 'no' : 'yes']]),
          ...(passphrase === null ? ['', 'It is not encrypted: whoever has this file can be this server. Keep it like a key, or make it with --passphrase-file.'] : []),
          ...(alone.length === 0 ? [] : ['', `${alone.length === 1 ? '1 version is' : `${alone.length} versions are`} proved on this server alone, and not in this backup: ${names(alone)}. Add --with-images, or let another server hold ${alone.length === 1 ? 'it' : 'them'}.`]),
        ].join('\n'),
      };
    });
  },
};

export const backupShow: Command = {
  path: ['backup', 'show'],
  summary: 'what a backup holds, and whether all of it is whole',
  description: 'Reads a backup from end to end, proves that nothing in it was changed or is missing, and says of which server and when it is and which images it holds or names. It needs no server.',
  positionals: [FILE], options: passphraseOption,
  examples: ['platen backup show /backup/platen-monday.plb'],
  run: async (context) => {
    const path = requireFile(context);
    const { unseal } = await import('../backup/sealing.ts');
    const { readEntries } = await import('../backup/entries.ts');
    const { readAbout } = await import('../backup/restore.ts');
    const passphrase = async (): Promise<string> => await requirePassphrase(context);
    const how = { mustBeSealed: (await givenPassphrase(context)) !== null };
    const about = await readAbout(unseal(createReadStream(path), passphrase, how));
    let files = 0;
    for await (const _entry of readEntries(counted(unseal(createReadStream(path), passphrase, how), statSync(path).size, context))) files++;
    const listed = table(about.versions, [
      { title: 'IMAGE', text: (version) => printable(version.imageName) }, { title: 'VERSION', right: true, text: (version) => String(version.number) },
      { title: 'PROVED AT', text: (version) => version.readyAt.map(printable).join(', ') || 'nowhere' },
    ]);
    return { json: { ...about, files }, text: [aboutText(about), '', listed, '', `All ${files} files in it are whole.`].join('\n') };
  },
};

export const backupRestore: Command = {
  path: ['backup', 'restore'],
  summary: 'make a data folder of a backup, on this machine or another one',
  description: 'Makes the data folder that --data names of a backup: the same server with the same keys. The folder must be empty. Start it afterwards with platen serve. Make sure that the old server does not run any more: two with one identity confuse everybody. '
    + 'What the backup calls proved is not believed: package servers say again what they have, images that are in the backup are re-hashed. Captures made since at package servers are told again by them. Where the new machine has another address, it says so to its package servers; one that it does not reach is told with platen server console URL at that server.',
  positionals: [FILE], options: passphraseOption,
  examples: ['platen backup restore /mnt/usb/platen.plb --data /srv/platen', 'platen backup restore platen-monday.plb --data /srv/platen --passphrase-file /root/platen.pass'],
  run: async (context) => {
    const path = requireFile(context);
    const { dataFolder, now } = context;
    const { unseal } = await import('../backup/sealing.ts');
    const { restoreBackup } = await import('../backup/restore.ts');
    const totalBytes = statSync(path).size;
    const how = { mustBeSealed: (await givenPassphrase(context)) !== null };
    const restored = await restoreBackup(unseal(createReadStream(path), async () => await requirePassphrase(context), how), {
      dataFolder, now: now(), onProgress: (doneBytes) => context.progress.update({ label: 'restore', doneBytes: Math.min(doneBytes, totalBytes), totalBytes, rateBytesPerSecond: 0, etaSeconds: null }),
    });
    const { about, lost } = restored;
    return {
      json: { dataFolder, server: about.serverId, name: about.serverName, role: about.role, backupAt: about.at, files: restored.files, bytes: restored.bytes, lost },
      text: [
        `${dataFolder} is "${printable(about.serverName)}" as it was on ${formatTime(about.at)}.`,
        ...(lost.length === 0 ? [] : ['', `Lost, unless the old store's packs are found (platen store import FOLDER): ${names(lost)}. ${lost.length === 1 ? 'It was' : 'They were'} proved on that server alone, and the backup holds no images.`]),
        '', 'Start it once the old one is off for good:', `  platen serve --data ${dataFolder}${about.role === 'console' ? ' --host 0.0.0.0' : ''}`,
        ...(about.role === 'console' ? ['It tells its package servers where it is now. On one that it does not reach: platen server console https://ADDRESS:8420', 'Afterwards: platen doctor'] : []),
      ].join('\n'),
    };
  },
};

async function write(path: string, content: AsyncIterable<Uint8Array>, { now }: CommandContext): Promise<number> {
  const unfinished = `${path}.part`;
  const started = now();
  try {
    await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true }));
    renameSync(unfinished, path);
    const folder = await open(resolve(path, '..'), 'r');
    await folder.sync().catch(() => undefined);
    await folder.close();
    return statSync(path).size;
  } catch (error) {
    const isOthers = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!isOthers && existsSync(unfinished)) rmSync(unfinished);
    if (error instanceof AppError) throw error;
    throw new AppError('io', `${path} can't be written: ${error instanceof Error ? error.message : String(error)}. Nothing is left of it (after ${Math.round((now() - started) / 1000)} s).`, { path }, error);
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, totalBytes: number, { now, progress }: CommandContext): AsyncGenerator<Uint8Array> {
  const started = now();
  let done = 0;
  for await (const piece of source) {
    done += piece.length;
    const rate = done / Math.max(0.1, (now() - started) / 1000);
    progress.update({ label: 'backup', doneBytes: Math.min(done, totalBytes), totalBytes, rateBytesPerSecond: rate, etaSeconds: rate > 0 ? Math.max(0, totalBytes - done) / rate : null });
    yield piece;
  }
}

/** null: none was given. */
async function givenPassphrase({ input, env }: CommandContext): Promise<string | null> {
  const path = input.texts['passphrase-file'];
  const fromEnvironment = env['PLATEN_PASSPHRASE'];
  if (path === undefined) return fromEnvironment === undefined || fromEnvironment === '' ? null : fromEnvironment;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AppError('io', `The passphrase file ${path} can't be read: ${error instanceof Error ? error.message : String(error)}.`, { path }, error);
  });
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') throw usage(`The first line of ${path} is the passphrase, and it is empty.`, 'platen backup');
  return line;
}

async function requirePassphrase(context: CommandContext): Promise<string> {
  const passphrase = await givenPassphrase(context);
  if (passphrase === null) throw usage('This backup is encrypted. Give its passphrase with --passphrase-file PATH or PLATEN_PASSPHRASE.', 'platen backup');
  return passphrase;
}

function requireFile({ input }: CommandContext): string {
  const path = resolve(input.positionals[0] ?? '');
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new AppError('not-found', `There is no file ${path}.`, { path });
  return path;
}

function aboutText(about: BackupAbout): string {
  return pairs([
    ['Server', `${printable(about.serverName)} (${about.role === 'console' ? 'console' : 'package server'})`], ['Made', formatTime(about.at)], ['Version', about.version], ['Images', about.images ? 'in it' : 'named only'],
    ['Versions', String(about.versions.length)], ['Certificate', about.fingerprint],
  ]);
}

function versions({ versions: { length } }: BackupAbout): string {
  return length === 1 ? '1 version' : `${length} versions`;
}

function names(lost: BackupAbout['versions']): string {
  const shown = lost.slice(0, 10).map((version) => `${printable(version.imageName)} v${version.number}`).join(', ');
  return lost.length > 10 ? `${shown} and ${lost.length - 10} more` : shown;
}
