// Test support: computers on a real database in a folder of its own. Not part of the product.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterEach, expect } from 'vitest';
import type { FirmwareIdentity, Inventory } from '#shared/model/computer.ts';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/list.ts';
import { openEvents } from '../events/service.ts';
import { openLog } from '../log/service.ts';
import { openRuns, type Runs } from '../runs/service.ts';
import { openUndo, type Undo } from '../undo/service.ts';
import { openComputers, type Computers, type Seen } from './service.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean();
});

export const actor = 'anna';
export const refused = (code: string): Error => expect.objectContaining({ code }) as Error;
export const mac = (address: string) => ({ address, onboard: true });

export class TestComputers {
  #now = 1_800_000_000_000;
  readonly #folder = mkdtempSync(join(tmpdir(), 'platen-computers-'));
  readonly #log = openLog(join(this.#folder, 'logs'), () => this.clock());
  db!: Database;
  computers!: Computers;
  runs!: Runs;
  undo!: Undo;
  /** What clients were told. */
  told: string[] = [];

  constructor() {
    this.#open();
    cleanups.push(() => {
      this.db.close();
      this.#log.close();
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }
  clock(): number {
    return ++this.#now;
  }
  restart(): void {
    this.db.close();
    this.#open();
  }
  #open(): void {
    const clock = (): number => this.clock();
    this.db = new Database(join(this.#folder, 'platen.db'), () => undefined);
    migrate(this.db, migrations, () => undefined);
    const events = openEvents({ db: this.db, clock });
    this.undo = openUndo({ db: this.db, clock });
    this.runs = openRuns({ db: this.db, events, log: this.#log, clock });
    this.computers = openComputers({ db: this.db, events: { ...events, changed: (entity, id) => void this.told.push(`${entity}/${id}`) }, undo: this.undo, runs: this.runs, clock });
  }

  hello(identity: Partial<FirmwareIdentity>, boundTo: string | null = null): Seen {
    const inventory: Inventory = { identity: { systemUuid: '', systemSerial: '', boardSerial: '', assetTag: '', vendor: 'Dell Inc.', product: 'OptiPlex 7010', macs: [], hostname: '', ...identity }, disks: [] };
    return this.computers.seen(inventory, '10.0.0.7', boundTo);
  }
  make(name: string, serial = `SN${name}X`): string {
    return this.hello({ hostname: name, systemSerial: serial }).id;
  }
  names(filter: Parameters<Computers['list']>[0] = {}): string[] {
    return this.computers.list(filter).map((row) => row.name);
  }
  back(result: { undo: number | null }): { label: string } {
    return this.undo.run(result.undo ?? 0, actor);
  }
  /** A run of this computer, as far as this slice looks at it. */
  run(computerId: string, state: 'waiting' | 'running' | 'succeeded'): string {
    const id = randomUUID();
    this.db.run(`INSERT INTO run (id, kind, state, waiting_for, computer_id, computer_name, image_name, resume_key, request, actor, started_at)
      VALUES (:id, 'job', :state, :waiting, :computerId, 'x', '', '', '{}', 'anna', 1)`, { id, state, waiting: state === 'waiting' ? 'computer' : null, computerId });
    return id;
  }
  /** All that is kept of a record, but for when it was last seen. */
  record(id: string): unknown {
    return {
      row: this.db.get('SELECT id, name, name_key, group_id, named, trashed_at, merged_into, merged_runs, asked_at, model, serial, address, found_by FROM computer WHERE id = :id', { id }),
      evidence: this.db.all('SELECT kind, value FROM computer_evidence WHERE computer_id = :id ORDER BY kind, value', { id }),
      runs: this.db.all('SELECT id FROM run WHERE computer_id = :id ORDER BY id', { id }),
    };
  }
}
