// Owns how stories hand images over: as two people at two consoles would, each with a connection of its own.
import type { Handover, HandoverRequest } from '../../src-shared/model/replication.ts';
import { connect, type Api } from '../../src-main/cli/client.ts';
import { locateServer } from '../../src-main/cli/locate.ts';
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
