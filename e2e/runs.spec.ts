// Runs of jobs and Activity, shown against the fake server: every state of a run says what it is and offers what helps.
import { guidOf } from './fakeData.ts';
import { addJobRuns, deploying } from './fakeRuns.ts';
import { expect, test } from './console.fixture.ts';
import type { FakeServer } from './fakeServer.ts';

const runId = (name: string): string => guidOf(`run ${name}`);
const findRun = (fake: FakeServer, name: string) => fake.data.runs.find((run) => run.id === runId(name)) ?? missing(name);
function missing(name: string): never { throw new Error(`no run ${name}`); }

test.describe('a run', { tag: '@windowless' }, () => {
  test.beforeEach(({ fake }) => addJobRuns(fake.data));

  test('shows its tasks to scale, how far it is and where the time goes, and moves as it is reported', async ({ console, page, fake }) => {
    await console.goTo(`/run/${runId('job running')}`);
    const main = page.getByRole('main');
    await expect(console.heading).toContainText('Win11 lab');
    await expect(main.getByRole('listitem').filter({ hasText: 'Deploy Win11 lab' })).toContainText('Running 61 %');
    await expect(main.getByText('19.3 GB of 31.2 GB · 87.0 MB/s · 2 min 17 s left')).toBeVisible();
    await expect(main.getByRole('figure', { name: 'Where the time goes' })).toContainText('Write 46 %');
    const run = findRun(fake, 'job running');
    for (let step = 0; step < 4; step++) {
      const progress = { ...deploying, doneBytes: deploying.totalBytes * (0.9 + step / 100), rateBytesPerSecond: 80e6 + step * 5e6 };
      const [, task] = run.tasks;
      if (task !== undefined) task.progress = progress;
      run.progress = progress;
      fake.reportRun(run);
      await expect(main.getByRole('progressbar')).toHaveAttribute('aria-valuenow', String(90 + step));
    }
    await expect(main.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '93');
    await expect(main.getByText(/^Rate now 95/)).toBeVisible();
    await expect(console.statusStrip).toContainText('LAB12-07 waits for a person');
  });

  test('says that its agent is silent before it is given up as lost, and forgets it when it is heard of again', async ({ console, page, fake }) => {
    const run = findRun(fake, 'job running');
    run.silentSince = Date.now() - 20_000;
    fake.reportRun(run);
    await console.goTo(`/run/${runId('job running')}`);
    const main = page.getByRole('main');
    await expect(main.getByText(/^Not heard of for 2\d s$/)).toBeVisible();
    await expect(main).toContainText('after 45 s of silence the run counts as lost');
    await console.goTo('/');
    await expect(page.getByRole('list', { name: 'In progress' })).toContainText(/Not heard of for \d\d s/);
    await expect(page.getByRole('list', { name: 'Computers of Main building / Room 12' }).getByRole('listitem').filter({ hasText: 'LAB12-11' })).toContainText('Not heard of');
    run.silentSince = null;
    fake.reportRun(run);
    await expect(page.getByRole('list', { name: 'In progress' })).not.toContainText('Not heard of');
  });

  test('asks before it is cancelled where a disk is being written, saying what is lost, and not otherwise', async ({ console, page, fake }) => {
    await console.goTo(`/run/${runId('job running')}`);
    await console.button('Cancel run').click();
    const dialog = page.getByRole('dialog', { name: 'Cancel Win11 lab on LAB12-11?' });
    await expect(dialog).toContainText('/dev/nvme0n1 (SAMSUNG PM9A1) of LAB12-11. What was on it is gone');
    await expect(dialog.getByRole('button', { name: 'Let it run' })).toBeFocused();
    await dialog.getByRole('button', { name: 'Cancel the run' }).click();
    await expect(page.getByRole('banner').or(console.heading).first()).toBeVisible();
    await expect.poll(() => findRun(fake, 'job running').state).toBe('cancelled');
    await console.goTo(`/run/${runId('job computer')}`);
    await console.button('Cancel run').click();
    await expect.poll(() => findRun(fake, 'job computer').state).toBe('cancelled');
  });

  test('that waits for a person says why, and goes on or ends by a click', async ({ console, page, fake }) => {
    await console.goTo(`/run/${runId('job person')}`);
    const block = page.getByRole('alert').filter({ hasText: 'waits for a person' });
    await expect(block).toContainText('was cut off: LAB12-07 or its agent started anew');
    await expect(block).toContainText('what is on that disk is erased');
    await block.getByRole('button', { name: 'Go on' }).click();
    await expect(block).toHaveCount(0);
    expect(findRun(fake, 'job person').state).toBe('running');
  });

  test('in the queue says its place and what comes first', async ({ console, page }) => {
    await console.goTo(`/run/${runId('job queued')}`);
    await expect(page.getByText('Number 2 in line on LAB12-11.')).toBeVisible();
    await page.getByRole('main').getByRole('link', { name: 'Win11 lab' }).first().click();
    await expect(page).toHaveURL(new RegExp(runId('job running')));
  });

  test('that was refused says that nothing was written, and can be run again after one was asked', async ({ console, page }) => {
    await console.goTo(`/run/${runId('job refused')}`);
    await expect(page.getByRole('main').getByText('Refused').first()).toBeVisible();
    const refusal = page.getByRole('alert').filter({ hasText: 'This run was refused; nothing was written' });
    await expect(refusal).toContainText('PL-2021');
    await expect(refusal.getByRole('button', { name: 'Copy details' })).toBeVisible();
    await console.button('Run again').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Erase and run again' }).click();
    await expect(page.getByText('Number 2 in line on LAB12-03.')).toBeVisible();
  });

  test('leads to the others of its batch, and to them all in Activity', async ({ console, page }) => {
    await console.goTo(`/run/${runId('job done')}`);
    await expect(page.getByText('1 refused, 1 running, 2 waiting, 1 queued')).toBeVisible();
    await page.getByRole('link', { name: 'Show in Activity' }).click();
    await expect(page.getByRole('table', { name: 'Runs' }).getByRole('row')).toHaveCount(7);
    await page.reload();
    await expect(page.getByRole('table', { name: 'Runs' }).getByRole('row')).toHaveCount(7);
  });

  test('gives its diagnostic bundle as a file', async ({ console, page }) => {
    await console.goTo(`/run/${runId('job done')}`);
    const download = page.waitForEvent('download');
    await console.choose('More commands', 'Diagnostic bundle');
    expect((await download).suggestedFilename()).toBe(`platen-run-${runId('job done').slice(0, 8)}.txt`);
  });

  test('has a log that follows its end until one scrolls up, and follows again when asked', async ({ console, page, fake }) => {
    await console.goTo(`/run/${runId('job running')}`);
    const log = page.getByRole('log');
    await expect(log).toContainText('975 of 1000');
    const distance = () => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    expect(await distance()).toBeLessThan(2);
    await log.evaluate((element) => { element.scrollTop = 0; });
    await expect(console.button('Follow')).toBeVisible();
    fake.data.logs.get(runId('job running'))?.push({ at: Date.now(), text: 'the newest line' });
    await expect(log).toContainText('the newest line');
    expect(await log.evaluate((element) => element.scrollTop)).toBe(0);
    await console.button('Follow').click();
    await expect.poll(distance).toBeLessThan(2);
  });
});

test.describe('Activity', { tag: '@windowless' }, () => {
  test('is narrowed by state, text and job, and its address keeps that', async ({ console, page, fake }) => {
    addJobRuns(fake.data, 30);
    await console.goTo('/activity');
    const rows = page.getByRole('table', { name: 'Runs' }).getByRole('row');
    await page.getByRole('textbox', { name: 'Text' }).fill('too small');
    await expect(rows).toHaveCount(2);
    await page.reload();
    await expect(page.getByRole('textbox', { name: 'Text' })).toHaveValue('too small');
    await page.getByRole('textbox', { name: 'Text' }).fill('');
    await page.getByRole('combobox', { name: 'State' }).click();
    await page.getByRole('option', { name: 'Waiting for a person' }).click();
    await expect(rows).toHaveCount(2);
    await page.getByRole('combobox', { name: 'State' }).click();
    await page.getByRole('option', { name: 'All' }).click();
    await page.getByRole('combobox', { name: 'Computer or job' }).fill('teacher-12');
    await page.getByRole('option', { name: 'teacher-12', exact: true }).click();
    await expect(rows).toHaveCount(3);
  });

  test('cancels several at once, after saying how many disks that leaves half written', async ({ console, page, fake }) => {
    addJobRuns(fake.data);
    await console.goTo('/activity');
    await page.getByRole('checkbox', { name: 'Choose Win11 lab on teacher-12' }).check();
    await console.button('Cancel 1 run').waitFor();
    await console.button(/^Choose all \d+ active$/).click();
    await console.button(/^Cancel 8 runs$/).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel 8 runs?' });
    await expect(dialog).toContainText('3 of them write a disk');
    await dialog.getByRole('button', { name: 'Cancel 8 runs' }).click();
    await expect(page.getByText('8 runs cancelled')).toBeVisible();
    await expect(console.statusStrip).toContainText('Nothing is running');
    expect(fake.data.runs.filter((run) => run.state === 'cancelled').length).toBe(9);
  });

  test('goes back in history page by page', async ({ console, page, fake }) => {
    addJobRuns(fake.data, 500);
    await console.goTo('/activity');
    const table = page.getByRole('table', { name: 'Runs' });
    await expect(table).toHaveAttribute('aria-rowcount', /^20\d$/);
    await console.button('Show older').click();
    await console.button('Show older').click();
    await expect(table).toHaveAttribute('aria-rowcount', '515');
    await expect(console.button('Show older')).toHaveCount(0);
  });
});
