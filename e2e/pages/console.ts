// What a person finds on the console's window, by role and name; specs speak in these words, never in selectors.
import { expect } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';

export class ConsolePage {
  readonly page: Page;
  readonly tree: Locator;
  readonly heading: Locator;
  readonly statusStrip: Locator;
  constructor(page: Page) {
    this.page = page;
    this.tree = page.getByRole('tree', { name: 'Everything on this server' });
    this.heading = page.getByRole('heading', { level: 1 });
    this.statusStrip = page.getByRole('contentinfo', { name: 'Status' });
  }
  async open(address: string): Promise<void> {
    await this.page.goto(address);
    await expect(this.tree).toBeVisible();
  }
  /** By address inside the console: "/images". */
  async goTo(path: string): Promise<void> {
    await this.page.evaluate((to) => { location.hash = to; }, path);
  }
  node(name: string | RegExp): Locator {
    return this.tree.getByRole('treeitem', { name });
  }
  /** The row the keyboard is on, as a screen reader is told. */
  async activeNode(): Promise<string> {
    return this.tree.evaluate((tree) => document.getElementById(tree.getAttribute('aria-activedescendant') ?? '')?.textContent.trim() ?? '');
  }
  version(number: number): Locator {
    return this.page.getByRole('group', { name: `Version ${number}`, exact: true });
  }
  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }
  async choose(menu: string, item: string): Promise<void> {
    await this.button(menu).click();
    await this.page.getByRole('menuitem', { name: item }).click();
  }
  row(table: string, text: string | RegExp): Locator {
    return this.page.getByRole('table', { name: table }).getByRole('row').filter({ hasText: text });
  }
  /** The message at the lower right that offers to undo. */
  undoMessage(text: string): Locator {
    return this.page.getByRole('alert').filter({ hasText: text });
  }
  offlineBanner(): Locator {
    return this.page.getByRole('status').filter({ hasText: 'The connection to the server is lost' });
  }
}
