import { expect, it } from 'vitest';
import { matching } from './paletteCommands.ts';

const commands = [{ label: 'Switch between light and dark', words: 'theme' }, { label: 'New job', words: 'make create' }, { label: 'Run a job on…', words: 'start deploy' }, { label: 'Job list', words: '' }];
const labels = (typed: string): string[] => matching(commands, typed).map((command) => command.label);

it('finds commands by any of their words, those that start with the text first', () => {
  expect([labels('theme'), labels('job'), labels('new jo'), labels('deploy job'), labels('xyz')]).toEqual([['Switch between light and dark'], ['Job list', 'New job', 'Run a job on…'], ['New job'], ['Run a job on…'], []]);
});
it('offers everything before anything is typed', () => {
  expect(labels(' ')).toHaveLength(commands.length);
});
