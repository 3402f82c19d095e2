// Owns the gateway for agents: the control WebSocket at /agent and the frame requests under it. It only connects the pieces.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { MAX_MESSAGE_BYTES } from '#shared/agent/messages.ts';
import type { Store } from '../store/types.ts';
import type { Access } from '../access/service.ts';
import type { Environment } from '../boot/environment/service.ts';
import type { Boot } from '../boot/service.ts';
import type { Computers } from '../computers/service.ts';
import type { Events } from '../events/service.ts';
import type { Images } from '../images/service.ts';
import type { Log } from '../log/service.ts';
import type { Portal } from '../portal/service.ts';
import type { Runs } from '../runs/service.ts';
import type { Servers } from '../servers/service.ts';
import type { SettingsService } from '../settings/service.ts';
import { answerAddOn, isAddOnRequest } from './add-ons.ts';
import { CapturePlaces, type CaptureChannel } from './capture-places.ts';
import { Captures } from './captures.ts';
import { AgentConnection } from './connection.ts';
import { Deploys } from './deploys.ts';
import { AgentHttp } from './http.ts';
import { Portals } from './portals.ts';
import { openReadSources } from './read-sources.ts';
import { openRequests } from './requests.ts';
import { ServedChunks } from './served-chunks.ts';
import { Tickets } from './tickets.ts';
import { openVisitors, type Guests } from './visitors.ts';

export type AgentsParts = {
  store: Store; access: Access; boot: Pick<Boot, 'saidHello' | 'saidLines'>; environment: Pick<Environment, 'addOns' | 'addOnFile'>; computers: Computers; events: Events; images: Images; runs: Runs; portal: Portal; settings: SettingsService; log: Log; clock: () => number; serverId: string;
  servers: Pick<Servers, 'selfId' | 'sourcesFor' | 'near' | 'captureTargetFor' | 'addressesOf' | 'ticketFor' | 'known' | 'names'>;
  /** Of a console: its end of the channel to package servers. */
  channel: CaptureChannel | null;
  /** Of a package server: captures that its console sent here. */
  guests: Guests | null;
  /** Of a package server: the key that signs tickets for it. */
  consoleKey: () => string | null;
};
export type Agents = ReturnType<typeof openAgents>;

const MAX_CONNECTIONS = 2000;

export function openAgents(parts: AgentsParts) {
  const tickets = new Tickets(parts.clock);
  const captures = new Captures({ ...parts, tickets, places: new CapturePlaces(parts) });
  const sources = openReadSources(parts);
  const deploys = new Deploys({ ...parts, tickets, sources });
  const http = new AgentHttp({ ...parts, captures, deploys, tickets, served: new ServedChunks(parts), visitors: openVisitors(parts) });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  const connections = new Set<AgentConnection>();
  const underWay = new Set<Promise<void>>();
  let closing = false;
  parts.runs.onEnd((runId) => {
    tickets.revoke(runId);
    captures.forget(runId);
  });
  const portals = new Portals(() => parts.portal.fingerprint());
  parts.runs.onWork((computerId) => portals.work(computerId));
  const stopListening = parts.events.onChange(({ entity }) => {
    if (entity === 'job' || entity === 'folder' || entity === 'image' || entity === 'settings') portals.menuSoon();
  });
  const requests = openRequests({ ...parts, portals, captures, deploys, tickets });
  const connectionParts = { ...parts, captures, deploys, portals, requests, server: { id: parts.serverId, name: () => parts.settings.get().serverName } };

  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      if (closing || connections.size >= MAX_CONNECTIONS) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (client) => {
        const connection = new AgentConnection(client, request.socket.remoteAddress ?? '', connectionParts);
        connections.add(connection);
        client.once('close', () => connections.delete(connection));
      });
    },
    async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const work = isAddOnRequest(request) ? answerAddOn(request, response, parts) : http.handle(request, response);
      underWay.add(work);
      await work.finally(() => underWay.delete(work));
    },
    /** Says goodbye, lets frames under way arrive, then ends every connection. */
    async close(graceMs: number): Promise<void> {
      closing = true;
      stopListening();
      portals.close();
      for (const connection of connections) connection.sayClosing();
      await Promise.race([Promise.allSettled(underWay), new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref())]);
      await Promise.all([...connections].map((connection) => connection.end()));
      sockets.close();
    },
  };
}
