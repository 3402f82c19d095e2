// A job on a real server, from nothing: made, filled, published, seen in the portal's menu, changed by somebody else, taken back.
import { expect, test } from './fixtures.ts';
import { ConsolePage } from './pages/console.ts';
import { JobsPages } from './pages/jobs.ts';

test('a job is made, published, changed by two people and restored on a real server', async ({ ui, server, browser, target }) => {
  const console = new ConsolePage(ui);
  const jobs = new JobsPages(ui);
  await console.goTo('/jobs');
  await console.button('Make the first job').click();
  await expect(ui.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await ui.keyboard.type('Greeting');
  await ui.keyboard.press('Enter');
  await jobs.addTask('Show a message');
  await ui.keyboard.type('Good morning');
  await ui.keyboard.press('Tab');
  await expect(jobs.saved).toContainText(/Saved, revision \d/);
  await jobs.addTask('Restart or switch off');
  await expect(jobs.task(2)).toContainText('Restart the computer');
  await ui.getByRole('tab', { name: /Portal/ }).click();
  await expect(jobs.notes).toContainText('Technicians do not see it');
  await ui.getByRole('switch', { name: 'Show in portal' }).check();
  await ui.getByLabel('Portal text').fill('Say good morning');
  await ui.keyboard.press('Enter');
  await expect(jobs.line('► Say good morning')).toBeVisible();
  await ui.getByRole('tab', { name: /Tasks/ }).click();

  if (target === 'browser') {
    const other = await browser.newPage();
    await other.goto(server.address);
    const theirs = new JobsPages(other);
    await other.evaluate((to) => { location.hash = to; }, new URL(ui.url()).hash.slice(1));
    await jobs.task(1).click();
    await jobs.settings.getByLabel('Message').fill('Good evening');
    await theirs.task(1).click();
    await theirs.settings.getByLabel('Message').fill('Good night');
    await other.keyboard.press('Tab');
    await expect(theirs.saved).toContainText('Saved, revision');
    await expect(jobs.conflict).toContainText('Show “Good evening” until a key is pressed differs');
    await jobs.conflict.getByRole('button', { name: 'Save mine as the next revision' }).click();
    await expect(theirs.task(1)).toContainText('Good evening');
    await other.close();
  }
  await ui.getByRole('tab', { name: /History/ }).click();
  await ui.getByRole('list', { name: 'Revisions' }).getByRole('button').last().click();
  await console.button('Restore revision 1').click();
  await ui.getByRole('tab', { name: /Tasks/ }).click();
  await expect(console.button('Add the first task')).toBeVisible();
  await console.undoMessage('Revision 1 of').getByRole('button', { name: 'Undo' }).click();
  await expect(jobs.task(2)).toContainText('Restart the computer');
  await ui.getByRole('main').getByRole('button', { name: 'Run on…' }).click();
  await expect(jobs.sheet).toContainText('There are no computers yet');
});
