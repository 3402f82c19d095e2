import { describe, expect, it } from 'vitest';
import type { MenuItem, MenuNode } from '#shared/model/menu.ts';
import { menuScreen, screenColumns } from './menuScreen.ts';
import type { MenuScreen } from './menuScreen.ts';

const settings = { portalTitle: 'Platen · Anna', portalText: 'Choose what to do with this computer' };
const item = (label: string, given: Partial<MenuItem> = {}): MenuItem => ({ kind: 'item', id: `job/${label}`, label, jobs: 1, effect: 'deploys, erases 1 disk', erases: true, needsBytes: 38e9, problem: null, ...given });
const text = (screen: MenuScreen): string[] => screen.lines.map((line) => line.map((piece) => piece.text).join(''));

describe('the portal\'s menu as a text screen', () => {
  it('has 25 rows of 80 columns, whatever is in it', () => {
    const long = 'Измерения '.repeat(12);
    const lines = text(menuScreen({ portalTitle: long, portalText: long }, [item(long, { effect: long }), item('x', { problem: long }), { kind: 'folder', id: 'folder/1', label: long, children: [item('y')] }], 'job/x', '12:04:31'));
    expect([lines.length, ...new Set(lines.map((line) => [...line].length))]).toEqual([25, screenColumns]);
  });
  it('lists items with what they do and need, and marks the chosen one', () => {
    const screen = menuScreen(settings, [item('Linux', { needsBytes: null, effect: 'runs a script' }), item('Windows 11 lab')], 'job/Windows 11 lab', '12:04:31');
    expect(text(screen).slice(5, 7).map((line) => line.trimEnd())).toEqual([
      '     Linux                                 runs a script',
      '   > Windows 11 lab                        deploys, erases 1 disk      38.0 GB',
    ]);
    expect(screen.place).toBe(2);
  });
  it('says why an item can\'t be picked, instead of what it would do', () => {
    expect(text(menuScreen(settings, [item('Exam', { problem: 'Exam 2025 is disabled.' })], null, '')).at(5)?.trimEnd()).toBe('     Exam                                  Exam 2025 is disabled.');
  });
  it('shows the folder of the menu that holds the chosen one, under its name', () => {
    const menu: MenuNode[] = [item('a'), { kind: 'folder', id: 'folder/t', label: 'Tools', children: [item('b')] }];
    expect(text(menuScreen(settings, menu, 'job/b', '')).slice(3, 6).map((line) => line.trim().split('  ')[0])).toEqual(['Tools', '', '> b']);
    expect(text(menuScreen(settings, menu, null, ''))[6]?.trimEnd()).toBe('     Tools                                ►');
  });
  it('scrolls to the chosen one, and says that there is more', () => {
    const menu = Array.from({ length: 60 }, (_, index) => item(`n${index}`));
    const lines = text(menuScreen(settings, menu, 'job/n30', ''));
    expect([lines[4]?.trim(), lines[22]?.trim(), lines.some((line) => line.startsWith('   > n30 '))]).toEqual(['▲ more', '▼ more', true]);
  });
});
