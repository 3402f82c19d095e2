// Owns the preflight: everything that can be known before the first computer is switched on, each check with what to do.
import { createSocket } from 'node:dgram';
import type { Adapter, BootChoice, EnvironmentView, PreflightCheck } from '#shared/model/boot.ts';
import { formatBytes } from '#shared/units.ts';
import { probeDhcp, type FoundServer } from '../net/dhcp/probe.ts';
import { fetchLoaders } from './fetch-loaders.ts';
import { findFirewall, firewallAdvice } from './firewall.ts';
import { serverName } from './other-servers.ts';
import type { BootConfig } from './snapshot.ts';
import { takenPort, takenWords } from './start-checks.ts';

export type PreflightFacts = {
  adapters: readonly Adapter[]; choice: BootChoice; serving: { address: string; ports: BootConfig['ports'] } | null; environment: EnvironmentView; ports: BootConfig['ports']; freeBytes: () => Promise<number>;
  /** How long other DHCP servers are listened for. */
  probeMs: number;
};
type State = PreflightCheck['state'];

const FETCH_MS = 3000;
const FETCH_ALL_MS = 30_000;
const ENOUGH_BYTES = 20e9;

export async function runPreflight(facts: PreflightFacts): Promise<PreflightCheck[]> {
  const adapter = facts.adapters.find((each) => each.name === facts.choice.adapter && each.address !== '') ?? null;
  return [
    adapterCheck(adapter, facts), environmentCheck(facts.environment), await portCheck(adapter, facts), await otherServers(adapter, facts), ...(await fileChecks(facts)), await firewallCheck(adapter, facts), await spaceCheck(facts),
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
  const taken = await takenPort({ adapter, ports });
  if (taken !== null) {
    const { what, advice } = takenWords(taken, adapter.address);
    return make('failed', what, advice);
  }
  for (const port of [ports.dhcp, ports.pxe, ports.tftp]) {
    const failure = await canBind(adapter.address, port);
    if (failure === 'EACCES') return make('failed', `UDP port ${port} may not be opened by this user.`, 'Start Platen with the right to do so, or allow it: sysctl net.ipv4.ip_unprivileged_port_start=67');
    if (failure === 'EADDRNOTAVAIL') return make('failed', `${adapter.name} does not have the address ${adapter.address} any more.`, 'Choose the adapter again: its address has changed.');
    if (failure !== null) return make('failed', `UDP port ${port} of ${adapter.address} is taken (${failure}).`, 'Another DHCP, TFTP or boot service runs on this computer. Stop it.');
  }
  return make(choice.mode === 'off' ? 'warning' : 'failed', 'The ports are free, and network boot does not serve.', 'Switch it on.');
}

async function otherServers(adapter: Adapter | null, { choice, ports, serving, probeMs }: PreflightFacts): Promise<PreflightCheck> {
  const make = made('dhcp', 'Other DHCP servers');
  if (adapter === null) return make('skipped', 'Not looked for: no adapter is chosen.', '');
  let found: FoundServer[];
  try {
    found = await probeDhcp({ address: adapter.address, serverPort: ports.dhcp, clientPort: ports.client, waitMs: probeMs, own: serving === null ? [] : [serving.address] });
  } catch (error) {
    // Not a pass: nobody knows whether there is one.
    return make('warning', `Could not be looked for: ${error instanceof Error ? error.message : String(error)}`, `Platen must be allowed to open UDP port ${ports.client} for a moment, and no other program may keep it for itself. In lab mode, make sure by hand that no other DHCP server is on this network.`);
  }
  const names = found.map(serverName).join(', ');
  if (found.length > 1) return make('warning', `${found.length} DHCP servers answer: ${names}.`, 'Two servers on one network give addresses that may contradict each other. One of them is probably there by mistake.');
  if (choice.mode === 'lab') return found.length === 0 ? make('ok', 'None: this network is Platen\'s own.', '') : make('failed', `${names} gives addresses here.`, 'Use proxy mode here, or unplug that server: lab mode is for isolated networks.');
  return found.length === 1 ? make('ok', `${names} gives the addresses; Platen adds the boot.`, '') : make('failed', 'None answers, so computers get no address.', 'Use lab mode if this network is isolated, or look whether the DHCP server is connected.');
}

async function fileChecks({ serving, environment }: PreflightFacts): Promise<PreflightCheck[]> {
  const [tftp, http] = [made('tftp', 'Loaders over TFTP'), made('http', 'Kernel over HTTP')];
  if (serving === null) return [tftp('skipped', 'Not fetched: network boot does not serve.', ''), http('skipped', 'Not fetched: network boot does not serve.', '')];
  const checks: PreflightCheck[] = [];
  checks.push(await loaderCheck(serving, environment));
  try {
    const response = await fetch(`http://${serving.address}:${serving.ports.http}/boot/vmlinuz`, { signal: AbortSignal.timeout(FETCH_MS * 3) });
    const { byteLength } = await response.arrayBuffer();
    checks.push(response.ok ? http('ok', `The kernel was fetched, ${formatBytes(byteLength)}.`, '') : http('failed', `The server answered ${response.status}.`, 'Build the boot environment again.'));
  } catch (error) {
    checks.push(http('failed', `The kernel could not be fetched: ${error instanceof Error ? error.message : String(error)}`, 'A firewall on this machine may drop the port.'));
  }
  return checks;
}

/** The loaders as a computer gets them, by a client that is not ours. */
async function loaderCheck({ address, ports }: { address: string; ports: BootConfig['ports'] }, { loaders }: EnvironmentView): Promise<PreflightCheck> {
  const make = made('tftp', 'Loaders over TFTP');
  const advice = 'A firewall on this machine may drop UDP; build the boot environment again if a file is missing.';
  try {
    const fetched = await fetchLoaders({ names: loaders.map(({ name }) => name), address, port: ports.tftp, timeoutMs: FETCH_MS / 3 }, FETCH_ALL_MS);
    for (const [index, file] of fetched.entries()) {
      if ('problem' in file) return make('failed', `${file.name} could not be fetched: ${file.problem}`, advice);
      const expected = loaders[index]?.sizeBytes;
      if (file.sizeBytes !== expected) return make('failed', `${file.name} came with ${file.sizeBytes} of ${expected} bytes.`, 'It was built anew since network boot was switched on: switch it off and on. If that does not help, build the boot environment again.');
    }
    return make('ok', `${fetched.length} loaders fetched, ${formatBytes(loaders.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))}.`, '');
  } catch (error) {
    return make('failed', `The loaders could not be fetched: ${error instanceof Error ? error.message : String(error)}`, advice);
  }
}

/** What the firewall drops can't be asked from inside; what a computer meets is only seen when one boots. */
async function firewallCheck(adapter: Adapter | null, { serving, ports }: PreflightFacts): Promise<PreflightCheck> {
  const make = made('firewall', 'Firewall');
  if (adapter === null) return make('skipped', 'Not looked at: no adapter is chosen.', '');
  const kind = await findFirewall();
  const advice = firewallAdvice(kind, { adapter: adapter.name, address: adapter.address, prefixLength: adapter.prefixLength, ports: serving?.ports ?? ports });
  if (kind === 'ufw' || kind === 'firewalld') return make('warning', `${kind} is on. Whether it lets computers in shows when the first one boots.`, advice);
  return make('skipped', 'Whether this machine\'s firewall lets computers in shows when the first one boots.', advice);
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
