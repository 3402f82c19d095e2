// Owns what is looked at before the listeners bind: ports that somebody else has, and in lab mode other DHCP servers. DHCP's sockets share
// their ports, so a second server would be no error of binding.
import { AppError } from '#shared/errors.ts';
import type { Adapter, BootChoice } from '#shared/model/boot.ts';
import { probeDhcp } from '../net/dhcp/probe.ts';
import { holderName, portHolder, type PortHolder } from '../net/ports/owner.ts';
import { otherServerError } from './other-servers.ts';
import type { BootConfig } from './snapshot.ts';

export type StartPlace = { adapter: Pick<Adapter, 'name' | 'address'>; ports: BootConfig['ports'] };
export type TakenPort = { protocol: 'udp' | 'tcp'; port: number; holder: PortHolder };

/** Servers that look whether an address is in use before they offer it take up to three seconds. */
export const PROBE_MS = 4000;

/** The first port that somebody else has, or null. A port of 0 is picked when it is opened. */
export async function takenPort({ adapter, ports }: StartPlace): Promise<TakenPort | null> {
  for (const [protocol, port] of [['udp', ports.dhcp], ['udp', ports.pxe], ['udp', ports.tftp], ['tcp', ports.http]] as const) {
    const holder = port === 0 ? null : await portHolder({ protocol, address: adapter.address, port, adapter: adapter.name });
    if (holder !== null) return { protocol, port, holder };
  }
  return null;
}

/** What a person is told of it, and what to do. */
export function takenWords({ protocol, port, holder }: TakenPort, address: string): { what: string; advice: string } {
  const what = `${protocol === 'udp' ? 'UDP' : 'TCP'} port ${port} of ${address} is taken by ${holderName(holder)}.`;
  return { what, advice: protocol === 'udp' ? 'Two DHCP, TFTP or boot services on one adapter answer each other\'s computers: stop that one, or serve network boot from another machine.' : 'Stop that program, or give network boot another port (platen serve --boot-port).' };
}

export async function refuseTakenPorts(place: StartPlace): Promise<void> {
  const taken = await takenPort(place);
  if (taken === null) return;
  const { what, advice } = takenWords(taken, place.adapter.address);
  throw new AppError('port-in-use', `${what} ${advice}`, { port: taken.port, pid: taken.holder.pid, program: taken.holder.program });
}

/** Lab mode does not start beside another server. Returns why it could not be looked for, else null: it is looked for while serving, too. */
export async function refuseOtherServers(mode: BootChoice['mode'], { adapter, ports }: StartPlace, waitMs: number): Promise<string | null> {
  if (mode !== 'lab') return null;
  let servers;
  try {
    servers = await probeDhcp({ address: adapter.address, serverPort: ports.dhcp, clientPort: ports.client, waitMs, own: [] });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (servers.length > 0) throw otherServerError(servers, 'starting');
  return null;
}
