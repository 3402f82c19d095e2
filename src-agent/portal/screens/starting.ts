// Owns the screens before the menu: the server is looked for, cannot be used, does not know which computer this is; the countdown.
import { fromWire } from '#shared/errors.ts';
import { formatDuration } from '#shared/units.ts';
import type { Canvas } from '../cells.ts';
import type { PortalState, Stage } from '../state.ts';
import type { Screen, ViewContext } from './frame.ts';
import { drawChoices } from './choices.ts';

type Of<K extends Stage['kind']> = Extract<Stage, { kind: K }>;

export function connectingScreen(state: PortalState, context: ViewContext): Screen {
  return { keys: [['Esc', 'start from disk']], body: (canvas) => drawConnecting(canvas, state, context) };
}

function drawConnecting(canvas: Canvas, state: PortalState, context: ViewContext): void {
  const { server } = state;
  if (server === null || server.state === 'open') {
    canvas.text(0, 0, server === null ? 'Starting' : `Connected to ${server.name}`, { role: 'heading' });
    canvas.text(2, 0, server === null ? 'Looking at this computer…' : 'Fetching the menu…');
    return;
  }
  canvas.text(0, 0, server.state === 'away' ? 'The server is away' : 'Connecting to the server', { role: 'heading' });
  let row = canvas.text(2, 0, 'Server  ', { role: 'quiet' }) && 2;
  canvas.text(row, 10, server.name, { role: 'strong', elide: 'middle' });
  row += 1;
  if (server.reason !== '') {
    canvas.text(row, 0, 'Why', { role: 'quiet' });
    row = canvas.paragraph(row, 10, server.reason, { role: 'warn', rows: 5 });
  }
  canvas.text(row, 0, 'Since', { role: 'quiet' });
  canvas.text(row, 10, `${context.clock(server.since)}, for ${formatDuration((state.now - server.since) / 1000)}`);
  canvas.text(row + 1, 0, 'Next try', { role: 'quiet' });
  canvas.text(row + 1, 10, server.nextTryAt === null || server.nextTryAt <= state.now ? 'now' : `in ${formatDuration((server.nextTryAt - state.now) / 1000)}`);
  const help = 'It goes on by itself when the server answers. If it stays like this: is the server running, is the network cable in, and may this network reach the server?';
  if (state.now - server.since > 5000) canvas.paragraph(row + 3, 0, help, { role: 'quiet' });
}

export function fatalScreen(state: PortalState, stage: Of<'fatal'>): Screen {
  const error = fromWire(stage.error);
  return {
    keys: [['Esc', 'start from disk']],
    body: (canvas) => {
      canvas.text(0, 0, 'This computer can’t use the server', { role: 'bad' });
      const row = canvas.paragraph(2, 0, error.message, { rows: 10 });
      if (state.server !== null) canvas.text(row + 1, 0, `Server  ${state.server.name}`, { role: 'quiet', elide: 'middle' });
      canvas.text(row + 2, 0, 'Code    ', { role: 'quiet' });
      canvas.text(row + 2, 8, error.shortCode, { role: 'strong' });
      canvas.paragraph(row + 4, 0, 'Nothing was changed on this computer. It does not go on by itself: tell your administrator what stands here.');
    },
  };
}

export function candidatesScreen(state: PortalState, stage: Of<'candidates'>): Screen {
  const choices = [
    ...stage.candidates.map((each) => ({ label: each.name, detail: [each.model, each.serial === '' ? '' : `S/N ${each.serial}`, `seen ${ago(state.now - each.lastSeenAt)}`].filter((part) => part !== '').join(', ') })),
    { label: 'None of these', detail: 'it is new to Platen' },
  ];
  return {
    keys: stage.busy ? [] : [['Enter', 'this one'], ['Esc', 'back']],
    body: (canvas) => {
      canvas.text(0, 0, 'Which computer is this?', { role: 'heading' });
      let row = canvas.paragraph(2, 0, 'Several computers that Platen knows look like this one: they share a serial number or a network adapter. Look at the label on the machine.', { rows: 3 });
      row = drawChoices(canvas.area(row + 1, 0, canvas.rows - row - 4, canvas.columns), choices, stage.index) + row + 2;
      if (stage.busy) canvas.text(row, 0, 'Telling the server…', { role: 'quiet' });
      if (stage.problem !== null) canvas.paragraph(row, 0, stage.problem, { role: 'bad' });
    },
  };
}

export function ago(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  if (days > 0) return days === 1 ? 'yesterday' : `${days} days ago`;
  return `${formatDuration(Math.max(0, milliseconds) / 1000)} ago`;
}

export function countdownScreen(state: PortalState, stage: Of<'countdown'>): Screen {
  const seconds = Math.max(0, Math.ceil((stage.endsAt - state.now) / 1000));
  return {
    keys: [['i', 'open the menu'], ['Esc', 'start from disk now']],
    body: (canvas) => {
      const middle = Math.max(0, Math.floor(canvas.rows / 2) - 3);
      const first = canvas.measure('Press  i  to choose what to do with this computer');
      const left = Math.max(0, Math.floor((canvas.columns - first) / 2));
      let at = canvas.text(middle, left, 'Press ');
      at = canvas.text(middle, at, ' i ', { role: 'selected' });
      canvas.text(middle, at, ' to choose what to do with this computer');
      at = canvas.text(middle + 2, left, 'Starting from disk in ');
      at = canvas.text(middle + 2, at, String(seconds), { role: 'strong' });
      canvas.text(middle + 2, at, ' s');
    },
  };
}

export function leaveScreen(stage: Of<'leave'>): Screen {
  const waits = stage.back.kind === 'ask';
  return {
    keys: [['Enter', 'leave'], ['Esc', 'stay']],
    body: (canvas) => {
      canvas.text(0, 0, 'Leave the portal?', { role: 'heading' });
      const row = canvas.paragraph(2, 0, 'Nothing is running. The portal ends and this computer starts as usual, from its disk.');
      if (waits) canvas.paragraph(row + 1, 0, 'The interrupted run keeps waiting for somebody to decide, here or in the console.');
    },
  };
}
