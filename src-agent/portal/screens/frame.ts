// Owns what every screen has: title bar, body, the line of keys and the bottom line. A screen gives its body, its keys and nothing else.
// 80×25 is the measure; more room is used for longer lists and keeps the body in the middle, less drops what is least needed.
import { formatDuration } from '#shared/units.ts';
import { Canvas, CellBuffer } from '../cells.ts';
import type { Size } from '../cells.ts';
import type { Charset } from '../charset.ts';
import { defaultPortalSettings } from '#shared/model/server.ts';
import type { PortalState } from '../state.ts';

export type ViewContext = { size: Size; charset: Charset; /** A time of day in this computer's zone: "12:04:31". */ clock: (at: number) => string };
/** As the person presses it, and what it does: ["Enter", "choose"]. */
export type KeyHint = readonly [key: string, does: string];
export type Screen = { keys: readonly KeyHint[]; body: (canvas: Canvas) => void };

const bodyColumns = 74;
const mostBodyRows = 34;
/** One after the other: a line has no room for all. */
const warningMs = 5000;

export function drawFrame(state: PortalState, context: ViewContext, screen: Screen): CellBuffer {
  const buffer = new CellBuffer(context.size);
  const whole = new Canvas(buffer, context.charset);
  const { columns, rows } = context.size;
  const isLow = rows < 20;
  const isNarrow = columns < 60;
  const width = Math.min(bodyColumns, columns - (isNarrow ? 2 : 6));
  const left = Math.max(isNarrow ? 1 : 3, Math.floor((columns - width) / 2));
  const edges: Edges = { left: left - 1, right: Math.min(columns - 1, left + width + (isNarrow ? 0 : 1)) };
  drawTitle(whole.area(0, 0, 1, columns), state, edges);
  if (rows < 4) return buffer;
  drawStatus(whole.area(rows - 1, 0, 1, columns), state, context, edges);
  drawKeys(whole.area(rows - 2, 0, 1, columns), screen.keys, edges);
  const banner = bannerOf(state, context);
  if (banner !== null) drawBanner(whole.area(1, 0, 1, columns), banner, edges);
  const top = isLow ? (banner === null ? 1 : 2) : banner === null ? 2 : 3;
  const bottom = isLow && state.note === null ? rows - 2 : rows - 3;
  const room = bottom - top;
  const height = Math.min(mostBodyRows, room);
  screen.body(whole.area(top + Math.floor((room - height) / 2), left, height, width));
  if (state.note !== null) whole.text(rows - 3, left, state.note.text, { role: 'warn', width });
  return buffer;
}

type Edges = { left: number; right: number };

function drawTitle(canvas: Canvas, state: PortalState, edges: Edges): void {
  canvas.fill('title');
  const name = state.open === null ? '' : state.open.named ? state.open.computerName : 'new computer';
  const space = Math.min(canvas.measure(name), Math.floor((edges.right - edges.left) / 2));
  canvas.text(0, edges.left, state.open?.settings.portalTitle ?? defaultPortalSettings.portalTitle, { role: 'titleStrong', width: edges.right - edges.left - space - 2 });
  canvas.text(0, edges.right - space, name, { role: 'title', width: space, elide: 'middle' });
}

/** model · serial · address · server · clock; where they don't fit, the first ones go first. */
function drawStatus(canvas: Canvas, state: PortalState, context: ViewContext, edges: Edges): void {
  canvas.fill('status');
  const { machine, server } = state;
  const clock = context.clock(state.now);
  const parts = [machine?.model ?? '', machine?.serial ?? '', machine?.address ?? '', server === null || server.name === '' ? '' : `server ${server.name}`].filter((part) => part !== '');
  const separator = canvas.charset === 'ascii' ? ' | ' : ' · ';
  const room = edges.right - edges.left - canvas.measure(clock) - 2;
  let shown = parts;
  while (shown.length > 1 && canvas.measure(shown.join(separator)) > room) shown = shown.slice(1);
  canvas.text(0, edges.left, shown.join(separator), { role: 'status', width: Math.max(0, room), elide: 'middle' });
  canvas.text(0, edges.right - canvas.measure(clock), clock, { role: 'status' });
}

function drawKeys(canvas: Canvas, keys: readonly KeyHint[], edges: Edges): void {
  let at = edges.left + (edges.left > 1 ? 1 : 0);
  for (const [key, does] of keys) {
    if (at + canvas.measure(`${key} ${does}`) > edges.right) break;
    at = canvas.text(0, at, key, { role: 'key' });
    at = canvas.text(0, at + 1, does) + 3;
  }
}

/** The server went away after it was there: said on every screen, and what that means for the work. Else what is wrong with this computer. */
function bannerOf(state: PortalState, context: ViewContext): string | null {
  if (state.server?.state !== 'away' || state.stage.kind === 'connecting' || state.stage.kind === 'fatal') return state.warnings[Math.floor(state.now / warningMs) % state.warnings.length] ?? null;
  const { since, nextTryAt, reason } = state.server;
  const next = nextTryAt === null ? 'trying now' : `next try in ${formatDuration((nextTryAt - state.now) / 1000)}`;
  const work = state.stage.kind === 'run' ? ' What needs it waits.' : '';
  return `Server away since ${context.clock(since).slice(0, 5)}, ${next}.${work} ${reason}`;
}

function drawBanner(canvas: Canvas, text: string, edges: Edges): void {
  canvas.fill('banner');
  canvas.text(0, edges.left, text, { role: 'banner', width: edges.right - edges.left });
}
