// Pure: what is wrong with the pool of addresses that lab mode is to give from, said while it is typed; the server checks it again.
import type { Adapter } from '#shared/model/boot.ts';

export type PoolDraft = { first: string; last: string };
export type PoolProblem = { field: 'first' | 'last'; text: string };
const MOST = 65_536;

export function poolProblem({ first, last }: PoolDraft, adapter: Pick<Adapter, 'address' | 'prefixLength'>): PoolProblem | null {
  const [from, to] = [numberOf(first), numberOf(last)];
  if (from === null) return { field: 'first', text: 'Type an address, such as 10.0.0.100.' };
  if (to === null) return { field: 'last', text: 'Type an address, such as 10.0.0.199.' };
  const size = 2 ** (32 - adapter.prefixLength);
  const network = Math.floor((numberOf(adapter.address) ?? 0) / size) * size;
  const inside = (value: number): boolean => value > network && value < network + size - 1;
  const outside = `It must lie in the adapter’s subnet: ${textOf(network + 1)} to ${textOf(network + size - 2)}.`;
  if (!inside(from)) return { field: 'first', text: outside };
  if (!inside(to)) return { field: 'last', text: outside };
  if (from > to) return { field: 'last', text: 'It must not come before the first.' };
  return to - from >= MOST ? { field: 'last', text: 'A pool has at most 65,536 addresses.' } : null;
}
/** Null where it is not right yet. */
export function poolSize({ first, last }: PoolDraft, adapter: Pick<Adapter, 'address' | 'prefixLength'>): number | null {
  return poolProblem({ first, last }, adapter) === null ? (numberOf(last) ?? 0) - (numberOf(first) ?? 0) + 1 : null;
}

function numberOf(text: string): number | null {
  const parts = text.trim().split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255 || (part.length > 1 && part.startsWith('0')))) return null;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
function textOf(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
