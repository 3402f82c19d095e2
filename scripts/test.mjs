// `npm test`: sets up, then every stage in turn, going on after a failing one. Ends with the failed, the skipped and their
// reasons, and a last line of its own: "N passed, N failed, N skipped", summed over all stages.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from './build.mjs';
import { hasApt } from './debian.mjs';
import { withLock } from './lock.mjs';
import { childEnv, nodePath, run } from './node.mjs';
import { setUpModules, setUpSystem } from './setup.mjs';
import { root } from './sources.mjs';
import { sumTallies, tallyPlaywright } from './test-tally.mjs';

/** @typedef {import('./test-tally.mjs').Tally} Tally */

const vitestReport = join(root, '.cache', 'tests', 'vitest.json');
const playwrightReport = join(root, '.cache', 'tests', 'playwright.json');
const replicationReport = join(root, '.cache', 'tests', 'replication.json');
const labReport = join(root, '.cache', 'tests', 'lab.json');

/** @param {string} script @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
const node = (script, args, env) => run(nodePath(), [join(root, script), ...args], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...childEnv(), ...env } });

/**
 * A stage that counts as one test.
 * @param {string} name @param {number} code
 * @returns {Tally}
 */
const single = (name, code) => (code === 0 ? { passed: 1, failed: [], skipped: [] } : { passed: 0, failed: [`${name} (exit ${code})`], skipped: [] });

/**
 * What a runner's report says; a runner that failed without naming a failed test counts as one.
 * @param {string} name @param {number} code @param {string} file @param {(text: string) => Tally} read
 * @returns {Tally}
 */
function reported(name, code, file, read) {
  if (!existsSync(file)) return { passed: 0, failed: [`${name} ended with ${code} and wrote no report`], skipped: [] };
  const tally = read(readFileSync(file, 'utf8'));
  if (code !== 0 && tally.failed.length === 0) tally.failed.push(`${name} ended with ${code} although no test failed`);
  return tally;
}

/** @param {string} report @param {string[]} args */
async function playwright(report, args) {
  rmSync(report, { force: true });
  // A folder of its own: a run empties the one it writes to.
  const { code } = await node('node_modules/@playwright/test/cli.js', ['test', '--reporter=list,json', `--output=${join(root, 'test-results', basename(report, '.json'))}`, ...args], { PLAYWRIGHT_JSON_OUTPUT_NAME: report });
  return reported('playwright', code, report, (text) => tallyPlaywright(JSON.parse(text)));
}

/** @type {Array<{ name: string, perform: () => Promise<Tally> }>} */
const stages = [
  {
    name: 'setup',
    perform: async () => {
      await setUpModules();
      // What is missing shows in the tests that need it; here it only says how to get it.
      await setUpSystem('test', 'auto');
      return { passed: 0, failed: [], skipped: [] };
    },
  },
  { name: 'typecheck', perform: async () => single('typecheck', (await node('node_modules/typescript/bin/tsc', ['-b'])).code) },
  {
    name: 'lint',
    perform: async () => {
      const checks = [
        await node('node_modules/oxlint/bin/oxlint', ['--type-aware', '--deny-warnings']),
        await node('scripts/check-imports.mjs', []),
        await node('scripts/check-lock.mjs', []),
      ];
      return single('lint', checks.find((check) => check.code !== 0)?.code ?? 0);
    },
  },
  {
    name: 'build',
    perform: async () => {
      await build();
      return single('build', 0);
    },
  },
  {
    // What computers boot is made of Debian's packages; some tests serve it, others start it. Nothing is made anew that fits already.
    name: 'boot environment',
    perform: async () => {
      if (hasApt()) return withLock(join(root, '.cache', 'boot-build.lock'), 'the boot environment', async () => single('boot environment', (await node('bin/platen', ['boot', 'build'])).code));
      process.stdout.write('No apt on this machine: the boot environment is not built, and the tests that need it are skipped.\n');
      return { passed: 0, failed: [], skipped: [] };
    },
  },
  {
    name: 'unit and integration',
    perform: async () => {
      rmSync(vitestReport, { force: true });
      const { code } = await node('node_modules/vitest/vitest.mjs', ['run', '--reporter=default', '--reporter=./scripts/vitest-report.mjs'], { PLATEN_VITEST_REPORT: vitestReport });
      return reported('vitest', code, vitestReport, JSON.parse);
    },
  },
  { name: 'end to end', perform: () => playwright(playwrightReport, ['--project=disks', '--project=browser', '--project=electron']) },
  { name: 'replication lab', perform: () => playwright(replicationReport, ['--project=replication', '--workers=2']) },
  // Firmware waits a lot: two computers at once take little longer than one.
  { name: 'boot lab', perform: () => playwright(labReport, ['--project=lab', '--workers=2']) },
];

/** @type {Array<{ name: string, seconds: string, tally: Tally }>} */
const results = [];
for (const { name, perform } of stages) {
  process.stdout.write(`\n== ${name}\n`);
  const started = performance.now();
  const tally = await perform().catch((error) => {
    process.stdout.write(`${error.message}\n`);
    return { passed: 0, failed: [name], skipped: [] };
  });
  results.push({ name, seconds: ((performance.now() - started) / 1000).toFixed(1), tally });
}

const sum = sumTallies(results.map((result) => result.tally));
process.stdout.write('\n');
for (const { name, seconds, tally } of results) {
  process.stdout.write(`${name.padEnd(22)} ${seconds.padStart(7)} s   ${tally.passed} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped\n`);
}
if (sum.skipped.length > 0) process.stdout.write(`\nSkipped:\n${sum.skipped.map((name) => `  - ${name}\n`).join('')}`);
if (sum.again.length > 0) process.stdout.write(`\nPassed only at the second attempt:\n${sum.again.map((name) => `  ~ ${name}\n`).join('')}`);
if (sum.failed.length > 0) process.stdout.write(`\nFailed:\n${sum.failed.map((name) => `  x ${name}\n`).join('')}`);
// Stages count as one each; that they pass must not hide that not a single test ran.
const ranTests = results.some(({ name, tally }) => (name === 'unit and integration' || name === 'end to end' || name === 'replication lab' || name === 'boot lab') && tally.passed + tally.failed.length > 0);
if (!ranTests) process.stdout.write('\nNo test ran: that is a failure too.\n');
process.stdout.write(`\n${sum.passed} passed, ${sum.failed.length} failed, ${sum.skipped.length} skipped\n`);
process.exitCode = sum.failed.length > 0 || !ranTests ? 1 : 0;
