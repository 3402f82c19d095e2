// Owns the case of nothing to do for many images and servers: a console with that many ready images, and that many package servers on the
// other side of the link that come back with the plan and the report the console knows. Run on the other side as a child process, it is the servers.
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { WebSocket } from 'ws';
import { nodePath } from '../scripts/node.mjs';
import { cpuSecondsOf, peakOf } from './meter.mjs';
import { Platen } from './ours.mjs';
import { HERE } from './replication-link.mjs';

const manifestOf = (/** @type {string} */ guid) => guid.replaceAll('-', '').padEnd(64, '0');

/**
 * @param {import('./replication-link.mjs').Link} link @param {string} folder @param {{ images: number, servers: number }} size
 * @returns {Promise<{ seconds: number, there: number, back: number, cpuSeconds: number, peakMB: number }>} all come back at once, until the last was told that nothing changed
 */
export async function measureIdle(link, folder, { images, servers }) {
  const data = join(folder, 'idle');
  const console = await Platen.start(data, ['--host', '0.0.0.0']);
  // Beside the running console: one that starts looks for the manifests of what it has, and these have none.
  const guids = addImages(data, images);
  try {
    const tokens = [];
    for (let number = 1; number <= servers; number++) tokens.push((await console.api.servers.add.mutate({ name: `PS${number}` })).token);
    const { command, args } = link.there([nodePath(), fileURLToPath(import.meta.url), 'servers']);
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value ?? 'null');
    const limit = setTimeout(() => child.kill('SIGKILL'), 120_000);
    child.once('close', () => clearTimeout(limit));
    child.stdin.write(`${JSON.stringify({ url: `https://${HERE}:${new URL(console.ready.url).port}`, tokens, guids })}\n`);
    // A change of anything lets the console look at its plans at once, and not half a minute later: the images were written beside it.
    let days = 15;
    const looking = setInterval(() => void console.api.settings.set.mutate({ trashDays: (days = 31 - days) }).catch(() => undefined), 2000);
    await next(); // all joined, reported, and have their plan
    clearInterval(looking);
    const [before, cpu] = [link.bytes(), cpuSecondsOf(console.ready.pid)];
    child.stdin.write('again\n');
    const { seconds } = await next();
    const after = link.bytes();
    const ended = once(child, 'close');
    child.stdin.end();
    await ended;
    return { seconds, there: after.there - before.there, back: after.back - before.back, cpuSeconds: cpuSecondsOf(console.ready.pid) - cpu, peakMB: peakOf(console.ready.pid) };
  } finally {
    await console.stop();
  }
}

/** Rows as captures at the console would make them, without content. @param {string} data @param {number} count */
function addImages(data, count) {
  const db = new Database(join(data, 'platen.db'));
  const self = /** @type {{ id: string }} */ (db.prepare('SELECT id FROM server WHERE is_self = 1').get()).id;
  const guids = Array.from({ length: count }, () => randomUUID());
  db.transaction(() => guids.forEach((guid, index) => {
    const image = randomUUID();
    db.prepare('INSERT INTO image (guid, name, created_at, last_number) VALUES (?, ?, 1, 1)').run(image, `Image ${String(index).padStart(4, '0')}`);
    db.prepare('INSERT INTO owner (image_guid, server_id) VALUES (?, ?)').run(image, self);
    db.prepare(`INSERT INTO image_version (guid, image_guid, number, state, note, captured_at, captured_by, computer_name, disk_bytes, used_bytes, new_bytes, stored_bytes, smallest_target_bytes, manifest, graph)
      VALUES (?, ?, 1, 'ready', '', 1, 'bench', 'bench', 1000, 1000, 1000, 500, 1000, ?, '{}')`).run(guid, image, manifestOf(guid));
    db.prepare("INSERT INTO copy (version_guid, server_id, state, proved_at) VALUES (?, ?, 'ready', 1)").run(guid, self);
  }))();
  db.close();
  return guids;
}

/** A package server, as far as it speaks with its console. */
class Replica {
  id = randomUUID();
  keys = generateKeyPairSync('ed25519');
  digest = '';
  fingerprint = '';
  /** @type {((message: any) => void)[]} */
  #listeners = [];
  #nextId = 1;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /** @param {string} joinToken */
  async join(joinToken) {
    const publicKey = this.keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const outgoing = request(`${this.url}/replica/join`, { method: 'POST', rejectUnauthorized: false });
    outgoing.end(JSON.stringify({ joinToken, protocol: 1, name: 'bench', publicKey, fingerprint: 'b'.repeat(64), addresses: [], version: '1', serverId: this.id }));
    const [response] = await once(outgoing, 'response');
    let text = '';
    for await (const part of response) text += part;
    if (response.statusCode !== 200) throw new Error(`joining was answered ${response.statusCode}: ${text}`);
  }

  async open() {
    this.socket = new WebSocket(`${this.url.replace('https', 'wss')}/replica`, { rejectUnauthorized: false, perMessageDeflate: false });
    this.socket.on('upgrade', (response) => {
      this.fingerprint = /** @type {import('node:tls').TLSSocket} */ (response.socket).getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
    });
    this.socket.on('message', (data) => {
      const message = JSON.parse(/** @type {Buffer} */ (data).toString());
      if (message.type === 'plan') this.digest = message.digest;
      for (const listener of this.#listeners) listener(message);
    });
    await once(this.socket, 'open');
  }

  /** @param {(message: any) => boolean} wanted @returns {Promise<any>} */
  heard(wanted) {
    return new Promise((resolve) => this.#listeners.push((message) => {
      if (wanted(message)) resolve(message);
    }));
  }

  /** @param {Record<string, unknown>} message */
  async ask(message) {
    const id = this.#nextId++;
    const answer = this.heard((each) => each.id === id && 'ok' in each);
    this.socket?.send(JSON.stringify({ ...message, id }));
    const answered = await answer;
    if (!answered.ok) throw new Error(`${String(message['type'])} was refused: ${JSON.stringify(answered.error)}`);
    return answered;
  }

  async prove() {
    const { nonce } = await this.ask({ type: 'hello', protocol: 1, serverId: this.id, version: '1.0.0', addresses: [], fingerprint: 'b'.repeat(64) });
    const signature = sign(null, Buffer.from(`platen replica v1\n${this.fingerprint}\n${String(nonce)}`), this.keys.privateKey).toString('base64');
    return this.ask({ type: 'prove', signature, planDigest: this.digest, recordsDone: 0, figures: { freeBytes: 1e12, totalBytes: 2e12, now: Date.now() } });
  }
}

async function servers() {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const { url, tokens, guids } = JSON.parse((await lines.next()).value ?? '');
  const all = [];
  for (const token of tokens) {
    const replica = new Replica(url);
    await replica.join(token);
    await replica.open();
    const plan = replica.heard((message) => message.type === 'plan');
    await replica.prove();
    await replica.ask({ type: 'report', digest: 'all', copies: guids.map((/** @type {string} */ versionGuid) => ({ versionGuid, manifest: manifestOf(versionGuid), state: 'ready', provedAt: 1, damagedChunks: 0, problem: null })) });
    if ((await plan).plan.wanted.length !== guids.length) throw new Error('the plan does not name every image');
    all.push(replica);
  }
  // The plans change while servers join; the last one counts.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  for (const replica of all) replica.socket?.terminate();
  process.stdout.write('{}\n');
  await lines.next();
  const started = performance.now();
  await Promise.all(all.map(async (replica) => {
    await replica.open();
    const { reportDigest } = await replica.prove();
    if (reportDigest !== 'all') throw new Error('the console does not know what this server reported');
  }));
  process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - started) / 1000 })}\n`);
  await lines.next();
  for (const replica of all) replica.socket?.terminate();
}

if (process.argv[2] === 'servers') await servers();
