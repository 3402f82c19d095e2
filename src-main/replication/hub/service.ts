// Owns the console's end of the channel to package servers: the WebSocket /replica and POST /replica/join, who is connected, and telling
// each when its plan is another one. It only connects the pieces.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { z } from 'zod';
import { AppError, toAppError } from '#shared/errors.ts';
import { joinRequestSchema, MAX_REPLICA_MESSAGE_BYTES, type CopyReport, type hubAnswerSchemas, type HubNotice, type HubRequest } from '#shared/replication/messages.ts';
import { answerJson } from '../../net/http/answer.ts';
import { smallJson } from '../../net/http/small-json.ts';
import { HubConnection } from './connection.ts';
import { JoinPace } from './join-pace.ts';
import type { HubParts } from './parts.ts';
import { takeReport } from './reports.ts';
import { UnknownCopies } from './unknown.ts';

export type Hub = ReturnType<typeof openHub>;

const MAX_CONNECTIONS = 1000;
/** Nobody is known before the proof: few at a time may try. */
const MAX_UNPROVED = 32;
const COMPRESS_FROM_BYTES = 4096;
const GOODBYE_MS = 500;

export function openHub(parts: HubParts) {
  const { servers, log } = parts;
  // Plans are JSON with much that repeats; there are few servers, and they stay.
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REPLICA_MESSAGE_BYTES, perMessageDeflate: { threshold: COMPRESS_FROM_BYTES, concurrencyLimit: 2, zlibDeflateOptions: { level: 3 } } });
  const all = new Set<HubConnection>();
  const byServer = new Map<string, HubConnection>();
  const pace = new JoinPace(() => performance.now());
  let closing = false;

  const unknown = new UnknownCopies();
  const connectionParts = {
    ...parts, unknown,
    proved: (serverId: string, connection: HubConnection): void => {
      const other = byServer.get(serverId);
      byServer.set(serverId, connection);
      // The machine came back before its old connection was found dead; or it is a copy of it, which the next lines of its log show.
      other?.end('the same server connected again');
    },
    closed: (connection: HubConnection): void => {
      all.delete(connection);
      const { serverId } = connection;
      if (serverId === null || byServer.get(serverId) !== connection) return;
      byServer.delete(serverId);
      servers.disconnected(serverId);
    },
  };
  const stopPlans = servers.onPlans((serverIds) => {
    for (const serverId of serverIds) byServer.get(serverId)?.sendPlan();
  });
  servers.onRevoked((serverId, reason) => byServer.get(serverId)?.revoked(reason));
  servers.onRetired((serverId) => byServer.get(serverId)?.retired());

  async function join(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = request.socket.remoteAddress ?? '';
    if (request.method !== 'POST') throw new AppError('invalid-input', 'A package server joins with POST.');
    pace.spend(address);
    const parsed = joinRequestSchema.safeParse(await smallJson(request));
    if (!parsed.success) throw new AppError('invalid-input', `This request to join is not understood: ${parsed.error.issues.slice(0, 3).map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ').slice(0, 500)}`);
    try {
      const answer = servers.join(parsed.data, address);
      await parts.trustKey(parsed.data.publicKey);
      answerJson(response, answer);
    } catch (error) {
      log.warn('a server was not let join', { address, name: parsed.data.name, message: toAppError(error).message });
      throw error;
    }
  }

  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
      const unproved = all.size - byServer.size;
      if (closing || all.size >= MAX_CONNECTIONS || unproved >= MAX_UNPROVED) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (client) => all.add(new HubConnection(client, socket, request.socket.remoteAddress ?? '', connectionParts)));
    },
    unknown,
    /** One copy as a server said it before, now that its version is known here. */
    sayAgain: (serverId: string, copy: CopyReport): void => void takeReport(connectionParts, serverId, { digest: '', copies: [copy], whole: false }),
    /** POST /replica/join */
    join,
    isConnected: (serverId: string): boolean => byServer.get(serverId)?.isOpen ?? false,
    notify(serverId: string, notice: Exclude<HubNotice, { type: 'plan' | 'planMore' }>): void {
      byServer.get(serverId)?.notify(notice);
    },
    notifyAll(notice: Exclude<HubNotice, { type: 'plan' | 'planMore' }>): void {
      for (const connection of byServer.values()) connection.notify(notice);
    },
    /** Asks a package server; connection-lost where it is not connected. */
    request<T extends HubRequest['type']>(serverId: string, message: Extract<HubRequest, { type: T }>): Promise<z.infer<(typeof hubAnswerSchemas)[T]>> {
      const connection = byServer.get(serverId);
      return connection === undefined ? Promise.reject(new AppError('connection-lost', 'That package server is not connected now.', { serverId })) : connection.request(message);
    },
    /** There are signed records that were not there before. */
    recordsChanged(): void {
      for (const [serverId, connection] of byServer) connection.sendRecords(servers.known(serverId)?.records_acked ?? 0);
    },
    /** Resolves when nothing of any connection is under way any more. */
    async close(): Promise<void> {
      closing = true;
      stopPlans();
      for (const connection of all) connection.sayClosing();
      const until = performance.now() + GOODBYE_MS;
      while (all.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
      for (const connection of all) connection.end('the console closes');
      sockets.close();
    },
  };
}
