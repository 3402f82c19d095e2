// Owns what a package server checks of computers that its console sent: the ticket, without asking anybody; of a deploy, that this server's
// own copy of what the ticket names is proved; of a capture, that the console opened it here. Their runs are the console's; here is none.
import { AppError } from '#shared/errors.ts';
import type { Images } from '../images/service.ts';
import type { TicketBody } from '#shared/replication/record.ts';
import type { CaptureSession } from '../store/types.ts';
import { openTicket } from '../servers/service.ts';

export type VisitorsParts = {
  serverId: string;
  /** PEM of the key of this server's console; null where there is none, or it has put this server out. */
  consoleKey: () => string | null;
  images: Pick<Images, 'versionOfManifest'>; clock: () => number;
  /** Captures that the console sent here; null at a console. */
  guests: Guests | null;
};
export type Guests = { session(captureId: string): Promise<{ session: CaptureSession; chunkSizeBytes: number }> };
export type Visitors = ReturnType<typeof openVisitors>;
/** What the ticket opens: one manifest, or one capture. */
export type Visit = { runId: string; may: TicketBody['may'] };

export function openVisitors({ serverId, consoleKey, images, clock, guests }: VisitorsParts) {
  return {
    /** What the ticket opens here; null for a request that carries none of a console. Throws unauthorized, or forbidden for one that is for something else. */
    open(authorization: string | undefined): Visit | null {
      const ticket = /^Bearer (ticket2\..*)$/s.exec(authorization ?? '')?.[1];
      if (ticket === undefined) return null;
      const key = consoleKey();
      if (key === null) throw new AppError('unauthorized', 'This server takes no tickets of a console.', {});
      const { run, may } = openTicket(ticket, { ownId: serverId, consoleKey: key, now: clock() });
      return { runId: run, may };
    },
    /** The version here; throws not-found unless this server's own copy is ready now. */
    version({ may, runId }: Visit): { versionGuid: string; manifest: string } {
      if (may.kind !== 'read') throw new AppError('forbidden', 'This ticket is not for a deploy.', { run: runId });
      const { manifest } = may;
      const version = images.versionOfManifest(manifest);
      if (version?.own_state !== 'ready') throw new AppError('not-found', 'This server has no proved copy of that version now. Read it from another server.', { run: runId, manifest });
      return { versionGuid: version.guid, manifest };
    },
    /** The capture here; throws lease-lost where it is not held any more. */
    capture({ may, runId }: Visit): ReturnType<Guests['session']> {
      if (may.kind !== 'capture' || guests === null) throw new AppError('forbidden', 'This ticket is for reading one version.', { run: runId });
      return guests.session(may.capture);
    },
  };
}
