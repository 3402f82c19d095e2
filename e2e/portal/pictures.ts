// Turns what a terminal shows into a picture: its cells as an HTML page, and that through Chromium. For documentation and for people
// who want to look: node e2e/portal/pictures.ts OUT [linux|vt100|xterm] [80x25] [scene…] makes one of every screen, and sheet.png of all.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { capabilitiesOf } from '../../src-agent/portal/capabilities.ts';
import { ScreenDiff } from '../../src-agent/portal/diff.ts';
import { Emulator } from '../../src-agent/portal/testing/emulator.ts';
import type { EmulatedCell } from '../../src-agent/portal/testing/emulator.ts';
import { play, scenes, utcClock } from '../../src-agent/portal/testing/scenes.ts';
import type { Scene } from '../../src-agent/portal/testing/scenes.ts';
import { themeOf } from '../../src-agent/portal/theme.ts';
import { view } from '../../src-agent/portal/view.ts';
import config from '../../playwright.config.ts';

/** The colours of a text console and of a terminal window, and a vt100's phosphor. */
const palettes: Record<string, { colors: string[]; ink: string; paper: string; boldIsBright: boolean }> = {
  linux: { colors: ['#000000', '#aa0000', '#00aa00', '#aa5500', '#0000aa', '#aa00aa', '#00aaaa', '#aaaaaa', '#555555', '#ff5555', '#55ff55', '#ffff55', '#5555ff', '#ff55ff', '#55ffff', '#ffffff'], ink: '#aaaaaa', paper: '#000000', boldIsBright: true },
  xterm: { colors: ['#000000', '#cd0000', '#00cd00', '#cdcd00', '#0000ee', '#cd00cd', '#00cdcd', '#e5e5e5', '#7f7f7f', '#ff0000', '#00ff00', '#ffff00', '#5c5cff', '#ff00ff', '#00ffff', '#ffffff'], ink: '#d8d8d8', paper: '#101214', boldIsBright: false },
  light: { colors: ['#000000', '#c01c28', '#26a269', '#a2734c', '#12488b', '#a347ba', '#2aa1b3', '#d0cfcc', '#5e5c64', '#f66151', '#33d17a', '#e9ad0c', '#2a7bde', '#c061cb', '#33c7de', '#ffffff'], ink: '#171421', paper: '#ffffff', boldIsBright: false },
  vt100: { colors: [], ink: '#33d17a', paper: '#07120b', boldIsBright: false },
};

export function pageOf(screens: readonly { name: string; cells: EmulatedCell[][] }[], palette: string): string {
  const look = palettes[palette] ?? palettes['xterm'];
  if (look === undefined) throw new Error(`no palette ${palette}`);
  const figures = screens.map(({ name, cells }) => `<figure><pre id="${escape(name)}">${cells.map((row) => `<div>${row.map((cell) => span(cell, look)).join('')}</div>`).join('')}</pre><figcaption>${escape(name)}</figcaption></figure>`);
  return `<!doctype html><meta charset="utf-8"><style>body{margin:12px;background:#3a3f44;display:flex;flex-wrap:wrap;gap:16px;width:max-content;max-width:2700px}figure{margin:0}figcaption{color:#fff;font:14px sans-serif;padding:4px}
pre{margin:0;background:${look.paper};color:${look.ink};font:16px/19px 'DejaVu Sans Mono',monospace;width:max-content}div{height:19px;white-space:nowrap}b,i{display:inline-block;font-style:normal;font-weight:400;height:19px;overflow:hidden;vertical-align:top;width:10px}</style>${figures.join('')}`;
}

function span(cell: EmulatedCell, look: NonNullable<(typeof palettes)[string]>): string {
  if (cell.width === 0) return '';
  const bright = cell.bold && look.boldIsBright;
  let ink = cell.ink === null ? (bright || (cell.bold && look.colors.length === 0) ? '#ffffff' : look.ink) : (look.colors[bright && cell.ink < 8 ? cell.ink + 8 : cell.ink] ?? look.ink);
  let paper = cell.paper === null ? look.paper : (look.colors[cell.paper] ?? look.paper);
  if (cell.inverse) [ink, paper] = [paper, cell.ink === null ? look.ink : ink];
  const weight = cell.bold && !look.boldIsBright ? ';font-weight:700' : '';
  return `<b style="color:${ink};background:${paper}${weight}${cell.width === 2 ? ';width:20px' : ''}">${escape(cell.char)}</b>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** A PNG of every screen, and one of all of them. */
export async function takePictures(out: string, screens: readonly { name: string; cells: EmulatedCell[][] }[], palette: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const browser = await chromium.launch(config.use?.launchOptions ?? {});
  try {
    const page = await browser.newPage({ viewport: { width: 2720, height: 1000 } });
    await page.setContent(pageOf(screens, palette));
    for (const { name } of screens) await page.locator(`[id="${name}"]`).screenshot({ path: join(out, `${name}.png`) });
    await page.screenshot({ path: join(out, 'sheet.png'), fullPage: true });
  } finally {
    await browser.close();
  }
}

/** What a terminal of this kind shows of a scene, by way of the bytes it gets. */
export async function shotOf(scene: Scene, term: string, size: { columns: number; rows: number }): Promise<{ name: string; cells: EmulatedCell[][] }> {
  const capabilities = capabilitiesOf(term);
  const state = play(scene);
  const diff = new ScreenDiff(size, themeOf(capabilities.colors, state.open?.settings.portalColor ?? 'blue'), capabilities);
  const emulator = new Emulator(size);
  await emulator.write(diff.cleared() + diff.piece(view(state, { size, charset: capabilities.charset, clock: utcClock }), Infinity).text);
  return { name: scene.name, cells: emulator.cells() };
}

if (process.argv[1] === import.meta.filename) {
  const [out = 'test-results/portal', term = 'linux', size = '80x25', ...names] = process.argv.slice(2);
  const [columns = 80, rows = 25] = size.split('x').map(Number);
  const wanted = scenes.filter((scene) => names.length === 0 || names.includes(scene.name));
  await takePictures(out, await Promise.all(wanted.map((scene) => shotOf(scene, term === 'light' ? 'xterm' : term, { columns, rows }))), term);
  process.stdout.write(`${wanted.length} pictures in ${out}\n`);
}
