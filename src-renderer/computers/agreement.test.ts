import { expect, it } from 'vitest';
import { agreement } from './agreement.ts';

it('tells in what two records agree and differ; what many computers share says nothing', () => {
  const one = [{ kind: 'system-uuid', value: 'a', weight: 50, shared: false }, { kind: 'system-serial', value: 's', weight: 40, shared: false }, { kind: 'mac', value: 'm1', weight: 10, shared: false }, { kind: 'mac', value: 'dock', weight: 0, shared: true }] as const;
  const two = [{ kind: 'system-uuid', value: 'b', weight: 50, shared: false }, { kind: 'system-serial', value: 's', weight: 40, shared: false }, { kind: 'mac', value: 'dock', weight: 0, shared: true }, { kind: 'asset-tag', value: 't', weight: 20, shared: false }] as const;
  expect(agreement([...one], [...two])).toEqual({ same: ['system-serial'], different: ['system-uuid'] });
});
