// Test support: one storm from its seed: actions and faults, then calm, then the proof that everything converged. Not part of the product.
import type { MatrixRow } from '#shared/model/replication.ts';
import { actions, outcomeOf, type Storm } from './test-storm-actions.ts';
import { faults } from './test-storm-faults.ts';
import { StormModel } from './replication/storm/test-storm-model.ts';
import { contentOf, Random, stormChunk } from './replication/storm/test-storm-random.ts';
import { World, type Place } from './test-storm-world.ts';
import { TestAgent } from './test-agent.ts';
import type { CheckedFolder } from './replication/storm/test-storm-check.ts';

export type StormOptions = { seed: number; steps: number; calmMs: number; servers?: number; /** Where the machine is slow the storm ends before its last step. */ rageMs?: number };
export type StormResult = { seed: number; happened: string[]; problems: string[]; tookMs: number; calmTookMs: number; versions: number };

const MOST_FAULTS = 3;
const LONGEST_STEPS = 6;
/** A chunk of the storm as it is stored, with its header; and more than a manifest, and what was cut off within requests, come to. */
const STORED_CHUNK_BYTES = 13_000;
const MANIFEST_BYTES = 24_000;
const CUT_OFF_BYTES = 150_000;

export async function blow({ seed, steps, calmMs, servers = 3, rageMs = Infinity }: StormOptions): Promise<StormResult> {
  const began = performance.now();
  const happened: string[] = [];
  const say = (text: string): void => void happened.push(`${((performance.now() - began) / 1000).toFixed(1)} s  ${text}`);
  const world = await World.open(Array.from({ length: servers }, (_, at) => `PS${at + 1}`));
  const storm: Storm = { world, model: new StormModel(), random: new Random(seed), say, counter: { names: 0, chunks: 0 } };
  try {
    await rage(storm, { steps, until: performance.now() + rageMs });
    const calm = performance.now();
    const problems = await calmAndProve(storm, calmMs);
    if (problems.length > 0) for (const place of world.places) for (const line of place.errors.slice(-12)) happened.push(`${place.name} log: ${line}`);
    return { seed, happened, problems: [...world.crashes, ...problems], tookMs: performance.now() - began, calmTookMs: performance.now() - calm, versions: storm.model.versions.size };
  } catch (error) {
    return { seed, happened, problems: [...world.crashes, `the storm itself failed: ${error instanceof Error ? error.stack : String(error)}`], tookMs: performance.now() - began, calmTookMs: 0, versions: storm.model.versions.size };
  } finally {
    await world.close();
  }
}

async function rage(storm: Storm, { steps, until }: { steps: number; until: number }): Promise<void> {
  const { world, random, say } = storm;
  // Something to lose, from the start.
  for (const action of actions.slice(0, 2)) for (let each = 0; each < 2; each++) say(`${action.name}: ${(await action.run(storm)) ?? ''}`);
  const on: { until: number; name: string; lift: () => Promise<void> }[] = [];
  for (let step = 0; step < steps && performance.now() < until && world.crashes.length === 0; step++) {
    for (const fault of on.filter((each) => each.until <= step)) {
      say(`over: ${fault.name}`);
      on.splice(on.indexOf(fault), 1);
      await fault.lift();
    }
    if (step > 2 && on.length < MOST_FAULTS && random.chance(0.4)) {
      const fault = random.weighted(faults);
      const done = await fault.run(storm);
      if (done === null) continue;
      say(`FAULT ${fault.name}: ${done.what}`);
      if (done.lift !== null) on.push({ until: step + 1 + random.below(LONGEST_STEPS), name: `${fault.name}: ${done.what}`, lift: done.lift });
    } else {
      const action = random.weighted(actions);
      // Without its console nobody does anything, but that technicians capture at package servers.
      if (!world.console.up && action.name !== 'capture at a package server') continue;
      // eslint-disable-next-line no-await-in-loop -- one after the other is what a seed decides
      const what = await action.run(storm);
      if (what !== null) say(`${action.name}: ${what}`);
    }
    if (random.chance(0.3)) await new Promise((resolve) => setTimeout(resolve, random.below(1200)));
  }
}

/** All faults are lifted, everybody is there; then it must come right by itself. */
async function calmAndProve(storm: Storm, calmMs: number): Promise<string[]> {
  const { world, model, say } = storm;
  const until = performance.now() + calmMs;
  say('calm');
  for (const near of world.places) {
    world.drain(near);
    world.setClock(near, 0);
    for (const far of world.places) world.link(near, far, null);
  }
  for (const place of world.places) if (!place.up) await world.start(place);
  await endHandovers(storm);
  await takeIn(storm);
  await lastCapture(storm);
  let open = await converge(storm, until, 0);
  if (open.length > 0) return open;
  const asked = Date.now();
  say('everything is re-hashed');
  for (const place of world.places) {
    for (const { image, number } of await versionsAt(place)) await outcomeOf(place.api.images.verify.mutate({ image, version: number }));
  }
  open = await converge(storm, until, asked);
  if (open.length > 0) return open;
  await giveUpLost(storm, asked);
  open = await converge(storm, until, asked);
  if (open.length > 0) return open;
  const rows = await world.console.api.replication.matrix.query({ trash: true });
  const sentTwice = await sentTooOften(storm);
  const alarms = (await world.console.api.servers.list.query()).flatMap((server) => server.problems.filter((problem) => problem.includes('although they were here')).map((problem) => `${server.name}: ${problem}`));
  if (alarms.length > 0) say(`alarms: ${alarms.join(' ')}`);
  const exits: string[] = [];
  for (const place of world.places) {
    const code = await world.kill(place, 'SIGTERM');
    if (code !== 0) exits.push(`${place.name} ended with ${code} when it was asked to`);
  }
  say('every data folder is read');
  const folders = new Map<string, CheckedFolder>();
  await Promise.all(world.places.map(async (place) => folders.set(place.name, await world.check(place))));
  return [...exits, ...sentTwice, ...model.problems({ folders, console: world.console.name, rows, placeOf: world.placeOf })];
}

/** Who was put out joins again, as its administrator would do it. */
async function takeIn({ world, say }: Storm): Promise<void> {
  for (const server of await world.console.api.servers.list.query()) {
    const place = world.servers.find((each) => each.serverId === server.id);
    if ((server.state !== 'revoked' && server.state !== 'retired') || place === undefined) continue;
    await world.kill(place, 'SIGTERM');
    await world.join(place);
    say(`${place.name} joined again`);
  }
}

/** A server that nobody lets go stays; what only changes owners ends by itself. */
async function endHandovers({ world, say }: Storm): Promise<void> {
  const { handovers } = world.console.api;
  for (const { id, kind, state } of await handovers.list.query({ open: true })) {
    if (kind !== 'retire' && kind !== 'replace') continue;
    const { outcome, why } = await outcomeOf(handovers.cancel.mutate({ id }));
    say(`${kind} (${state}) is taken back: ${outcome} ${why ?? ''}`);
  }
}

/** What is captured after the storm comes everywhere. */
async function lastCapture({ world, model }: Storm): Promise<void> {
  const { console: hq } = world;
  const chunks = [stormChunk(1_000_000), stormChunk(1_000_001)];
  const agent = new TestAgent(hq.url);
  await agent.open();
  await agent.hello(hq.token);
  const { imageGuid, version } = await agent.capture('After the storm', chunks);
  agent.socket.terminate();
  await hq.api.replication.setScope.mutate({ images: [imageGuid], scope: 'all', servers: [] });
  const { guid } = await hq.api.images.version.query({ image: imageGuid, version });
  model.captured({ guid, imageGuid, name: 'After the storm', content: contentOf(chunks), at: hq.name });
}

/** What the hurt disks may have taken: where it is proved somewhere all the same, it must come everywhere; else a person deletes it. */
async function giveUpLost({ world, model, say }: Storm, asked: number): Promise<void> {
  const { api } = world.console;
  for (const row of await api.replication.matrix.query({ trash: true })) {
    const version = model.versions.get(row.versionGuid);
    if ((version?.excuse ?? null) === null || version === undefined) continue;
    if (row.cells.some((cell) => cell.state === 'ready' && (cell.provedAt ?? 0) >= asked)) {
      version.excuse = null;
      continue;
    }
    say(`lost, and deleted: ${row.imageName} ${row.number}: ${version.excuse ?? ''}`);
    await api.images.delete.mutate({ image: row.imageGuid, version: row.number });
    await api.images.purge.mutate({ image: row.imageGuid, version: row.number });
    model.purged({ image: row.imageGuid, version: row.versionGuid }, 'done');
  }
}

/**
 * A chunk goes to a server once, and again only after it was deleted there or its disk was hurt. The storm can't see single chunks (they travel
 * encrypted), but what came to each server that was never hurt, all tries counted, is bounded by what there is.
 */
async function sentTooOften({ world, model }: Storm): Promise<string[]> {
  const chunks = new Set([...model.versions.values()].flatMap((version) => version.content.split(' ')));
  const purged = [...model.versions.values()].filter((version) => version.fates.has('gone')).length;
  const problems: string[] = [];
  for (const place of world.places.filter((each) => !each.hurt)) {
    const transfers = await world.console.api.servers.transfers.query({ server: place.serverId, limit: 1000 });
    const came = transfers.reduce((sum, transfer) => sum + transfer.wireBytes, 0);
    const most = chunks.size * STORED_CHUNK_BYTES * (1 + Math.ceil(purged / Math.max(1, model.versions.size))) + transfers.reduce((sum, transfer) => sum + (transfer.outcome === 'done' ? MANIFEST_BYTES : CUT_OFF_BYTES), 0);
    if (came > most) problems.push(`${place.name} received ${came} bytes in ${transfers.length} transfers, though all there is are ${chunks.size} chunks: at most ${most}`);
  }
  return problems;
}

/** Waits until nothing is open any more, or the time is up. @returns what is open then */
async function converge(storm: Storm, until: number, provedAfter: number): Promise<string[]> {
  let open = ['nothing was looked at'];
  for (let quiet = 0; quiet < 2; ) {
    if (storm.world.crashes.length > 0) return [];
    if (performance.now() > until) return open.map((each) => `not in time: ${each}`);
    open = await openEnds(storm, provedAfter).catch((error: unknown) => [`could not look: ${String(error)}`]);
    quiet = open.length === 0 ? quiet + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return [];
}

async function openEnds({ world, model }: Storm, provedAfter: number): Promise<string[]> {
  const { api } = world.console;
  const [rows, servers, handovers] = await Promise.all([api.replication.matrix.query({ trash: true }), api.servers.list.query(), api.handovers.list.query({ open: true })]);
  model.saw(rows.map((row) => row.versionGuid));
  const there = new Set(rows.map((row) => row.versionGuid));
  // What may be lost is waited for by its hand-over, too, until a person gives it up.
  const mayBeLost = new Set(rows.filter((row) => (model.versions.get(row.versionGuid)?.excuse ?? null) !== null).map((row) => row.imageGuid));
  const waits = (handover: (typeof handovers)[number]): boolean => handover.images.some((image) => image.state !== 'switched' && mayBeLost.has(image.imageGuid));
  return [
    ...servers.filter((server) => !server.isSelf && !server.connected).map((server) => `${server.name} is not connected`),
    ...handovers.filter((each) => each.state !== 'failed' && !waits(each)).map((each) => `a hand-over (${each.kind}) is ${each.state}: ${each.problem ?? each.images.map((image) => `${image.imageName} ${image.state} ${image.problem ?? ''}`).join('; ')}`),
    ...servers.filter((server) => server.copies.removing > 0).map((server) => `${server.name} is removing ${server.copies.removing}`),
    ...[...model.versions.values()].filter((version) => model.mustBeThere(version.guid) && !there.has(version.guid)).map((version) => `version ${version.guid}, captured at ${version.at}, is not known at the console`),
    ...rows.flatMap((row) => ofRow(row, { placeOf: world.placeOf, provedAfter, mayBeLost: (model.versions.get(row.versionGuid)?.excuse ?? null) !== null })),
    ...(await Promise.all(world.servers.map((place) => strangers(place, there)))).flat(),
  ];
}

function ofRow(row: MatrixRow, { placeOf, provedAfter, mayBeLost }: { placeOf: (serverId: string) => string; provedAfter: number; mayBeLost: boolean }): string[] {
  return row.cells.flatMap((cell) => {
    const about = `${row.imageName} ${row.number} (${row.versionGuid}) at ${placeOf(cell.serverId)}`;
    if (cell.state === 'ready') return (cell.provedAt ?? 0) < provedAfter ? [`${about} was not re-hashed yet`] : [];
    if (mayBeLost && cell.state !== 'verifying' && cell.state !== 'removing') return [];
    if (cell.assigned) return [`${about} is ${cell.state} ${cell.problem ?? ''}`];
    return cell.state === 'absent' ? [] : [`${about} is ${cell.state}, and not wanted there ${cell.problem ?? ''}`];
  });
}

/** In the trash or not. */
async function versionsAt(place: Place): Promise<{ image: string; number: number; guid: string }[]> {
  const images = new Set([...(await place.api.images.list.query()), ...(await place.api.images.list.query({ trash: true }))].map((image) => image.guid));
  const found = await Promise.all([...images].map((image) => place.api.images.get.query({ image }).then(({ versions }) => versions.map(({ number, guid }) => ({ image, number, guid })), () => [])));
  return found.flat();
}

/** What a server has and the console does not know. */
async function strangers(place: Place, there: ReadonlySet<string>): Promise<string[]> {
  return (await versionsAt(place)).filter((version) => !there.has(version.guid)).map((version) => `version ${version.guid} is at ${place.name}, and the console does not know it`);
}
