// The console against the fake server: states no real server reaches at will. `windows` opens further windows on the same server.
import { test as base } from '@playwright/test';
import { emptyData, fullData } from './fakeData.ts';
import { startFakeServer } from './fakeServer.ts';
import type { FakeServer } from './fakeServer.ts';
import { ConsolePage } from './pages/console.ts';

export { expect } from '@playwright/test';

type Fixtures = { content: 'full' | 'empty'; fake: FakeServer; console: ConsolePage; anotherWindow: () => Promise<ConsolePage> };

export const test = base.extend<Fixtures>({
  content: ['full', { option: true }],
  fake: async ({ content }, use) => {
    const server = await startFakeServer(content === 'full' ? fullData() : emptyData());
    await use(server);
    await server.close();
  },
  console: async ({ page, fake }, use) => {
    const shown = new ConsolePage(page);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await shown.open(fake.address);
    await use(shown);
    if (errors.length > 0) throw new Error(`the console threw: ${errors.join('\n')}`);
  },
  anotherWindow: async ({ browser, fake }, use) => {
    const opened: { close(): Promise<void> }[] = [];
    await use(async () => {
      const context = await browser.newContext();
      opened.push(context);
      const shown = new ConsolePage(await context.newPage());
      await shown.open(fake.address);
      return shown;
    });
    for (const context of opened) await context.close();
  },
});
