// Pure: the choice that is on the page before a person changed anything, and what is missing in one before it can be applied.
import type { Adapter, BootChoice, BootStatus } from '#shared/model/boot.ts';
import { poolProblem } from './addressPool.ts';
import { likelyAdapter } from './bootWords.ts';

/** What holds; where it is off, beside the other DHCP server, on the adapter it served last or the only one that can be meant. */
export function draftFrom(status: Pick<BootStatus, 'choice'>, adapters: readonly Adapter[]): BootChoice {
  const { choice } = status;
  if (choice.mode !== 'off') return choice;
  const last = adapters.find((adapter) => adapter.name === choice.adapter && adapter.address !== '');
  return { mode: 'proxy', adapter: (last ?? likelyAdapter(adapters))?.name ?? '', pool: null };
}

export function draftProblem(draft: BootChoice, adapters: readonly Adapter[]): string | null {
  if (draft.mode === 'off') return null;
  const adapter = adapters.find((each) => each.name === draft.adapter && each.address !== '');
  if (adapter === undefined) return adapters.some((each) => each.address !== '') ? 'Choose the adapter that the computers are connected to.' : 'No adapter of this machine has an IPv4 address. Connect a cable, or set an address.';
  if (draft.mode !== 'lab') return null;
  const pool = draft.pool ?? adapter.pool;
  if (pool === null) return `The subnet of ${adapter.name} (${adapter.address}/${adapter.prefixLength}) has no room for a pool of addresses. Give the adapter an address such as 10.0.0.1/24.`;
  return poolProblem(pool, adapter) === null ? null : 'The pool is not right yet: look at its two addresses.';
}
