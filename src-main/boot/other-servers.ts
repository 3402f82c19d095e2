// Owns what is said about another DHCP server on a lab's wire: before lab mode starts, and when one appears while it serves. Pure.
import { AppError } from '#shared/errors.ts';
import type { FoundServer } from '../net/dhcp/probe.ts';

export function serverName({ address, mac }: FoundServer): string {
  return mac === null ? address : `${address} (${mac})`;
}

/** The adapter's maker is often printed on the device, so the hardware address finds it. */
export function otherServerError(servers: readonly FoundServer[], when: 'starting' | 'serving'): AppError {
  const names = servers.map(serverName).join(' and ');
  const what = `Another DHCP server answers on this network: ${names}.`;
  const done = when === 'starting' ? 'Lab mode was not started, so that no computer gets a wrong address.' : 'Lab mode has stopped, so that no computer gets a wrong address.';
  return new AppError('conflict', `${what} ${done} Use proxy mode here, or unplug that server.`, { servers });
}
