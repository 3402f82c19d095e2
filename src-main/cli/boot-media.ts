// Owns `platen boot image` and `platen boot media`: writing an image for USB disks and discs, and ending the secrets of those that were written.
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#shared/errors.ts';
import { formatBytes } from '#shared/units.ts';
import type { Command } from './command.ts';
import { pairs, printable } from './table.ts';
import { usage } from './usage.ts';
import { formatTime } from './words.ts';

export const bootImage: Command = {
  path: ['boot', 'image'],
  summary: 'write a boot medium: one image for USB disks and discs',
  description: 'Writes an image with the boot environment, for computers that cannot start from the network: BIOS, UEFI, and UEFI with Secure Boot. The same file is written to a USB disk, burnt to a disc, or given to a virtual machine as a CD. '
    + 'It carries one address of the server and a secret that opens the portal: keep it like a key, and end it with "platen boot media --revoke" when a medium is lost. The computer needs a network with any DHCP server. Where this server has several addresses, --reached-at says which one it carries; else it is the one that network boot serves on, or the only one. An existing file is not replaced.',
  positionals: [{ name: 'FILE', required: true }],
  options: { 'reached-at': { value: 'ADDRESS', help: 'the server as computers reach it, such as 10.0.0.5' } },
  examples: ['platen boot image platen-boot.iso', 'platen boot image /tmp/platen-boot.iso --reached-at 10.0.0.5'],
  run: async ({ api, download, input, now, progress }) => {
    const path = resolve(input.positionals[0] ?? '');
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) throw usage(`${path} is ${there.isBlockDevice() ? 'a disk' : 'no file'}. Write the image to a file first; then to the disk, for example with: dd if=FILE of=${path} bs=4M conv=fsync`, 'platen boot image');
    if (there !== undefined) throw new AppError('io', `${path} is there already. Name another file, or remove it first.`, { path });
    const server = input.texts['reached-at'];
    const medium = await (await api()).media.prepare.mutate(server === undefined ? {} : { server });
    const unfinished = `${path}.part`;
    const hash = createHash('sha256');
    const started = now();
    let done = 0;
    try {
      const counted = new Transform({ transform: (chunk: Uint8Array, _encoding, next) => {
        hash.update(chunk);
        done += chunk.length;
        const rate = done / Math.max(0.1, (now() - started) / 1000);
        progress.update({ label: 'image', doneBytes: done, totalBytes: medium.sizeBytes, rateBytesPerSecond: rate, etaSeconds: rate > 0 ? (medium.sizeBytes - done) / rate : null });
        next(null, chunk);
      } });
      await pipeline(await download(medium.path), counted, createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true }));
      if (done !== medium.sizeBytes) throw new AppError('io', `The image broke off after ${formatBytes(done)} of ${formatBytes(medium.sizeBytes)}. Try again; the server's log says why if it was there.`);
      renameSync(unfinished, path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') && existsSync(unfinished)) rmSync(unfinished);
      throw error instanceof AppError ? error : new AppError('io', `${path} can't be written: ${error instanceof Error ? error.message : String(error)}.`, { path }, error);
    }
    const sha256 = hash.digest('hex');
    return {
      json: { path, sizeBytes: medium.sizeBytes, sha256, id: medium.id, server: medium.server },
      text: `${pairs([['Written', path], ['Size', formatBytes(medium.sizeBytes)], ['SHA-256', sha256], ['Server', medium.server]])}\n\n`
        + 'Whoever has this file can open the portal of this server: keep it like a key.\nWrite it to a USB disk as it is, with a program for disk images or with dd; everything on that disk is lost.',
    };
  },
};

export const bootMedia: Command = {
  path: ['boot', 'media'],
  summary: 'boot media that were made; end their secrets',
  description: 'Shows how many boot media were made whose secret still opens the portal, and when one was last used. With --revoke all of them are ended: they still start, and the server refuses them. Media made afterwards are not touched.',
  positionals: [],
  options: { revoke: { help: 'end the secrets of all media made so far' }, yes: { help: 'do not ask' } },
  examples: ['platen boot media', 'platen boot media --revoke'],
  run: async ({ api, input, interactive, confirm }) => {
    const calls = await api();
    if (!input.switches.has('revoke')) {
      const view = await calls.media.view.query();
      const text = pairs([
        ['Made', String(view.made)], ['Last made', view.lastMadeAt === null ? '' : formatTime(view.lastMadeAt)], ['Last used', view.lastUsedAt === null ? '' : formatTime(view.lastUsedAt)],
        ['Reached at', view.servers.length === 0 ? 'nowhere: the server listens for its own machine alone' : view.servers.join(', ')], ['Problem', printable(view.problem ?? '')],
      ]);
      return { json: view, text };
    }
    const question = 'End the secrets of all boot media made so far? They start no portal any more and have to be made again.';
    if (!input.switches.has('yes')) {
      if (!interactive) throw usage(`${question} Nobody can be asked here: add --yes.`, 'platen boot media');
      if (!(await confirm(question))) return { json: { revoked: 0 }, text: 'Nothing was changed.', exitCode: 3 };
    }
    const { revoked } = await calls.media.revoke.mutate();
    return { json: { revoked }, text: revoked === 0 ? 'There were none.' : `Ended: ${revoked}. Make new media with: platen boot image FILE` };
  },
};
