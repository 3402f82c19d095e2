// Owns the few words that making and restoring a backup share.

/** In the time of this machine: "2026-11-21 14:05". */
export function formatTimestamp(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16).replace('T', ' ');
}
