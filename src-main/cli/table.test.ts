import { describe, expect, it } from 'vitest';
import { nearest } from './suggest.ts';
import { displayWidth, pairs, printable, table, wrap } from './table.ts';

describe('a table', () => {
  it('aligns columns, numbers to the right, without trailing blanks', () => {
    const rows = [{ name: 'Lab Win11', used: '31.2 GB' }, { name: 'a', used: '–' }];
    expect(table(rows, [{ title: 'NAME', text: (row) => row.name }, { title: 'USED', right: true, text: (row) => row.used }, { title: 'NOTE', text: () => '' }]).split('\n'))
      .toEqual(['NAME          USED  NOTE', 'Lab Win11  31.2 GB', 'a                –']);
  });

  it('counts the columns that a terminal gives wide and combined characters', () => {
    expect(['教室', 'é', 'Raum'].map(displayWidth)).toEqual([4, 1, 4]);
  });
});

describe('pairs', () => {
  it('leave out what is empty and indent what has several lines', () => {
    expect(pairs([['Name', 'a'], ['Serial', ''], ['Addresses', 'x\ny']])).toBe('Name       a\nAddresses  x\n           y');
  });
});

describe('text from elsewhere', () => {
  it('cannot rewrite the terminal', () => {
    expect(printable('a\u001b[2Jb\r\n\u202ec')).toBe('a�[2Jb���c');
  });
  it('is wrapped between words', () => {
    expect(wrap('one two three\nfour', 8)).toBe('one two\nthree\nfour');
  });
});

describe('the nearest word', () => {
  it('is a beginning, a swap or a slip away, or none', () => {
    const known = ['list', 'show', 'history', 'undelete', 'delete'];
    expect(['lsit', 'hist', 'undelte', 'sho', 'x', 'quantum'].map((word) => nearest(word, known))).toEqual(['list', 'history', 'undelete', 'show', null, null]);
  });
});
