import { describe, expect, it } from 'vitest';
import { decideBoot, type BootFacts } from './policy.ts';

const settings = { unknownComputers: 'portal', loaderCountdownSeconds: 4 } as const;
const known = { name: 'LAB-1', override: null };
const facts = (given: Partial<BootFacts>): BootFacts => ({ computer: known, armedRun: null, forcePortal: false, ...given });
const run = { title: 'Win11 lab' };

describe('what a computer gets that boots from the network', () => {
  it.each([
    ['a known one with nothing to do', facts({}), { kind: 'countdown', seconds: 4, reason: 'nothing waits for it' }],
    ['one with a run', facts({ armedRun: run }), { kind: 'environment', portal: 'run', reason: 'Win11 lab waits for it' }],
    ['a new one', facts({ computer: null }), { kind: 'environment', portal: 'straight', reason: 'it is new here' }],
    ['one that is set to open the portal', facts({ computer: { ...known, override: 'portal' } }), { kind: 'environment', portal: 'straight', reason: 'LAB-1 is set to open the portal' }],
    ['one that is set to start from its disk', facts({ computer: { ...known, override: 'local-disk' } }), { kind: 'local-disk', reason: 'LAB-1 is set to start from its disk' }],
    ['the same, with a run', facts({ computer: { ...known, override: 'local-disk' }, armedRun: run }), { kind: 'environment', portal: 'run', reason: 'Win11 lab waits for it' }],
    ['the same, with the portal asked for', facts({ computer: { ...known, override: 'local-disk' }, forcePortal: true }), { kind: 'environment', portal: 'straight', reason: 'the portal was asked for in the boot menu' }],
    ['one that is left alone, even with a run', facts({ computer: { ...known, override: 'ignore' }, armedRun: run }), { kind: 'ignore', reason: 'LAB-1 is set to be left alone' }],
  ] as const)('%s', (_, given, expected) => expect(decideBoot(given, settings)).toEqual(expected));

  it('is the disk for new ones where the setting says so, and a countdown is never endless', () => {
    expect([decideBoot(facts({ computer: null }), { unknownComputers: 'local-disk', loaderCountdownSeconds: 0 }), decideBoot(facts({}), { ...settings, loaderCountdownSeconds: 9999 })])
      .toMatchObject([{ kind: 'countdown', seconds: 1 }, { kind: 'countdown', seconds: 60 }]);
  });
});
