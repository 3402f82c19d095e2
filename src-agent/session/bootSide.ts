// Owns what a session does because it runs in the boot environment: what was said before it began goes to the server and into the first run's
// log, adapters get what they lack, and a restart after a deploy goes to the disk. Anywhere else there is nothing of that to do.
import type { Control } from '../connection.ts';
import type { BootEnvironment } from '../environment/environment.ts';
import type { PortalEvent } from '../portal/contract.ts';

export class BootSide {
  private readonly environment: BootEnvironment | null;
  private readonly tell: (event: PortalEvent) => void;
  /** For the log of the run that comes first. */
  private said: string[];

  constructor(environment: BootEnvironment | null, tell: (event: PortalEvent) => void) {
    this.environment = environment;
    this.tell = tell;
    this.said = [...(environment?.bootLog ?? [])].map((line) => `From the start of this computer, after ${line.replace(/^(\d+) (?:! )?/, '$1 s: ')}`);
  }

  /** Before any server is there. */
  begin(): void {
    for (const text of this.environment?.warnings ?? []) this.tell({ type: 'warning', text });
  }

  /** The first hello was answered. Nothing waits for what adapters get. */
  connected(control: Control): void {
    const { environment } = this;
    if (environment === null) return;
    if (environment.bootLog.length > 0) control.notify({ type: 'log', runId: null, lines: environment.bootLog.map((line) => line.slice(0, 2000)) });
    void environment.helpAdapters(control).then((lines) => {
      if (lines.length > 0) control.notify({ type: 'log', runId: null, lines });
      this.said.push(...lines);
      for (const text of lines) this.tell({ type: 'note', text });
    });
  }

  /** Once: for whichever run begins first. */
  takeLines(): string[] {
    return this.said.splice(0);
  }

  /** Nothing of what was asked for is left to do after the restart. */
  async beforeRestart(): Promise<void> {
    for (const text of (await this.environment?.bootEntries?.beforeRestart()) ?? []) this.tell({ type: 'note', text });
  }
}
