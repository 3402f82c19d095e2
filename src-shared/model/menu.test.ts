import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMenu, compareNames, effectWords, isNameOverride, isPublished, itemsOf, jobsBelow, menuNodeSchema, treeOf, withoutTag } from './menu.ts';
import type { MenuNode, MenuSettings, MenuSource, MenuSourceFolder, MenuSourceJob } from './menu.ts';

type Extra = { text?: string; on?: boolean; effects?: MenuSourceJob['effects']; needs?: number; problem?: string };
const folder = (id: string, parentId: string | null, name = id, { text = '', on = false }: Extra = {}): MenuSourceFolder => ({ id, parentId, name, description: text, showInPortal: on });
const job = (id: string, folderId: string | null, name = id, { text = '', on = false, effects = ['script'], needs, problem }: Extra = {}): MenuSourceJob =>
  ({ id, folderId, name, description: text, showInPortal: on, effects, needsBytes: needs ?? null, problem: problem ?? null });

/** A menu as text: "Label (how many jobs)", "Folder > [ … ]". */
function drawn(nodes: readonly MenuNode[]): string[] {
  return nodes.map((node) => (node.kind === 'folder' ? `${node.label} > [${drawn(node.children).join(', ')}]` : `${node.label}${node.jobs > 1 ? ` x${node.jobs}` : ''}`));
}
const menu = (source: Partial<MenuSource>, settings: Partial<MenuSettings> = {}, may: readonly string[] | null = null): string[] =>
  drawn(buildMenu({ folders: source.folders ?? [], jobs: source.jobs ?? [] }, { layout: 'flat', rootFolderId: null, ...settings }, { may }));

/** Gerard's school: a folder whose jobs pause first, then deploy; the deploy is offered alone as well. */
const school: MenuSource = {
  folders: [folder('f', null, 'Deploy school image x (PAUSE) (MI)')],
  jobs: [job('p', 'f', '1. Pause'), job('d', 'f', '2. Deploy school image x (MI)')],
};
/** The tree that the manual tags: one job and two folders. */
const oxford: MenuSource = {
  folders: [folder('img', null, 'Imaging'), folder('pub', 'img', 'Deploy Public Access Computer (MI)'), folder('staff', 'img', 'Deploy Staff Computer (MI)'), folder('sw', 'staff', 'Software'), folder('tools', null, 'Tools'), folder('old', null, 'Archive')],
  jobs: [job('p1', 'pub', '1 Image'), job('p2', 'pub', '2 Lock down'), job('s1', 'staff', 'Image'), job('s2', 'sw', 'Office'), job('wipe', 'tools', 'DoD Disk Wipe (MI)'), job('x', 'old', 'Not offered')],
};

describe('the menu', () => {
  const rows: [rule: string, is: unknown, should: unknown][] = [
    ['1: the tag publishes, anywhere in a name', menu({ jobs: [job('a', null, '(MI) First'), job('b', null, 'Mid (MI) dle'), job('c', null, 'Last (MI)'), job('d', null, 'None')] }), ['First', 'Last', 'Mid dle']],
    ['1: the tag publishes in any case, with or without a space', menu({ jobs: [job('a', null, 'One (mi)'), job('b', null, 'Two(Mi)'), job('c', null, 'Three MI'), job('d', null, 'Four ( MI )')] }), ['One', 'Two']],
    ['1: the switch publishes', menu({ folders: [folder('f', null, 'Folder', { on: true })], jobs: [job('a', null, 'Job', { on: true }), job('b', 'f', 'In it')] }), ['Folder', 'Job']],
    ['1: the tagged job and the two tagged folders of the manual', menu(oxford), ['Deploy Public Access Computer x2', 'Deploy Staff Computer x2', 'DoD Disk Wipe']],
    ['2: the label is the name without the tag and doubled spaces', menu({ jobs: [job('a', null, '  Deploy  (MI)   Windows ')] }), ['Deploy Windows']],
    ['2: the portal text comes before the name', menu({ jobs: [job('a', null, 'CHG0815-W11-R12 (MI)', { text: 'Windows 11, room 12' })] }), ['Windows 11, room 12']],
    ['2: a folder may have its own portal text', menu({ folders: [folder('f', null, 'F (MI)', { text: 'Everything' })], jobs: [job('a', 'f')] }), ['Everything']],
    ['2: a dummy job named (MI) gives its folder its portal text, is no item, and does not run', menu({ folders: [folder('f', null, 'F (MI)')], jobs: [job('d', 'f', '(MI)', { text: 'From the dummy', problem: 'no tasks' }), job('a', 'f')] }), ['From the dummy']],
    ["2: the folder's own portal text comes before the dummy's", menu({ folders: [folder('f', null, 'F (MI)', { text: 'Own' })], jobs: [job('d', 'f', ' (mi) ', { text: 'Dummy' }), job('a', 'f')] }), ['Own']],
    ['2: a dummy of a subfolder is not the folder\'s', menu({ folders: [folder('f', null, 'F (MI)'), folder('g', 'f')], jobs: [job('d', 'g', '(MI)', { text: 'Dummy' }), job('a', 'g')] }), ['F']],
    ['2: a dummy publishes nothing, not even itself', menu({ folders: [folder('f', null, 'F')], jobs: [job('d', 'f', '(MI)', { text: 'Dummy', on: true }), job('a', 'f'), job('root', null, '(MI)')] }), []],
    ['2: a folder named just (MI) keeps its name where nothing else is known', menu({ folders: [folder('f', null, '(MI)')], jobs: [job('a', 'f')] }), ['(MI)']],
    ['3: a published folder runs every job below it', menu({ folders: [folder('f', null, 'F (MI)'), folder('g', 'f'), folder('h', 'g')], jobs: [job('a', 'f'), job('b', 'g'), job('c', 'h')] }), ['F x3']],
    ['4: what is published inside a published folder is an item too, once', menu(school), ['2. Deploy school image x', 'Deploy school image x (PAUSE) x2']],
    ['4: published folders inside published folders', menu({ folders: [folder('f', null, 'Outer (MI)'), folder('g', 'f', 'Inner (MI)')], jobs: [job('a', 'f'), job('b', 'g')] }), ['Inner', 'Outer x2']],
    ['5: tag and switch together are one item', menu({ jobs: [job('a', null, 'Once (MI) (mi)', { on: true })] }), ['Once']],
    ['5: two items of one label get their folder\'s name', menu({ folders: [folder('f', null, 'Room 1'), folder('g', null, 'Room 2')], jobs: [job('a', 'f', 'Windows (MI)'), job('b', 'g', 'windows (MI)'), job('c', null, 'Linux (MI)')] }), ['Linux', 'Windows (Room 1)', 'windows (Room 2)']],
    ['5: one at the root needs no folder\'s name', menu({ folders: [folder('f', null, 'Room 1')], jobs: [job('a', 'f', 'Windows (MI)'), job('b', null, 'Windows (MI)')] }), ['Windows', 'Windows (Room 1)']],
    ['5: where the folders are called alike, the whole path tells', menu({ folders: [folder('a', null, 'North'), folder('b', null, 'South'), folder('c', 'a', 'Lab'), folder('d', 'b', 'Lab')], jobs: [job('1', 'c', 'W (MI)'), job('2', 'd', 'W (MI)')] }), ['W (North / Lab)', 'W (South / Lab)']],
    ['5: where everything is alike, they are counted', menu({ folders: [folder('f', null, 'R')], jobs: [job('1', 'f', 'W (MI)'), job('2', 'f', 'W (MI)')] }), ['W (R)', 'W (R) 2']],
    ['6: flat is sorted as people count', menu({ jobs: [job('a', null, 'Image 10 (MI)'), job('b', null, 'image 2 (MI)'), job('c', null, 'Image 1 (MI)')] }), ['Image 1', 'image 2', 'Image 10']],
    ['6: folders follow the tree; those with nothing below are hidden', menu(oxford, { layout: 'folders' }), ['Imaging > [Deploy Public Access Computer x2, Deploy Staff Computer x2]', 'Tools > [DoD Disk Wipe]']],
    ['6: what is published in a published folder stands beside it', menu({ folders: [folder('t', null, 'Top'), folder('f', 't', 'F (MI)'), folder('g', 'f', 'Deeper')], jobs: [job('a', 'f', 'A (MI)'), job('b', 'g', 'B (MI)')] }, { layout: 'folders' }), ['Top > [A, F x2, Deeper > [B]]']],
    ['6: a folder of the menu is labelled as an item would be', menu({ folders: [folder('f', null, 'F', { text: 'Friendly' })], jobs: [job('a', 'f', 'A (MI)')] }, { layout: 'folders' }), ['Friendly > [A]']],
    ['6: a published folder without jobs is nothing to pick', menu({ folders: [folder('f', null, 'F (MI)'), folder('g', 'f')] }, { layout: 'folders' }), []],
    ['7: with a root folder, only what lies below it', menu(oxford, { rootFolderId: 'tools' }), ['DoD Disk Wipe']],
    ['7: the root folder itself is no item', menu(oxford, { rootFolderId: 'staff', layout: 'folders' }), []],
    ['7: a root folder that is gone offers nothing', menu(oxford, { rootFolderId: 'gone' }), []],
    ['8: what hangs on a folder that is not there (in the trash) is not offered', menu({ folders: [folder('g', 'trashed', 'G (MI)')], jobs: [job('a', 'trashed', 'A (MI)'), job('b', 'g', 'B (MI)')] }), []],
    ['9: a person sees only the folders they may schedule, with all below', menu(oxford, {}, ['folder/staff']), ['Deploy Staff Computer x2']],
    ['9: and only the jobs they may schedule', menu(oxford, { layout: 'folders' }, ['job/wipe', 'job/x']), ['Tools > [DoD Disk Wipe]']],
    ['9: one who may schedule a part may not run the whole', menu(school, {}, ['job/d']), ['2. Deploy school image x']],
    ['9: a right on the root folder, or on one above it, counts', menu(oxford, { rootFolderId: 'img' }, ['folder/img']), ['Deploy Public Access Computer x2', 'Deploy Staff Computer x2']],
    ['9: a person without rights sees nothing', menu(oxford, {}, []), []],
  ];
  it.each(rows)('%s', (_rule, is, should) => expect(is).toEqual(should));

  it('says what an item does, needs, and why it can not be picked', () => {
    const source: MenuSource = {
      folders: [folder('f', null, 'All (MI)')],
      jobs: [job('a', 'f', 'Capture', { effects: ['capture'] }), job('b', 'f', 'Deploy (MI)', { effects: ['script', 'deploy'], needs: 38e9 }), job('c', 'f', 'More', { effects: ['deploy', 'power'], needs: 45e9, problem: 'The image is disabled.' })],
    };
    expect(buildMenu(source, { layout: 'flat', rootFolderId: null }, { may: null })).toEqual([
      { kind: 'item', id: 'folder/f', label: 'All', jobs: 3, effect: 'captures, deploys 2 images, erases up to 2 disks, runs a script', erases: true, needsBytes: 45e9, problem: 'More: The image is disabled.' },
      { kind: 'item', id: 'job/b', label: 'Deploy', jobs: 1, effect: 'deploys, erases 1 disk, runs a script', erases: true, needsBytes: 38e9, problem: null },
    ]);
    expect([effectWords(['message']), effectWords(['power', 'message']), effectWords([])]).toEqual(['shows a message', 'restarts or switches off', 'does nothing']);
  });

  it('runs a folder in the order of the tree: jobs as people count, then subfolders', () => {
    const tree = treeOf([folder('f', null), folder('z', 'f', 'Part 10'), folder('y', 'f', 'Part 2')], [job('10', 'f', '10 Last'), job('2', 'f', '2 First'), job('d', 'f', '(MI)'), job('in z', 'z', 'A'), job('in y', 'y', 'Z')]);
    expect(jobsBelow(tree, 'f').map(({ id }) => id)).toEqual(['2', '10', 'in y', 'in z']);
  });
});

describe('names', () => {
  it('leave no tag behind, however it was hidden', () => {
    expect(['((MI)MI) x', '(MI)(mi)', 'a (MI)  b', 'MI'].map(withoutTag)).toEqual(['x', '', 'a b', 'MI']);
    expect(['(MI)', ' (mi)', '(MI) x', ''].map(isNameOverride)).toEqual([true, true, false, false]);
    fc.assert(fc.property(fc.array(fc.constantFrom('(', ')', 'M', 'i', '(MI)', ' ', 'x')), (parts) => !isPublished(withoutTag(parts.join('')), false)));
  });
  it('have one order', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => Math.sign(compareNames(a, b)) === -Math.sign(compareNames(b, a))));
  });
});

const id = fc.constantFrom(...'abcdefgh');
const anyName = fc.array(fc.constantFrom('(MI)', '(mi)', ' ', 'Image', '2', '10', 'x'), { maxLength: 4 }).map((parts) => parts.join(''));
const anyText = fc.constantFrom('', '', '', 'Text');
const parent = fc.option(id, { nil: null });
/** Trees that no person builds are among them: folders that hold each other, and parents that do not exist. */
const anySource = fc.record({
  folders: fc.uniqueArray(fc.record({ id, parentId: parent, name: anyName, description: anyText, showInPortal: fc.boolean() }), { selector: (each) => each.id, maxLength: 8 }),
  jobs: fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1, maxLength: 3 }), folderId: parent, name: anyName, description: anyText, showInPortal: fc.boolean(), effects: fc.constant<MenuSourceJob['effects']>(['deploy']), needsBytes: fc.constant(1), problem: fc.constantFrom(null, 'gone') }), { selector: (each) => each.id, maxLength: 20 }),
});
const anySettings = fc.record({ layout: fc.constantFrom('flat' as const, 'folders' as const), rootFolderId: fc.option(id, { nil: null, freq: 3 }) });
const anyPerson = fc.record({ may: fc.option(fc.array(id.map((each) => `folder/${each}`)), { nil: null }) });

function ancestors(source: MenuSource, item: string): (string | null)[] {
  const [kind, key] = [item.slice(0, item.indexOf('/')), item.slice(item.indexOf('/') + 1)];
  const up: (string | null)[] = [];
  let at = kind === 'job' ? source.jobs.find((each) => each.id === key)?.folderId ?? null : source.folders.find((each) => each.id === key)?.parentId ?? null;
  while (!up.includes(at)) {
    up.push(at);
    at = source.folders.find((each) => each.id === at)?.parentId ?? null;
  }
  return up;
}
const branchesOf = (nodes: readonly MenuNode[]): MenuNode[][] => nodes.flatMap((node) => (node.kind === 'folder' ? [node.children, ...branchesOf(node.children)] : []));

describe('any menu at all', () => {
  it('holds nothing twice, only what is published and below the root, no empty branch, and two labels that differ', () => {
    fc.assert(fc.property(anySource, anySettings, anyPerson, (source, settings, person) => {
      const nodes = buildMenu(source, settings, person);
      for (const node of nodes) menuNodeSchema.parse(node);
      const items = itemsOf(nodes);
      expect(new Set(items.map((item) => item.id)).size).toBe(items.length);
      for (const item of items) {
        const thing = [...source.folders.map((each) => ({ ...each, id: `folder/${each.id}` })), ...source.jobs.map((each) => ({ ...each, id: `job/${each.id}` }))].find((each) => each.id === item.id);
        expect(thing !== undefined && isPublished(thing.name, thing.showInPortal)).toBe(true);
        expect(ancestors(source, item.id)).toContain(settings.rootFolderId);
        const { may } = person;
        expect(may === null || [item.id, ...ancestors(source, item.id).map((each) => `folder/${each}`)].some((each) => may.includes(each))).toBe(true);
      }
      for (const branch of branchesOf(nodes)) expect(branch.length).toBeGreaterThan(0);
      for (const level of [nodes, ...branchesOf(nodes)]) {
        const labels = level.filter((node) => node.kind === 'item').map((node) => node.label.toLowerCase());
        expect(new Set(labels).size).toBe(labels.length);
      }
    }), { numRuns: 2000 });
  });
  it('offers the same, flat and in folders', () => {
    fc.assert(fc.property(anySource, anySettings, anyPerson, (source, settings, person) => {
      const ids = (layout: MenuSettings['layout']): string[] => itemsOf(buildMenu(source, { ...settings, layout }, person)).map((item) => item.id).sort();
      expect(ids('folders')).toEqual(ids('flat'));
    }), { numRuns: 1000 });
  });

  it('is made of 5,000 jobs and 1,000 items in under 50 ms', () => {
    const folders = Array.from({ length: 500 }, (_, index) => folder(`f${index}`, index < 20 ? null : `f${index % 20}`, `Folder ${index}${index % 5 === 0 ? ' (MI)' : ''}`));
    const jobs = Array.from({ length: 5000 }, (_, index) => job(`j${index}`, `f${index % 500}`, `Deploy ${(index * 7919) % 5000}${index % 50 < 9 ? ' (MI)' : ''}`));
    const took = Array.from({ length: 12 }, (_, round) => {
      const started = performance.now();
      const nodes = buildMenu({ folders, jobs }, { layout: round % 2 === 0 ? 'flat' : 'folders', rootFolderId: null }, { may: null });
      expect(itemsOf(nodes)).toHaveLength(1000);
      return performance.now() - started;
    }).sort((a, b) => a - b);
    // The shortest: what it takes, not what else the machine does meanwhile.
    expect(took[0]).toBeLessThan(50);
  });
});
