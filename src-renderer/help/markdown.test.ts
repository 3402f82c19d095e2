import { expect, test } from 'vitest';
import { blocksOf, piecesOf } from './markdown.ts';

test('splits a text into headings, paragraphs, lists, tables and code', () => {
  const blocks = blocksOf('# Images\n\nOne\nparagraph.\n\n- a\n  more\n- b\n\n| state | means |\n|---|---|\n| ready | `x` |\n\n```\n$ platen | less\n# no heading\n```\nEnd.');
  expect(blocks).toEqual([
    { kind: 'heading', level: 1, pieces: [{ kind: 'text', text: 'Images' }] },
    { kind: 'paragraph', pieces: [{ kind: 'text', text: 'One paragraph.' }] },
    { kind: 'list', ordered: false, items: [[{ kind: 'text', text: 'a more' }], [{ kind: 'text', text: 'b' }]] },
    { kind: 'table', head: [[{ kind: 'text', text: 'state' }], [{ kind: 'text', text: 'means' }]], rows: [[[{ kind: 'text', text: 'ready' }], [{ kind: 'code', text: 'x' }]]] },
    { kind: 'code', text: '$ platen | less\n# no heading' },
    { kind: 'paragraph', pieces: [{ kind: 'text', text: 'End.' }] },
  ]);
});

test('marks code, bold, emphasis and links, and leaves other characters alone', () => {
  expect(piecesOf('**It erases** `a*b*` *now*, see [server](server.md#x) <b>2 * 3</b>')).toEqual([
    { kind: 'strong', text: 'It erases' }, { kind: 'text', text: ' ' }, { kind: 'code', text: 'a*b*' }, { kind: 'text', text: ' ' }, { kind: 'em', text: 'now' },
    { kind: 'text', text: ', see ' }, { kind: 'link', text: 'server', href: 'server.md#x' }, { kind: 'text', text: ' <b>2 * 3</b>' },
  ]);
});

test('leaves out a line that is a picture, and keeps what stands around it', () => {
  expect(blocksOf('Before.\n\n![The console](../screenshots/room.png)\n\nAfter.')).toEqual([
    { kind: 'paragraph', pieces: [{ kind: 'text', text: 'Before.' }] }, { kind: 'paragraph', pieces: [{ kind: 'text', text: 'After.' }] },
  ]);
});
