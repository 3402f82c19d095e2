import { expect, test } from 'vitest';
import { poolProblem, poolSize } from './addressPool.ts';

const adapter = { address: '10.0.0.1', prefixLength: 24 };

test('a pool in the subnet is right, and has a size', () => {
  expect([poolProblem({ first: '10.0.0.100', last: '10.0.0.199' }, adapter), poolSize({ first: '10.0.0.100', last: '10.0.0.199' }, adapter)]).toEqual([null, 100]);
});

test('says at which end what is wrong', () => {
  const problem = (first: string, last: string) => { const found = poolProblem({ first, last }, adapter); return `${found?.field}: ${found?.text}`; };
  expect([problem('10.0.0', '10.0.0.9'), problem('10.0.0.5', '10.0.0.256'), problem('10.0.1.5', '10.0.1.9'), problem('10.0.0.5', '10.0.0.255'), problem('10.0.0.9', '10.0.0.5')]).toEqual([
    'first: Type an address, such as 10.0.0.100.', 'last: Type an address, such as 10.0.0.199.', 'first: It must lie in the adapter’s subnet: 10.0.0.1 to 10.0.0.254.', 'last: It must lie in the adapter’s subnet: 10.0.0.1 to 10.0.0.254.', 'last: It must not come before the first.',
  ]);
  expect(poolProblem({ first: '10.0.0.1', last: '10.2.0.0' }, { address: '10.0.0.1', prefixLength: 8 })?.text).toBe('A pool has at most 65,536 addresses.');
});
