import { expect, it } from 'vitest';
import { freeName } from './freeName.ts';

it('gives a new object the first name that nothing beside it has', () => {
  expect([freeName('New group', []), freeName('New group', ['new GROUP', 'New group 3']), freeName('New job', ['New job', 'New job 2'])]).toEqual(['New group', 'New group 2', 'New job 3']);
});
