// Owns what the boot listeners know: a snapshot in memory, replaced as a whole, from which every answer is decided, and what they tell
// back. Everything here can be sent between threads.
import type { BootStage } from '#shared/model/boot.ts';
import type { BootSettings } from './policy.ts';
import type { Lease, Pool } from './leases.ts';

export type BootComputer = { id: string; name: string; model?: string; override: 'portal' | 'local-disk' | 'ignore' | null; armedRun: string | null; /** Its agent or its failed boots said so. */ secureBoot: boolean };
export type BootSnapshot = {
  settings: BootSettings & { /** Of computers of which nothing else is known. */ loader?: 'automatic' | 'plain' | 'secure-boot'; /** Proxy mode: see borrowed-lease.ts. */ borrowLease?: 'off' | 'on'; otherDriver?: string };
  computers: readonly BootComputer[];
  /** Index into computers, by MAC (never a shared one) and by UUID. */
  byMac: Readonly<Record<string, number>>;
  byUuid: Readonly<Record<string, number>>;
  /** For the kernel's command line, of every computer. */
  kernelWords: readonly string[];
  /** The archive with this server's address and token. */
  small: Uint8Array;
};
export type BootConfig = {
  mode: 'proxy' | 'lab';
  address: string;
  prefixLength: number;
  /** Only in lab mode. */
  pool: Pool | null;
  leases: readonly Lease[];
  ports: { dhcp: number; pxe: number; tftp: number; http: number; client: number };
  /** Loaders by the name they are asked for; read into memory. */
  loaders: Readonly<Record<string, string>>;
  loaderNames: { bios: string; biosOther: string; uefi: string; uefiOther: string; secureBoot: string };
  /** Kernel and base archive by the name they are asked for. */
  images: Readonly<Record<string, { path: string; sizeBytes: number; tag: string }>>;
};

export type BootEvent = {
  at: number;
  /** '' where only the address is known. */
  mac: string; address: string;
  stage: BootStage | 'note';
  /** In words; problem: something went wrong at this stage. */
  text: string; problem: boolean;
  facts: { uuid?: string | null; firmware?: string; loader?: string; secureBoot?: boolean; sentBytes?: number; /** The boot is over with this event, as it was told to be or not. */ ends?: 'done' | 'stopped' };
};
