// Finds Electron's runtime, or fetches it with Electron's own installer. Never require('electron') here: since version 42
// asking for the path is what starts a download.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePath, run } from './node.mjs';
import { root } from './sources.mjs';

const folder = join(root, 'node_modules', 'electron');
const fetchLimitMs = 300_000;

/** @returns {string | null} the runtime's program, or null where it is not there */
export function electronBinary() {
  const record = join(folder, 'path.txt');
  const name = existsSync(record) ? readFileSync(record, 'utf8').trim() : process.platform === 'win32' ? 'electron.exe' : 'electron';
  const path = join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(folder, 'dist'), name);
  return existsSync(path) ? path : null;
}

/** @returns {boolean} whether a window could be shown at all */
export function hasDisplay() {
  if (process.platform !== 'linux') return true;
  return (process.env['DISPLAY'] ?? '') !== '' || (process.env['WAYLAND_DISPLAY'] ?? '') !== '';
}

/**
 * Electron's program, fetched where that is allowed; else why there is none.
 * @returns {Promise<{ binary: string } | { reason: string }>}
 */
export async function findElectron() {
  if (process.env['PLATEN_ELECTRON'] === 'off') return { reason: 'PLATEN_ELECTRON=off' };
  if (!hasDisplay()) return { reason: 'there is no display here' };
  const present = electronBinary();
  if (present !== null) return { binary: present };
  if (process.env['CI'] === 'true') return { reason: "Electron's runtime is not here, and is never fetched with CI=true" };
  process.stderr.write("start: fetching Electron's runtime (once, about 120 MB)\n");
  const { code, output } = await run(nodePath(), [join(folder, 'install.js')], { stdio: ['ignore', 'pipe', 'pipe'], timeoutMs: fetchLimitMs });
  const fetched = electronBinary();
  if (code === 0 && fetched !== null) return { binary: fetched };
  const lines = output.split('\n').map((line) => line.trim());
  const cause = lines.find((line) => /ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN/.test(line)) ?? lines.find((line) => /error|failed/i.test(line)) ?? `its installer ended with ${code}`;
  return { reason: `Electron's runtime could not be fetched (${cause})` };
}
