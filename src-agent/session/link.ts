// Owns the session's line to the server: the first connection, outages as the person sees them, and the run log, which waits until the run
// under way is this connection's again. It decides nothing about runs.
import type { ServerNotice } from '#shared/agent/messages.ts';
import type { Inventory } from '#shared/model/computer.ts';
import { Control, type Retry } from '../connection.ts';
import type { ServerLocation } from '../net/endpoint.ts';
import type { PortalEvent } from '../portal/contract.ts';
import { RunLog } from './runLog.ts';

export type LinkParts = {
  server: ServerLocation; agentVersion: string; signal: AbortSignal; patienceMs: number; sessionId: string;
  /** Keeps trying from the first connection on; else a server that is not there is an error at once. */
  insist: boolean;
  inventory(): Promise<Inventory>;
  now(): number;
  tell(event: PortalEvent): void;
  onNotice(notice: ServerNotice): void;
  /** The line is back, and the log may flow when this resolves with true: the run under way is this connection's. */
  onBack(): Promise<boolean>;
  onFatal(error: Error): void;
};

export class Link {
  readonly control: Control;
  readonly log: RunLog;
  private readonly parts: LinkParts;
  private attached = true;

  /** Rejects where it can't connect: at once, or (insisting) only where trying again can't help. */
  static async connect(parts: LinkParts): Promise<Link> {
    const waits: Waits = { since: parts.now(), name: new URL(parts.server.url).host, was: false };
    const tellWaiting = (retry: Retry | null): void => parts.tell({
      type: 'server', state: waits.was ? 'away' : 'connecting', name: waits.name, reason: retry?.reason ?? '', since: waits.since, nextTryAt: retry?.nextTryAt ?? null,
    });
    tellWaiting(null);
    const control = await Control.connect({
      server: parts.server, inventory: () => parts.inventory(), agentVersion: parts.agentVersion, signal: parts.signal, patienceMs: parts.patienceMs,
      role: 'portal', session: parts.sessionId, ...(parts.insist ? { onRetry: tellWaiting } : {}),
    });
    return new Link(parts, control, waits);
  }

  private constructor(parts: LinkParts, control: Control, waits: Waits) {
    this.parts = parts;
    this.control = control;
    this.log = new RunLog({ isOpen: () => this.attached, notify: (notice) => control.notify(notice) });
    control.on('away', (reason) => {
      this.attached = false;
      Object.assign(waits, { since: parts.now(), name: control.hello.serverName, was: true });
      parts.tell({ type: 'server', state: 'away', name: waits.name, reason, since: waits.since, nextTryAt: null });
    });
    control.on('back', () => void this.back());
    control.on('fatal', (error) => parts.onFatal(error));
    control.on('notice', (notice) => parts.onNotice(notice));
    this.tellOpen();
  }

  async close(): Promise<void> {
    this.log.drain();
    this.log.close();
    await this.control.close();
  }

  private async back(): Promise<void> {
    this.tellOpen();
    if (!(await this.parts.onBack())) return;
    this.attached = true;
    this.log.flush();
  }

  private tellOpen(): void {
    this.parts.tell({ type: 'server', state: 'open', name: this.control.hello.serverName, reason: '', since: this.parts.now(), nextTryAt: null });
  }
}

type Waits = { since: number; name: string; was: boolean };
