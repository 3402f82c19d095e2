// Owns how large a block may be so that no router or adapter has to cut it: a loader cut into fragments is the classic that never arrives.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** IPv4's header without options, UDP's, TFTP's. */
const HEADER_BYTES = 20 + 8 + 4;
/** Jumbo frames of our own adapter say nothing of the client's. */
const ETHERNET_MTU = 1500;
const LEAST_BLOCK_BYTES = 512;

/** @param address one of this machine's; for another, and where the system does not tell, Ethernet is taken */
export function largestBlock(address: string): number {
  return Math.max(LEAST_BLOCK_BYTES, Math.min(ETHERNET_MTU, mtuOf(address) ?? ETHERNET_MTU) - HEADER_BYTES);
}

function mtuOf(address: string): number | null {
  const name = Object.entries(networkInterfaces()).find(([, addresses]) => addresses?.some((each) => each.address === address) === true)?.[0];
  if (name === undefined || process.platform !== 'linux') return null;
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
    return Number.isInteger(mtu) && mtu > 0 ? mtu : null;
  } catch {
    return null; // an address with a label, or no /sys
  }
}
