// Owns what the server and the thread of the boot listeners say to each other.
import type { WireError } from '#shared/errors.ts';
import type { Lease } from './leases.ts';
import type { BootConfig, BootEvent, BootSnapshot } from './snapshot.ts';

export type ToListeners = { type: 'start'; config: BootConfig; snapshot: BootSnapshot } | { type: 'snapshot'; snapshot: BootSnapshot } | { type: 'close' };
export type FromListeners =
  | { type: 'ready'; ports: BootConfig['ports'] }
  /** Nothing is served any more; the thread ends. */
  | { type: 'failed'; error: WireError }
  /** For the log; serving goes on. */
  | { type: 'warning'; text: string }
  | { type: 'events'; events: BootEvent[] }
  | { type: 'leases'; leases: readonly Lease[] };
