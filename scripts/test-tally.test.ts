import { expect, test } from 'vitest';
import { sumTallies, tallyPlaywright } from './test-tally.mjs';

const outcome = (projectName: string, status: string, annotations: { type: string; description?: string }[] = []) => ({ projectName, status, annotations });

test("Playwright's report becomes counts, names of the failed and reasons of the skipped", () => {
  const tally = tallyPlaywright({
    errors: [{ message: 'no such file' }],
    suites: [{
      title: 'images.spec.ts',
      specs: [{ title: 'lists images', file: 'images.spec.ts', tests: [outcome('browser', 'expected'), outcome('electron', 'skipped', [{ type: 'skip', description: 'no runtime' }])] }],
      suites: [{ title: 'deleting', specs: [{ title: 'asks first', file: 'images.spec.ts', tests: [outcome('browser', 'unexpected')] }, { title: 'can be undone', file: 'images.spec.ts', tests: [outcome('browser', 'flaky')] }] }],
    }],
  });
  expect(tally).toEqual({
    passed: 2,
    failed: ['outside any test: no such file', '[browser] > images.spec.ts > deleting > asks first'],
    skipped: ['[electron] > images.spec.ts > lists images: no runtime'],
    again: ['[browser] > images.spec.ts > deleting > can be undone'],
  });
});

test('tallies add up', () => {
  expect(sumTallies([{ passed: 2, failed: ['a'], skipped: [] }, { passed: 1, failed: [], skipped: ['b'], again: ['c'] }])).toEqual({ passed: 3, failed: ['a'], skipped: ['b'], again: ['c'] });
});
