// Owns the clockwork: what the services do every few seconds, every minute and every day. Rules are in the services.
import { toAppError } from '#shared/errors.ts';
import type { Access } from '../access/service.ts';
import type { Images } from '../images/service.ts';
import type { Jobs } from '../jobs/service.ts';
import type { LogService } from '../log/service.ts';
import type { Runs } from '../runs/service.ts';
import type { SettingsService } from '../settings/service.ts';
import type { Undo } from '../undo/service.ts';

export type UpkeepParts = { images: Images; jobs: Jobs; runs: Runs; settings: SettingsService; undo: Undo; log: LogService; access: Access; token: string };

const LEASES_MS = 2000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SWEEP_MS = 6 * HOUR_MS;
const FIRST_SWEEP_MS = 5 * MINUTE_MS;

export function openUpkeep({ images, jobs, runs, settings, undo, log, access, token }: UpkeepParts) {
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, name: string, work: () => void | Promise<void>): (() => void) => {
    const guarded = (): void => {
      Promise.resolve().then(work).catch((error: unknown) => log.error('upkeep failed; it is tried again', { name, error: toAppError(error) }));
    };
    timers.push(setInterval(guarded, ms).unref());
    return guarded;
  };
  every(LEASES_MS, 'leases', () => runs.checkLeases());
  const imagesNow = every(MINUTE_MS, 'images', () => images.upkeep());
  const runsNow = every(HOUR_MS, 'runs, jobs and logs', () => {
    const { captureLeaseHours, logRetentionDays, trashDays } = settings.get();
    jobs.expire(trashDays * DAY_MS);
    runs.upkeep({ lostAfterMs: captureLeaseHours * HOUR_MS, retentionDays: logRetentionDays });
    log.prune(logRetentionDays);
    undo.upkeep();
    access.extend(token);
  });
  const sweepNow = every(SWEEP_MS, 'sweep', () => images.sweepSoon());
  // A laptop may never run long enough for the intervals: each is due once after the start, the costly one a little later.
  imagesNow();
  runsNow();
  timers.push(setTimeout(sweepNow, FIRST_SWEEP_MS).unref());
  return {
    close(): void {
      for (const timer of timers) clearInterval(timer);
    },
  };
}
