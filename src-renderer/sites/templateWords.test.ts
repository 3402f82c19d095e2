import { expect, test } from 'vitest';
import { contentWords, freeTemplateName, imageChange, isChanged, templateState } from './templateWords.ts';

const content = (...images: string[]) => ({ images, bytesPerSecond: null, windows: [] });

test('a template says whether what is published is what its draft says', () => {
  expect(templateState({ draft: content('a'), published: null, revision: 0 }).word).toBe('Never published');
  expect(templateState({ draft: content('a', 'b'), published: content('b', 'a'), revision: 2 }).word).toBe('Published, revision 2');
  expect(templateState({ draft: content('a'), published: content('b'), revision: 2 }).word).toBe('Revision 2, draft differs');
  expect(isChanged({ draft: { ...content(), bytesPerSecond: 5e6 }, published: content() })).toBe(true);
});

test('an image of the draft is new, or left out, or as it was', () => {
  const template = { draft: content('a', 'b'), published: content('b', 'c') };
  expect(['a', 'b', 'c'].map((guid) => imageChange(guid, template))).toEqual(['added', null, 'removed']);
});

test('content is said in a line', () => {
  expect(contentWords({ images: ['a'], bytesPerSecond: 10e6, windows: [{ days: [1, 2, 3, 4, 5], from: '22:00', to: '06:00' }] })).toBe('1 image · at most 10.0 MB/s · mon-fri 22:00-06:00');
  expect(contentWords(content())).toBe('no images · no limit · always');
});

test('a new template gets a name that nobody has', () => {
  expect(freeTemplateName([])).toBe('New site template');
  expect(freeTemplateName([{ name: 'new site template' }])).toBe('New site template 2');
});
