// The fault storm: random actions of administrators and technicians while servers are killed, links cut, disks filled and hurt, clocks turned.
// PLATEN_STORM_SEED=N repeats one seed, PLATEN_STORM_STEPS=N makes it longer or shorter; PLATEN_SOAK=1 goes on for half an hour.
import { afterAll, expect, it } from 'vitest';
import { blow, type StormResult } from '../../test-storm-run.ts';

const soak = process.env['PLATEN_SOAK'] === '1';
const only = process.env['PLATEN_STORM_SEED'];
const steps = Number(process.env['PLATEN_STORM_STEPS'] ?? (soak ? 80 : 30));
const SOAK_MS = 30 * 60_000;
const FIXED_SEEDS = [103, 203];
/** Beside other tests it takes no longer than that. */
const RAGE_MS = soak || only !== undefined ? Infinity : 13_000;
const CALM_MS = soak ? 240_000 : 90_000;

const summaries: string[] = [];
afterAll(() => process.stdout.write(`${summaries.join('\n')}\n`));

async function prove(seed: number): Promise<void> {
  const result = await blow({ seed, steps, calmMs: CALM_MS, rageMs: RAGE_MS });
  summaries.push(`storm ${seed}: ${steps} steps, ${result.versions} versions, ${(result.tookMs / 1000).toFixed(1)} s, calm after ${(result.calmTookMs / 1000).toFixed(1)} s`);
  expect(result.problems, said(result)).toEqual([]);
}

function said({ seed, happened, problems }: StormResult): string {
  return [`Storm ${seed} did not end well. Again: PLATEN_STORM_SEED=${seed} PLATEN_STORM_STEPS=${steps}${soak ? ' PLATEN_SOAK=1' : ''} vitest run src-main/replication/storm`, ...happened, '', ...problems].join('\n');
}

it.each(only === undefined ? FIXED_SEEDS : [Number(only)])('converges after the storm of seed %i, and nothing that was acknowledged is lost', prove, soak ? SOAK_MS : 180_000);

it.runIf(soak && only === undefined)('converges after half an hour of other storms', async () => {
  const until = Date.now() + SOAK_MS;
  const first = Math.floor(Date.now() / 1000) % 1_000_000;
  for (let seed = first; Date.now() < until; seed++) await prove(seed);
}, 2 * SOAK_MS);
