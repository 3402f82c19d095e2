import { expect, it } from 'vitest';
import { withoutSecrets } from './bundle.ts';

it('leaves out tokens of every kind, tickets and authorization headers wherever they stand', () => {
  const secret = 'akQhMh_-jTZc_rl2ILAEUeROI822TZbGzp9wY-mENn8';
  const print = 'a'.repeat(64);
  const lines = [`token platen1.${secret}.${print}`, `boot1.${secret}.${print},`, `"computer1.${secret}"`, `ticket1.${secret}`, `Authorization: Basic ${secret}`];
  expect(lines.map(withoutSecrets)).toEqual(['token platen1.(left out)', 'boot1.(left out),', '"computer1.(left out)"', 'ticket1.(left out)', 'Authorization: Basic (left out)']);
});
