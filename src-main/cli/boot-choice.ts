// Owns how the command line says the way network boot serves: mode, adapter, pool. Pure.
import { dhcpModes, type BootChoice } from '#shared/model/boot.ts';
import { usage } from './usage.ts';

export function readBootChoice({ mode, adapter, pool }: { mode: string; adapter: string | undefined; pool: string | undefined }, command: string): BootChoice {
  const known = dhcpModes.find((each) => each === mode);
  if (known === undefined) throw usage(`Network boot is off, proxy or lab, not "${mode}".`, command);
  if (known === 'off') return { mode: 'off', adapter: '', pool: null };
  if (adapter === undefined || adapter === '') throw usage('Say which adapter the computers are connected to: --interface IF ("platen boot adapters" lists them). It is never guessed.', command);
  if (pool !== undefined && known !== 'lab') throw usage('A pool belongs to lab mode: as a proxy Platen gives no addresses.', command);
  const ends = pool === undefined ? null : /^([\d.]+)-([\d.]+)$/.exec(pool);
  if (pool !== undefined && ends === null) throw usage(`--dhcp-pool takes FIRST-LAST, such as 10.0.0.100-10.0.0.199, not "${pool}".`, command);
  return { mode: known, adapter, pool: ends === null ? null : { first: ends[1] ?? '', last: ends[2] ?? '' } };
}
