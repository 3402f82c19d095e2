// Composes how versions travel: what this server hands to others below /replica, and the loop that gets what its plan wants. The console
// plans for itself, a package server follows the plan its console sent; the rest is the same.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plan } from '#shared/replication/messages.ts';
import type { Events } from './events/service.ts';
import type { Images } from './images/service.ts';
import type { LogService } from './log/service.ts';
import type { Link } from './replication/link/service.ts';
import { openPeerService } from './replication/peer/service.ts';
import { openReconcile } from './replication/reconcile.ts';
import type { Servers } from './servers/service.ts';
import type { Store } from './store/types.ts';

export type CopyingParts = {
  store: Store; images: Images; servers: Servers; events: Events; log: LogService; clock: () => number;
  /** As the other servers call this one. */
  ownId: string;
  /** null at the console. */
  link: () => Link | null;
  isConsole: boolean;
};
export type Copying = ReturnType<typeof openCopying>;

/** Many copies change at once; the loop looks once. */
const AGAIN_SOON_MS = 500;

export function openCopying({ store, images, servers, events, log, clock, ownId, link, isConsole }: CopyingParts) {
  const peers = openPeerService({
    selfId: ownId, clock, store, log,
    keyOf: (serverId) => (isConsole ? servers.peerKey(serverId) : link()?.peers().find((peer) => peer.id === serverId)?.publicKey ?? null),
    mayRead: (serverId, manifest) => {
      const version = servers.ownCopy(manifest);
      if (version === null || version.state !== 'ready') return false;
      if (!version.pending) return true;
      // Not validated yet: between the server it was made at and the console alone.
      return isConsole ? serverId === version.originId : link()?.peers().some((peer) => peer.id === serverId && peer.isConsole) === true;
    },
  });

  const reconcile = openReconcile({
    self: { id: ownId, sign: (purpose, message) => store.sign(purpose, message) }, store, log, clock,
    copies: { states: images.copies.states, adopt: images.adopt, olderManifest: images.olderManifest, progressOf: images.verifyProgress },
    ended: (transfer) => {
      if (isConsole) servers.transferEnded(ownId, transfer);
      else link()?.transferEnded(transfer);
    },
    changed: () => tell(),
  });
  function tell(): void {
    const [moving, problems] = [reconcile.moving(200), reconcile.problems().slice(0, 50)];
    if (isConsole) servers.selfMoving(moving, problems);
    else link()?.moving({ moving, problems });
  }

  /** A server that was put out is a peer no more: what only it has signed does not come in; what is here stays. */
  function follow(plan: Plan): void {
    store.acceptFrom([plan.console.publicKey, ...plan.peers.map((peer) => peer.publicKey)]);
    reconcile.setPlan(plan);
  }

  let timer: NodeJS.Timeout | null = null;
  const stops = [
    events.onChange(({ entity }) => {
      if (entity !== 'image' || timer !== null) return;
      timer = setTimeout(() => {
        timer = null;
        reconcile.again();
        tell();
      }, AGAIN_SOON_MS);
    }),
    servers.onPlans((serverIds) => {
      const plan = isConsole && serverIds.includes(ownId) ? servers.ownPlan() : null;
      if (plan !== null) follow(plan);
    }),
  ];

  return {
    setPlan: follow,
    urgent: (versionGuid: string): void => reconcile.urgent(versionGuid),
    /** It was deleted: nothing of it comes any more. */
    forget: (versionGuid: string): Promise<void> => reconcile.forget(versionGuid),
    request: (request: IncomingMessage, response: ServerResponse): Promise<void> => peers.request(request, response),
    async close(): Promise<void> {
      for (const stop of stops) stop();
      if (timer !== null) clearTimeout(timer);
      await reconcile.close();
    },
  };
}
