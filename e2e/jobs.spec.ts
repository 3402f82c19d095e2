// Jobs in the console, against the fake server: building one by keyboard, saving as revisions, two people at one job, what the portal
// shows, running it, and back again.
import { accessViolations } from './access.ts';
import { test as base, expect } from './console.fixture.ts';
import { guidOf } from './fakeData.ts';
import type { FakeServer } from './fakeServer.ts';
import { JobsPages } from './pages/jobs.ts';

const test = base.extend<{ jobs: JobsPages }>({ jobs: async ({ console }, use) => { await use(new JobsPages(console.page)); } });
const lab = `/job/${guidOf('job Win11 lab (MI)')}`;
const labOf = (fake: FakeServer) => {
  const job = fake.jobs.jobs.find((each) => each.id === guidOf('job Win11 lab (MI)'));
  if (job === undefined) throw new Error('the fake data lack the job');
  return job;
};

test.describe('jobs', { tag: '@windowless' }, () => {
  test('a job is made, filled with tasks and saved by itself, by keyboard alone', async ({ console, page, jobs, fake }) => {
    await console.goTo('/jobs');
    await console.button('New job').focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused();
    await page.keyboard.type('Room 14');
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('Room 14');
    await console.button('Add the first task').focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('menu').locator(':focus')).toHaveCount(1);
    await page.keyboard.press('Enter');
    await expect(jobs.settings.getByRole('combobox', { name: 'Image' })).toBeFocused();
    await expect(jobs.saved).toContainText('Not saved yet. Task 1: Choose an image.');
    await page.keyboard.type('Linux');
    await expect(page.getByRole('option')).toHaveText([/Linux workshop/]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(jobs.saved).toContainText(/Saved, revision \d/);
    await jobs.addTask('Restart or switch off');
    await expect(jobs.task(2)).toContainText('Restart the computer');
    await jobs.task(2).focus();
    await page.keyboard.press('Alt+ArrowUp');
    await expect(jobs.task(1)).toBeFocused();
    await expect.poll(() => jobs.summaries()).toEqual(['Restart the computer', 'Deploy Linux workshop (newest version) to the internal disk']);
    await expect(jobs.saved).toContainText('Saved, revision');
    await expect.poll(() => fake.jobs.jobs.find((job) => job.name === 'Room 14')?.tasks.map((task) => task.type)).toEqual(['power', 'deploy']);
  });

  test('typing makes one revision, not one per key, and it can be undone', async ({ console, page, jobs, fake }) => {
    await console.goTo(lab);
    await jobs.task(3).click();
    const message = jobs.settings.getByLabel('Message');
    await message.fill('');
    await message.pressSequentially('Take it back to the shelf.', { delay: 15 });
    await expect(jobs.saved).toContainText('Changed…');
    await page.keyboard.press('Tab');
    await expect(jobs.saved).toContainText('Saved, revision 5');
    expect(labOf(fake).revisions.map((revision) => revision.rev)).toEqual([1, 2, 3, 4, 5]);
    await jobs.saved.getByRole('button', { name: 'Undo' }).click();
    await expect(message).toHaveValue('Ready. Stick the label on and switch it on.');
    await expect(jobs.saved).toContainText('Revision 6');
  });

  test('what is wrong is said beside the field, and nothing wrong is saved', async ({ console, page, jobs, fake }) => {
    await console.goTo(lab);
    await jobs.task(2).click();
    await jobs.settings.getByLabel('Script', { exact: true }).fill('');
    await page.keyboard.press('Tab');
    await expect(jobs.settings.getByText('The script is empty.')).toBeVisible();
    await expect(jobs.saved).toContainText('Not saved yet. Task 2: The script is empty.');
    await jobs.task(1).click();
    await jobs.settings.getByLabel('The disk with a serial number').check();
    await expect(jobs.task(1)).toContainText('Type the serial number of the disk.');
    expect(labOf(fake).rev).toBe(4);
    await page.reload();
    await expect(jobs.task(1)).toContainText('Type the serial number of the disk.');
    await jobs.settings.getByLabel('Serial number', { exact: true }).fill('S64ANX0R');
    await jobs.task(2).click();
    await jobs.settings.getByLabel('Script', { exact: true }).fill('true');
    await page.keyboard.press('Tab');
    await expect(jobs.saved).toContainText('Saved, revision 5');
  });

  test('a removed task comes back in its place by undo', async ({ console, page, jobs }) => {
    await console.goTo(lab);
    const before = await (async () => { await expect(jobs.task(4)).toBeVisible(); return jobs.summaries(); })();
    await jobs.task(2).focus();
    await page.keyboard.press('Delete');
    await expect(jobs.tasks.getByRole('listitem')).toHaveCount(3);
    await expect(jobs.task(2)).toBeFocused();
    await console.undoMessage('Removed: Run Set the asset tag').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => jobs.summaries()).toEqual(before);
  });

  test('rows are dragged to another place', async ({ console, jobs }) => {
    await console.goTo(lab);
    await jobs.tasks.getByRole('listitem').nth(3).dragTo(jobs.tasks.getByRole('listitem').nth(0), { targetPosition: { x: 100, y: 4 } });
    await expect(jobs.task(1)).toContainText('Restart the computer');
    await expect(jobs.saved).toContainText('Saved, revision 5');
  });

  test('two people at one job: nothing is lost, and one of them chooses', async ({ console, page, jobs, fake }) => {
    await console.goTo(lab);
    await jobs.task(3).click();
    await jobs.settings.getByLabel('Message').fill('Mine');
    const job = labOf(fake);
    Object.assign(job, { rev: 5, updatedBy: 'bert', updatedAt: Date.now(), tasks: job.tasks.slice(0, 2) });
    job.revisions.push({ rev: 5, at: Date.now(), actor: 'bert', message: 'Removed two tasks', name: job.name, description: job.description, showInPortal: false, tasks: job.tasks });
    await page.keyboard.press('Tab');
    await expect(jobs.conflict).toContainText('bert changed these tasks');
    await expect(jobs.conflict).toContainText('Show “Mine” for 30 s only here');
    await jobs.conflict.getByRole('button', { name: 'Save mine as the next revision' }).click();
    await expect(jobs.saved).toContainText('Saved, revision 6');
    expect(job.tasks.map((task) => task.type)).toEqual(['deploy', 'script', 'message', 'power']);
    await page.getByRole('tab', { name: /History/ }).click();
    await jobs.revision(5).click();
    await console.button('Restore revision 5').click();
    await expect(jobs.revision(7)).toContainText('now');
    expect(job.tasks).toHaveLength(2);
    await console.undoMessage('Revision 5 of Win11 lab (MI) restored').getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => labOf(fake).tasks.length).toBe(4);
  });

  test('somebody else\'s change is followed at once where nothing here is unsaved', async ({ console, jobs, fake, anotherWindow }) => {
    const other = await anotherWindow();
    const theirs = new JobsPages(other.page);
    await console.goTo(lab);
    await other.goTo(lab);
    await theirs.task(4).click();
    await theirs.settings.getByText('Switch off', { exact: true }).click();
    await expect(jobs.task(4)).toContainText('Switch the computer off');
    expect(labOf(fake).rev).toBe(5);
  });

  test('an edit made while the server is away is kept and saved when it is back', async ({ console, jobs, fake }) => {
    await console.goTo(lab);
    await jobs.task(4).click();
    await fake.goAway();
    await expect(console.offlineBanner()).toBeVisible();
    await jobs.settings.getByText('Switch off', { exact: true }).click();
    await expect(jobs.task(4)).toContainText('Switch the computer off');
    await expect(jobs.tasks).toContainText('kept in this window');
    await fake.comeBack();
    await expect(console.offlineBanner()).toHaveCount(0, { timeout: 20_000 });
    await expect(jobs.saved).toContainText('Saved, revision 5', { timeout: 20_000 });
  });

  test('the portal tab shows the menu as it is, and says why', async ({ console, page, jobs, fake }) => {
    await console.goTo(`${lab}/portal`);
    await expect(jobs.notes).toContainText('The tag (MI) in its name publishes it, although the switch is off');
    await expect(jobs.line('► Windows 11 lab')).toBeVisible();
    await page.getByLabel('Portal text').fill('Lab, Windows 11');
    await page.keyboard.press('Enter');
    await expect(jobs.line('► Lab, Windows 11')).toBeVisible();
    await console.goTo(`/job/${guidOf('job Capture the teacher PC')}/portal`);
    await expect(jobs.notes).toContainText('Technicians do not see it');
    await page.getByRole('switch', { name: 'Show in portal' }).check();
    await expect(jobs.line('► Capture the teacher PC')).toBeVisible();
    fake.data.settings.portalRootFolderId = guidOf('folder Imaging');
    fake.changed('settings', 'settings');
    await expect(jobs.notes).toContainText('the portal offers only what lies in Imaging');
    await expect(jobs.line('Capture the teacher PC')).toHaveCount(0);
    await console.goTo(`/job/${guidOf('job Win11 teacher')}/portal`);
    await expect(jobs.line('► Win11 teacher')).toBeVisible();
  });

  test('a folder tells what it would run, in order', async ({ console, page, jobs }) => {
    await console.goTo(`/folder/${guidOf('folder Whole lab (MI)')}/portal`);
    await expect(page.getByRole('region', { name: /Runs 4 jobs/ }).getByRole('link')).toHaveText(['1 Check the hardware', '2 Deploy Windows', '9 Drivers', '10 Name and join']);
    await expect(jobs.line('► Lab PC, complete')).toBeVisible();
    await console.goTo(`/folder/${guidOf('folder Archive')}`);
    await console.button('New folder').click();
    await expect(page.getByRole('textbox', { name: 'Name' })).toBeFocused();
    await page.keyboard.type('2025');
    await page.keyboard.press('Enter');
    await expect(console.heading).toContainText('2025');
    await expect(page.getByRole('main')).toContainText('in Archive');
  });

  test('the sheet says what would happen before it does, and its undo cancels what has not begun', async ({ console, page, jobs, fake }) => {
    await console.goTo(lab);
    await console.button('Run on…').click();
    await expect(jobs.sheet.getByLabel('Computers and groups').first()).toBeFocused();
    await page.keyboard.type('LAB12-0');
    await expect(jobs.choice(/LAB12-01/)).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(jobs.choice(/LAB12-01/)).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('ArrowDown');
    await expect(jobs.choice(/LAB12-02/)).toHaveAttribute('data-active', 'true');
    await page.keyboard.press('Enter');
    await expect(jobs.choice(/LAB12-02/)).toHaveAttribute('aria-selected', 'true');
    await expect(jobs.computerRow('LAB12-01')).toContainText('SAMSUNG PM9A1 512 GB');
    await expect(jobs.computerRow('LAB12-02')).toContainText('After Deploy of Win11 lab, version 4');
    await jobs.sheet.getByRole('button', { name: 'Erase 2 disks and deploy' }).click();
    await expect(jobs.sheet).toHaveCount(0);
    await expect.poll(() => fake.data.runs.filter((run) => run.jobId === guidOf('job Win11 lab (MI)')).map((run) => run.computerName).toSorted()).toEqual(['LAB12-01', 'LAB12-02']);
    const done = console.undoMessage('runs on 2 computers');
    await expect(done.getByRole('link', { name: 'Show the 2 runs' })).toBeVisible();
    await done.getByRole('button', { name: 'Undo' }).click();
    await expect(page.getByText('2 runs of Win11 lab (MI) cancelled')).toBeVisible();
  });

  test('keys pressed faster than the sheet comes are not lost', async ({ console, page, jobs }) => {
    await console.goTo(lab);
    await console.button('Run on…').focus();
    for (const key of ['Enter', 'ArrowDown', 'ArrowDown', 'Enter', 'ArrowDown', 'Enter']) await page.keyboard.press(key, { delay: 0 });
    await expect(jobs.sheet.getByRole('option').nth(2)).toHaveAttribute('aria-selected', 'true');
    await expect(jobs.sheet.getByRole('option').nth(3)).toHaveAttribute('aria-selected', 'true');
    await expect(jobs.sheet.getByRole('option', { selected: true })).toHaveCount(2);
    await page.keyboard.press('Escape');
    await expect(jobs.sheet).toHaveCount(0);
    await console.button('Run on…').focus();
    for (const key of ['Enter', ...'LAB12-02', 'Enter']) await page.keyboard.press(key, { delay: 0 });
    await expect(jobs.choice(/LAB12-02/)).toHaveAttribute('aria-selected', 'true');
    await expect(jobs.sheet.getByRole('combobox', { name: 'Computers and groups' })).toHaveValue('LAB12-02');
  });

  test('what was deleted is in the trash with its day, and comes back from there', async ({ console, page, fake }) => {
    await console.goTo(lab);
    await console.choose('More commands', 'Move to trash');
    await console.goTo('/trash');
    const row = console.row('Trash', 'Win11 lab (MI)');
    await expect(row).toContainText('in 14 days');
    await page.getByRole('button', { name: 'Restore Win11 lab (MI)' }).click();
    await expect(row).toHaveCount(0);
    await expect(console.undoMessage('Win11 lab (MI) restored')).toBeVisible();
    expect(fake.jobs.jobs.find((job) => job.name === 'Win11 lab (MI)')?.trashedAt).toBeNull();
  });

  test('an image says which jobs use it', async ({ console, page }) => {
    await console.goTo(`/image/${guidOf('Win11 lab')}`);
    await page.getByRole('tab', { name: /Where used/ }).click();
    await expect(console.row('Where used', 'Win11 lab (MI)')).toContainText('1. Deploy Win11 lab (newest version) to the internal disk');
  });

  for (const theme of ['light', 'dark'] as const) {
    test(`nothing keeps a screen reader or weak eyes out (${theme})`, async ({ console, page, jobs }) => {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      const check = async (what: string): Promise<void> => {
        expect(await accessViolations(page, what)).toEqual([]);
      };
      await console.goTo('/jobs');
      await expect(page.getByRole('table', { name: 'Jobs' })).toBeVisible();
      await check('jobs');
      await console.goTo(lab);
      for (const place of [1, 2, 3, 4]) {
        await jobs.task(place).click();
        await check(`task ${place}`);
      }
      for (const tab of ['Portal', 'Runs', 'History']) {
        await page.getByRole('tab', { name: new RegExp(`^${tab}`) }).click();
        if (tab === 'Portal') await expect(jobs.screen).toBeVisible();
        await check(tab);
      }
      await console.goTo(`/folder/${guidOf('folder Whole lab (MI)')}/portal`);
      await expect(jobs.screen).toBeVisible();
      await check('folder');
      await console.button('Run on…').click();
      await jobs.choice(/Room 12/).click();
      await expect(jobs.computerRow('LAB12-01')).toBeVisible();
      await check('sheet');
    });
  }
});
