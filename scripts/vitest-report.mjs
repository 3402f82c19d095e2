// A vitest reporter that writes what `npm test` sums up: counts, names of the failed, and the skipped with their reasons
// (which vitest's own JSON report leaves out).
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

export default class SummaryReporter {
  /**
   * @param {ReadonlyArray<import('vitest/node').TestModule>} modules
   * @param {ReadonlyArray<{ message?: string }>} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env['PLATEN_VITEST_REPORT'];
    if (file === undefined) throw new Error('PLATEN_VITEST_REPORT does not name the report file');
    /** @type {import('./test-tally.mjs').Tally} */
    const tally = { passed: 0, failed: [], skipped: [], again: [] };
    for (const module of modules) {
      const path = relative(process.cwd(), module.moduleId);
      for (const error of module.errors()) tally.failed.push(`${path}: ${error.message}`);
      for (const suite of module.children.allSuites()) for (const error of suite.errors()) tally.failed.push(`${path} > ${suite.fullName}: ${error.message}`);
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${path} > ${test.fullName}`;
        if (test.diagnostic()?.flaky === true) tally.again?.push(name);
        if (result.state === 'passed') tally.passed += 1;
        else if (result.state === 'skipped') tally.skipped.push(`${name}: ${result.note ?? (test.options.mode === 'todo' ? 'not written yet' : 'no reason given')}`);
        else tally.failed.push(result.state === 'pending' ? `${name}: did not finish` : name);
      }
    }
    for (const error of unhandledErrors) tally.failed.push(`an error outside any test: ${error.message ?? 'without words'}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(tally));
  }
}
