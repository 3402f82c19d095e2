// Owns a worker's view of the run's ticket: the main thread renews it, the worker waits when its own was refused.
import type { Tickets } from '../net/frameClient.ts';

export class WorkerTickets implements Tickets {
  private ticket: string;
  private readonly askForNew: () => void;
  private waiting: ((ticket: string) => void)[] = [];

  constructor(ticket: string, askForNew: () => void) {
    this.ticket = ticket;
    this.askForNew = askForNew;
  }
  current(): string {
    return this.ticket;
  }
  after(refused: string): Promise<string> {
    if (this.ticket !== refused) return Promise.resolve(this.ticket);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length === 1) this.askForNew();
    });
  }
  /** Others are needed, and nobody waits for them here. */
  wanted(): void {
    this.askForNew();
  }
  set(ticket: string): void {
    this.ticket = ticket;
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve(ticket);
  }
}
