// Owns how numbers look to people, the same in console, portal and command line. Decimal units, as disks are sold.

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** 31_200_000_000 → "31.2 GB". Three significant digits below 100, whole numbers above. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–';
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** 87_000_000 → "87 MB/s" */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** 260 → "4 min left"; null → "" */
export function formatTimeLeft(seconds: number | null): string {
  return seconds === null ? '' : `${formatDuration(seconds)} left`;
}

/** 9 → "9 s", 140 → "2 min 20 s", 260 → "4 min", 7_500 → "2 h 5 min" */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 4) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  if (minutes < 60) return `${Math.round(whole / 60)} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}
