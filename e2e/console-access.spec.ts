// Every page without axe violations in light and dark, usable at 200 % zoom, and quick with ten thousand rows.
import { accessViolations } from './access.ts';
import { addImage, guidOf } from './fakeData.ts';
import { expect, test } from './console.fixture.ts';

const image = guidOf('Win11 lab');
const pages = ['/', '/images', `/image/${image}`, `/image/${image}/versions`, `/image/${image}/copies`, `/image/${image}/history`, '/trash', '/computers', `/computer/${guidOf('LAB12-01')}`, '/servers', '/help/images', '/help/server', '/help/command-line', '/activity', `/run/${guidOf('run deploying')}`, `/run/${guidOf('run failed')}`, '/settings'];

test.describe('access', { tag: '@windowless' }, () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const content of ['full', 'empty'] as const) {
      test.describe(`${colorScheme}, ${content}`, () => {
        test.use({ colorScheme, content, contextOptions: { reducedMotion: 'reduce' } });
        test('has no axe violations on any page', async ({ console, page }) => {
          const found: string[] = [];
          for (const path of content === 'full' ? pages : pages.filter((each) => !/^\/(image|computer|run)\//.test(each))) {
            await console.goTo(path);
            found.push(...(await accessViolations(page, path)));
          }
          expect(found).toEqual([]);
        });
      });
    }
  }
  test('has no axe violations in dialogs, menus and the palette', async ({ console, page }) => {
    const found: string[] = [];
    const check = async (name: string): Promise<void> => {
      await expect(page.getByRole(name === 'menu' ? 'menu' : 'dialog')).toBeVisible();
      found.push(...(await accessViolations(page, name)));
      await page.keyboard.press('Escape');
      await expect(page.getByRole(name === 'menu' ? 'menu' : 'dialog')).toHaveCount(0);
    };
    await console.goTo(`/image/${image}`);
    await console.button('Deploy…').click();
    await check('deploy');
    await page.keyboard.press('Control+k');
    await check('palette');
    await page.keyboard.press('?');
    await check('keys');
    await console.node(/^Linux workshop/).click({ button: 'right' });
    await check('menu');
    expect(found).toEqual([]);
  });

  test('stays usable at 200 % zoom of a 1280×720 window', async ({ console, page }) => {
    await page.setViewportSize({ width: 640, height: 360 });
    for (const path of pages) {
      await console.goTo(path);
      await expect(console.heading).toBeVisible();
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is wider than the window`).toBe(true);
    }
    await console.goTo(`/image/${image}`);
    await expect(console.button('Deploy…')).toBeInViewport();
  });

  test('holds ten thousand images with only the visible rows in the document, and opens a tab in under 100 ms', async ({ console, page, fake }) => {
    const graph = fake.data.graphs.get(image);
    if (graph === undefined) throw new Error('the fake data lack a graph');
    for (let index = 0; index < 10_000; index++) addImage(fake.data, { name: `bulk ${index}`, description: '', at: Date.now(), graph, versions: [{ usedBytes: index * 1e6, newBytes: 1e9, age: 1000, note: '' }] });
    fake.changed('image', image);
    await console.goTo('/images');
    const table = page.getByRole('table', { name: 'Images' });
    await expect(table).toHaveAttribute('aria-rowcount', '10007');
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    await page.getByRole('button', { name: 'Used on disk' }).click();
    await table.evaluate((element) => { element.scrollTop = element.scrollHeight; });
    await expect(console.row('Images', 'Win11 teacher')).toBeVisible();
    await console.goTo(`/image/${image}/history`);
    await expect(page.getByRole('tab', { name: /History/ })).toBeVisible();
    // Another test may have the processor at that very moment: the quickest of several tries is the console's own time.
    const took: number[] = [];
    for (let attempt = 0; attempt < 8 && !took.some((each) => each < 100); attempt++) {
      await console.goTo(`/image/${image}`);
      await expect(console.version(4)).toBeVisible();
      took.push(await page.evaluate(async () => {
        const tab = [...document.querySelectorAll<HTMLElement>('[role=tab]')].find((each) => each.textContent?.startsWith('History'));
        const from = performance.now();
        tab?.click();
        while (document.querySelector('ol[aria-label="History"][aria-busy="false"]') === null) await new Promise((resolve) => requestAnimationFrame(resolve));
        return performance.now() - from;
      }));
    }
    expect(Math.min(...took)).toBeLessThan(100);
  });
});
