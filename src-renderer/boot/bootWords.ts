// Pure: network boot in words: its state, modes, adapters and stages, and what a choice would do before it is made.
import type { Adapter, BootChoice, BootStage, BootStatus, BootTrace, DhcpMode } from '#shared/model/boot.ts';
import type { Tone } from '../ui/StateMark.tsx';

/** As the header and the headings say it. */
export const modeNames: Record<DhcpMode, string> = { off: 'off', proxy: 'proxy DHCP', lab: 'isolated lab DHCP' };

export const modes: { mode: DhcpMode; title: string; text: string }[] = [
  { mode: 'proxy', title: 'Proxy: beside the DHCP server that is there', text: 'Computers get their addresses as before, and the boot from here. Nothing has to be changed on that server.' },
  { mode: 'lab', title: 'Isolated lab: addresses from here too', text: 'For a switch of its own without another DHCP server. Where one answers, Platen stops, so that no computer gets a wrong address.' },
  { mode: 'off', title: 'Off', text: 'No port is opened and no computer starts from here. The agent can still be run on computers by hand.' },
];

export const stageNames: Record<BootStage, string> = { asked: 'Asked', offered: 'Offered', loader: 'Loader', script: 'Script', kernel: 'Kernel', environment: 'Environment', hello: 'Hello' };
export const stageMeanings: Record<BootStage, string> = {
  asked: 'The firmware asked the network for a boot', offered: 'It was told which loader to fetch, and from where', loader: 'It fetched the boot loader', script: 'The loader asked what to do and was told',
  kernel: 'It fetched kernel and archives', environment: 'The boot environment started', hello: 'The agent in it reached this server',
};

/** "Serving 10.0.0.1 · isolated lab DHCP · eth1" */
export function stateWords({ state, address, choice }: Pick<BootStatus, 'state' | 'address' | 'choice'>): string {
  switch (state) {
    case 'off': return 'Off';
    case 'starting': return `Starting on ${choice.adapter}`;
    case 'serving': return `Serving ${[address, modeNames[choice.mode], choice.adapter].join(' · ')}`;
    case 'stopped': return 'Stopped';
  }
}
export const stateTones: Record<BootStatus['state'], Tone> = { off: 'off', starting: 'run', serving: 'ok', stopped: 'fail' };

const kindWords: Record<Adapter['kind'], string> = { wired: 'wired', wireless: 'wireless', virtual: 'virtual', loopback: 'this machine only' };
export function adapterKind(adapter: Adapter): string {
  return kindWords[adapter.kind];
}
export function speedWords(speedMbits: number | null): string {
  if (speedMbits === null) return '';
  return speedMbits >= 1000 ? `${speedMbits / 1000} Gbit/s` : `${speedMbits} Mbit/s`;
}
/** What is better known before this adapter is chosen; null: nothing. */
export function adapterNote(adapter: Adapter): string | null {
  if (adapter.address === '') return 'No IPv4 address, so nothing can be served on it: connect its cable, or give it one.';
  if (adapter.kind === 'loopback') return 'Only programs on this machine reach it: for trying things out.';
  if (adapter.kind === 'virtual') return 'Made by a program on this machine, such as a VPN: real computers are not on it.';
  if (adapter.kind === 'wireless') return 'Computers start over a cable: wireless works only where both are one network, slowly.';
  return adapter.link ? null : 'No link: look whether the cable is plugged in and the switch is on.';
}

/** The one that is meant where only one can be: wired, with link and address. A virtual or wireless one is never guessed. */
export function likelyAdapter(adapters: readonly Adapter[]): Adapter | null {
  const fit = adapters.filter((adapter) => adapter.kind === 'wired' && adapter.link && adapter.address !== '');
  return fit.length === 1 ? (fit[0] ?? null) : null;
}

/** What will happen when this choice is applied, sentence by sentence. */
export function consequencesOf(choice: BootChoice, adapter: Adapter | null, status: BootStatus): string[] {
  const ends = status.state === 'serving' || status.state === 'starting' ? ['Computers that are starting from the network at this moment have to try again.'] : [];
  if (choice.mode === 'off') return ['Platen closes its boot ports. A computer that starts from the network finds nothing here and goes on to its next boot entry.', ...ends, 'Runs under way go on: agents that are connected stay connected.'];
  if (adapter === null) return ['Choose the adapter that the computers are connected to. No port is opened before.'];
  const ports = `Platen opens UDP 67, 4011 and 69 and a TCP port for boot files on ${adapter.address} (${adapter.name}), and no other adapter.`;
  const pool = choice.pool ?? adapter.pool;
  const addresses = choice.mode === 'proxy' ? 'It gives no addresses: the DHCP server that is there does. If none is there, computers get no address and no boot.'
    : pool === null ? 'It gives addresses from the pool.' : `It gives addresses from ${pool.first} to ${pool.last}. It stops as soon as it hears another DHCP server.`;
  const { unknownComputers, loaderCountdownSeconds } = status.settings;
  return [
    ports, addresses, unknownComputers === 'portal' ? 'A computer that Platen does not know opens the portal.' : 'A computer that Platen does not know starts from its own disk.',
    `A known computer opens the portal when “i” is pressed within ${loaderCountdownSeconds} s, runs what waits for it, or else starts from its own disk.`, ...ends, 'This holds after a restart of the server.',
  ];
}

/** null: the same as what holds now. */
export type HeadAction = 'build' | 'switch-on' | 'switch-off' | 'apply' | 'start-again' | null;
/** The one thing that one most likely wants now. */
export function likelyAction(status: BootStatus, draft: BootChoice): HeadAction {
  const { environment, choice, state } = status;
  if (environment.state === 'building' || state === 'starting') return null;
  if (environment.state === 'missing' || environment.state === 'failed') return 'build';
  const changed = !sameChoice(draft, choice);
  if (state === 'off') return draft.mode === 'off' ? null : 'switch-on';
  if (draft.mode === 'off') return 'switch-off';
  if (changed) return 'apply';
  return state === 'stopped' ? 'start-again' : null;
}
export function sameChoice(left: BootChoice, right: BootChoice): boolean {
  if (left.mode !== right.mode) return false;
  if (left.mode === 'off') return true;
  return left.adapter === right.adapter && (left.mode === 'proxy' || (left.pool?.first === right.pool?.first && left.pool?.last === right.pool?.last));
}

export function traceName({ computerName, mac }: Pick<BootTrace, 'computerName' | 'mac'>): string {
  return computerName === '' ? mac : computerName;
}
/** How it went, in a word or two. */
export function outcomeWords(trace: BootTrace): { tone: Tone; words: string } {
  if (trace.outcome === 'running') return { tone: 'run', words: 'Starting' };
  if (trace.outcome === 'stopped') return trace.stoppedAt === null ? { tone: 'warn', words: 'Started over' } : { tone: 'fail', words: `Stopped: ${stageNames[trace.stoppedAt].toLowerCase()}` };
  return trace.events.some((event) => event.stage === 'hello') ? { tone: 'ok', words: 'Agent connected' } : { tone: 'ok', words: 'Sent to its disk' };
}
