import { expect, it } from 'vitest';
import { shortModel } from './computerWords.ts';

it('leaves the legal form out of a model, and nothing else', () => {
  expect(['Dell Inc. Latitude 5420', 'LENOVO 20XW004GE', 'Micro-Star International Co., Ltd. MS-7D25', 'QEMU Standard PC', 'Intel Corporation NUC11', 'ASUSTeK COMPUTER INC. PRIME', 'Inc'].map(shortModel))
    .toEqual(['Dell Latitude 5420', 'LENOVO 20XW004GE', 'Micro-Star MS-7D25', 'QEMU Standard PC', 'Intel NUC11', 'ASUSTeK PRIME', 'Inc']);
});
