// Owns what the server says of itself: figures, and the problems that need a person.
import type { ServerStatus } from '#shared/model/server.ts';
import { formatBytes } from '#shared/units.ts';
import type { Store } from '../store/types.ts';
import type { Images } from '../images/service.ts';
import type { Runs } from '../runs/service.ts';
import type { SettingsService } from '../settings/service.ts';

export type StatusParts = {
  store: Store; images: Images; runs: Runs; settings: SettingsService; clock: () => number; serverId: string; version: string; dataFolder: string; startedAt: number; fingerprint: string;
  /** Known once the port is bound. */
  listening: () => { addresses: string[]; httpPort: number; problem: string | null };
  /** What network boot serves, and why it stopped. */
  boot: () => { mode: ServerStatus['dhcp']; problem: string | null };
  /** Of package servers, or of this one's console. */
  replication: () => { console: ServerStatus['console']; problems: ServerStatus['problems'] };
};
export type Status = ReturnType<typeof openStatus>;

const NEARLY_FULL = 0.05;
const NEARLY_FULL_BYTES = 5e9;

export function openStatus(parts: StatusParts) {
  const { store, images, runs, settings, clock } = parts;

  function problemsOf(figures: ServerStatus['store'], listener: string | null, boot: string | null): ServerStatus['problems'] {
    const problems: ServerStatus['problems'] = [];
    if (listener !== null) problems.push({ code: 'listener', message: listener, link: null });
    if (boot !== null) problems.push({ code: 'boot', message: `Network boot has stopped, so no computer starts from this server: ${boot}`, link: 'boot' });
    if (figures.freeBytes < Math.min(NEARLY_FULL_BYTES, figures.totalBytes * NEARLY_FULL)) {
      problems.push({ code: 'disk-full', message: `The disk of the image store is nearly full: ${formatBytes(figures.freeBytes)} are free. Empty the trash, or give the store more room.`, link: 'images' });
    }
    for (const version of images.damagedVersions()) {
      problems.push({ code: 'image-damaged', message: `Version ${version.number} of "${version.imageName}" is damaged and is not deployed. Capture it again, or delete it.`, link: `image/${version.imageGuid}` });
    }
    return problems;
  }

  /** A package server can't say what is to be handed out: that is the console's. */
  function toBeValidated(): ServerStatus['problems'] {
    return images.pendingVersions().map(({ imageGuid, imageName, number, origin }) => ({
      code: 'version-pending', message: `Version ${number} of "${imageName}" was captured at ${origin ?? 'another server'} and waits to be validated. Until then it is deployed nowhere else. Validate or reject it; it can be tried on one computer before.`, link: `image/${imageGuid}/versions`,
    }));
  }

  return {
    async get(): Promise<ServerStatus> {
      const figures = await store.figures();
      const { addresses, httpPort, problem } = parts.listening();
      const boot = parts.boot();
      const replication = parts.replication();
      return {
        serverId: parts.serverId, name: settings.get().serverName, version: parts.version, startedAt: parts.startedAt, now: clock(), dataFolder: parts.dataFolder,
        addresses, httpPort, fingerprint: parts.fingerprint, dhcp: boot.mode, store: figures, ...runs.counts(), console: replication.console, problems: [...problemsOf(figures, problem, boot.problem), ...(replication.console === null ? toBeValidated() : []), ...replication.problems],
      };
    },
  };
}
