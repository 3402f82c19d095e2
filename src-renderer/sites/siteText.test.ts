import { expect, test } from 'vitest';
import { linesOf, subnetsProblem, windowsOf, windowsProblem } from './siteText.ts';

test('what is no window or subnet is named', () => {
  expect(windowsProblem('mon-fri 22:00-06:00\nnights')).toContain('“nights”');
  expect(subnetsProblem('10.1.0.0/16\n10.1')).toContain('“10.1”');
  expect(subnetsProblem('10.1.0.0/16; 10.2.0.0/16')).toBeNull();
});

test('each line is one, and empty lines are none', () => {
  expect(linesOf(' a \n\n b')).toEqual(['a', 'b']);
  expect(windowsOf('mon-fri 22:00-06:00; sat 00:00-24:00')).toHaveLength(2);
});
