// Counts of passed, failed and skipped tests, and how Playwright's report becomes one.

/** @typedef {{ passed: number, failed: string[], skipped: string[], again?: string[] }} Tally `again`: passed, but only at the second attempt */

/**
 * @typedef {{ status: string, projectName: string, annotations: { type: string, description?: string }[] }} PlaywrightTest
 * @typedef {{ title: string, file: string, tests: PlaywrightTest[] }} PlaywrightSpec
 * @typedef {{ title: string, specs?: PlaywrightSpec[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 * @typedef {{ suites: PlaywrightSuite[], errors: { message?: string }[] }} PlaywrightReport
 */

/**
 * @param {PlaywrightReport} report what Playwright's JSON reporter wrote
 * @returns {Tally}
 */
export function tallyPlaywright(report) {
  /** @type {Tally} */
  const tally = { passed: 0, failed: report.errors.map((error) => `outside any test: ${error.message ?? 'without words'}`), skipped: [] };
  /** @param {PlaywrightSuite} suite @param {string[]} titles */
  const visit = (suite, titles) => {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) {
        const name = [`[${test.projectName}]`, ...titles, spec.title].join(' > ');
        if (test.status === 'expected' || test.status === 'flaky') tally.passed += 1;
        else if (test.status === 'skipped') tally.skipped.push(`${name}: ${test.annotations.find((entry) => entry.type === 'skip' || entry.type === 'fixme')?.description ?? 'no reason given'}`);
        else tally.failed.push(name);
        if (test.status === 'flaky') (tally.again ??= []).push(name);
      }
    }
    for (const inner of suite.suites ?? []) visit(inner, [...titles, inner.title]);
  };
  for (const suite of report.suites) visit(suite, [suite.title]);
  return tally;
}

/**
 * @param {Tally[]} tallies
 * @returns {Required<Tally>}
 */
export function sumTallies(tallies) {
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failed: tallies.flatMap((tally) => tally.failed),
    skipped: tallies.flatMap((tally) => tally.skipped),
    again: tallies.flatMap((tally) => tally.again ?? []),
  };
}
