// What a person does with the tree: selects, renames in place, drags, and uses its menu and dialogs.
import { expect } from '@playwright/test';
import type { Locator, Page } from '@playwright/test';

export class TreePage {
  readonly page: Page;
  readonly tree: Locator;
  constructor(page: Page) {
    this.page = page;
    this.tree = page.getByRole('tree', { name: 'Everything on this server' });
  }
  node(name: string | RegExp): Locator {
    return this.tree.getByRole('treeitem', { name });
  }
  async expand(name: string | RegExp): Promise<void> {
    await this.focusOn(name);
    if (await this.node(name).getAttribute('aria-expanded') !== 'true') await this.page.keyboard.press('ArrowRight');
    await expect(this.node(name)).toHaveAttribute('aria-expanded', 'true');
  }
  /** By keyboard alone: to the tree, then by the first letters, until it is this row. */
  async focusOn(name: string | RegExp): Promise<void> {
    await this.page.keyboard.press('Control+b');
    await expect(this.tree).toBeFocused();
    await this.page.keyboard.press('Home');
    for (let step = 0; step < 80; step++) {
      if (await this.isActive(name)) return;
      await this.page.keyboard.press('ArrowDown');
    }
    throw new Error(`no row of the tree is named ${name}`);
  }
  async isActive(name: string | RegExp): Promise<boolean> {
    const active = await this.active();
    return typeof name === 'string' ? active.startsWith(name) : name.test(active);
  }
  /** The row the keyboard is on, as a screen reader is told. */
  async active(): Promise<string> {
    return this.tree.evaluate((tree) => document.getElementById(tree.getAttribute('aria-activedescendant') ?? '')?.textContent.trim() ?? '');
  }
  async renameTo(name: string): Promise<void> {
    await this.page.keyboard.press('F2');
    await expect(this.tree.getByRole('textbox')).toBeFocused();
    await this.page.keyboard.type(name);
    await this.page.keyboard.press('Enter');
    await expect(this.tree).toBeFocused();
  }
  async command(of: string | RegExp, name: string): Promise<void> {
    await this.node(of).click({ button: 'right' });
    await this.page.getByRole('menuitem', { name }).click();
  }
  /** Presses at one row and moves to another, without letting go: `drop` or `cancelDrag` ends it. */
  async drag(from: Locator, to: Locator): Promise<void> {
    const [start, end] = [await middleOf(from), await middleOf(to)];
    await this.page.mouse.move(start.x, start.y);
    await this.page.mouse.down();
    await this.page.mouse.move(start.x + 8, start.y + 8, { steps: 2 });
    await this.page.mouse.move(end.x, end.y, { steps: 6 });
  }
  /** What the pointer says would happen. */
  verdict(text: string | RegExp): Locator {
    return this.page.getByRole('status').filter({ hasText: text });
  }
  async drop(): Promise<void> {
    await this.page.mouse.up();
  }
  get moveDialog(): Locator {
    return this.page.getByRole('dialog', { name: /^Move .* to…$/ });
  }
  get runSheet(): Locator {
    return this.page.getByRole('dialog', { name: /^Run/ });
  }
}

async function middleOf(locator: Locator): Promise<{ x: number; y: number }> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error('what is dragged is not on screen');
  return { x: box.x + Math.min(box.width / 2, 120), y: box.y + box.height / 2 };
}
