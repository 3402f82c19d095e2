// Keeps the documentation whole: every link leads somewhere, every picture is there, small and used, every page is in the console's help.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { helpTitles } from '../src-renderer/help/topics.ts';
import { root } from './sources.mjs';

const pages = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md') && !name.startsWith('plans')).map((name) => join('docs', name))];
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');
/** As GitHub makes them of headings. */
const anchorsOf = (page: string): string[] => [...textOf(page).matchAll(/^#{1,6} +(.*)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s-]/gu, '').trim().replaceAll(' ', '-'));
const links = pages.flatMap((page) => [...textOf(page).replaceAll(/```[\s\S]*?```/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, href = '']) => ({ page, href })).filter(({ href }) => !/^[a-z]+:/.test(href)));

test('every link in the documentation leads to a file, and to a heading in it', () => {
  const broken = links.filter(({ page, href }) => {
    const [path = '', anchor] = href.split('#');
    const target = path === '' ? page : relative(root, join(root, dirname(page), path));
    return !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
  expect(broken).toEqual([]);
});

test('every picture is shown on a page, and none is larger than 200 kB', () => {
  const folder = join(root, 'docs/screenshots');
  const shown = new Set(links.filter(({ href }) => href.endsWith('.png')).map(({ page, href }) => join(root, dirname(page), href)));
  const pictures = readdirSync(folder).map((name) => join(folder, name));
  expect(pictures.filter((path) => !shown.has(path) || statSync(path).size > 200_000)).toEqual([]);
});

test('every page for administrators is in the console\'s help', () => {
  expect(Object.keys(helpTitles).toSorted()).toEqual(readdirSync(join(root, 'docs/admin')).map((name) => name.replace(/\.md$/, '')).toSorted());
});
