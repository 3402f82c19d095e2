import { expect, test } from 'vitest';
import { lockProblems } from './check-lock.mjs';

const good = {
  packages: {
    '': { optionalDependencies: { native: '1.0.0' } },
    'node_modules/native': { version: '1.0.0', integrity: 'sha512-a', optionalDependencies: { 'native-linux': '1.0.0', 'native-win': '1.0.0' } },
    'node_modules/native-linux': { version: '1.0.0', integrity: 'sha512-b' },
    'node_modules/native/node_modules/native-win': { version: '1.0.0', integrity: 'sha512-c' },
  },
};

test('a complete lock without addresses has no problems', () => {
  expect(lockProblems(good)).toEqual([]);
});

test('an optional package that was dropped, a missing integrity and an address are each named', () => {
  const { 'node_modules/native-linux': _dropped, ...packages } = good.packages;
  const bad = { packages: { ...packages, 'node_modules/odd': { version: '1.0.0', resolved: 'https://packages.example/odd.tgz' } } };
  expect(lockProblems(bad)).toEqual([
    'node_modules/native: optional package native-linux is not locked, so "npm ci" fails; choose a version published for all platforms.',
    'node_modules/odd: has an address ("resolved"); install with omit-lockfile-registry-resolved=true.',
    'node_modules/odd: has no integrity.',
  ]);
});
