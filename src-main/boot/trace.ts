// Owns the boot trace: how what the listeners tell becomes one boot of one computer, when it counts as stopped, where, and what to try
// next. Pure; the service keeps it and shows it.
import { bootStages, type BootStage } from '#shared/model/boot.ts';
import type { BootEvent } from './snapshot.ts';

export type TraceEvent = { at: number; stage: BootStage | 'note'; text: string; problem: boolean };
export type Trace = {
  mac: string; uuid: string; firmware: string; address: string; startedAt: number; endedAt: number | null;
  outcome: 'running' | 'done' | 'stopped'; stoppedAt: BootStage | null; advice: string | null; secureBoot: boolean; events: readonly TraceEvent[];
};

const MAX_EVENTS = 200;
/** A computer that asks again this long after its last sign of life begins another boot. */
const NEW_BOOT_MS = 5 * 60_000;
/** How long the stage after this one may take, in milliseconds; slow firmware and large archives are normal. */
const patience: Readonly<Record<BootStage, number>> = { asked: 30_000, offered: 60_000, loader: 90_000, script: 120_000, kernel: 240_000, environment: 180_000, hello: 0 };
/** A loader tries a file again at once. */
const BROKEN_MS = 30_000;
/** Between two signs of life of a fetch. */
const FETCHING_MS = 120_000;
const LAST_FILE = 'small.cpio';

export function beginTrace(event: BootEvent): Trace {
  return appendEvent({ mac: event.mac, uuid: '', firmware: '', address: '', startedAt: event.at, endedAt: null, outcome: 'running', stoppedAt: null, advice: null, secureBoot: false, events: [] }, event);
}

/** True where the event belongs to a boot after this one. */
export function startsAnother(trace: Trace, event: BootEvent): boolean {
  if (event.stage !== 'asked') return false;
  const last = trace.events.at(-1)?.at ?? trace.startedAt;
  return event.at - last > NEW_BOOT_MS || reached(trace) >= bootStages.indexOf('script');
}

export function appendEvent(trace: Trace, event: BootEvent): Trace {
  const { at, stage, text, problem, facts } = event;
  // Firmware asks several times a second at first: one line is enough.
  const last = trace.events.at(-1);
  // How far a fetch has come is the same line with another number, until it is done; where it breaks off, the number is worth knowing.
  const kept = last !== undefined && !problem && fetching(last.text) !== null && text.includes(` ${fetching(last.text)} over HTTP`) ? trace.events.slice(0, -1) : trace.events;
  const events = last?.text === text ? trace.events : [...kept, { at, stage, text, problem }].slice(-MAX_EVENTS);
  const ends: Trace['outcome'] = stage === 'hello' ? 'done' : facts.ends ?? 'running';
  const end = stage === 'note' ? {} : { outcome: ends, endedAt: ends === 'running' ? null : at, stoppedAt: ends === 'stopped' ? stage : null, advice: ends === 'stopped' ? text : null };
  return {
    ...trace, events, uuid: facts.uuid ?? trace.uuid, firmware: facts.firmware === undefined || facts.firmware === '' ? trace.firmware : facts.firmware, address: event.address === '' ? trace.address : event.address,
    secureBoot: facts.secureBoot ?? trace.secureBoot, ...end,
  };
}

/** The file's name in a line of progress. */
function fetching(text: string): string | null {
  return /^Fetching (\S+) over HTTP: /.exec(text)?.[1] ?? null;
}

/** Looked at now and then: a boot whose next stage did not come in its time has stopped. */
export function judge(trace: Trace, now: number): Trace {
  if (trace.outcome !== 'running') return trace;
  const at = reached(trace);
  const stage = bootStages[at] ?? 'asked';
  const last = trace.events.findLast((event) => event.stage !== 'note');
  if (now - (last?.at ?? trace.startedAt) < patienceFor(trace, stage, last?.problem === true)) return trace;
  // Told to wait for `i` and then start its disk, silence is what was asked for.
  if (stage === 'script' && trace.events.some((event) => event.stage === 'script' && event.text.includes('start the disk'))) return { ...trace, outcome: 'done', endedAt: now };
  return { ...trace, outcome: 'stopped', endedAt: now, stoppedAt: stage, advice: adviceFor(trace, stage) };
}

function patienceFor(trace: Trace, stage: BootStage, broken: boolean): number {
  // What broke off is not waited for as long as what is under way.
  if (broken) return Math.min(BROKEN_MS, patience[stage]);
  return stage === 'kernel' && !hasEverything(trace) ? FETCHING_MS : patience[stage];
}
/** The small archive is asked for last. */
function hasEverything(trace: Trace): boolean {
  return trace.events.some((event) => event.text.startsWith(`Fetched ${LAST_FILE} `));
}

export function reached(trace: Trace): number {
  return trace.events.reduce((most, event) => Math.max(most, event.stage === 'note' ? -1 : bootStages.indexOf(event.stage)), 0);
}

/** What came last, and what to try, for a person at the computer. */
export function adviceFor(trace: Trace, stage: BootStage): string {
  const uefi = trace.firmware.startsWith('UEFI');
  const problem = trace.events.findLast((event) => event.problem)?.text;
  switch (stage) {
    case 'asked':
      return problem ?? 'It asked, but got no answer. If another DHCP server gives addresses here, use proxy mode; if none does, use lab mode. A firewall on this machine may drop UDP port 67.';
    case 'offered':
      if (trace.address === '') return 'It was offered a loader, but it was not seen to take an address: probably no DHCP server gives one here. Look whether that server runs and has addresses left, and whether it is on this network; where there is none, use lab mode.';
      return 'It was offered a loader and did not fetch it. Check that UDP port 69 and the ports above 1023 are open on this machine, and that the computer got an address from the DHCP server beside this one.';
    case 'loader':
      if (problem?.startsWith('The loader ') === true && !trace.secureBoot) return `${problem} If that does not start either, look at the computer's screen, update its firmware, or start it from a boot medium.`;
      if (problem !== undefined && !trace.secureBoot) return `${problem} A bad cable, a switch port with the wrong duplex, or a firewall between them does this.`;
      if (trace.events.some((event) => event.text.includes('shimx64.efi') && event.stage === 'loader')) return 'The signed loader arrived and did not start either. This firmware may trust only Windows: switch on "Microsoft 3rd party UEFI CA" (or similar) in its setup, or switch Secure Boot off.';
      return uefi ? 'The loader arrived whole and never spoke again: the firmware refused it, as Secure Boot does. Switch Secure Boot off in its setup, or choose the signed loader for it; the next try gets the signed one by itself.'
        : 'The loader arrived whole and did not start. Switch the computer on again: after the second such try it gets the loader with the other kind of driver by itself. Look at its screen, too.';
    case 'script':
      return 'The loader was told what to do and did not begin to fetch the kernel. Check that the HTTP port of network boot is open on this machine.';
    case 'kernel':
      if (problem?.includes(' is missing on the server') === true) return `${problem} (platen boot build, or the button on the page Network boot).`;
      if (problem !== undefined && !trace.secureBoot) return `${problem}. The computer may have been switched off, a cable pulled, or a switch or firewall between them stopped it. Look at the computer's screen and switch it on again.`;
      if (!hasEverything(trace)) return `After “${trace.events.findLast((event) => event.stage === 'kernel')?.text ?? ''}” nothing more was fetched. The computer may have been switched off, or a cable pulled. Look at its screen and switch it on again.`;
      return 'Kernel and archives were fetched, and the environment did not start. The computer may have less than 1 GB of memory, or its screen shows why.';
    case 'environment':
    case 'hello':
      return 'The environment started and did not reach the server. Check cable and switch port (some block for up to 50 s), and that the server\'s port is open.';
  }
}
