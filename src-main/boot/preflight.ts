// Owns the preflight: everything that can be known before the first computer is switched on, each check with what to do.
import { createSocket } from 'node:dgram';
import type { Adapter, BootChoice, EnvironmentView, PreflightCheck } from '#shared/model/boot.ts';
import { formatBytes } from '#shared/units.ts';
import { probeDhcp } from '../net/dhcp/probe.ts';
import { fetchTftp } from '../net/tftp/fetch.ts';
import type { BootConfig } from './snapshot.ts';

export type PreflightFacts = {
  adapters: readonly Adapter[]; choice: BootChoice; serving: { address: string; ports: BootConfig['ports'] } | null; environment: EnvironmentView; ports: BootConfig['ports']; freeBytes: () => Promise<number>;
};
type State = PreflightCheck['state'];

const PROBE_MS = 3000;
const FETCH_MS = 3000;
const ENOUGH_BYTES = 20e9;

export async function runPreflight(facts: PreflightFacts): Promise<PreflightCheck[]> {
  const adapter = facts.adapters.find((each) => each.name === facts.choice.adapter && each.address !== '') ?? null;
  return [
    adapterCheck(adapter, facts), environmentCheck(facts.environment), await portCheck(adapter, facts), await otherServers(adapter, facts), ...(await fileChecks(facts)), firewallCheck(facts), await spaceCheck(facts),
  ];
}

function adapterCheck(adapter: Adapter | null, { adapters }: PreflightFacts): PreflightCheck {
  const make = made('adapter', 'Network adapter');
  if (adapter === null) return make('failed', 'No adapter is chosen.', `Choose the one that the computers are connected to: ${adapters.filter((each) => each.kind === 'wired' && each.address !== '').map((each) => `${each.name} (${each.address})`).join(', ') || 'this machine has no wired adapter with an address yet'}.`);
  if (!adapter.link) return make('failed', `${adapter.name} (${adapter.address}) has no link.`, 'Plug in the cable, and look whether the switch is on.');
  if (adapter.kind === 'wireless') return make('warning', `${adapter.name} (${adapter.address}) is wireless.`, 'Computers boot over a cable. Wireless works only where access point and cable are one network, and it is slow.');
  return make('ok', `${adapter.name}, ${adapter.address}/${adapter.prefixLength}${adapter.speedMbits === null ? '' : `, ${adapter.speedMbits >= 1000 ? `${adapter.speedMbits / 1000} Gbit/s` : `${adapter.speedMbits} Mbit/s`}`}.`, adapter.speedMbits !== null && adapter.speedMbits < 1000 ? 'Images travel ten times as fast over 1 Gbit/s: look at cable and switch.' : '');
}

function environmentCheck(environment: EnvironmentView): PreflightCheck {
  const make = made('environment', 'Boot environment');
  if (environment.state === 'ready') return make('ok', `Kernel ${environment.kernelVersion}, ${formatBytes(environment.baseBytes)}, ${environment.loaders.length} loaders.`, '');
  if (environment.state === 'building') return make('warning', 'It is being built.', 'Wait until it is done.');
  return make('failed', environment.problem ?? 'It has not been built yet.', 'Build it: platen boot build, or the button on the page Network boot.');
}

async function portCheck(adapter: Adapter | null, { serving, ports, choice }: PreflightFacts): Promise<PreflightCheck> {
  const make = made('ports', 'Ports');
  if (serving !== null) return make('ok', `Network boot listens on UDP ${serving.ports.dhcp}, ${serving.ports.pxe} and ${serving.ports.tftp}, and TCP ${serving.ports.http}, of ${serving.address}.`, '');
  if (adapter === null) return make('skipped', 'Not looked at: no adapter is chosen.', '');
  for (const port of [ports.dhcp, ports.pxe, ports.tftp]) {
    const failure = await canBind(adapter.address, port);
    if (failure === 'EACCES') return make('failed', `UDP port ${port} may not be opened by this user.`, 'Start Platen with the right to do so, or allow it: sysctl net.ipv4.ip_unprivileged_port_start=67');
    if (failure !== null) return make('failed', `UDP port ${port} of ${adapter.address} is taken (${failure}).`, 'Another DHCP, TFTP or boot service runs on this computer. Stop it.');
  }
  return make(choice.mode === 'off' ? 'warning' : 'failed', 'The ports are free, and network boot does not serve.', 'Switch it on.');
}

async function otherServers(adapter: Adapter | null, { choice, ports, serving }: PreflightFacts): Promise<PreflightCheck> {
  const make = made('dhcp', 'Other DHCP servers');
  if (adapter === null) return make('skipped', 'Not looked for: no adapter is chosen.', '');
  let found: string[];
  try {
    found = await probeDhcp({ address: adapter.address, serverPort: ports.dhcp, clientPort: ports.client, waitMs: PROBE_MS, own: serving === null ? [] : [serving.address] });
  } catch (error) {
    return make('skipped', `Could not be looked for: ${error instanceof Error ? error.message : String(error)}`, `UDP port ${ports.client} must be free for a moment.`);
  }
  if (found.length > 1) return make('warning', `${found.length} DHCP servers answer: ${found.join(', ')}.`, 'Two servers on one network give addresses that may contradict each other. One of them is probably there by mistake.');
  if (choice.mode === 'lab') return found.length === 0 ? make('ok', 'None: this network is Platen\'s own.', '') : make('failed', `${found[0]} gives addresses here.`, 'Use proxy mode here, or unplug that server: lab mode is for isolated networks.');
  return found.length === 1 ? make('ok', `${found[0]} gives the addresses; Platen adds the boot.`, '') : make('failed', 'None answers, so computers get no address.', 'Use lab mode if this network is isolated, or look whether the DHCP server is connected.');
}

async function fileChecks({ serving, environment }: PreflightFacts): Promise<PreflightCheck[]> {
  const [tftp, http] = [made('tftp', 'Loaders over TFTP'), made('http', 'Kernel over HTTP')];
  if (serving === null) return [tftp('skipped', 'Not fetched: network boot does not serve.', ''), http('skipped', 'Not fetched: network boot does not serve.', '')];
  const checks: PreflightCheck[] = [];
  try {
    const sizes = await Promise.all(environment.loaders.map(async ({ name, sizeBytes }) => {
      const { length } = await fetchTftp(name, { address: serving.address, port: serving.ports.tftp, timeoutMs: FETCH_MS });
      if (length !== sizeBytes) throw new Error(`${name} came with ${length} of ${sizeBytes} bytes`);
      return length;
    }));
    checks.push(tftp('ok', `${sizes.length} loaders fetched, ${formatBytes(sizes.reduce((sum, size) => sum + size, 0))}.`, ''));
  } catch (error) {
    checks.push(tftp('failed', `A loader could not be fetched: ${error instanceof Error ? error.message : String(error)}`, 'A firewall on this machine may drop UDP; build the boot environment again if a file is missing.'));
  }
  try {
    const response = await fetch(`http://${serving.address}:${serving.ports.http}/boot/vmlinuz`, { signal: AbortSignal.timeout(FETCH_MS * 3) });
    const { byteLength } = await response.arrayBuffer();
    checks.push(response.ok ? http('ok', `The kernel was fetched, ${formatBytes(byteLength)}.`, '') : http('failed', `The server answered ${response.status}.`, 'Build the boot environment again.'));
  } catch (error) {
    checks.push(http('failed', `The kernel could not be fetched: ${error instanceof Error ? error.message : String(error)}`, 'A firewall on this machine may drop the port.'));
  }
  return checks;
}

/** Nothing can be asked of the firewall from inside: what a computer outside meets is only seen when one boots. */
function firewallCheck({ serving, ports }: PreflightFacts): PreflightCheck {
  const used = serving?.ports ?? ports;
  return made('firewall', 'Firewall')('skipped', 'Whether this machine\'s firewall lets computers in shows when the first one boots.', `Let in: UDP ${used.dhcp}, ${used.pxe}, ${used.tftp} and the ports above 1023 (TFTP answers from one of them), TCP ${used.http} and the server's own port.`);
}

async function spaceCheck({ freeBytes }: PreflightFacts): Promise<PreflightCheck> {
  const free = await freeBytes();
  return made('space', 'Free space')(free < ENOUGH_BYTES ? 'warning' : 'ok', `${formatBytes(free)} free for images.`, free < ENOUGH_BYTES ? 'An image of Windows takes 10 to 40 GB. Make room before the first capture.' : '');
}

function canBind(address: string, port: number): Promise<string | null> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', (error) => resolve('code' in error && typeof error.code === 'string' ? error.code : error.message));
    socket.bind(port, address, () => socket.close(() => resolve(null)));
  });
}
function made(id: string, title: string): (state: State, text: string, advice: string) => PreflightCheck {
  return (state, text, advice) => ({ id, title, state, text, advice });
}
