import { execFileSync } from 'node:child_process';
import { writeFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keys, Pty } from '../../e2e/portal/pty.ts';
import { openPortal } from './portal.ts';
import { disk, NOW, open, utcClock } from './testing/scenes.ts';
import { emulated } from './testing/emulator.ts';
import type { PortalCommands } from './contract.ts';

const demo = join(import.meta.dirname, 'testing', 'demo.ts');
const here = join(import.meta.dirname, 'portal.ts');

function started(term: string, command: readonly string[] = [process.execPath, demo], size = { columns: 80, rows: 25 }): Pty {
  const pty = new Pty(command, { term, ...size });
  onTestFinished(() => pty.close());
  return pty;
}

test.each(['linux', 'vt100', 'xterm-256color'])('a technician deploys with a few keys in a real terminal (%s)', async (term) => {
  const pty = started(term);
  await pty.shows('Starting from disk in');
  pty.type('i');
  await pty.shows('Choose what to do with this computer');
  pty.type(keys.down + keys.up + keys.enter);
  await pty.shows('This computer is called LAB12-07');
  pty.type(keys.enter);
  await pty.shows('Will be erased');
  pty.type(keys.escape);
  await pty.shows('This computer is called LAB12-07');
  pty.type(`${keys.enter}${keys.enter}`);
  await pty.shows('of 31.2 GB');
  pty.type('c');
  await pty.shows('Cancel Windows 11 lab?');
  pty.type('y');
  await pty.shows('Cancelled');
  expect(pty.emulator.scrolled).toBe(0);
  pty.type(keys.enter);
  await pty.shows('Choose what to do with this computer');
  pty.type(keys.ctrlC);
  await pty.shows('Leave the portal?');
  pty.type(keys.enter);
  expect(await pty.ended).toBe(0);
});

/** A program that opens a portal and then does what the test says, and a shell after it that says how the terminal is. */
function program(after: string): string[] {
  const file = join(mkdtempSync(join(tmpdir(), 'platen-portal-')), 'program.ts');
  writeFileSync(file, `import { openPortal } from ${JSON.stringify(here)};\nopenPortal({ input: process.stdin, output: process.stdout, term: process.env.TERM, options: { straightToMenu: true }, commands: {} });\nsetTimeout(() => { ${after} }, 300);\n`);
  return ['/bin/sh', '-c', `${process.execPath} ${file} 2>/dev/null; echo; echo over; stty -a | grep -o -- '-*icanon\\|-*echo ' | tr '\\n' ' '; echo end`];
}

test.each([
  ['a crash', 'throw new Error("crash")'], ['process.exit', 'process.exit(3)'], ['SIGTERM', 'process.kill(process.pid, "SIGTERM")'], ['SIGHUP', 'process.kill(process.pid, "SIGHUP")'],
])('the terminal is left as it was found after %s', async (_how, after) => {
  const pty = started('xterm', program(after));
  const screen = await pty.shows(/over[\s\S]*end/);
  expect(screen).toMatch(/icanon echo\s+end/);
  expect(screen).not.toMatch(/-icanon|-echo/);
  for (const sequence of ['\x1b[?1049l', '\x1b[?25h', '\x1b[?7h', '\x1b[?2004l']) expect(pty.raw).toContain(sequence);
});

test('a terminal that can only print gets each screen as text, without a single control sequence', async () => {
  const pty = started('dumb');
  await pty.shows('Starting from disk in');
  pty.type('i');
  await pty.shows('Windows 11 teacher');
  pty.type(keys.ctrlC);
  await pty.shows('Leave the portal?');
  expect(pty.raw).not.toContain('\x1b');
  pty.type(keys.enter);
  expect(await pty.ended).toBe(0);
});

const commands: PortalCommands = { identify: async () => undefined, checkName: async () => null, pick: async () => undefined, resume: async () => undefined, cancelRun: async () => undefined, messageRead: () => undefined, proceed: () => undefined, leave: () => undefined };

test('a change of size draws everything anew in the new size', async () => {
  const large = { columns: 100, rows: 40 };
  const terminal = emulated(large);
  Object.assign(terminal.output, { columns: 80, rows: 25 });
  const face = openPortal({ ...terminal, term: 'linux', commands, options: { straightToMenu: true }, now: () => NOW, clock: utcClock });
  onTestFinished(() => face.close());
  face.tell({ type: 'machine', machine: { model: 'M', serial: 'S', address: 'A' }, disks: [disk] });
  face.tell({ type: 'open', open });
  await terminal.settled();
  expect([terminal.emulator.lines()[24]?.includes('12:04:31'), terminal.emulator.lines()[39]]).toEqual([true, '']);
  Object.assign(terminal.output, large);
  terminal.output.emit('resize');
  await terminal.settled();
  expect([terminal.emulator.lines()[24]?.includes('12:04:31'), terminal.emulator.lines()[39]?.includes('12:04:31')]).toEqual([false, true]);
});

test('the first picture is drawn as soon as it opens', async () => {
  const terminal = emulated({ columns: 80, rows: 25 });
  const face = openPortal({ ...terminal, term: 'linux', commands, options: { straightToMenu: true } });
  onTestFinished(() => face.close());
  await terminal.settled();
  expect(terminal.emulator.text()).toContain('Looking at this computer');
});

test.runIf(process.platform === 'linux')('script and stty, which these tests need, are there', () => {
  expect(execFileSync('stty', ['--version'], { encoding: 'utf8' })).toContain('stty');
});
