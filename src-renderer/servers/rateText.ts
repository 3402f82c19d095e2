// Pure: rates as people type them ("10 MB/s", "10M", "800 kB/s"), and nothing for no limit.
const units: Record<string, number> = { '': 1e6, k: 1e3, m: 1e6, g: 1e9 };
const least = 1024;
const most = 100_000_000_000;

/** Bytes in a second; null for none. A bare number means MB/s. */
export function rateOf(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:b(?:\/s)?)?$/i.exec(text.trim());
  return parts === null ? null : Math.round(Number(parts[1]) * (units[(parts[2] ?? '').toLowerCase()] ?? 1));
}

export function rateProblem(text: string): string | null {
  if (text.trim() === '') return null;
  const rate = rateOf(text);
  if (rate === null) return 'A rate reads like 10 MB/s.';
  return rate < least || rate > most ? 'A rate lies between 2 kB/s and 100 GB/s.' : null;
}
