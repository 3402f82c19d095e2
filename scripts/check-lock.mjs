// Guards package-lock.json; part of `npm run lint`. A half-published optional package is dropped from the lock silently by
// `npm install`, and only the next `npm ci` fails; an address would tie the lock to one registry.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isProgram, root } from './sources.mjs';

/**
 * @typedef {{ version?: string, resolved?: string, integrity?: string, link?: boolean, inBundle?: boolean,
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} LockEntry
 */

/**
 * What is wrong with a lock file, one sentence each.
 * @param {{ packages: Record<string, LockEntry> }} lock
 * @returns {string[]}
 */
export function lockProblems(lock) {
  /** @type {string[]} */
  const problems = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.resolved !== undefined) problems.push(`${path}: has an address ("resolved"); install with omit-lockfile-registry-resolved=true.`);
    if (path !== '' && entry.integrity === undefined && entry.link !== true && entry.inBundle !== true) problems.push(`${path}: has no integrity.`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      if (!isLocked(lock, path, name)) problems.push(`${path === '' ? 'package.json' : path}: optional package ${name} is not locked, so "npm ci" fails; choose a version published for all platforms.`);
    }
  }
  return problems;
}

/**
 * Looks a package up as Node would: beside the one that wants it, then in every node_modules above.
 * @param {{ packages: Record<string, LockEntry> }} lock @param {string} from @param {string} name
 */
function isLocked(lock, from, name) {
  let base = from;
  for (;;) {
    if (lock.packages[`${base === '' ? '' : `${base}/`}node_modules/${name}`] !== undefined) return true;
    if (base === '') return false;
    base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')));
  }
}

if (isProgram(import.meta.url)) {
  const problems = lockProblems(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  for (const problem of problems) console.error(`package-lock.json: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
