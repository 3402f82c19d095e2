// Owns the boot environment of this installation: whether it is there and fits this program, building it in a thread, and what the
// listeners hand out of it. One set per installation, shared by all data folders.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '#shared/errors.ts';
import type { AddOn } from '#shared/agent/messages.ts';
import { noSignedSlot, type EnvironmentView } from '#shared/model/boot.ts';
import type { NamedFile } from '../../net/http/ranged-files.ts';
import type { BuildMessage, BuildOrder } from './build-worker.ts';
import { readRecord, type BuildRecord } from './build.ts';
import { writeSmallArchive } from './small.ts';

export type EnvironmentPlaces = {
  /** Kernel, base archive, loaders, boot.json: what is built here. */
  bootFolder: string;
  /** The same, built before and brought along by the installation; never written to. */
  shippedFolder?: string;
  cacheFolder: string;
  /** recipe.json and init. */
  resourcesFolder: string;
  /** agent.cjs and its native module. */
  agentFolder: string;
  /** Of Node for Linux x64, which goes into what is built. */
  nodePath: string;
};
export type BootFiles = {
  loaders: Record<string, string>;
  images: Record<string, { path: string; sizeBytes: number; tag: string }>;
  loaderNames: { bios: string; biosOther: string; uefi: string; uefiOther: string; secureBoot: string };
};
type ImageFile = { path: string; sizeBytes: number; sha256: string };
export type MediumFiles = { loaders: Record<string, string>; kernel: ImageFile; base: ImageFile };
export type Environment = ReturnType<typeof openEnvironment>;

const LOG_LINES = 50;
/** Seconds instead of minutes; the release is built at 19 (`platen boot build --level 19`). */
const DEFAULT_LEVEL = 6;

export function openEnvironment(places: EnvironmentPlaces, onChange: () => void) {
  let building: Promise<BuildRecord> | null = null;
  let problem: string | null = null;
  let told: { at: number; addOns: AddOn[] } | null = null;
  const lines: string[] = [];
  /** The newer one of what was built here and what came along: a newer program brings a newer one. */
  const folder = (): string => {
    const { bootFolder, shippedFolder } = places;
    return shippedFolder !== undefined && builtAt(shippedFolder) > builtAt(bootFolder) ? shippedFolder : bootFolder;
  };
  const path = (name: string): string => join(folder(), name);
  const complete = (): BuildRecord | null => {
    const record = readRecord(folder());
    return record !== null && ['vmlinuz', 'base.cpio.zst', ...record.addOns.map((addOn) => addOn.file), ...record.loaders.map((loader) => join('loaders', loader.name))].every((name) => existsSync(path(name))) ? record : null;
  };
  const say = (text: string): void => {
    lines.push(text);
    lines.splice(0, lines.length - LOG_LINES);
    onChange();
  };

  function view(): EnvironmentView {
    const record = complete();
    return {
      state: building !== null ? 'building' : record !== null ? 'ready' : problem !== null ? 'failed' : 'missing',
      kernelVersion: record?.kernelVersion ?? '', baseBytes: record?.baseBytes ?? 0, builtAt: record === null ? null : Math.trunc(statSync(path('boot.json')).mtimeMs), problem, log: [...lines], signed: noSignedSlot,
      addOns: (record?.addOns ?? []).map(({ name, purpose, sizeBytes }) => ({ name, purpose, sizeBytes })),
      loaders: (record?.loaders ?? []).map((loader) => ({ name: loader.name, origin: `${loader.package} ${loader.version} (${loader.suite})`, sizeBytes: loader.sizeBytes })),
    };
  }

  return {
    view,
    /** Throws where there is nothing to boot. */
    requireReady(): void {
      if (complete() === null) throw new AppError('not-found', 'There is no boot environment yet. Build it first: platen boot build, or the button on the page Network boot.');
    },
    files(): BootFiles {
      const record = complete();
      if (record === null) throw new AppError('not-found', 'The boot environment is incomplete. Build it again: platen boot build.');
      const image = (name: string, tag: string) => ({ path: path(name), sizeBytes: statSync(path(name)).size, tag });
      return {
        loaders: Object.fromEntries(record.loaders.map(({ name }) => [name, path(join('loaders', name))])),
        images: {
          ...Object.fromEntries(record.addOns.map((addOn) => [addOn.file, image(addOn.file, addOn.sha256.slice(0, 16))])),
          vmlinuz: image('vmlinuz', record.kernelSha256.slice(0, 16)), 'base.cpio.zst': image('base.cpio.zst', record.baseSha256.slice(0, 16)),
        },
        loaderNames: { bios: 'ipxe.pxe', biosOther: 'undionly.kpxe', uefi: 'snponly.efi', uefiOther: 'ipxe-amd64.efi', secureBoot: 'shimx64.efi' },
      };
    },
    /** What boot media are made of. */
    mediumFiles(): MediumFiles {
      const record = complete();
      const media = record?.media ?? [];
      if (record === null || media.length === 0 || !media.every(({ name }) => existsSync(path(join('media', name))))) {
        throw new AppError('not-found', `${record === null ? 'There is no boot environment yet. Build it first' : 'The boot environment was built without the loaders of boot media. Build it again'}: platen boot build, or the button on the page Network boot.`);
      }
      const image = (name: string, hash: string) => ({ path: path(name), sizeBytes: statSync(path(name)).size, sha256: hash });
      return { loaders: Object.fromEntries(media.map(({ name }) => [name, path(join('media', name))])), kernel: image('vmlinuz', record.kernelSha256), base: image('base.cpio.zst', record.baseSha256) };
    },
    /** What agents are told of the archives beside the base; none where nothing is built. */
    addOns(): AddOn[] {
      // Asked at every hello, and read when something was built.
      const at = builtAt(folder());
      if (told?.at !== at) told = { at, addOns: (complete()?.addOns ?? []).map(({ file: _, ...addOn }) => addOn) };
      return told.addOns;
    },
    addOnFile(name: string): NamedFile | null {
      const found = complete()?.addOns.find((addOn) => addOn.name === name);
      return found === undefined ? null : { path: path(found.file), sizeBytes: found.sizeBytes, tag: found.sha256.slice(0, 16) };
    },
    small: (server: { serverUrl: string; token: string }): Uint8Array => writeSmallArchive({
      ...server, init: readFileSync(join(places.resourcesFolder, 'init')), agent: readFileSync(join(places.agentFolder, 'agent.cjs')), hashModule: readFileSync(join(places.agentFolder, 'blake3.node')),
    }),
    /** A second call while one is under way waits for the same build. */
    build(level = DEFAULT_LEVEL): Promise<BuildRecord> {
      building ??= run(places, level, say).then((record) => {
        problem = null;
        say(`Done: ${record.kernelVersion}, base archive ${Math.round(record.baseBytes / 1e6)} MB.`);
        return record;
      }, (error: unknown) => {
        problem = error instanceof Error ? error.message : String(error);
        say(problem);
        throw error;
      }).finally(() => {
        building = null;
        onChange();
      });
      onChange();
      return building;
    },
  };
}

function builtAt(folder: string): number {
  return statSync(join(folder, 'boot.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function run(places: EnvironmentPlaces, level: number, say: (text: string) => void): Promise<BuildRecord> {
  if (!existsSync(places.nodePath)) {
    return Promise.reject(new AppError('tool-missing', 'An installed Platen brings its boot environment along and can’t build another: the Node that goes into it is not part of the installation. Install a newer Platen over this one, or run "platen boot build" in a checkout of its sources and package that.'));
  }
  const order: BuildOrder = {
    recipePath: join(places.resourcesFolder, 'recipe.json'), cacheFolder: places.cacheFolder, outFolder: places.bootFolder, nodePath: places.nodePath, nativeModules: [join(places.agentFolder, 'blake3.node')], level,
  };
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerAddress(), { workerData: order, name: 'boot environment' });
    worker.on('message', (message: BuildMessage) => {
      if (message.type === 'said') say(message.text);
      else if (message.type === 'done') resolve(message.record);
      else reject(fromWire(message.error));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new AppError('internal', 'Building the boot environment ended without a result.')));
  });
}

function workerAddress(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./build-worker.ts', import.meta.url);
  const beside = new URL('./bootBuildWorker.js', import.meta.url);
  return existsSync(beside) ? beside : new URL('../bootBuildWorker.js', import.meta.url);
}
