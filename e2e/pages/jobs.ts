// What a person finds on the pages of jobs and folders and on the sheet that runs them, by role and name.
import type { Locator, Page } from '@playwright/test';

export class JobsPages {
  readonly page: Page;
  readonly tasks: Locator;
  readonly settings: Locator;
  readonly saved: Locator;
  readonly conflict: Locator;
  readonly screen: Locator;
  readonly notes: Locator;
  readonly sheet: Locator;
  constructor(page: Page) {
    this.page = page;
    this.tasks = page.getByRole('region', { name: 'Tasks', exact: true });
    this.settings = page.getByRole('region', { name: 'Settings of the task' });
    this.saved = page.getByRole('main').locator('p[role="status"]');
    this.conflict = page.getByRole('region', { name: 'Changed by somebody else' });
    this.screen = page.getByRole('img', { name: /The portal’s menu/ });
    this.notes = page.getByRole('list', { name: 'What the portal does with it' });
    this.sheet = page.getByRole('dialog', { name: 'Run on…' });
  }
  /** The button that chooses a task, by its place from 1. */
  task(place: number): Locator {
    return this.tasks.getByRole('listitem').nth(place - 1).getByRole('button').first();
  }
  /** What the rows say, in order. */
  async summaries(): Promise<string[]> {
    return (await this.tasks.getByRole('listitem').allInnerTexts()).map((text) => text.replace(/^\d+\s*/, '').trim());
  }
  async addTask(kind: string): Promise<void> {
    await this.page.getByRole('button', { name: /Add (task|the first task)/ }).click();
    await this.page.getByRole('menuitem', { name: kind }).click();
  }
  revision(number: number): Locator {
    return this.page.getByRole('list', { name: 'Revisions' }).getByRole('button', { name: new RegExp(`^${number} `) });
  }
  /** A line of the portal's screen, by what is in it. */
  line(text: string): Locator {
    return this.screen.locator('div').filter({ hasText: text });
  }
  choice(name: string | RegExp): Locator {
    return this.sheet.getByRole('option', { name });
  }
  computerRow(name: string): Locator {
    return this.sheet.getByRole('table', { name: 'Computers it runs on' }).getByRole('row').filter({ hasText: name });
  }
}
