// Owns `platen boot`: how network boot serves, the boot environment, traces and the preflight.
import type { BootStatus, BootTrace, PreflightCheck } from '#shared/model/boot.ts';
import { formatBytes } from '#shared/units.ts';
import { openEnvironment } from '../boot/environment/service.ts';
import { readBootChoice } from './boot-choice.ts';
import type { Command } from './command.ts';
import { numberOf } from './inputs.ts';
import { findInstallation } from './installation.ts';
import { pairs, printable, table } from './table.ts';
import { formatTime } from './words.ts';

export const bootStatus: Command = {
  path: ['boot', 'status'], summary: 'how network boot serves, and what with', positionals: [], options: {}, examples: ['platen boot status'],
  description: 'Shows whether network boot serves, on which adapter and ports, the boot environment, and the addresses that lab mode gave.',
  run: async ({ api }) => {
    const status = await (await api()).boot.status.query();
    return { json: status, text: statusText(status), exitCode: status.state === 'stopped' ? 1 : 0 };
  },
};

export const bootAdapters: Command = {
  path: ['boot', 'adapters'], summary: 'network adapters of the server', positionals: [], options: {}, examples: ['platen boot adapters'],
  description: 'Lists the adapters of the machine that the server runs on: address, link, kind, and the pool that lab mode would give from.',
  run: async ({ api }) => {
    const adapters = await (await api()).boot.adapters.query();
    const text = table(adapters, [
      { title: 'ADAPTER', text: (adapter) => printable(adapter.name) }, { title: 'ADDRESS', text: (adapter) => (adapter.address === '' ? 'none' : `${adapter.address}/${adapter.prefixLength}${adapter.otherAddresses === undefined ? '' : ` (also ${adapter.otherAddresses.join(', ')})`}`) },
      { title: 'KIND', text: (adapter) => adapter.kind }, { title: 'LINK', text: (adapter) => (adapter.link ? 'yes' : 'no') }, { title: 'SPEED', text: (adapter) => (adapter.speedMbits === null ? '' : `${adapter.speedMbits} Mbit/s`) },
      { title: 'LAB POOL', text: (adapter) => (adapter.pool === null ? '' : `${adapter.pool.first}-${adapter.pool.last}`) },
    ]);
    return { json: adapters, text };
  },
};

export const bootUse: Command = {
  path: ['boot', 'use'], summary: 'serve network boot on an adapter, or stop', positionals: [{ name: 'off|proxy|lab', required: true }],
  description: 'Starts or stops network boot; what is chosen holds after a restart. proxy serves beside the DHCP server that gives the addresses; lab gives addresses itself and is for isolated networks alone: it stops when it hears another DHCP server. Nothing is opened before an adapter is chosen.',
  options: { interface: { value: 'IF', help: 'the adapter that the computers are connected to' }, 'dhcp-pool': { value: 'FIRST-LAST', help: 'addresses that lab mode gives (the free upper half of the subnet)' } },
  examples: ['platen boot use proxy --interface eth1', 'platen boot use lab --interface eth1 --dhcp-pool 10.0.0.100-10.0.0.199', 'platen boot use off'],
  run: async ({ api, input }) => {
    const choice = readBootChoice({ mode: input.positionals[0] ?? '', adapter: input.texts['interface'], pool: input.texts['dhcp-pool'] }, 'platen boot use');
    const status = await (await api()).boot.choose.mutate(choice);
    return { json: status, text: statusText(status) };
  },
};

export const bootBuild: Command = {
  path: ['boot', 'build'], summary: 'build the boot environment from Debian\'s packages', positionals: [], options: { level: { value: '1-19', help: 'how hard to compress (6; 19 is smallest and takes minutes)' } },
  description: 'Assembles kernel, tools, Node, drivers and boot loaders from Debian\'s packages; needs a Debian system with apt and the network at the first time, and asks no server. A build whose inputs did not change makes nothing anew. A server that runs serves the new one from its next start, or when it was asked to build.',
  examples: ['platen boot build', 'platen boot build --level 19'],
  run: async ({ input, say, json }) => {
    const { bootPlaces } = await findInstallation();
    let said = 0;
    const environment = openEnvironment(bootPlaces, () => {
      const { log } = environment.view();
      if (!json) for (const line of log.slice(said)) say(line);
      said = log.length;
    });
    const record = await environment.build(numberOf(input, 'level', { least: 1, most: 19 }));
    const { packages, ...rest } = record;
    return { json: { ...rest, packages: packages.length }, text: `Kernel ${record.kernelVersion}, base archive ${formatBytes(record.baseBytes)} (level ${record.level}), from ${packages.length} packages; loaders: ${record.loaders.map((loader) => `${loader.name} ${loader.version}`).join(', ')}.` };
  },
};

export const bootTrace: Command = {
  path: ['boot', 'trace'], summary: 'the last boots, stage by stage', positionals: [{ name: 'COMPUTER', required: false }], options: { limit: { value: 'N', help: 'how many boots (10)' } },
  description: 'Shows the last boots from the network, of one computer or of all: each stage with its time, or the stage where it stopped and what to try.',
  examples: ['platen boot trace', 'platen boot trace LAB-12 --limit 1'],
  run: async ({ api, input }) => {
    const server = await api();
    const [name] = input.positionals;
    const computer = name === undefined ? undefined : (await server.computers.get.query({ computer: name })).id;
    const traces = await server.boot.traces.query({ limit: numberOf(input, 'limit', { least: 1, most: 500 }) ?? 10, ...(computer === undefined ? {} : { computer }) });
    return { json: traces, text: traces.length === 0 ? 'No boot from the network was seen yet. Switch a computer on that starts from its network adapter.' : traces.map(traceText).join('\n\n') };
  },
};

export const bootPreflight: Command = {
  path: ['boot', 'preflight'], summary: 'check everything before the first computer is switched on', positionals: [], options: {}, examples: ['platen boot preflight'],
  description: 'Checks adapter, ports, other DHCP servers on the wire, the boot files (fetched over TFTP and HTTP as a computer would) and free space, and says what to do about each that is not right.',
  run: async ({ api }) => {
    const checks = await (await api()).boot.preflight.mutate();
    return { json: checks, text: checks.map(checkText).join('\n'), exitCode: checks.some((check) => check.state === 'failed') ? 1 : 0 };
  },
};

const marks: Record<PreflightCheck['state'], string> = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ', skipped: 'skipped' };
function checkText({ state, title, text, advice }: PreflightCheck): string {
  return `${marks[state]}  ${title}: ${printable(text)}${advice === '' ? '' : `\n         ${printable(advice)}`}`;
}

function statusText({ state, choice, address, ports, problem, environment, leases }: BootStatus): string {
  const words = { off: 'off', starting: 'starting', serving: 'serving', stopped: 'stopped' }[state];
  const head = pairs([
    ['Network boot', words], ['Mode', choice.mode], ['Adapter', choice.mode === 'off' ? '' : `${choice.adapter}${address === '' ? '' : ` (${address})`}`],
    ['Ports', ports === null ? '' : `DHCP ${ports.dhcp}, PXE ${ports.pxe}, TFTP ${ports.tftp}, HTTP ${ports.http}`], ['Problem', printable(problem ?? '')],
    ['Environment', environment.state === 'ready' ? `kernel ${environment.kernelVersion}, ${formatBytes(environment.baseBytes)}` : environment.state === 'missing' ? 'not built yet: platen boot build' : environment.state],
    ['Loaders', environment.loaders.map((loader) => loader.name).join(', ')],
    ...(environment.signed.files.length === 0 ? [] : [['Signed iPXE', `${environment.signed.state === 'ready' ? 'in use' : 'not complete'}: ${environment.signed.files.map((file) => printable(file.problem === null ? `${file.name} (${file.signers[0] ?? ''})` : `${file.name}: ${file.problem}`)).join('; ')}. ${printable(environment.signed.text)}`] as [string, string]]),
  ]);
  if (leases.length === 0) return head;
  return `${head}\n\n${table(leases, [
    { title: 'ADDRESS', text: (lease) => lease.address }, { title: 'MAC', text: (lease) => lease.mac }, { title: 'COMPUTER', text: (lease) => printable(lease.computerName === '' ? lease.hostname : lease.computerName) },
    { title: 'STATE', text: (lease) => lease.state }, { title: 'ENDS', text: (lease) => formatTime(lease.endsAt) },
  ])}`;
}

function traceText(trace: BootTrace): string {
  const name = trace.computerName === '' ? trace.mac : `${trace.computerName} (${trace.mac})`;
  const rows = trace.events.map((event) => `  ${formatSeconds(event.at - trace.startedAt)}  ${event.problem ? '!' : ' '} ${event.stage.padEnd(11)} ${printable(event.text)}`);
  const end = trace.outcome === 'stopped' ? [`  stopped at ${trace.stoppedAt ?? 'an unknown stage'}: ${printable(trace.advice ?? '')}`] : [];
  return [`${printable(name)}, ${trace.firmware === '' ? 'firmware not known' : trace.firmware}, ${formatTime(trace.startedAt)}: ${trace.outcome}`, ...rows, ...end].join('\n');
}
function formatSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`;
}
