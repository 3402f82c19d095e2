// The console in the person's own browser: its address, and opening it.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasDisplay } from './electron.mjs';

/**
 * The console's address out of the server's ready line, or null for any other line.
 * @param {string} line
 * @returns {string | null}
 */
export function addressOf(line) {
  try {
    const { url, token } = JSON.parse(line);
    return typeof url === 'string' && typeof token === 'string' ? `${url.replace(/\/$/, '')}/#token=${token}` : null;
  } catch {
    return null;
  }
}

/** @typedef {{ code: string, message: string, shortCode: string, folder?: string, pid?: number }} Refusal */
/**
 * Why the server did not start, out of the line it printed instead of its ready line; null for any other line.
 * @param {string} line
 * @returns {Refusal | null}
 */
export function refusalOf(line) {
  try {
    const { error } = JSON.parse(line);
    return typeof error?.code === 'string' && typeof error.message === 'string' ? error : null;
  } catch {
    return null;
  }
}

/**
 * The console's address of the server that runs on a data folder, as it noted it there; null where it can't be read.
 * @param {string} dataFolder
 */
export function runningAddress(dataFolder) {
  try {
    return addressOf(readFileSync(join(dataFolder, 'server.json'), 'utf8'));
  } catch {
    return null;
  }
}

/**
 * Opens an address where that is possible; the person must do it otherwise. Never under CI=true.
 * @param {string} address
 * @returns {boolean} whether a browser was asked to open it, or nobody is there to look
 */
export function openBrowser(address) {
  if (process.env['CI'] === 'true') return true;
  if (!hasDisplay()) return false;
  const opener = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open';
  if (process.platform === 'linux' && spawnSync('which', [opener], { stdio: 'ignore' }).status !== 0) return false;
  const browser = spawn(opener, [address], { stdio: 'ignore', detached: true });
  browser.on('error', () => process.stderr.write('the browser could not be opened; open the address yourself\n'));
  browser.unref();
  return true;
}
