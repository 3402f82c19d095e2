// Owns what this computer's disks are, as a session last looked: hello tells it, the portal shows it, and neither waits for the other.
import type { DiskSummary, Inventory } from '#shared/model/computer.ts';
import { portalMachine, type MachineSource } from './machine.ts';
import type { PortalEvent } from '../portal/contract.ts';

export class OwnDisks {
  /** As shown to the person. */
  shown: readonly DiskSummary[] = [];
  private readonly machine: MachineSource;
  private readonly tell: (event: PortalEvent) => void;
  private first: Promise<Inventory> | null = null;

  constructor(machine: MachineSource, tell: (event: PortalEvent) => void) {
    this.machine = machine;
    this.tell = tell;
  }

  /** The first screen at once; the first look at the disks goes on meanwhile. */
  async begin(): Promise<void> {
    this.tell({ type: 'machine', machine: portalMachine(await this.machine.identity()), disks: [] });
    this.first = this.look();
    this.first.catch(() => undefined); // asked for by hello, which says what went wrong
  }

  async look(): Promise<Inventory> {
    const found = await this.machine.inventory();
    this.shown = found.disks;
    this.tell({ type: 'machine', machine: portalMachine(found.identity), disks: found.disks });
    return found;
  }

  /** What hello tells: the first look, under way when the connection began, later a new one. */
  take(): Promise<Inventory> {
    const { first } = this;
    this.first = null;
    return first ?? this.look();
  }
}
