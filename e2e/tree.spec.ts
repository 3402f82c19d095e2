// The tree against the fake server: by keyboard and by mouse, rename, move, run, undo; what changes meanwhile takes nothing away.
import { computerOf, groupsBelow } from './fakeComputers.ts';
import { guidOf } from './fakeIds.ts';
import { expect, test as base } from './console.fixture.ts';
import { TreePage } from './pages/tree.ts';

/** The tree of an open console. */
const test = base.extend<{ tree: TreePage }>({
  tree: async ({ console }, use) => { await use(new TreePage(console.page)); },
});
const room14 = guidOf('group Room 14');
const groupOf = (name: string): string => guidOf(`group ${name}`);

test.describe('the tree', { tag: '@windowless' }, () => {
  test('renames a computer, a group, a job and a folder in place, and says what a network would not take while one types; Ctrl+Z goes back through all of it', async ({ tree, console, page, fake }) => {
    await tree.expand('New computers');
    await tree.focusOn('PF2K81QX');
    await page.keyboard.press('F2');
    await expect(tree.tree.getByRole('textbox')).toBeFocused();
    await page.keyboard.type('a name much too long for Windows');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status').filter({ hasText: 'at most 15 characters' })).toBeVisible();
    await expect(tree.tree.getByRole('textbox')).toBeFocused();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('LAB14-13');
    await page.keyboard.press('Enter');
    await expect(tree.node(/^LAB14-13/)).toBeVisible();
    await tree.focusOn('Loan laptops');
    await tree.renameTo('Loans');
    await tree.focusOn('Archive');
    await tree.renameTo('Old jobs');
    await tree.focusOn('Not finished');
    await tree.renameTo('Finished (MI)');
    await expect(tree.node(/^Finished/)).toContainText('(MI)');
    expect(fake.data.computers.find((computer) => computer.id === guidOf('PF2K81QX'))?.name).toBe('LAB14-13');
    for (const back of [/^Not finished/, /^Archive/, /^Loan laptops/, /^PF2K81QX/]) {
      await page.keyboard.press('Control+z');
      await expect(tree.node(back)).toBeVisible();
    }
    await page.keyboard.press('Control+z');
    await expect(console.undoMessage('There is nothing to undo in this window')).toBeVisible();
  });

  test('says at the field why a name is refused, and keeps the field open for another', async ({ tree, console, page }) => {
    await tree.expand('New computers');
    await tree.focusOn('PF2K81QX');
    await page.keyboard.press('F2');
    await expect(tree.tree.getByRole('textbox')).toBeFocused();
    await page.keyboard.type('LAB12-01');
    await page.keyboard.press('Enter');
    const field = tree.tree.getByRole('textbox');
    await expect(page.getByRole('status').filter({ hasText: 'There is another computer named “LAB12-01”' })).toBeVisible();
    await expect(field).toBeFocused();
    await expect(field).toHaveValue('LAB12-01');
    await expect(console.undoMessage('Could not rename')).toHaveCount(0);
    await page.keyboard.type('X');
    await expect(page.getByRole('status').filter({ hasText: 'another computer named' })).toHaveCount(0);
    await page.keyboard.press('Enter');
    await expect(tree.node(/^LAB12-01X/)).toBeVisible();
    await expect(tree.tree).toBeFocused();
    await tree.focusOn('LAB12-01X');
    await page.keyboard.press('F2');
    await expect(tree.tree.getByRole('textbox')).toBeFocused();
    await page.keyboard.type('LAB12-01');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('status').filter({ hasText: 'another computer named' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(tree.node(/^LAB12-01X/)).toBeVisible();
  });

  test('moves computers by dragging, several at once, and takes it back', async ({ tree, console, fake }) => {
    await tree.expand('New computers');
    await tree.node(/^7XK2M9Z/).click();
    await tree.node(/^PF2K81QX/).click({ modifiers: ['ControlOrMeta'] });
    await tree.drag(tree.node(/^PF2K81QX/), tree.node(/^Store room/));
    await expect(tree.verdict('Move 2 computers to Store room')).toBeVisible();
    await tree.drop();
    await expect(tree.node(/^Store room/)).toContainText('2');
    expect(fake.data.computers.filter((computer) => computer.groupId === groupOf('Store room'))).toHaveLength(2);
    await console.undoMessage('2 computers moved to Store room').getByRole('button', { name: 'Undo' }).click();
    await expect(tree.node(/^New computers/)).toContainText('2');
    expect(fake.data.computers.filter((computer) => computer.groupId === groupOf('Store room'))).toHaveLength(0);
  });

  test('shows where nothing can be dropped, and why; Esc gives a drag up', async ({ tree, page, fake }) => {
    await tree.expand('Main building');
    await tree.drag(tree.node(/^Main building/), tree.node(/^Room 12/));
    await expect(tree.verdict('Main building can’t go into itself')).toBeVisible();
    await tree.drop();
    expect(fake.data.groups.find((group) => group.name === 'Main building')?.parentId).toBeNull();
    await tree.drag(tree.node(/^Room 12/), tree.node(/^Loan laptops/));
    await expect(tree.verdict('Move Room 12 to Loan laptops')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(tree.verdict('Move Room 12')).toHaveCount(0);
    await tree.drop();
    expect(fake.data.groups.find((group) => group.name === 'Room 12')?.parentId).toBe(groupOf('Main building'));
  });

  test('opens a closed branch one rests on while dragging', async ({ tree, page, fake }) => {
    await tree.expand('New computers');
    await tree.drag(tree.node(/^PF2K81QX/), tree.node(/^Main building/));
    await expect(tree.node(/^Room 14/)).toBeVisible();
    const box = await tree.node(/^Room 14/).boundingBox();
    await page.mouse.move((box?.x ?? 0) + 100, (box?.y ?? 0) + 16, { steps: 4 });
    await expect(tree.verdict('Move PF2K81QX to Room 14')).toBeVisible();
    await tree.drop();
    await expect.poll(() => computerOf(fake.data, 'PF2K81QX').groupId).toBe(room14);
  });

  test('asks before anything runs when a job is dropped on a group', async ({ tree, page, fake }) => {
    const before = fake.data.runs.length;
    await tree.expand('Imaging');
    await tree.expand('Main building');
    await tree.drag(tree.node(/^Linux workshop.*MI/), tree.node(/^Room 14/));
    await expect(tree.verdict('Run Linux workshop (MI) on Room 14…').or(tree.verdict('Run Linux workshop on Room 14…'))).toBeVisible();
    await tree.drop();
    await expect(tree.runSheet).toBeVisible();
    expect(fake.data.runs).toHaveLength(before);
    await page.keyboard.press('Escape');
    await expect(tree.runSheet).toHaveCount(0);
    expect(fake.data.runs).toHaveLength(before);
  });

  test('does by keyboard what dragging does: Move to… with a filter, and Run on…', async ({ tree, console, page, fake }) => {
    await tree.expand('New computers');
    await tree.focusOn('PF2K81QX');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Move to…' }).focus();
    await page.keyboard.press('Enter');
    await expect(tree.moveDialog.getByRole('combobox', { name: 'Filter places' })).toBeFocused();
    await page.keyboard.type('main 14');
    await expect(tree.moveDialog.getByRole('option')).toHaveCount(1);
    await page.keyboard.press('Enter');
    await expect(tree.moveDialog).toHaveCount(0);
    await expect(console.undoMessage('PF2K81QX moved to Room 14')).toBeVisible();
    expect(computerOf(fake.data, 'PF2K81QX').groupId).toBe(room14);
    await tree.focusOn('Whole lab');
    await page.keyboard.press('Shift+F10');
    await page.getByRole('menuitem', { name: 'Run on…' }).focus();
    await page.keyboard.press('Enter');
    await expect(tree.runSheet).toBeVisible();
  });

  test('makes groups, folders and jobs where one is, ready to be named', async ({ tree, console, page, fake }) => {
    await tree.command(/^Store room/, 'New group');
    await expect(tree.tree.getByRole('textbox', { name: 'New name of New group' })).toBeFocused();
    await page.keyboard.type('Shelf 1');
    await page.keyboard.press('Enter');
    await expect(tree.node(/^Shelf 1/)).toBeVisible();
    await expect.poll(() => fake.data.groups.find((group) => group.name === 'Shelf 1')?.parentId).toBe(groupOf('Store room'));
    await tree.command(/^Archive/, 'New job');
    await expect(tree.tree.getByRole('textbox', { name: 'New name of New job' })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(tree.node(/^New job/)).toBeVisible();
    await expect(page).toHaveURL(/#\/job\//);
    await page.keyboard.press('Control+z');
    await expect(tree.node(/^New job/)).toHaveCount(0);
    await expect(console.tree).toBeVisible();
  });

  test('duplicates a job without publishing the copy, and moves a folder to the trash', async ({ tree, console, page, fake }) => {
    await tree.expand('Imaging');
    await tree.focusOn('Win11 lab (MI)');
    await page.keyboard.press('Control+d');
    await expect(console.undoMessage('duplicated, not in the portal')).toBeVisible();
    await expect(tree.node(/^Win11 lab copy/)).not.toContainText('(MI)');
    await tree.focusOn('Archive');
    await page.keyboard.press('Delete');
    await expect(tree.node(/^Archive/)).toHaveCount(0);
    await page.keyboard.press('Control+z');
    await expect(tree.node(/^Archive/)).toBeVisible();
    expect(fake.jobs.folders.find((folder) => folder.name === 'Archive')?.trashedAt).toBeNull();
  });

  test('deletes a group: its computers are in New computers, and undo puts all of it back', async ({ tree, page, fake }) => {
    await tree.focusOn('Loan laptops');
    await page.keyboard.press('Delete');
    await expect(tree.node(/^New computers/)).toContainText('7');
    await page.keyboard.press('Control+z');
    await expect(tree.node(/^Loan laptops/)).toContainText('5');
    expect(groupsBelow(fake.data, groupOf('Loan laptops')).size).toBe(1);
  });

  test('keeps focus, selection and a name being typed while others change things; two windows show the same', async ({ tree, console, page, fake, anotherWindow }) => {
    const other = new TreePage((await anotherWindow()).page);
    await tree.expand('New computers');
    await tree.focusOn('7XK2M9Z');
    await page.keyboard.press('Shift+ArrowDown');
    await expect(tree.node(/^PF2K81QX/)).toHaveAttribute('aria-selected', 'true');
    await other.focusOn('Store room');
    await other.renameTo('A store');
    await expect(tree.node(/^A store/)).toBeVisible();
    await expect(tree.tree).toBeFocused();
    await expect(tree.node(/^7XK2M9Z/)).toHaveAttribute('aria-selected', 'true');
    await expect(tree.node(/^PF2K81QX/)).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Escape');
    await page.keyboard.press('F2');
    await expect(tree.tree.getByRole('textbox')).toBeFocused();
    await page.keyboard.type('half a na');
    computerOf(fake.data, 'LAB12-04').online = true;
    for (let step = 0; step < 5; step++) fake.changed('computer', guidOf('LAB12-04'));
    await other.focusOn('Loan laptops');
    await other.renameTo('Loans');
    await expect(tree.node(/^Loans/)).toBeVisible();
    await expect(tree.tree.getByRole('textbox')).toHaveValue('half a na');
    await expect(tree.tree.getByRole('textbox')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(console.heading).toBeVisible();
  });
});
