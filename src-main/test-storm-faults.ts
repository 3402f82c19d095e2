// Test support: what breaks while the storm blows, and how each is mended again. Not part of the product.
import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { outcomeOf, type Storm } from './test-storm-actions.ts';
import type { LinkFault } from './replication/storm/test-relay.ts';
import type { Place } from './test-storm-world.ts';

/** lift: what mends it; null where it is over at once, or can't be mended from outside. */
export type Fault = { name: string; weight: number; run: (storm: Storm) => Promise<{ what: string; lift: (() => Promise<void>) | null } | null> };

const HOUR_MS = 3_600_000;
const MIB = 1024 * 1024;

/** Which servers have proved a version, as the console knows it, leaving out those whose disk was hurt. */
async function safeAt({ world }: Storm): Promise<Map<string, Set<string>> | null> {
  if (!world.console.up) return null;
  const { value } = await outcomeOf(world.console.api.replication.matrix.query({ trash: true }));
  if (value === undefined) return null;
  return new Map(value.map((row) => [row.versionGuid, new Set(row.cells.filter((cell) => cell.state === 'ready').map((cell) => world.placeOf(cell.serverId)).filter((name) => world.places.find((place) => place.name === name)?.hurt === false))]));
}

/** Disks are hurt one after the other: never more than one has not proved itself since, so that there is something to heal from. */
async function hurt(storm: Storm): Promise<Place | null> {
  const { world, model, random } = storm;
  const already = world.places.find((place) => place.hurt);
  const place = already ?? random.pick(world.places);
  const safe = await safeAt(storm);
  if (safe === null) return null;
  model.destroying(place.name, safe);
  place.hurt = true;
  return place;
}

function flipOneBit(path: string, storm: Storm): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    if (size === 0) return;
    const at = storm.random.below(size);
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ (1 << storm.random.below(8));
    writeSync(file, byte, 0, 1, at);
  } finally {
    closeSync(file);
  }
}

const linkFaults = (storm: Storm): LinkFault =>
  storm.random.pick<LinkFault>([{ kind: 'cut' }, { kind: 'cut' }, { kind: 'silent' }, { kind: 'slow', bytesPerSecond: 20_000 + storm.random.below(100_000) }, { kind: 'breaks', afterBytes: 500 + storm.random.below(60_000) }]);

export const faults: Fault[] = [
  {
    name: 'kill', weight: 6,
    run: async ({ world, random }) => {
      const place = random.pick(world.places);
      if (!place.up) return null;
      await world.kill(place);
      return { what: place.name, lift: () => (place.up ? Promise.resolve() : world.start(place)) };
    },
  },
  {
    name: 'kill and start', weight: 3,
    run: async ({ world, random }) => {
      const place = random.pick(world.places);
      if (!place.up) return null;
      await world.kill(place);
      await world.start(place);
      return { what: place.name, lift: null };
    },
  },
  {
    name: 'partition', weight: 4,
    run: async (storm) => {
      const { world, random } = storm;
      const place = random.pick(world.places);
      const others = world.places.filter((each) => each !== place);
      for (const other of others) for (const [near, far] of [[place, other], [other, place]] as const) world.link(near, far, { kind: 'cut' });
      return {
        what: place.name,
        lift: () => {
          for (const other of others) for (const [near, far] of [[place, other], [other, place]] as const) world.link(near, far, null);
          return Promise.resolve();
        },
      };
    },
  },
  {
    name: 'bad link', weight: 6,
    run: async (storm) => {
      const { world, random } = storm;
      const near = random.pick(world.places);
      const far = random.pick(world.places.filter((place) => place !== near));
      const fault = linkFaults(storm);
      world.link(near, far, fault);
      return {
        what: `${near.name} → ${far.name} ${JSON.stringify(fault)}`,
        lift: () => {
          world.link(near, far, null);
          return Promise.resolve();
        },
      };
    },
  },
  {
    name: 'full disk', weight: 4,
    run: async ({ world, random }) => {
      const place = random.pick(world.places);
      const leaveBytes = random.pick([0, 0, 2 * MIB, 200 * MIB]);
      await world.fill(place, leaveBytes);
      return {
        what: `${place.name}, ${leaveBytes} bytes left`,
        lift: () => {
          world.drain(place);
          return Promise.resolve();
        },
      };
    },
  },
  {
    name: 'flipped bit', weight: 3,
    run: async (storm) => {
      const place = await hurt(storm);
      if (place === null) return null;
      const files = storm.world.files(place, storm.random.chance(0.75) ? 'packs' : 'manifests');
      if (files.length === 0) return null;
      const path = storm.random.pick(files);
      flipOneBit(path, storm);
      return { what: `${place.name} ${path.slice(place.dataFolder.length)}`, lift: null };
    },
  },
  {
    name: 'deleted file', weight: 2,
    run: async (storm) => {
      const place = await hurt(storm);
      if (place === null) return null;
      const files = storm.world.files(place, storm.random.chance(0.5) ? 'packs' : 'manifests');
      if (files.length === 0) return null;
      const path = storm.random.pick(files);
      rmSync(path);
      return { what: `${place.name} ${path.slice(place.dataFolder.length)}`, lift: null };
    },
  },
  {
    name: 'clock jump', weight: 3,
    run: async ({ world, random }) => {
      const place = random.pick(world.places);
      world.setClock(place, random.pick([-400 * 24 * HOUR_MS, -3 * 24 * HOUR_MS, -HOUR_MS, HOUR_MS, 3 * 24 * HOUR_MS]));
      return {
        what: `${place.name} ${place.offsetMs / HOUR_MS} h`,
        lift: () => {
          world.setClock(place, 0);
          return Promise.resolve();
        },
      };
    },
  },
  {
    name: 'backup', weight: 1,
    run: async ({ world, random }) => {
      const place = random.pick(world.servers);
      const wasUp = place.up;
      await world.kill(place);
      world.keepCopy(place);
      if (wasUp) await world.start(place);
      return { what: place.name, lift: null };
    },
  },
  {
    name: 'old copy restored', weight: 2,
    run: async (storm) => {
      const { world, random } = storm;
      const old = world.servers.filter((place) => place.backup !== null);
      if (old.length === 0 || world.places.some((place) => place.hurt && !old.includes(place))) return null;
      const place = world.places.find((each) => each.hurt) ?? random.pick(old);
      const safe = await safeAt(storm);
      if (safe === null) return null;
      storm.model.destroying(place.name, safe);
      place.hurt = true;
      const wasUp = place.up;
      await world.kill(place);
      world.restoreCopy(place);
      if (wasUp) await world.start(place);
      return { what: place.name, lift: null };
    },
  },
];
