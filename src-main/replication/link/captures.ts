// Owns captures that the console sends to this package server: opened, renewed and committed over the channel, filled by a computer that
// brings a signed ticket. What is known of one survives a restart; its chunks have a lease, so whatever nobody finishes goes by itself.
import { AppError } from '#shared/errors.ts';
import type { CapturedVersion, HubRequest } from '#shared/replication/messages.ts';
import type { CaptureSession, Store } from '../../store/types.ts';
import type { Images } from '../../images/service.ts';
import type { Log } from '../../log/service.ts';
import type { GuestCapture, ReplicaState } from './state.ts';

export type GuestCapturesParts = {
  state: Pick<ReplicaState, 'guests' | 'setGuests'>; store: Pick<Store, 'openCapture' | 'openCaptures' | 'foreseeSpace'>; images: Pick<Images, 'findVersion' | 'addForConsole'>;
  /** A version that this server made, signed by it. */
  captured: (versionGuid: string) => Promise<CapturedVersion | null>;
  log: Log; clock: () => number;
};
export type GuestCaptures = ReturnType<typeof openGuestCaptures>;
type Open = GuestCapture & { session: CaptureSession; renewedAt: number };
type Request<T extends HubRequest['type']> = Extract<HubRequest, { type: T }>;

/** Room asked for before a capture starts: what it will bring is not known yet. */
const MIN_ROOM_BYTES = 64 * 1024 * 1024;
const RENEW_EVERY_MS = 60_000;

export function openGuestCaptures({ state, store, images, captured, log, clock }: GuestCapturesParts) {
  const sessions = new Map<string, Open>();

  const known = (captureId: string): GuestCapture | undefined => state.guests().find((guest) => guest.captureId === captureId);
  const isHeld = (captureId: string): boolean => store.openCaptures().some((lease) => lease.id === captureId);
  function forget(captureId: string): void {
    sessions.delete(captureId);
    state.setGuests(state.guests().filter((guest) => guest.captureId !== captureId));
  }

  /** As the console opened it, also after a restart; throws lease-lost for one that is not here, or not any more. */
  async function sessionOf(captureId: string): Promise<Open> {
    const open = sessions.get(captureId) ?? (await reopen(captureId));
    // The computer goes on while the console is away; so does the lease.
    if (clock() - open.renewedAt >= RENEW_EVERY_MS) {
      open.renewedAt = clock();
      open.session.renew(open.ttlMs);
    }
    return open;
  }
  async function reopen(captureId: string): Promise<Open> {
    const guest = known(captureId);
    if (guest === undefined || !isHeld(captureId)) {
      if (guest !== undefined) forget(captureId);
      throw new AppError('lease-lost', 'This package server does not hold that capture (any more). Start it again: what versions here hold is not sent twice.', { capture: captureId });
    }
    const open = { ...guest, session: await store.openCapture(captureId, guest.ttlMs), renewedAt: clock() };
    sessions.set(captureId, open);
    return open;
  }

  async function open({ captureId, ttlMs, restart, graph }: Request<'captureOpen'>): Promise<{ resumed: boolean }> {
    const before = known(captureId);
    const resumed = isHeld(captureId);
    if (before === undefined && resumed) throw new AppError('conflict', 'A capture of this server itself has that name.', { capture: captureId });
    await store.foreseeSpace(MIN_ROOM_BYTES);
    const session = await store.openCapture(captureId, ttlMs);
    // The disk may have changed meanwhile: it is read and hashed again, but what arrived counts.
    if (restart) await session.restart();
    const held = new Set(store.openCaptures().map((lease) => lease.id));
    const guest = { captureId, ttlMs, chunkSizeBytes: graph.chunkSizeBytes };
    state.setGuests([...state.guests().filter((each) => each.captureId !== captureId && held.has(each.captureId)), guest]);
    sessions.set(captureId, { ...guest, session, renewedAt: clock() });
    log.info('the console sends a capture here', { capture: captureId, resumed });
    return { resumed };
  }

  async function commit({ captureId, head, pending }: Request<'captureCommit'>): Promise<{ version: CapturedVersion }> {
    // Where the answer was lost, the version is there and its capture is not.
    if (images.findVersion(head.version.guid) === undefined) {
      const { session } = await sessionOf(captureId);
      await images.addForConsole({ head, pending }, () => session.commit(head));
    }
    const version = await captured(head.version.guid);
    if (version === null) throw new AppError('internal', 'A version was made here and has no signature of this server.', { version: head.version.guid });
    await close(captureId);
    return { version };
  }

  async function close(captureId: string): Promise<void> {
    if (known(captureId) === undefined) return;
    if (isHeld(captureId)) await (await sessionOf(captureId)).session.close();
    forget(captureId);
  }

  return {
    async handle(request: HubRequest): Promise<Record<string, unknown>> {
      switch (request.type) {
        case 'captureOpen': return open(request);
        case 'captureRenew':
          (await sessionOf(request.captureId)).session.renew(request.ttlMs);
          return {};
        case 'captureCommit': return commit(request);
        case 'captureClose':
          await close(request.captureId);
          return {};
        default: return request satisfies never;
      }
    },
    /** For a computer whose ticket names this capture. */
    session: (captureId: string): Promise<{ session: CaptureSession; chunkSizeBytes: number }> => sessionOf(captureId),
  };
}
