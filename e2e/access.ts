// What axe finds wrong with a page as it stands, in words. The rules run in the page itself and are brought there once: the console
// has no frames, for which axe's own Playwright package brings them again for every look, and opens a page more.
import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

type Violation = { id: string; help: string; nodes: { target: unknown[]; failureSummary?: string }[] };
type Axe = { run(context: Document, options: { resultTypes: string[] }): Promise<{ violations: Violation[] }> };

const source = readFileSync(createRequire(import.meta.resolve('@axe-core/playwright')).resolve('axe-core/axe.min.js'), 'utf8');

/** Each violation with its rule and the first places; `where` stands before it. Waits until nothing is loading or moving. */
export async function accessViolations(page: Page, where: string): Promise<string[]> {
  if (page.frames().length > 1) throw new Error(`${where} has frames, which are not looked into`);
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"], .mantine-Skeleton-root') === null && document.getAnimations().every((animation) => animation.playState !== 'running' || animation.effect?.getTiming().iterations === Infinity));
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  const violations = await page.evaluate(async () => (await (window as unknown as { axe: Axe }).axe.run(document, { resultTypes: ['violations'] })).violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) })));
  return violations.map(({ id, help, nodes }) => `${where}: ${id} (${help}) ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`);
}
