import { expect, it } from 'vitest';
import { sortRows } from './sortRows.ts';

const names = (rows: { name: string }[]): string[] => rows.map((row) => row.name);
const rows = [{ name: 'lab 10', size: 1 }, { name: 'Lab 2', size: 3 }, { name: 'lab 1', size: 3 }];
const valueOf = (row: { name: string; size: number }, column: string): string | number => (column === 'name' ? row.name : row.size);

it('sorts text as people do and numbers by value, keeping equal rows in order', () => {
  expect([
    names(sortRows(rows, null, valueOf)),
    names(sortRows(rows, { column: 'name', descending: false }, valueOf)),
    names(sortRows(rows, { column: 'size', descending: true }, valueOf)),
  ]).toEqual([['lab 10', 'Lab 2', 'lab 1'], ['lab 1', 'Lab 2', 'lab 10'], ['Lab 2', 'lab 1', 'lab 10']]);
});
