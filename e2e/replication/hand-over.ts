// Owns how stories hand images over: as two people at two consoles would, each with a connection of its own.
import type { Handover, HandoverRequest } from '../../src-shared/model/replication.ts';
import { connect, type Api } from '../../src-main/cli/client.ts';
import { locateServer } from '../../src-main/cli/locate.ts';
import type { ConsolePage } from '../pages/console.ts';
import type { ReplicationLab } from './lab.ts';

/** One question to headquarters over a connection of its own. */
export async function ask<T>(lab: ReplicationLab, question: (api: Api) => Promise<T>): Promise<T> {
  const address = new URL(await lab.hq.browserUrl());
  const connection = await connect(await locateServer({ server: address.origin, token: lab.hq.server.token, dataFolder: lab.network.folder }));
  try {
    return await question(connection.api);
  } finally {
    await connection.close();
  }
}

/** Looks at what it would do, and begins exactly that. */
export async function begin(lab: ReplicationLab, request: HandoverRequest): Promise<Handover> {
  return await ask(lab, async (api) => {
    const { digest, blocked, consequences } = await api.handovers.preview.query(request);
    if (blocked) throw new Error(`it can't begin: ${JSON.stringify(consequences.filter((each) => each.kind === 'refusal'))}`);
    return await api.handovers.begin.mutate({ request, digest });
  });
}

export async function untilState(lab: ReplicationLab, { id }: { id: string }, state: Handover['state'], limitMs?: number): Promise<Handover> {
  let last: Handover | null = null;
  await lab.until(`the hand-over is ${state}`, async () => {
    last = await ask(lab, (api) => api.handovers.get.query({ id }));
    return last.state === state || JSON.stringify(last);
  }, limitMs);
  if (last === null) throw new Error('the hand-over was not seen');
  return last;
}
export async function letGo(lab: ReplicationLab, { id }: { id: string }): Promise<Handover> {
  return await ask(lab, (api) => api.handovers.letGo.mutate({ id }));
}

/** A person's way through the console: the wizard with everything it would do, up to the button that begins. */
export class RetireWizard {
  readonly #console: ConsolePage;
  readonly #from: string;

  private constructor(console: ConsolePage, from: string) {
    this.#console = console;
    this.#from = from;
  }

  static async open(console: ConsolePage, lab: ReplicationLab, { from, to }: { from: string; to: string }): Promise<RetireWizard> {
    await console.goTo(`/server/${(await lab.serverView(from)).id}`);
    await console.choose('More commands', 'Retire…');
    const wizard = new RetireWizard(console, from);
    const owner = wizard.dialog.getByRole('combobox', { name: 'New owner' });
    await owner.click();
    await owner.fill(to);
    await wizard.dialog.getByRole('option', { name: new RegExp(`^${to}`) }).click();
    await wizard.dialog.getByText(`${from} is neither asked nor served any more, once you let it go`).waitFor();
    return wizard;
  }
  get dialog() {
    return this.#console.page.getByRole('dialog', { name: `Retire ${this.#from}` });
  }
  async begin(): Promise<void> {
    await this.dialog.getByRole('button', { name: `Begin to retire ${this.#from}` }).click();
  }
  /** On the page of the hand-over, once everything is proved without it. */
  async letGo(limitMs: number): Promise<void> {
    await this.#console.button(`Let ${this.#from} go`).click({ timeout: limitMs });
    await this.#console.page.getByText('Its machine can be switched off.').waitFor();
  }
}
