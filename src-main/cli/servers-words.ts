// Owns the words for package servers, sites and their limits in the command line's texts, and reading rates and windows as people type
// them. Pure; what does not fit is wrong usage.
import type { Consequence, PackageServer, TransferWindow } from '#shared/model/replication.ts';
import { windowOf } from '#shared/model/window-text.ts';
import { formatDuration, formatRate } from '#shared/units.ts';
import { printable } from './table.ts';
import { usage } from './usage.ts';

const factors: Record<string, number> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** "10M" is 10 MB/s; "none" takes a limit off. */
export function readRate(text: string): number | null {
  if (text === 'none') return null;
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmg]?)(?:b(?:\/s)?)?$/i.exec(text);
  const rate = match === null ? NaN : Math.round(Number(match[1]) * (factors[(match[2] ?? '').toLowerCase()] ?? NaN));
  if (!(rate >= 1024)) throw usage(`"${text}" is no rate. It reads like 10M (10 MB/s) or 500k; none takes the limit off.`);
  return rate;
}

/** "mon-fri 22:00-06:00" or "sat,sun 00:00-24:00"; "always" takes all windows off. */
export function readWindow(text: string): TransferWindow {
  const window = windowOf(text);
  if (window === null) throw usage(`"${text}" is no window. One reads like "mon-fri 22:00-06:00", "sat,sun 00:00-24:00" or "daily 01:00-05:00"; always takes them off.`);
  return window;
}
export function limitWords(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? 'none' : formatRate(bytesPerSecond);
}

export function serverStateWords(server: PackageServer, now: number): string {
  if (server.isSelf) return 'this server';
  // One that is being retired still serves what it has, so whether it is there counts as well.
  if (server.state === 'retiring') return server.connected ? 'retiring' : `retiring, ${awayWords(server, now)}`;
  if (server.state !== 'joined') return server.state;
  if (server.connected) return server.problems.length === 0 ? 'connected' : 'connected, attention';
  return awayWords(server, now);
}

function awayWords(server: PackageServer, now: number): string {
  return server.lastSeenAt === null ? 'never seen' : `away for ${formatDuration((now - server.lastSeenAt) / 1000)}`;
}

/** A difference below a second is the time a question takes, no fault of a clock. */
export function clockWords(skewMs: number): string {
  if (Math.abs(skewMs) < 1000) return 'right';
  return `${formatDuration(Math.abs(skewMs) / 1000)} ${skewMs > 0 ? 'ahead' : 'behind'}`;
}

/** "12 ready, 1 copying"; states that no copy is in are left out. What a server that is out has, it keeps, and nobody asks. */
export function copiesWords({ state, copies }: Pick<PackageServer, 'state' | 'copies'>): string {
  if (state === 'retired' || state === 'revoked') return 'not asked any more';
  const order = ['ready', 'copying', 'verifying', 'damaged', 'removing'] as const;
  return order.filter((state) => copies[state] > 0).map((state) => `${copies[state]} ${state}`).join(', ') || 'none';
}

const marks: Record<Consequence['kind'], string> = { gain: '+', loss: '-', note: ' ', refusal: '!' };
export function consequencesText(consequences: readonly Consequence[]): string {
  return consequences.map((each) => `${marks[each.kind]} ${printable(each.text)}`).join('\n');
}
