// Owns a story as its spec tells it: a lab, the console of headquarters in a real browser beside it, images captured by the real agent, and
// the oracle at its end. What the machines said is in a failed test's report.
import { test as base, expect, type BrowserContext, type Locator, type Page } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ConsolePage } from '../pages/console.ts';
import { contentsOf, makeDisk, patchDisk, type LabDisk } from './disk.ts';
import { ReplicationLab, type LabOptions } from './lab.ts';
import type { LabMachine } from './machine.ts';
import { replicationLabLack } from './network.ts';
import { judge, type Judgement } from './oracle.ts';

export { expect };

const isSoak = process.env['PLATEN_SOAK'] === '1';
/** What a file system of an image holds; compressed it is a bit less than half. */
export const imageMiB = isSoak ? 400 : 40;
export const patchMiB = isSoak ? 24 : 4;
/** A cell of the console that is to become so while bytes travel over a slow line. */
export const travelMs = isSoak ? 600_000 : 90_000;

export const test = base.extend<{ story: Story }>({
  story: async ({ page }, use, testInfo) => {
    const lack = replicationLabLack();
    test.skip(lack !== null, lack ?? '');
    const story = new Story(page);
    try {
      await use(story);
    } finally {
      if (testInfo.status !== testInfo.expectedStatus) story.keepLogs((name) => testInfo.outputPath(name));
      await story.close();
    }
  },
});

export class Story {
  readonly console: ConsolePage;
  readonly #page: Page;
  readonly #acknowledged: string[] = [];
  #lab: ReplicationLab | null = null;
  readonly #contexts: BrowserContext[] = [];
  #computer: LabMachine | null = null;
  readonly #begun = performance.now();

  constructor(page: Page) {
    this.#page = page;
    this.console = new ConsolePage(page);
  }

  get lab(): ReplicationLab {
    if (this.#lab === null) throw new Error('The story has no lab yet: begin it first.');
    return this.#lab;
  }
  get hq(): LabMachine {
    return this.lab.hq;
  }
  server(name: string): LabMachine {
    return this.lab.server(name);
  }

  /** The lab, and the console open on images × servers. */
  async begin(options: LabOptions): Promise<void> {
    this.#lab = await ReplicationLab.start(options);
    this.note('the lab is up');
    await this.openConsole();
  }
  /** Also anew, where headquarters moved. */
  async openConsole(): Promise<void> {
    await this.console.open(await this.hq.browserUrl());
    await this.console.goTo('/matrix');
  }

  /** Of somebody else, on the same headquarters. */
  async anotherWindow(): Promise<ConsolePage> {
    const context = await this.#page.context().browser()?.newContext();
    if (context === undefined) throw new Error('this page belongs to no browser');
    this.#contexts.push(context);
    const shown = new ConsolePage(await context.newPage());
    await shown.open(await this.hq.browserUrl());
    return shown;
  }

  async disk(name: string, contentMiB = imageMiB): Promise<LabDisk> {
    return await makeDisk(this.lab.network.folder, name, contentMiB);
  }
  async patch(disk: LabDisk, seed: string): Promise<void> {
    await patchDisk(disk, seed, patchMiB);
  }

  /** By the real agent on a machine, against the server there or another one. @returns the version's guid, acknowledged */
  async capture(disk: LabDisk, image: string, at: LabMachine = this.hq, against: LabMachine = at): Promise<string> {
    const answer = (await at.capture(disk.path, image, against)) as unknown as { image: { guid: string }; version: number };
    const { versions } = await against.platen<{ versions: { guid: string; number: number }[] }>('image', 'show', answer.image.guid);
    const guid = versions.find((version) => version.number === answer.version)?.guid;
    if (guid === undefined) throw new Error(`the server does not know the version it acknowledged: ${JSON.stringify(answer)}`);
    this.#acknowledged.push(guid);
    this.note(`${image} v${answer.version} captured at ${against.name}`);
    return guid;
  }

  /** What the console says of an image (its newest version) at a server, as a person reads it in images × servers. */
  async reads(image: string, server: string): Promise<string> {
    const table = this.#page.getByRole('table', { name: 'Images and servers' });
    const heads = (await table.getByRole('columnheader').allInnerTexts()).map((head) => head.trim());
    const row = table.getByRole('row').filter({ has: this.#page.getByRole('link', { name: image, exact: true }) });
    if (!heads.includes(server) || (await row.count()) !== 1) return 'nothing';
    return (await row.getByRole('cell').nth(heads.indexOf(server)).innerText()).trim();
  }
  /** Waits until the console says it of all these servers. */
  async says(image: string, word: string | RegExp, ...servers: string[]): Promise<void> {
    for (const server of servers) {
      const says = expect.poll(() => this.reads(image, server), { message: `${image} at ${server}`, timeout: travelMs });
      await (typeof word === 'string' ? says.toBe(word) : says.toMatch(word));
    }
    this.note(`the console says ${String(word)} of ${image} at ${servers.join(', ')}`);
  }
  /** Who owns an image, as the console says it. */
  async ownedBy(image: string, words: string): Promise<void> {
    await expect.poll(() => this.reads(image, 'Owner'), { message: `owner of ${image}`, timeout: travelMs }).toBe(words);
  }
  /** The images whose location is a server: what an administrator types before switching it off. */
  async locatedAt(server: string): Promise<Locator> {
    await this.console.goTo(`/matrix/${(await this.lab.serverView(server)).id}`);
    await expect(this.#page.getByRole('combobox', { name: 'Location' })).toHaveValue(`Location is ${server}`);
    return this.#page.getByRole('main').locator('header');
  }

  /** A computer that gets an image from the lab with the real agent; what arrives is the disk that was captured. */
  async deploys(image: string, disk: LabDisk, version?: number): Promise<string> {
    this.#computer ??= await this.lab.addMachine('PC');
    const target = `${disk.path}.deployed`;
    const { code, answer, said } = await this.#computer.agent(['deploy', '--disk', target, '--image', image, ...(version === undefined ? [] : ['--version', String(version)]), '--create-size', String(disk.sizeBytes), '--yes'], this.hq);
    expect(code, `${JSON.stringify(answer)}\n${said}`).toBe(0);
    expect(await contentsOf({ ...disk, path: target })).toEqual(await contentsOf(disk));
    await rm(target);
    this.note(`${image} deployed`);
    return said;
  }

  /** That a server let go of what it had proved: healed perhaps before anybody looks, so its history is where the console tells it. */
  async tellsOfLoss(server: string): Promise<void> {
    const told = await this.lab.untilFound(`the history of ${server} tells of a loss`, async () => {
      const { history } = await this.hq.platen<{ history: { kind: string; message: string }[] }>('server', 'show', server, '--history');
      return history.find((event) => event.kind === 'copies-damaged' || event.kind === 'copies-lost') ?? null;
    });
    await this.console.goTo(`/server/${(await this.lab.serverView(server)).id}/history`);
    await expect(this.#page.getByText(told.message).first()).toBeVisible();
    this.note(`the console tells: ${told.message}`);
    await this.console.goTo('/matrix');
  }

  /** Content that the network carried to a machine while this was done; frames and their headers counted. */
  async carriedTo(machine: LabMachine, work: () => Promise<void>): Promise<number> {
    const before = (await machine.traffic()).receivedBytes;
    await work();
    return (await machine.traffic()).receivedBytes - before;
  }

  /** Every story ends with it. */
  async mustBeSound(judgement: Omit<Judgement, 'acknowledged'> = {}): Promise<void> {
    expect(await judge(this.lab, { acknowledged: this.#acknowledged, ...judgement })).toEqual([]);
    this.note('every copy called ready re-hashes, and nothing is lost');
  }

  note(what: string): void {
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(1);
    test.info().annotations.push({ type: 'seconds', description: `${seconds} ${what}` });
    process.stdout.write(`  ${seconds.padStart(6)} s  ${what}\n`);
  }
  keepLogs(pathOf: (name: string) => string): void {
    for (const machine of this.#lab?.machines ?? []) writeFileSync(pathOf(`${machine.name}.log`), machine.log());
  }
  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.#lab?.close();
  }
}
