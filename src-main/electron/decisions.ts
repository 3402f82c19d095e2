// What the desktop does when: pure decisions, so that they are tested without Electron. Everything else in this folder only
// carries them out.
import { activityWords, isRefused, needsPerson, runFraction, runOnComputer } from '#shared/model/run-words.ts';
import { isFinal } from '#shared/model/run.ts';
import type { RunView } from '#shared/model/run.ts';
import type { Settings } from '#shared/model/server.ts';

export type Work = { running: number; waiting: number };

export function workOf(active: readonly RunView[]): Work {
  return { running: active.filter((run) => run.state === 'running').length, waiting: active.filter((run) => run.state === 'queued' || run.state === 'waiting').length };
}

/** "3 running · 2 waiting" */
export function workText({ running, waiting }: Work): string {
  if (running + waiting === 0) return 'Nothing is running';
  return [running > 0 ? `${running} running` : '', waiting > 0 ? `${waiting} waiting` : ''].filter((part) => part !== '').join(' · ');
}

/** owns: the server runs in this process and would end with it. */
export type Closing = { owns: boolean; work: Work; whenClosed: Settings['whenClosed'] };

/** Closing the window ends nothing that works: it hides, or a person is asked. Somebody else's server goes on by itself. */
export function closeDecision({ owns, work, whenClosed }: Closing): 'quit' | 'hide' | 'ask' {
  if (!owns || work.running + work.waiting === 0) return 'quit';
  return { ask: 'ask', tray: 'hide', quit: 'quit' }[whenClosed] as 'quit' | 'hide' | 'ask';
}

/** *Quit* in the tray asks where runs would be cut off; somebody who has just said so is not asked twice. */
export function quitDecision({ owns, work }: Omit<Closing, 'whenClosed'>): 'quit' | 'ask' {
  return owns && work.running > 0 ? 'ask' : 'quit';
}

/** Sleep is held off while something runs, and no longer. */
export function sleepDecision(held: boolean, work: Work): 'hold' | 'release' | null {
  if (work.running > 0) return held ? null : 'hold';
  return held ? 'release' : null;
}

export type TrayEntry = { label: string; page: string | null; action: 'none' | 'open' | 'quit' } | 'separator';
const trayRuns = 5;

export function trayEntries(active: readonly RunView[]): TrayEntry[] {
  const shown = active.filter((run) => run.state === 'running' || needsPerson(run)).toSorted((left, right) => Number(needsPerson(right)) - Number(needsPerson(left)) || left.startedAt - right.startedAt).slice(0, trayRuns);
  return [
    { label: workText(workOf(active)), page: '/activity', action: 'open' },
    ...shown.map((run): TrayEntry => ({ label: runLine(run), page: `/run/${run.id}`, action: 'open' })),
    'separator', { label: 'Open Platen', page: null, action: 'open' }, { label: 'Quit Platen', page: null, action: 'quit' },
  ];
}

function runLine(run: RunView): string {
  if (needsPerson(run)) return `${run.computerName}: waits for a person`;
  const fraction = runFraction(run.progress);
  return `${run.computerName}: ${activityWords(run)}${fraction === null ? '' : ` ${Math.floor(fraction * 100)} %`}`;
}

export type Notice = { title: string; body: string; page: string };
const manyNotices = 3;

/**
 * What somebody must hear of between two sights of the runs: one that waits for a person, failed, or went silent. A run seen for
 * the first time tells nothing (the desktop has just started), unless it waits for a person.
 */
export function noticesOf(before: ReadonlyMap<string, RunView>, now: readonly RunView[]): Notice[] {
  const found = now.flatMap((run): { kind: string; notice: Notice }[] => {
    const was = before.get(run.id);
    const page = `/run/${run.id}`;
    if (needsPerson(run) && (was === undefined || !needsPerson(was))) return [{ kind: 'wait for a person', notice: { title: `${run.computerName} waits for a person`, body: `${runOnComputer(run)} was cut off and does not go on without a word.`, page } }];
    if (was === undefined || isFinal(was.state) || was.state === run.state) return [];
    if (run.state === 'failed') return [{ kind: 'failed', notice: { title: `${runOnComputer(run)} ${isRefused(run) ? 'was refused' : 'failed'}`, body: firstLine(run.error?.message ?? ''), page } }];
    if (run.state === 'lost') return [{ kind: 'went silent', notice: { title: `${run.computerName} has gone silent`, body: `${runOnComputer(run)} goes on when it is back.`, page } }];
    return [];
  });
  if (found.length <= manyNotices) return found.map(({ notice }) => notice);
  // A switch that fails takes a whole room along: that is one thing to hear of, not thirty.
  const kinds = [...new Set(found.map(({ kind }) => kind))].map((kind) => `${found.filter((each) => each.kind === kind).length} ${kind}`);
  return [{ title: `${found.length} runs need a look`, body: kinds.join(', '), page: '/activity' }];
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 200);
}

export type Area = { x: number; y: number; width: number; height: number };
export type WindowState = Area & { maximized: boolean };
export type WindowPlace = { x?: number; y?: number; width: number; height: number; maximized: boolean };
const defaultSize = { width: 1440, height: 900 };
export const smallestWindow = { width: 960, height: 600 };
/** So much of the title bar must lie on a display that one can take hold of it. */
const grip = { width: 120, height: 32 };

/** Where the window was, on a display that still exists; no larger than that display. Without a place the system chooses one. */
export function windowPlace(saved: WindowState | null, displays: readonly Area[]): WindowPlace {
  if (saved === null) return { ...fitting(defaultSize, displays[0]), maximized: false };
  const display = displays.find((area) => overlap(saved.x, saved.width, area.x, area.width) >= grip.width && saved.y >= area.y - 8 && saved.y + grip.height <= area.y + area.height);
  if (display === undefined) return { ...fitting(saved, displays[0]), maximized: saved.maximized };
  const size = fitting(saved, display);
  return { x: Math.round(saved.x), y: Math.round(Math.max(saved.y, display.y)), ...size, maximized: saved.maximized };
}

function fitting(size: { width: number; height: number }, display: Area | undefined): { width: number; height: number } {
  const within = (wanted: number, least: number, most: number): number => Math.round(Math.min(Math.max(wanted, least), Math.max(most, least)));
  return { width: within(size.width, smallestWindow.width, display?.width ?? size.width), height: within(size.height, smallestWindow.height, display?.height ?? size.height) };
}
function overlap(a: number, aLength: number, b: number, bLength: number): number {
  return Math.min(a + aLength, b + bLength) - Math.max(a, b);
}

/** Electron's word for the certificate that a token names (64 hex digits), by which the window knows its server. */
export function certificateWord(token: string): string | null {
  const hex = /^[^.]+\.[^.]+\.([0-9a-f]{64})$/.exec(token)?.[1];
  return hex === undefined ? null : `sha256/${Buffer.from(hex, 'hex').toString('base64')}`;
}

/** The desktop's own autostart entry on Linux (freedesktop.org, Desktop Application Autostart). */
export function autostartEntry(command: readonly string[]): string {
  // Reserved characters within double quotes take a backslash, and a backslash in a value is written twice (Desktop Entry, "Exec").
  const quoted = command.map((part) => `"${part.replaceAll(/["`$\\]/g, String.raw`\$&`).replaceAll('\\', String.raw`\\`).replaceAll('%', '%%')}"`).join(' ');
  return `[Desktop Entry]\nType=Application\nName=Platen\nComment=Images a room of PCs\nExec=${quoted}\nIcon=platen\nTerminal=false\nX-GNOME-Autostart-enabled=true\n`;
}
