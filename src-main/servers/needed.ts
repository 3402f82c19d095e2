// Owns the estimate of how much room what is still to come to a server takes there, and when its disk is full. Pure. What the chunks of two
// versions share is known exactly only where both lie; here it is told from what each version brought when it was captured.

/** number: ascending tells age. storedBytes: what it brought that no version before it had, as it lies on disk. usedBytes: all that it holds, uncompressed. */
export type NeededVersion = { number: number; storedBytes: number; usedBytes: number; at: 'here' | 'to-come' | 'not' };

/**
 * Of one image. A version that comes to a server with an older one brings what was captured in between; the first one brings all that the image
 * has but what later versions added. Never more than the version holds.
 * @param imageBytes what all versions of the image take together, measured where they all are; 0 where nobody knows
 */
export function neededOf(versions: readonly NeededVersion[], imageBytes: number): number {
  const sorted = versions.toSorted((a, b) => a.number - b.number);
  const after = (number: number): number => sorted.reduce((sum, each) => (each.number > number ? sum + each.storedBytes : sum), 0);
  let needed = 0;
  /** Brought by versions since the newest one that is there, or will be. */
  let since = 0;
  let hasOlder = false;
  for (const version of sorted) {
    since += version.storedBytes;
    if (version.at === 'not') continue;
    if (version.at === 'to-come') {
      const whole = hasOlder ? since : Math.max(since, imageBytes - after(version.number));
      needed += version.usedBytes > 0 ? Math.min(whole, Math.max(version.usedBytes, version.storedBytes)) : whole;
    }
    since = 0;
    hasOlder = true;
  }
  return needed;
}

export const GROWTH_DAYS = 28;
const DAY_MS = 86_400_000;
/** Further off nobody can say. */
const MOST_DAYS = 366;

/** By the versions of the last four weeks that are there, or are to come: bytes a day. */
export function growthOf(versions: readonly { capturedAt: number; storedBytes: number }[], now: number): number {
  const bytes = versions.reduce((sum, { capturedAt, storedBytes }) => (now - capturedAt < GROWTH_DAYS * DAY_MS ? sum + storedBytes : sum), 0);
  return Math.round(bytes / GROWTH_DAYS);
}

/** Days until what comes at this pace fills the disk, after all that is still to come; null: not within a year, or nobody knows. */
export function fullInDays({ freeBytes, neededBytes, reserveBytes, growthBytesPerDay }: { freeBytes: number | null; neededBytes: number; reserveBytes: number; growthBytesPerDay: number }): number | null {
  if (freeBytes === null) return null;
  const left = freeBytes - reserveBytes - neededBytes;
  if (left <= 0) return 0;
  if (growthBytesPerDay <= 0) return null;
  const days = Math.floor(left / growthBytesPerDay);
  return days > MOST_DAYS ? null : days;
}
