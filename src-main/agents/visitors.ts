// Owns what a package server checks of computers that its console sent: the ticket, without asking anybody, and that this server's own copy
// of what the ticket names is proved. Their runs are the console's; here is none.
import { AppError } from '#shared/errors.ts';
import type { Images } from '../images/service.ts';
import { openTicket } from '../servers/service.ts';

export type VisitorsParts = {
  serverId: string;
  /** PEM of the key of this server's console; null where there is none, or it has put this server out. */
  consoleKey: () => string | null;
  images: Pick<Images, 'versionOfManifest'>; clock: () => number;
};
export type Visitors = ReturnType<typeof openVisitors>;
export type Visit = { runId: string; manifest: string };

export function openVisitors({ serverId, consoleKey, images, clock }: VisitorsParts) {
  return {
    /** What the ticket opens here; null for a request that carries none of a console. Throws unauthorized, or forbidden for one that is for something else. */
    open(authorization: string | undefined): Visit | null {
      const ticket = /^Bearer (ticket2\..*)$/s.exec(authorization ?? '')?.[1];
      if (ticket === undefined) return null;
      const key = consoleKey();
      if (key === null) throw new AppError('unauthorized', 'This server takes no tickets of a console.', {});
      const { run, may } = openTicket(ticket, { ownId: serverId, consoleKey: key, now: clock() });
      if (may.kind !== 'read') throw new AppError('forbidden', 'This ticket is not for a deploy.', { run });
      return { runId: run, manifest: may.manifest };
    },
    /** The version here; throws not-found unless this server's own copy is ready now. */
    version({ manifest, runId }: Visit): { versionGuid: string; manifest: string } {
      const version = images.versionOfManifest(manifest);
      if (version?.own_state !== 'ready') throw new AppError('not-found', 'This server has no proved copy of that version now. Read it from another server.', { run: runId, manifest });
      return { versionGuid: version.guid, manifest };
    },
  };
}
