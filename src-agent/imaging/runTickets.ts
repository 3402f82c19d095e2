// Owns the ticket of one run on the main thread: renewed before it ends, after a reconnect, and when the server refused it. Of a capture that
// goes to a package server it is that server's.
import { AppError } from '#shared/errors.ts';
import type { ReadSource } from '#shared/agent/messages.ts';
import type { Control } from '../connection.ts';
import type { Tickets } from '../net/frameClient.ts';

const earliestRenewalMs = 5000;

export class RunTickets implements Tickets {
  private readonly control: Control;
  private readonly runId: string;
  private readonly onRenewed: (ticket: string, sources: ReadSource[] | undefined) => void;
  private readonly onFailure: (error: Error) => void;
  private ticket: string;
  private readonly isElsewhere: boolean;
  private timer: NodeJS.Timeout | null = null;
  private renewing: Promise<void> | null = null;
  private isFinishing = false;
  private readonly onBack = (): void => void this.renew();

  constructor(parts: {
    control: Control; runId: string; ticket: string; expiresInMs: number; /** The ticket is a package server's. */ isElsewhere: boolean;
    onRenewed(ticket: string, sources: ReadSource[] | undefined): void;
    /** The run is not the server's any more: the work can't go on. */
    onFailure(error: Error): void;
  }) {
    this.control = parts.control;
    this.runId = parts.runId;
    this.ticket = parts.ticket;
    this.isElsewhere = parts.isElsewhere;
    this.onRenewed = parts.onRenewed;
    this.onFailure = parts.onFailure;
    this.plan(parts.expiresInMs);
    this.control.on('back', this.onBack);
  }

  current(): string {
    return this.ticket;
  }

  async after(refused: string): Promise<string> {
    if (this.ticket === refused) await this.renew();
    return this.ticket;
  }

  wanted(): void {
    void this.renew();
  }

  /** At most one renewal at a time; never rejects, because a failure ends the run through onFailure. */
  renew(): Promise<void> {
    this.renewing ??= this.control
      .request('renewTicket', { runId: this.runId })
      .then((answer) => {
        // A ticket of the one opens nothing at the other.
        if (this.isElsewhere !== (answer.sendTo !== undefined)) throw new AppError('lease-lost', 'The server does not know any more where this capture goes.');
        this.ticket = answer.sendTo?.ticket ?? answer.ticket;
        this.plan(answer.ticketExpiresInMs);
        this.onRenewed(this.ticket, answer.sources);
      })
      .catch((error: unknown) => {
        if (!this.isFinishing) this.onFailure(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => (this.renewing = null));
    return this.renewing;
  }

  /** From here on nothing is fetched or sent: a refused renewal no longer matters. */
  finishing(): void {
    this.isFinishing = true;
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.control.off('back', this.onBack);
  }

  private plan(expiresInMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.renew(), Math.max(earliestRenewalMs, expiresInMs * 0.6));
  }
}
