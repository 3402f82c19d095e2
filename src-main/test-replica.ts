// Test support: a package server as far as the console sees one, message by message; and rows of images at a console. Not part of the product.
import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { request } from 'node:https';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { CopyReport, HubNotice } from '#shared/replication/messages.ts';
import { signedPurposes } from '#shared/replication/record.ts';
import { Database } from './db/database.ts';
import type { RunningServer } from './server.ts';
import { eventually } from './test-server.ts';

export const FIGURES = { freeBytes: 1e12, totalBytes: 2e12, now: Date.now() };
type Answer = { id: number; ok: boolean; error?: { code: string; message: string } } & Record<string, unknown>;

export class TestReplica {
  readonly server: RunningServer;
  readonly id = randomUUID();
  readonly publicKey: string;
  readonly notices: HubNotice[] = [];
  readonly answers: Answer[] = [];
  socket!: WebSocket;
  closed: number | null = null;
  #key: KeyObject;
  #nextId = 1;
  bytes = 0;

  constructor(server: RunningServer) {
    this.server = server;
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.#key = privateKey;
    this.publicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }
  join(joinToken: string): Promise<{ status: number; body: unknown }> {
    const body = JSON.stringify({ joinToken, protocol: 1, name: 'x', publicKey: this.publicKey, fingerprint: 'b'.repeat(64), addresses: [], version: '1', serverId: this.id });
    return new Promise((resolve, reject) => {
      const outgoing = request(`https://127.0.0.1:${this.server.httpPort}/replica/join`, { method: 'POST', rejectUnauthorized: false }, (response) => {
        let text = '';
        response.on('data', (data: Buffer) => (text += data.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown }));
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
  async open(): Promise<this> {
    this.closed = null;
    this.bytes = 0;
    const socket = new WebSocket(`wss://127.0.0.1:${this.server.httpPort}/replica`, { rejectUnauthorized: false, perMessageDeflate: false });
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.bytes += data.length;
      const message = JSON.parse(data.toString()) as Record<string, unknown>;
      if ('ok' in message) this.answers.push(message as Answer);
      else this.notices.push(message as HubNotice);
    });
    socket.on('error', () => undefined);
    socket.once('close', (code) => {
      if (this.socket === socket) this.closed = code;
    });
    await new Promise((resolve) => {
      socket.once('open', resolve);
      socket.once('close', resolve);
    });
    return this;
  }
  async ask(message: Record<string, unknown>): Promise<Answer> {
    const id = this.#nextId++;
    this.socket.send(JSON.stringify({ ...message, id }));
    return (await eventually(() => Promise.resolve(this.answers.find((answer) => answer.id === id) ?? (this.closed === null ? null : ({ id, ok: false, error: { code: 'closed', message: '' } }))), (answer) => answer !== null)) as Answer;
  }
  say(message: Record<string, unknown>): void {
    this.socket.send(JSON.stringify(message));
  }
  /** Hello and proof. */
  async prove(more: { planDigest?: string; recordsDone?: number; protocol?: number; now?: number; addresses?: string[]; signedBy?: TestReplica } = {}): Promise<Answer> {
    const hello = await this.ask({ type: 'hello', protocol: more.protocol ?? 1, serverId: this.id, version: '1.0.0', addresses: more.addresses ?? ['https://10.9.0.5:8420'], fingerprint: 'b'.repeat(64) });
    if (!hello.ok) return hello;
    const signature = sign(null, Buffer.from(`${signedPurposes.replica}${this.server.fingerprint}\n${String(hello['nonce'])}`), (more.signedBy ?? this).#key).toString('base64');
    return this.ask({ type: 'prove', signature, planDigest: more.planDigest ?? '', recordsDone: more.recordsDone ?? 0, figures: { ...FIGURES, now: more.now ?? Date.now() } });
  }
  notice<T extends HubNotice['type']>(type: T, from = 0): Promise<Extract<HubNotice, { type: T }>> {
    return eventually(() => Promise.resolve(this.notices.slice(from).find((notice) => notice.type === type)), (notice) => notice !== undefined) as Promise<Extract<HubNotice, { type: T }>>;
  }
  sign(purpose: string, message: string): string {
    return sign(null, Buffer.from(purpose + message), this.#key).toString('base64');
  }
  end(): void {
    this.socket.terminate();
  }
}

export const copy = (versionGuid: string, more: Partial<CopyReport> = {}): CopyReport => ({ versionGuid, manifest: manifestOf(versionGuid), state: 'ready', provedAt: 1, damagedChunks: 0, problem: null, ...more });
export const manifestOf = (versionGuid: string): string => versionGuid.replaceAll('-', '').padEnd(64, '0');

/** Rows as a capture at the console would make them, without content. Opened beside the running server. */
export function addImages(server: RunningServer, count: number, versions = 1): { image: string; versions: string[] }[] {
  const db = new Database(join(server.dataFolder, 'platen.db'), () => undefined);
  const self = db.get<{ id: string }>('SELECT id FROM server WHERE is_self = 1')?.id ?? '';
  const made = Array.from({ length: count }, (_, index) => ({ image: randomUUID(), name: `Image ${String(index).padStart(4, '0')}`, versions: Array.from({ length: versions }, () => randomUUID()) }));
  db.transaction(() => {
    for (const { image, name, versions: guids } of made) {
      db.run('INSERT INTO image (guid, name, created_at, last_number) VALUES (:image, :name, 1, :last)', { image, name, last: versions });
      db.run('INSERT INTO owner (image_guid, server_id) VALUES (:image, :self)', { image, self });
      guids.forEach((guid, index) => {
        db.run(`INSERT INTO image_version (guid, image_guid, number, state, note, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes, stored_bytes, smallest_target_bytes, manifest, graph)
          VALUES (:guid, :image, :number, 'ready', '', 1, 'anna', 'lab-01', 1000, 1000, 1000, 500, 1000, :manifest, '{}')`, { guid, image, number: index + 1, manifest: manifestOf(guid) });
        db.run("INSERT INTO copy (version_guid, server_id, state, proved_at) VALUES (:guid, :self, 'ready', 1)", { guid, self });
      });
    }
  });
  db.close();
  return made.map(({ image, versions: guids }) => ({ image, versions: guids }));
}

export function inDatabase<T>(server: { dataFolder: string }, work: (db: Database) => T): T {
  const db = new Database(join(server.dataFolder, 'platen.db'), () => undefined);
  try {
    return work(db);
  } finally {
    db.close();
  }
}
