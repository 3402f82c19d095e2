// Owns `platen serve`: starts the server in this process, says where it is, and ends it when asked to. What the server does is
// src-main/server.ts.
import { toAppError } from '#shared/errors.ts';
import type { Command, CommandContext, Outcome } from './command.ts';
import { numberOf } from './inputs.ts';
import type { BootChoice } from '#shared/model/boot.ts';
import type { BootPorts } from '../boot/service.ts';
import type { RoleChoice } from '../replicating.ts';
import { readBootChoice } from './boot-choice.ts';
import { findInstallation } from './installation.ts';
import { pairs, printable } from './table.ts';
import { usage } from './usage.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;
/** A terminal sends Ctrl-C to npm and to us, and npm passes it on: so soon after the first it is the same one. */
const ECHO_MS = 1000;

export const serve: Command = {
  path: ['serve'],
  summary: 'run the server',
  description: 'Runs the server on a data folder until it is asked to end (Ctrl-C or SIGTERM; a second one ends it at once). It listens on this machine alone, unless --host says otherwise: --host 0.0.0.0 for every network it is on. '
    + 'Other machines reach it over TLS alone, with the token that it prints. With --json it prints one line when it is ready: {"url","token","pid",…}. '
    + 'With --package-server it joins a console, once, and holds copies of its images for the computers near it; the console prints the command (`platen server add NAME`). The data folder remembers it: later `platen serve --data DIR` alone is enough. A package server listens on every network.',
  positionals: [],
  options: {
    host: { value: 'ADDR', help: 'the address to listen on (127.0.0.1; 0.0.0.0 for all)' },
    'http-port': { value: 'N', help: 'the port for console, commands and agents (8420; 0 picks a free one)' },
    'package-server': { help: 'be a package server of a console' },
    join: { value: 'URL', help: 'the console to join, the first time (with --package-server)' },
    'join-token': { value: 'TOKEN', help: 'the one-time token that the console printed' },
    interface: { value: 'IF', help: 'the adapter that computers boot from (with --dhcp)' },
    dhcp: { value: 'off|proxy|lab', help: 'network boot: proxy beside another DHCP server, or lab on an isolated network; kept for later starts' },
    'dhcp-pool': { value: 'FIRST-LAST', help: 'addresses that lab mode gives (the free upper half of the subnet)' },
    'dhcp-port': { value: 'N', help: 'UDP port for DHCP (67)' },
    'pxe-port': { value: 'N', help: 'UDP port for PXE boot servers (4011)' },
    'tftp-port': { value: 'N', help: 'UDP port for TFTP (69)' },
    'boot-port': { value: 'N', help: 'TCP port that boot loaders fetch from (8430)' },
  },
  examples: ['platen serve', 'platen serve --host 0.0.0.0 --data /srv/platen', 'platen serve --interface eth1 --dhcp proxy', 'platen serve --json --http-port 0', 'platen serve --package-server --join https://192.168.1.5:8420 --join-token join1.… --data /srv/platen'],
  run,
};

async function run(context: CommandContext): Promise<Outcome> {
  const port = numberOf(context.input, 'http-port', { least: 0, most: 65_535 });
  const host = context.input.texts['host'];
  roleOf(context);
  const ending = untilAskedToEnd();
  // Loaded only here: the other commands answer faster without the server's code.
  const { startServer } = await import('../server.ts');
  const { version, rendererFolder, bootPlaces } = await findInstallation();
  const server = await startServer({ dataFolder: context.dataFolder, ...(host === undefined ? {} : { host }), packageServer: roleOf(context), version, rendererFolder, bootPlaces, bootPorts: bootPortsOf(context), ...bootChoiceOf(context), ...(port === undefined ? {} : { httpPort: port }) });
  const ready = { url: server.url, token: server.token, pid: process.pid, fingerprint: server.fingerprint, dataFolder: server.dataFolder, addresses: server.addresses, role: server.role, console: server.console };
  // The ready line is this command's one document; nothing follows it on standard output.
  context.print(context.json ? JSON.stringify(ready) : readyText(ready));
  const signal = await ending;
  if (!context.json) context.say(`${signal}: work under way is brought to a safe end. A second one ends it at once.`);
  try {
    await server.close();
    return { text: '' };
  } catch (error) {
    context.say(toAppError(error, 'closing the server').message);
    return { text: '', exitCode: 1 };
  }
}

function bootPortsOf({ input }: CommandContext): Partial<BootPorts> {
  const options = { 'dhcp-port': 'dhcp', 'pxe-port': 'pxe', 'tftp-port': 'tftp', 'boot-port': 'http' } as const;
  return Object.fromEntries(Object.entries(options).flatMap(([option, name]) => {
    const port = numberOf(input, option, { least: 0, most: 65_535 });
    return port === undefined ? [] : [[name, port]];
  }));
}

function bootChoiceOf({ input }: CommandContext): { bootChoice?: BootChoice } {
  const { dhcp, interface: adapter, 'dhcp-pool': pool } = input.texts;
  if (dhcp === undefined) {
    if (adapter !== undefined || pool !== undefined) throw usage('--interface and --dhcp-pool belong to --dhcp proxy or --dhcp lab.', 'platen serve');
    return {};
  }
  return { bootChoice: readBootChoice({ mode: dhcp, adapter, pool }, 'platen serve') };
}

function roleOf({ input }: CommandContext): RoleChoice {
  const { join: url, 'join-token': token } = input.texts;
  const packageServer = input.switches.has('package-server');
  if (!packageServer && (url !== undefined || token !== undefined)) throw usage('--join and --join-token belong to --package-server.', 'platen serve');
  if ((url === undefined) !== (token === undefined)) throw usage('Joining needs both, --join URL and --join-token TOKEN. The console prints them: platen server add NAME', 'platen serve');
  return { packageServer, join: url === undefined || token === undefined ? null : { url, token } };
}

/** The first signal; from then on a second one ends the process without waiting for anything. */
function untilAskedToEnd(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const meaning = signalMeaning();
    for (const signal of signals) {
      process.on(signal, () => {
        const meant = meaning(signal, performance.now());
        if (meant === 'end-now') process.exit(1);
        if (meant === 'end') resolve(signal);
      });
    }
  });
}

/** What each signal means, told in the order they come: the first ends, its echo is nothing, another one ends at once. */
export function signalMeaning(): (signal: NodeJS.Signals, atMs: number) => 'end' | 'echo' | 'end-now' {
  let first: { signal: NodeJS.Signals; atMs: number } | null = null;
  return (signal, atMs) => {
    if (first === null) {
      first = { signal, atMs };
      return 'end';
    }
    return first.signal === signal && atMs - first.atMs < ECHO_MS ? 'echo' : 'end-now';
  };
}

type Ready = { url: string; token: string; pid: number; dataFolder: string; addresses: readonly string[]; role: 'console' | 'package-server'; console: string | null };
export function readyText(ready: Ready): string {
  const others = ready.addresses.length === 0 ? 'this machine only (--host 0.0.0.0 lets others reach it)' : ready.addresses.join('\n');
  const isConsole = ready.role === 'console';
  return `Platen is running${isConsole ? '' : ` as a package server of the console "${printable(ready.console ?? '')}"`}.\n${pairs([
    [isConsole ? '  Console' : '  Its own page', `${ready.url}/#token=${ready.token}`], ['  Token', ready.token], ['  For others', others], ['  Data folder', ready.dataFolder],
    ['  To stop it', `Ctrl-C, or: kill ${ready.pid}`],
  ])}`;
}
