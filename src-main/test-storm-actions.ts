// Test support: what people do at random while the storm blows: capture, rename, scope, trash, delete, revoke, sites. Each tells the model
// what it was answered. Not part of the product.
import { TestAgent } from './test-agent.ts';
import type { Outcome, StormModel } from './replication/storm/test-storm-model.ts';
import { contentOf, stormChunk, type Random } from './replication/storm/test-storm-random.ts';
import type { Place, World } from './test-storm-world.ts';

export type Storm = { world: World; model: StormModel; random: Random; /** What happened, for whoever reads a failure. */ say: (text: string) => void; counter: { names: number; chunks: number } };
export type Action = { name: string; weight: number; run: (storm: Storm) => Promise<string | null> };

const ANSWER_LIMIT_MS = 8000;
const NEWEST_CHUNKS = 40;

/** What came of a call: a server's clear no is an answer, silence and a broken connection are none. */
export async function outcomeOf<T>(work: Promise<T>): Promise<{ outcome: Outcome; value?: T; why?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_LIMIT_MS);
  });
  try {
    return { outcome: 'done', value: await Promise.race([work, late]) };
  } catch (error) {
    work.catch(() => undefined);
    const why = error instanceof Error ? error.message : String(error);
    return { outcome: isRefusal(error) ? 'refused' : 'unknown', why };
  } finally {
    clearTimeout(timer);
  }
}
/** A code after which nothing has changed; a full disk or an inner failure says nothing about that. */
function isRefusal(error: unknown): boolean {
  const { code, data } = (error ?? {}) as { code?: unknown; data?: { app?: { code?: unknown } } };
  const said = data?.app?.code ?? code;
  return typeof said === 'string' && !['internal', 'io', 'disk-full', 'connection-lost'].includes(said);
}

/** Some chunks that others have too, some new ones. */
function content({ random, counter }: Storm) {
  return Array.from({ length: 2 + random.below(7) }, () => stormChunk(random.chance(0.5) && counter.chunks > 0 ? Math.max(0, counter.chunks - 1 - random.below(NEWEST_CHUNKS)) : counter.chunks++));
}

async function capture(storm: Storm, place: Place): Promise<string> {
  const { random, model, counter } = storm;
  const known = [...model.images.values()];
  const image = known.length > 0 && random.chance(0.5) ? random.pick(known).guid : `Image ${counter.names++}`;
  const chunks = content(storm);
  const key = contentOf(chunks);
  const agent = new TestAgent(place.url);
  const work = (async () => {
    await agent.open();
    await agent.hello(place.token);
    return await agent.capture(image, chunks, `disk-${counter.names}-${counter.chunks}-${random.below(1e9)}`);
  })();
  const { outcome, value, why } = await outcomeOf(work);
  agent.socket.terminate();
  // A refusal of the last step leaves nothing; one in the middle neither. Only silence may hide a version.
  if (value !== undefined) {
    const { imageGuid, version } = value;
    const found = await outcomeOf(place.api.images.version.query({ image: imageGuid, version }));
    // Its number may be another one by now: then it is found by its content at the end.
    const guid = found.value?.guid;
    if (guid === undefined || model.versions.has(guid)) model.captureUnsure(key);
    else model.captured({ guid, imageGuid, name: image, content: key, at: place.name });
    if (place.hurt && guid !== undefined) {
      const version = model.versions.get(guid);
      if (version !== undefined) version.excuse = `captured at ${place.name} while its disk was hurt`;
    }
    return `${image} ${version} at ${place.name} (${chunks.length} chunks)`;
  }
  if (outcome === 'unknown') model.captureUnsure(key);
  return `${image} at ${place.name}: ${outcome} (${why ?? ''})`;
}

function anImage({ model, random }: Storm): string | null {
  const all = [...model.images.keys()];
  return all.length === 0 ? null : random.pick(all);
}
async function aVersion(storm: Storm): Promise<{ image: string; version: number; guid: string } | null> {
  const image = anImage(storm);
  if (image === null) return null;
  const { value } = await outcomeOf(storm.world.console.api.images.get.query({ image }));
  if (value === undefined || value.versions.length === 0) return null;
  const version = storm.random.pick(value.versions);
  return { image, version: version.number, guid: version.guid };
}

/** On one image or one of its versions, at the console. */
function onSubject(name: string, weight: number, work: (storm: Storm, subject: { image: string; version?: number }, guid: string | null) => Promise<string>): Action {
  return {
    name, weight,
    run: async (storm) => {
      if (storm.random.chance(0.4)) {
        const image = anImage(storm);
        return image === null ? null : work(storm, { image }, null);
      }
      const found = await aVersion(storm);
      return found === null ? null : work(storm, { image: found.image, version: found.version }, found.guid);
    },
  };
}
const words = (subject: { image: string; version?: number }, outcome: string): string => `${subject.image.slice(0, 8)}${subject.version === undefined ? '' : ` v${subject.version}`}: ${outcome}`;
const upAt = (world: World, random: Random, list: Place[]): Place | null => {
  const up = list.filter((place) => place.up);
  return up.length === 0 || !world.console.up ? null : random.pick(up);
};

export const actions: Action[] = [
  { name: 'capture at the console', weight: 9, run: (storm) => capture(storm, storm.world.console) },
  {
    name: 'capture at a package server', weight: 6,
    run: async (storm) => {
      const place = upAt(storm.world, storm.random, storm.world.servers);
      return place === null ? null : capture(storm, place);
    },
  },
  {
    name: 'rename', weight: 2,
    run: async (storm) => {
      const image = anImage(storm);
      if (image === null) return null;
      const name = `Renamed ${storm.counter.names++}`;
      const { outcome } = await outcomeOf(storm.world.console.api.images.rename.mutate({ image, name }));
      storm.model.renamed(image, name, outcome);
      return words({ image }, outcome);
    },
  },
  onSubject('enable or disable', 2, async ({ world, random }, subject) => words(subject, (await outcomeOf(world.console.api.images.setEnabled.mutate({ ...subject, enabled: random.chance(0.5) }))).outcome)),
  {
    name: 'scope', weight: 5,
    run: async ({ world, model, random }) => {
      const images = [...model.images.keys()].filter(() => random.chance(0.4)).slice(0, 5);
      if (images.length === 0) return null;
      const scope = random.pick(['default', 'all', 'none', 'selected'] as const);
      const servers = scope === 'selected' ? world.places.filter(() => random.chance(0.5)).map((place) => place.serverId) : [];
      return `${scope} ${servers.map(world.placeOf).join()} for ${images.length}: ${(await outcomeOf(world.console.api.replication.setScope.mutate({ images, scope, servers }))).outcome}`;
    },
  },
  {
    name: 'channel', weight: 2,
    run: async (storm) => {
      const found = await aVersion(storm);
      if (found === null) return null;
      const { outcome } = await outcomeOf(storm.world.console.api.images.setChannel.mutate({ image: found.image, channel: storm.random.pick(['test', 'live']), version: storm.random.chance(0.8) ? found.version : null }));
      return words(found, outcome);
    },
  },
  {
    name: 'kind', weight: 1,
    run: async (storm) => {
      const image = anImage(storm);
      return image === null ? null : words({ image }, (await outcomeOf(storm.world.console.api.images.setKind.mutate({ image, kind: storm.random.chance(0.7) ? 'image' : 'backup' }))).outcome);
    },
  },
  onSubject('trash', 4, async ({ world, model }, subject, guid) => {
    const { outcome } = await outcomeOf(world.console.api.images.delete.mutate(subject));
    model.moved({ image: subject.image, version: guid }, 'trash', outcome);
    return words(subject, outcome);
  }),
  onSubject('take out of the trash', 2, async ({ world, model }, subject, guid) => {
    const { outcome } = await outcomeOf(world.console.api.images.undelete.mutate(subject));
    model.moved({ image: subject.image, version: guid }, 'live', outcome);
    return words(subject, outcome);
  }),
  onSubject('delete for good', 4, async ({ world, model }, subject, guid) => {
    const trashed = await outcomeOf(world.console.api.images.delete.mutate(subject));
    model.moved({ image: subject.image, version: guid }, 'trash', trashed.outcome);
    if (trashed.outcome !== 'done') return words(subject, trashed.outcome);
    const before = await outcomeOf(world.console.api.images.get.query({ image: subject.image }));
    model.saw(before.value?.versions.map((version) => version.guid) ?? []);
    const { outcome, why } = await outcomeOf(world.console.api.images.purge.mutate(subject));
    model.purged({ image: subject.image, version: guid }, outcome);
    return words(subject, `${outcome} ${why ?? ''}`);
  }),
  {
    name: 'delete many', weight: 1,
    run: async ({ world, model, random }) => {
      const subjects = [...model.images.keys()].filter(() => random.chance(0.25)).slice(0, 4).map((image) => ({ image }));
      if (subjects.length === 0) return null;
      const { outcome, value } = await outcomeOf(world.console.api.images.deleteMany.mutate({ subjects }));
      const skipped = new Set(value?.skipped.map((each) => each.image));
      for (const { image } of subjects) model.moved({ image, version: null }, 'trash', skipped.has(image) ? 'refused' : outcome);
      return `${subjects.length}: ${outcome}`;
    },
  },
  {
    name: 'validate or reject', weight: 3,
    run: async ({ world, model, random }) => {
      const { value } = await outcomeOf(world.console.api.replication.matrix.query());
      const pending = value?.filter((row) => row.pending) ?? [];
      if (pending.length === 0) return null;
      const row = random.pick(pending);
      if (random.chance(0.75)) return words({ image: row.imageGuid, version: row.number }, `validate ${(await outcomeOf(world.console.api.images.validate.mutate({ versionGuid: row.versionGuid }))).outcome}`);
      const { outcome } = await outcomeOf(world.console.api.images.reject.mutate({ versionGuid: row.versionGuid }));
      model.moved({ image: row.imageGuid, version: row.versionGuid }, 'trash', outcome);
      return words({ image: row.imageGuid, version: row.number }, `reject ${outcome}`);
    },
  },
  {
    name: 'take ownership', weight: 4,
    run: async ({ world, model, random }) => {
      const images = [...model.images.keys()].filter(() => random.chance(0.4)).slice(0, 4);
      if (images.length === 0) return null;
      const to = random.pick(world.places);
      const { outcome, why } = await outcomeOf(world.console.api.handovers.begin.mutate({ request: { kind: 'take-ownership', images, to: to.serverId } }));
      return `${images.length} to ${to.name}: ${outcome} ${why ?? ''}`;
    },
  },
  {
    name: 'retire, replace or recover', weight: 2,
    run: async ({ world, random }) => {
      const from = random.pick(world.servers);
      const to = random.pick(world.places.filter((place) => place !== from));
      const kind = random.pick(['retire', 'retire', 'replace', 'recover'] as const);
      const { outcome, why } = await outcomeOf(world.console.api.handovers.begin.mutate({ request: kind === 'recover' ? { kind, from: from.serverId, to: to.serverId, acceptLoss: true } : { kind, from: from.serverId, to: to.serverId } }));
      return `${kind} ${from.name}, to ${to.name}: ${outcome} ${why ?? ''}`;
    },
  },
  {
    name: 'hand-over', weight: 3,
    run: async ({ world, random }) => {
      const { value } = await outcomeOf(world.console.api.handovers.list.query({ open: true }));
      if (value === undefined || value.length === 0) return null;
      const { id, kind, state } = random.pick(value);
      const end = random.chance(0.4) ? 'cancel' : 'letGo';
      const { outcome, why } = await outcomeOf(world.console.api.handovers[end].mutate({ id }));
      return `${end} of ${kind} (${state}): ${outcome} ${why ?? ''}`;
    },
  },
  {
    name: 'revoke', weight: 1,
    run: async ({ world, random }) => {
      const place = random.pick(world.servers);
      return `${place.name}: ${(await outcomeOf(world.console.api.servers.revoke.mutate({ server: place.serverId, force: true }))).outcome}`;
    },
  },
  {
    name: 'site', weight: 2,
    run: async ({ world, random, counter }) => {
      const place = random.pick(world.servers);
      const made = await outcomeOf(world.console.api.sites.create.mutate({ name: `Site ${counter.names++}`, description: '', subnets: [], locallyManaged: random.chance(0.3), templateId: null, bytesPerSecond: random.chance(0.3) ? 200_000 : null, windows: [] }));
      if (made.value === undefined) return `made: ${made.outcome}`;
      return `${place.name}: ${(await outcomeOf(world.console.api.servers.setSite.mutate({ server: place.serverId, site: made.value.id, parent: null }))).outcome}`;
    },
  },
  {
    name: 'template', weight: 1,
    run: async ({ world, model, random, counter }) => {
      const sites = await outcomeOf(world.console.api.sites.list.query());
      const site = sites.value?.at(-1);
      if (site === undefined) return null;
      const made = await outcomeOf(world.console.api.sites.createTemplate.mutate({ name: `Template ${counter.names++}` }));
      if (made.value === undefined) return `made: ${made.outcome}`;
      const images = [...model.images.keys()].filter(() => random.chance(0.5));
      await outcomeOf(world.console.api.sites.saveDraft.mutate({ template: made.value.id, draft: { images, bytesPerSecond: null, windows: [] } }));
      await outcomeOf(world.console.api.sites.publishTemplate.mutate({ template: made.value.id }));
      return `${site.name}: ${(await outcomeOf(world.console.api.sites.save.mutate({ site: site.id, change: { templateId: made.value.id } }))).outcome}`;
    },
  },
  {
    name: 'verify', weight: 2,
    run: async ({ world, model, random }) => {
      const place = upAt(world, random, world.places);
      const images = [...model.images.keys()];
      if (place === null || images.length === 0) return null;
      return `at ${place.name}: ${(await outcomeOf(place.api.images.verify.mutate({ image: random.pick(images) }))).outcome}`;
    },
  },
];
