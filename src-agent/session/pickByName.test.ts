import { expect, it } from 'vitest';
import { isSameName } from './pickByName.ts';

it.each([
  ['Win11 (MI)', 'Win11', true], ['Win11', 'win11 (mi)', true], ['(MI) Win11  lab', ' Win11 lab ', true], ['Win11 lab', 'Win11', false], ['Win11 (copy)', 'Win11', false],
])('a run called %s is what %s asks for: %s', (title, asked, same) => expect(isSameName(title, asked)).toBe(same));
