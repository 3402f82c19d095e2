// Test support: images on a real store and database with a clock that the test turns, and what a channel does between two of them. Not
// part of the product.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePage } from '#shared/agent/page.ts';
import type { CapturedVersion, WantedVersion } from '#shared/replication/messages.ts';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { migrations } from '../db/migrations/list.ts';
import { openEvents } from '../events/service.ts';
import { openLog } from '../log/service.ts';
import { openOwnServer } from '../servers/service.ts';
import { openSettings } from '../settings/service.ts';
import { blake3 } from '../store/hash.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/types.ts';
import { CHUNK, testChunk, testGraph, type TestChunk } from '../test-agent.ts';
import { openUndo, type Undo } from '../undo/service.ts';
import { openImages, type Images } from './service.ts';

const DAY_MS = 86_400_000;

export class TestImages {
  readonly clock: { now: number };
  readonly db: Database;
  readonly store: Store;
  readonly images: Images;
  readonly undo: Undo;
  readonly selfId: string;
  /** Versions (GUIDs) that a run reads now. */
  readonly inUse = new Set<string>();
  readonly #closers: (() => void | Promise<void>)[];

  private constructor(parts: { clock: { now: number }; db: Database; store: Store; images: Images; undo: Undo; selfId: string; closers: (() => void | Promise<void>)[]; inUse: Set<string> }) {
    this.clock = parts.clock;
    this.db = parts.db;
    this.store = parts.store;
    this.images = parts.images;
    this.undo = parts.undo;
    this.selfId = parts.selfId;
    this.inUse = parts.inUse;
    this.#closers = parts.closers;
  }

  static async open(name: string, role: 'console' | 'package-server' = 'console'): Promise<TestImages> {
    const folder = mkdtempSync(join(tmpdir(), `platen-images-${name}-`));
    const closers: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];
    const clock = { now: Date.UTC(2026, 0, 1) };
    const read = (): number => clock.now;
    const log = openLog(join(folder, 'logs'), read);
    closers.push(() => log.close());
    const db = new Database(join(folder, 'platen.db'), log.write);
    closers.push(() => db.close());
    migrate(db, migrations, log.write);
    const events = openEvents({ db, clock: read });
    const settings = openSettings({ db, events });
    const selfId = openOwnServer({ db, events, settings, clock: read });
    db.run('UPDATE server SET role = :role, name = :name WHERE is_self = 1', { role, name });
    const store = await openStore({ folder: join(folder, 'store'), clock: read, log: log.write, workers: 1, reserveBytes: 0 });
    closers.push(() => store.close());
    const undo = openUndo({ db, clock: read });
    const inUse = new Set<string>();
    const images = openImages({ db, store, events, log, clock: read, settings, selfId, undo, runsUsing: (_, versionGuid) => (versionGuid !== null && inUse.has(versionGuid) ? ['run'] : []) });
    closers.push(() => images.close());
    return new TestImages({ clock, db, store, images, undo, selfId, closers, inUse });
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  /** What a join leaves behind: both know each other's key. */
  async knows(other: TestImages, state = 'joined'): Promise<void> {
    const name = other.db.get<{ name: string }>('SELECT name FROM server WHERE is_self = 1')?.name ?? '';
    this.db.run("INSERT INTO server (id, name, role, is_self, created_at, state, public_key) VALUES (:id, :name, 'package-server', 0, 0, :state, :key)", { id: other.selfId, name, state, key: other.store.publicKey });
    await this.store.trustKey(other.store.publicKey);
    await other.store.trustKey(this.store.publicKey);
  }

  /** One version of these chunks, checked. @returns its GUID */
  async capture(name: string, chunks: readonly TestChunk[] = [testChunk(randomBytes(CHUNK))]): Promise<string> {
    const session = await this.store.openCapture(randomUUID(), DAY_MS);
    await session.addPage(encodePage({ stream: 0, firstChunk: 0, runs: [{ kind: 'data', count: chunks.length, hashes: Buffer.concat(chunks.map((chunk) => chunk.hash)) }] }, blake3));
    await session.addFrames(Buffer.concat(chunks.map((chunk) => chunk.frame)));
    const { guid } = this.images.forCapture(name);
    const versionGuid = randomUUID();
    await this.images.addVersion({ imageGuid: guid, imageName: name, versionGuid, note: '', capturedBy: 'admin', computerName: 'lab-01', agentVersion: '1', graph: testGraph(chunks.length) }, (head) => session.commit(head));
    await session.close();
    await this.checked(versionGuid);
    return versionGuid;
  }

  /** Waits for the end of the check that is asked for. */
  async checked(versionGuid: string): Promise<void> {
    while (this.images.verifyProgress(versionGuid) !== null) await this.images.nextChange(versionGuid, new AbortController().signal);
  }

  row(versionGuid: string): { number: number; state: string; pending: number } | undefined {
    return this.db.get('SELECT number, state, pending FROM image_version WHERE guid = :versionGuid', { versionGuid });
  }

  copies(versionGuid: string): Record<string, string> {
    return Object.fromEntries(this.db.all<{ name: string; state: string }>('SELECT name, copy.state FROM copy JOIN server ON server.id = server_id WHERE version_guid = :versionGuid ORDER BY name', { versionGuid }).map((row) => [row.name, row.state]));
  }

  /** As the plan of this console names it. */
  wanted(versionGuid: string, more: Partial<WantedVersion> = {}): WantedVersion {
    const version = this.images.findVersion(versionGuid);
    const image = version === undefined ? undefined : this.images.get(version.image_guid);
    if (version === undefined || image === undefined) throw new Error('no such version');
    return {
      guid: version.guid, manifest: version.manifest, manifestBytes: version.manifest_bytes, number: version.number, note: version.note, enabled: version.enabled === 1, pending: version.pending === 1, capturedAt: version.captured_at,
      capturedBy: version.captured_by, computerName: version.computer_name, diskBytes: version.disk_bytes, usedBytes: version.used_bytes, newBytes: version.new_bytes, storedBytes: version.stored_bytes, smallestTargetBytes: version.smallest_target_bytes,
      image: { guid: image.guid, name: image.name, kind: image.kind, enabled: image.enabled, protected: image.protected, createdAt: image.createdAt, owner: null }, priority: 0, ...more,
    };
  }

  /** What a transfer does: content from that store, then rows here, then the check. */
  async bring(from: TestImages, wanted: WantedVersion): Promise<void> {
    const adoption = await this.store.openAdoption(wanted.guid, wanted.manifest, DAY_MS);
    const reader = await from.store.openManifest(wanted.manifest);
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(reader.path);
    await reader.close();
    if (adoption.manifestBytes < bytes.length) await adoption.addManifest(bytes.subarray(adoption.manifestBytes));
    for await (const { hash } of adoption.missing()) for await (const frame of from.store.readFrames(hash)) await adoption.addFrames(frame);
    await adoption.commit(await from.store.signatures(wanted.manifest));
    await adoption.close();
    await this.images.adopt(wanted);
    await this.checked(wanted.guid);
  }

  /** What a package server says of a version that it captured. */
  async told(versionGuid: string): Promise<CapturedVersion> {
    const version = this.images.findVersion(versionGuid);
    if (version === undefined) throw new Error('no such version');
    const reader = await this.store.openManifest(version.manifest);
    await reader.close();
    const [signature] = await this.store.signatures(version.manifest);
    if (signature === undefined) throw new Error('not signed');
    return {
      head: reader.head, manifest: version.manifest, manifestBytes: reader.sizeBytes, signature, newBytes: version.new_bytes, storedBytes: version.stored_bytes, smallestTargetBytes: version.smallest_target_bytes,
      diskBytes: version.disk_bytes, usedBytes: version.used_bytes,
    };
  }
}
