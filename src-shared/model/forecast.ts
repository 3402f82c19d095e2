// Owns how a forecast of free space is said. Pure.

/** null where there is nothing to say. */
export function forecastWords(fullInDays: number | null): string | null {
  if (fullInDays === null) return null;
  if (fullInDays <= 0) return 'full with what is to come';
  if (fullInDays < 14) return `full in about ${fullInDays === 1 ? '1 day' : `${fullInDays} days`}`;
  if (fullInDays < 60) return `full in about ${Math.round(fullInDays / 7)} weeks`;
  return `full in about ${Math.round(fullInDays / 30)} months`;
}
