// Computers, groups, home and the palette against the fake server: who needs a person, merging and splitting, finding anything.
import { accessViolations } from './access.ts';
import { computerOf } from './fakeComputers.ts';
import { emptyData } from './fakeData.ts';
import { guidOf } from './fakeIds.ts';
import { startFakeServer } from './fakeServer.ts';
import { expect, test } from './console.fixture.ts';

const room12 = guidOf('group Room 12');
const deploying = guidOf('run deploying');

test.describe('computers and home', { tag: '@windowless' }, () => {
  test('shows the room as it is now, and who waits for a word first', async ({ console, page, fake }) => {
    const room = page.getByRole('list', { name: 'Computers of Main building / Room 12' });
    await expect(room.getByRole('listitem').first()).toContainText('LAB12-07');
    await expect(room.getByRole('listitem').first()).toContainText('Failed PL-3001');
    const run = fake.data.runs.find((each) => each.id === deploying);
    if (!run?.progress) throw new Error('the fake data lack a running deploy');
    fake.reportRun({ ...run, progress: { ...run.progress, doneBytes: run.progress.totalBytes * 0.9 } });
    await expect(room.getByRole('listitem').filter({ hasText: 'LAB12-02' })).toContainText('Deploying 90 %');
    Object.assign(run, { state: 'waiting', waitingFor: 'person' });
    fake.changed('run', run.id);
    await expect(room.getByRole('listitem').first()).toContainText('Waits for you');
    const asking = page.getByRole('list', { name: 'Needs attention' }).getByRole('listitem').first();
    await expect(asking).toContainText('LAB12-02');
    await asking.getByRole('button', { name: /^Go on/ }).click();
    await expect.poll(() => fake.data.runs.find((each) => each.id === deploying)?.waitingFor).not.toBe('person');
    await expect(asking.getByRole('button', { name: /^Go on/ })).toHaveCount(0);
    await expect(console.heading).toBeVisible();
  });

  test('leads a new server through its first steps, each done when it really is', async ({ page }) => {
    const server = await startFakeServer(emptyData());
    await page.goto(server.address);
    const steps = page.getByRole('list', { name: 'First steps' });
    await expect(steps.getByRole('heading', { name: 'Network', exact: true })).toBeVisible();
    await expect(steps.getByRole('heading', { name: 'First image', exact: true })).toBeVisible();
    await expect(steps.getByRole('heading', { name: 'Publish a job', exact: true })).toBeVisible();
    await server.close();
  });

  test('shows a group as a room and as a list, renames it, and opens the sheet that runs a job on it', async ({ console, page, fake }) => {
    await console.goTo(`/group/${room12}`);
    await expect(page.getByRole('list', { name: 'Computers of Room 12' }).getByRole('listitem')).toHaveCount(25);
    await page.getByText('List', { exact: true }).click();
    await expect(console.row('Computers of Room 12', 'LAB12-07')).toContainText('Failed PL-3001');
    await console.button('Name: Room 12').click();
    await expect(page.getByRole('textbox', { name: 'Name', exact: true })).toBeFocused();
    await page.keyboard.type('Room 12b');
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('Room 12b');
    expect(fake.data.groups.find((group) => group.id === room12)?.name).toBe('Room 12b');
    await console.button('Run on…').click();
    await expect(page.getByRole('dialog', { name: /^Run/ })).toBeVisible();
  });

  test('chooses several computers in the list of all, narrowed by what one types, and moves them together', async ({ console, page, fake }) => {
    await console.goTo('/computers');
    await page.getByRole('textbox', { name: 'Filter computers' }).fill('loan');
    await expect(page.getByRole('table', { name: 'Computers' }).getByRole('row')).toHaveCount(6);
    await page.getByRole('checkbox', { name: 'Choose loan-1' }).check();
    await console.button('Choose all 5').click();
    await page.getByRole('region', { name: 'Chosen computers' }).getByRole('button', { name: 'Move to…' }).click();
    await expect(page.getByRole('combobox', { name: 'Filter places' })).toBeFocused();
    await page.keyboard.type('store');
    await page.keyboard.press('Enter');
    await expect(console.undoMessage('5 computers moved to Store room')).toBeVisible();
    expect(fake.data.computers.filter((computer) => computer.groupId === guidOf('group Store room'))).toHaveLength(5);
  });

  test('merges two records of one machine after saying what that means, and splits them again', async ({ console, page, fake }) => {
    await console.goTo(`/computer/${guidOf('LAB12-01')}`);
    await page.getByRole('list', { name: 'May be the same machine' }).getByRole('button', { name: /^Merge/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Merge with LAB12-01' });
    await expect(dialog.getByRole('list', { name: 'What this means' })).toContainText('Runs and history of 7XK2M9Z go along');
    await dialog.getByRole('button', { name: 'Merge 7XK2M9Z into LAB12-01' }).click();
    await expect(console.undoMessage('7XK2M9Z merged into LAB12-01')).toBeVisible();
    await page.getByRole('button', { name: 'Split 7XK2M9Z off' }).click();
    await expect(console.undoMessage('7XK2M9Z is a record of its own again')).toBeVisible();
    expect(computerOf(fake.data, '7XK2M9Z').id).toBe(guidOf('7XK2M9Z'));
  });

  test('finds any object and runs any command from the palette, by keyboard alone', async ({ console, page }) => {
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('textbox', { name: 'Search or run a command' })).toBeFocused();
    await page.keyboard.type('lab14-07');
    await expect(page.getByRole('dialog').getByText('LAB14-07', { exact: true })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('LAB14-07');
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('textbox', { name: 'Search or run a command' })).toBeFocused();
    await page.keyboard.type('run a job');
    await expect(page.getByRole('dialog').getByRole('button', { name: 'Run a job on…' })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog', { name: /^Run/ })).toBeVisible();
  });

  test('has no barrier that axe can see, on any of these pages', async ({ console, page }) => {
    for (const path of ['/', '/computers', '/group/new', `/group/${room12}`, `/computer/${guidOf('LAB12-01')}`, `/computer/${guidOf('LAB12-01')}/history`]) {
      await console.goTo(path);
      await expect(console.heading).toBeVisible();
      expect(await accessViolations(page, path)).toEqual([]);
    }
  });
});
