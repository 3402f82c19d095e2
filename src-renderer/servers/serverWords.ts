// Pure: the states of package servers and of their copies in words and tones, and what is said of clocks, space and transfers.
import type { MatrixRow, Moving, PackageServer, Transfer } from '#shared/model/replication.ts';
import { formatBytes, formatDuration, formatRate, formatTimeLeft } from '#shared/units.ts';
import { percent } from '../images/imageWords.ts';
import type { Worded } from '../images/imageWords.ts';

/** Beyond this a server's windows and the tickets for computers are off; the server says so too. */
const maxSkewMs = 60_000;

export function serverState(server: Pick<PackageServer, 'state' | 'connected' | 'isSelf'>): Worded {
  if (server.state === 'revoked') return { tone: 'fail', word: 'Revoked' };
  if (server.state === 'retired') return { tone: 'off', word: 'Retired' };
  if (server.state === 'retiring') return { tone: 'warn', word: server.connected ? 'Retiring' : 'Retiring, away' };
  return server.connected ? { tone: 'ok', word: 'Connected' } : { tone: 'wait', word: 'Away' };
}

export type CopyStateName = keyof PackageServer['copies'];
export const copyStateWords: Record<CopyStateName, Worded> = {
  absent: { tone: 'off', word: 'absent' }, copying: { tone: 'run', word: 'copying' }, verifying: { tone: 'run', word: 'verifying' },
  ready: { tone: 'ok', word: 'ready' }, damaged: { tone: 'fail', word: 'damaged' }, removing: { tone: 'trash', word: 'removing' },
};
/** Trouble first, then what is under way, then what is all right; states that nothing is in are left out. */
const order: CopyStateName[] = ['damaged', 'copying', 'verifying', 'removing', 'ready'];
export function copyCounts(copies: PackageServer['copies']): { state: CopyStateName; count: number }[] {
  return order.filter((state) => copies[state] > 0).map((state) => ({ state, count: copies[state] }));
}

/** One cell of the matrix. What is absent and is to come waits; what is absent and is not meant to be there is simply not there. */
export function cellState(cell: MatrixRow['cells'][number], moving: Moving | undefined): Worded {
  if (cell.state === 'absent') return cell.assigned ? { tone: 'wait', word: 'waiting', why: moving?.waitingFor ?? 'It is to come here and has not begun.' } : { ...copyStateWords.absent, why: 'It is not meant to be here.' };
  // It is to come; whether it moves is another thing.
  if (cell.state === 'copying' && moving?.waitingFor) return { tone: 'wait', word: 'waiting', why: moving.waitingFor };
  const words = copyStateWords[cell.state];
  const share = moving === undefined || moving.state === 'queued' ? '' : percent(moving);
  return { ...words, word: share !== '' && (cell.state === 'copying' || cell.state === 'verifying') ? `${words.word} ${share}` : words.word, ...(cell.problem === null ? {} : { why: cell.problem }) };
}

/** Null where the clock is right, or nobody has heard of it. */
export function clockProblem(skewMs: number | null): string | null {
  if (skewMs === null || Math.abs(skewMs) <= maxSkewMs) return null;
  return `${formatDuration(Math.abs(skewMs) / 1000)} ${skewMs > 0 ? 'ahead' : 'behind'}`;
}

/** "412 GB free", and what is still to come to it. */
export function spaceWords(server: Pick<PackageServer, 'freeBytes' | 'neededBytes' | 'fits'>): { free: string; coming: string | null; fits: boolean } {
  const free = server.freeBytes === null ? 'not known yet' : formatBytes(server.freeBytes);
  return { free, coming: server.neededBytes === 0 ? null : `${formatBytes(server.neededBytes)} to come${server.fits ? '' : ', does not fit'}`, fits: server.fits };
}

/** What moves: how much of how much, how fast, how long; or why it does not. */
export function movingWords(moving: Moving): string {
  if (moving.waitingFor !== null) return `Waiting: ${moving.waitingFor}`;
  const amount = `${formatBytes(moving.doneBytes)} of ${formatBytes(moving.totalBytes)}`;
  const rate = moving.rateBytesPerSecond > 0 ? formatRate(moving.rateBytesPerSecond) : '';
  return moving.state === 'queued' ? `Queued, ${formatBytes(moving.totalBytes)}` : [amount, rate, formatTimeLeft(moving.etaSeconds)].filter((part) => part !== '').join(' · ');
}
/** "11.6 MB/s · 5 min"; nothing where nothing moves. */
export function rateWords({ rateBytesPerSecond, etaSeconds }: Pick<Moving, 'rateBytesPerSecond' | 'etaSeconds'>): string {
  return [rateBytesPerSecond > 0 ? formatRate(rateBytesPerSecond) : '', formatTimeLeft(etaSeconds).replace(' left', '')].filter((part) => part !== '').join(' · ');
}
export function movingState(moving: Moving): Worded {
  return moving.waitingFor !== null || moving.state === 'queued' ? { tone: 'wait', word: moving.waitingFor === null ? 'Queued' : 'Waiting' } : { tone: 'run', word: moving.state === 'copying' ? `Copying ${percent(moving)}` : `Verifying ${percent(moving)}` };
}

export function transferState(transfer: Transfer): Worded {
  return { done: { tone: 'ok', word: 'Done' } as const, failed: { tone: 'fail', word: 'Failed' } as const, cancelled: { tone: 'off', word: 'Cancelled' } as const }[transfer.outcome];
}
/** What did not have to travel is said first: it is why a copy was fast. */
export function transferChunks(transfer: Transfer): string {
  const parts = [[transfer.chunksHere, 'there already'], [transfer.chunksWhole, 'whole'], [transfer.chunksDelta, 'as differences']] as const;
  return parts.filter(([count]) => count > 0).map(([count, word]) => `${count.toLocaleString('en')} ${word}`).join(', ') || (transfer.outcome === 'done' ? 'nothing was missing' : 'not counted');
}
