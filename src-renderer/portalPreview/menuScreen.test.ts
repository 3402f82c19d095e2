import { describe, expect, it } from 'vitest';
import type { MenuItem, MenuNode } from '#shared/model/menu.ts';
import { defaultPortalSettings } from '#shared/model/server.ts';
import { initialState } from '../../src-agent/portal/state.ts';
import { view } from '../../src-agent/portal/view.ts';
import { menuScreen, screenColumns } from './menuScreen.ts';
import type { MenuScreen } from './menuScreen.ts';

const example = { computerName: 'LAB12-07', model: 'Latitude 5420', serial: '7XK2M33', address: '192.168.10.57', serverName: 'anna', clock: '12:04:31' };
const settings = { ...defaultPortalSettings, portalTitle: 'Platen · Anna', portalText: 'Choose what to do with this computer' };
const item = (label: string, given: Partial<MenuItem> = {}): MenuItem => ({ kind: 'item', id: `job/${label}`, label, jobs: 1, effect: 'deploys, erases 1 disk', erases: true, needsBytes: 38e9, problem: null, ...given });
const folder = (label: string, ...children: MenuNode[]): MenuNode => ({ kind: 'folder', id: `folder/${label}`, label, children });
const text = (screen: MenuScreen): string[] => screen.lines.map((line) => line.map((piece) => piece.text).join(''));

/** The same menu as the agent draws it at 80×25, with the same line chosen. */
function asTheAgentDrawsIt(menu: MenuNode[], path: string[], chosen: string | null): string[] {
  const state = initialState({ straightToMenu: true }, 0);
  const open = { settings, menu, computerName: example.computerName, named: true, proposedName: '', tasks: {}, needs: [], pending: [] };
  return view(
    { ...state, open, stage: { kind: 'menu' }, menu: { path, filter: '', selectedId: chosen, problem: null }, machine: { model: example.model, serial: example.serial, address: example.address }, server: { type: 'server', state: 'open', name: example.serverName, reason: '', since: 0, nextTryAt: null } },
    { size: { columns: 80, rows: 25 }, charset: 'unicode', clock: () => example.clock },
  ).lines();
}

const long = 'Measurement PCs of the physics laboratory, second floor, with drivers and the licence of the year';
const menus: [string, MenuNode[], string[], string | null][] = [
  ['a few items', [item('Linux', { needsBytes: null, effect: 'runs a script' }), item('Windows 11 lab')], [], 'job/Windows 11 lab'],
  ['names that are too long', [item(long), item('short', { effect: `${long} ${long}` })], [], 'job/short'],
  ['an item that can\'t be picked', [item('Exam', { problem: 'Exam room 2025 is disabled.' }), item('Lab')], [], 'job/Lab'],
  ['nothing that needs a disk', [item('Facts', { needsBytes: null, effect: 'runs a script' })], [], 'job/Facts'],
  ['folders', [item('Lab'), folder('Tools', item('Memory test'), item('Wipe'))], [], 'folder/Tools'],
  ['the inside of a folder', [item('Lab'), folder('Tools', folder('Hardware', item('Memory test', { needsBytes: null })))], ['folder/Tools', 'folder/Hardware'], 'job/Memory test'],
  ['nineteen items', Array.from({ length: 19 }, (_, at) => item(`item ${at}`)), [], 'job/item 18'],
  ['more than fit', Array.from({ length: 60 }, (_, at) => item(`item ${at}`)), [], 'job/item 30'],
  ['nothing', [], [], null],
];

describe('the portal\'s menu as the console previews it', () => {
  it.each(menus)('is the agent\'s own screen, line by line: %s', (_name, menu, path, chosen) => {
    expect(text(menuScreen(settings, menu, chosen, example)).map((line) => line.trimEnd())).toEqual(asTheAgentDrawsIt(menu, path, chosen));
  });
  it('has 25 rows of 80 columns, whatever is in it', () => {
    const lines = text(menuScreen({ portalTitle: long, portalText: long }, [item(long, { effect: long }), item('x', { problem: long }), folder(long, item('y'))], 'job/x', { ...example, computerName: long, serverName: long }));
    expect([lines.length, ...new Set(lines.map((line) => [...line].length))]).toEqual([25, screenColumns]);
  });
  it('marks the line asked for and knows its place, and marks none where it is not offered', () => {
    const menu = [item('a'), folder('Tools', item('b'), item('c'))];
    const marked = (chosen: string): (string | undefined)[] => text(menuScreen(settings, menu, chosen, example)).filter((line) => line.startsWith('   ► ')).map((line) => line.trim().split('  ')[0]);
    expect([marked('job/c'), menuScreen(settings, menu, 'job/c', example).place, marked('job/none'), menuScreen(settings, menu, 'job/none', example).place]).toEqual([['► c'], 2, [], null]);
  });
});
