// `npm run bench:console`: how long the console and the portal wait for a server with 50,000 computers and 5,000 jobs, over the real
// API and the agents' protocol on loopback. Prints p50 and p99 beside what is asked. console-seed.mjs says what it is measured on.
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../scripts/build.mjs';
import { seed } from './console-seed.mjs';
import { peakOf } from './meter.mjs';
import { Platen } from './ours.mjs';

/** @typedef {{ what: string, boundMs: number, times: number[] }} Row */

/** @param {string} text */
const say = (text) => process.stderr.write(`bench: ${text}\n`);

function readOptions() {
  const { values } = parseArgs({ options: { computers: { type: 'string', default: '50000' }, jobs: { type: 'string', default: '5000' }, rounds: { type: 'string', default: '200' }, json: { type: 'boolean', default: false }, 'no-build': { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } });
  if (values.help) {
    process.stdout.write('usage: npm run bench:console -- [--computers N] [--jobs N] [--rounds N] [--no-build] [--json]\n');
    process.exit(0);
  }
  const [computers, jobs, rounds] = [Number(values.computers), Number(values.jobs), Number(values.rounds)];
  if (![computers, jobs, rounds].every((number) => Number.isInteger(number) && number >= 20) || computers < 1000) {
    say('--computers is a number from 1000, --jobs and --rounds from 20');
    process.exit(2);
  }
  return { computers, jobs, rounds, json: values.json, build: !values['no-build'] };
}

/** Deterministic, so that two runs ask the same. */
function dice(start = 42) {
  let state = start;
  return (/** @type {number} */ below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
}

/**
 * Three rounds before those that count. `before` is not in the time.
 * @param {{ what: string, boundMs: number, rounds: number, work: (round: number) => Promise<unknown>, before?: () => Promise<unknown> }} measurement
 * @returns {Promise<Row>}
 */
async function time({ what, boundMs, rounds, work, before }) {
  const times = [];
  for (let round = -3; round < rounds; round++) {
    await before?.();
    const started = performance.now();
    await work(round + 3);
    if (round >= 0) times.push(performance.now() - started);
  }
  say(`${what}: done`);
  return { what, boundMs, times };
}

/** @param {Platen['ready']} ready */
function connect(ready) {
  const client = createWSClient({ url: `${ready.url.replace(/^http/, 'ws')}/api`, connectionParams: { token: ready.token } });
  return { api: /** @type {any} */ (createTRPCClient({ links: [wsLink({ client })] })), close: () => client.close() };
}

/** An agent as far as a pick goes. */
class Agent {
  /** @param {Platen['ready']} ready */
  constructor(ready) {
    this.token = ready.token;
    this.socket = new WebSocket(`${ready.url.replace(/^http/, 'ws')}/agent`);
    this.next = 1;
    /** @type {Map<number, (answer: any) => void>} */
    this.waiting = new Map();
    this.alive = setInterval(() => this.socket.readyState === WebSocket.OPEN && this.socket.send('{"type":"heartbeat"}'), 10_000);
    this.socket.addEventListener('close', () => this.end());
    this.socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data));
      this.waiting.get(message.id)?.(message);
    });
  }
  /** What still waits for an answer gets none any more. */
  end() {
    clearInterval(this.alive);
    for (const answer of this.waiting.values()) answer({ ok: false, error: { message: 'the server ended the connection' } });
  }
  /** @param {string} type @param {Record<string, unknown>} body @returns {Promise<any>} */
  async ask(type, body) {
    if (this.socket.readyState === WebSocket.CONNECTING) await once(this.socket, 'open');
    const id = this.next++;
    const answer = await new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.socket.send(JSON.stringify({ id, type, ...body }));
    });
    if (answer.ok !== true) throw new Error(`${type}: ${answer.error?.message}`);
    return answer;
  }
  /** @param {import('./console-seed.mjs').Seeded['machines'][number]} machine */
  hello(machine) {
    const identity = { systemUuid: machine.uuid, systemSerial: machine.serial, boardSerial: '', assetTag: '', vendor: 'Dell Inc.', product: 'OptiPlex 7010', macs: [{ address: machine.mac, onboard: true }], hostname: machine.name };
    return this.ask('hello', { protocol: 2, agentVersion: 'bench', token: this.token, inventory: { identity, disks: [] }, role: 'portal', session: `bench-${machine.id}` });
  }
}

/** @param {Platen} server @param {import('./console-seed.mjs').Seeded} seeded @param {number} rounds @returns {Promise<Row[]>} */
async function measureConsole(server, seeded, rounds) {
  const { api } = server;
  const roll = dice();
  const any = (/** @type {any[]} */ list) => list[roll(list.length)];
  const children = (/** @type {string | null} */ parent) => api.tree.children.query({ parent });
  const rows = [];
  rows.push(await time({ what: 'open the tree: connect, roots, groups, folders', boundMs: 300, rounds: Math.min(rounds, 50), work: async () => {
    const fresh = connect(server.ready);
    await fresh.api.tree.children.query({ parent: null });
    await Promise.all(['computers', 'jobs'].map((parent) => fresh.api.tree.children.query({ parent })));
    await fresh.close();
  } }));
  rows.push(await time({ what: 'expand a group', boundMs: 100, rounds: rounds, work: () => children(`group/${any(seeded.groups)}`) }));
  rows.push(await time({ what: 'expand a group of 5,000', boundMs: 100, rounds: Math.min(rounds, 50), work: () => children(`group/${seeded.bigGroup}`) }));
  rows.push(await time({ what: 'expand a job folder', boundMs: 100, rounds: rounds, work: () => children(`folder/${any(seeded.folders)}`) }));
  let last = '';
  rows.push(await time({ what: 'a page of 500 computers', boundMs: 100, rounds: Math.min(rounds, 90), work: async () => {
    const page = await api.computers.list.query({ limit: 500, ...(last === '' ? {} : { after: last }) });
    last = page.at(-1)?.id ?? '';
  } }));
  rows.push(await time({ what: 'filter the list of all by a text', boundMs: 100, rounds: rounds, work: () => api.computers.list.query({ limit: 500, text: any(seeded.machines).mac.slice(6) }) }));
  const typed = [
    () => any(seeded.machines).name, () => any(seeded.machines).name.slice(0, 5), () => any(seeded.machines).serial.slice(2), () => any(seeded.machines).mac, () => `it-${roll(seeded.machines.length)}`,
    () => `task ${roll(5000)}`, () => `room ${roll(500)}`, () => 'thinkcentre', () => 'l', () => 'nothing like it',
  ];
  rows.push(await time({ what: 'search', boundMs: 50, rounds: rounds, work: (round) => api.search.find.query({ text: typed[round % typed.length]?.() ?? '', limit: 20 }) }));
  rows.push(await time({ what: 'the menu', boundMs: 50, rounds: rounds, work: () => api.portal.preview.query() }));
  rows.push(await time({ what: 'the menu after a job was changed', boundMs: 50, rounds: Math.min(rounds, 50), before: () => api.jobs.save.mutate({ id: any(seeded.jobs), description: `Changed ${roll(1_000_000)}` }), work: () => api.portal.preview.query() }));
  return rows;
}

/** @param {Platen} server @param {import('./console-seed.mjs').Seeded} seeded @param {number} rounds @returns {Promise<Row[]>} */
async function measurePicks(server, seeded, rounds) {
  const { menu } = await server.api.portal.preview.query();
  const agents = await Promise.all(seeded.machines.slice(0, 50).map(async (machine) => {
    const agent = new Agent(server.ready);
    await agent.hello(machine);
    return agent;
  }));
  const roll = dice(7);
  const rows = [await time({ what: 'pick: asked until scheduled', boundMs: 200, rounds: rounds, work: (round) => agents[round % agents.length]?.ask('portalPick', { item: menu[roll(menu.length)].id, name: null }) ?? Promise.resolve() })];
  for (const agent of agents) agent.socket.close();
  return rows;
}

/** @param {number[]} times @param {number} part */
const percentile = (times, part) => times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.ceil(times.length * part) - 1)] ?? 0;

/** @param {Row[]} rows */
function print(rows) {
  const cells = [['', 'p50 ms', 'p99 ms', 'asked ms', ''], ...rows.map(({ what, boundMs, times }) => {
    const p99 = percentile(times, 0.99);
    return [what, percentile(times, 0.5).toFixed(1), p99.toFixed(1), `< ${boundMs}`, p99 < boundMs ? 'reached' : 'missed'];
  })];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length))) ?? [];
  for (const row of cells) process.stdout.write(`${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ').trimEnd()}\n`);
}

const options = readOptions();
if (options.build) await build();
const folder = mkdtempSync(join(tmpdir(), 'platen-bench-console-'));
try {
  const data = join(folder, 'data');
  await (await Platen.start(data)).stop();
  const amounts = { computers: options.computers, groups: 500, bigGroup: Math.min(5000, Math.floor(options.computers / 2)), jobs: options.jobs, folders: Math.min(500, options.jobs), published: Math.max(1, Math.floor(options.jobs / 5)) };
  const seeded = seed(data, amounts);
  say('the data is there; the server makes its columns for sorting and finding');
  await (await Platen.start(data)).stop();
  const startedAt = performance.now();
  const server = await Platen.start(data);
  const startMs = performance.now() - startedAt;
  try {
    const rows = [...await measureConsole(server, seeded, options.rounds), ...await measurePicks(server, seeded, options.rounds)];
    const memoryMB = peakOf(server.ready.pid);
    if (options.json) process.stdout.write(`${JSON.stringify({ amounts, startMs, memoryMB, rows: rows.map(({ what, boundMs, times }) => ({ what, boundMs, p50: percentile(times, 0.5), p99: percentile(times, 0.99), times })) })}\n`);
    else {
      process.stdout.write(`${amounts.computers} computers in ${amounts.groups + 1} groups, ${amounts.jobs} jobs in ${amounts.folders} folders, ${amounts.published} of them published; written by SQL, asked over the API and the agents' protocol on loopback.\n`);
      process.stdout.write(`Machine: ${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 1e9).toFixed(0)} GB, Node ${process.version}.\n\n`);
      print(rows);
      process.stdout.write(`\nThe server was ready ${(startMs / 1000).toFixed(1)} s after its start and took ${memoryMB.toFixed(0)} MB at most.\n`);
    }
    process.exitCode = rows.every(({ times, boundMs }) => percentile(times, 0.99) < boundMs) ? 0 : 1;
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
