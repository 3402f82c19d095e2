// Test support: a console with package servers around it, real ones and ones that are only a channel. Not part of the product.
import { randomBytes } from 'node:crypto';
import type { Handover } from '#shared/model/replication.ts';
import type { CopyReport } from '#shared/replication/messages.ts';
import type { RunningServer } from './server.ts';
import { CHUNK, testChunk } from './test-agent.ts';
import { copy, TestReplica } from './test-replica.ts';
import { eventually, testAgent, testApi, testFolder, testServer, type TestApi } from './test-server.ts';

export type Place = { server: RunningServer; api: TestApi; dataFolder: string };
export type PackagePlace = Place & { id: string; name: string };

export async function headquarters(dataFolder = testFolder(), httpPort = 0): Promise<Place> {
  const server = await testServer({ host: '127.0.0.1', dataFolder, httpPort });
  return { server, api: testApi(server), dataFolder };
}
export async function packageServer(hq: Place, name: string): Promise<PackagePlace> {
  const { token } = await hq.api.servers.add.mutate({ name });
  const dataFolder = testFolder();
  const server = await testServer({ dataFolder, host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.server.httpPort}`, token } } });
  const { id } = await eventually(() => hq.api.servers.get.query({ server: name }), (found) => found.connected);
  return { server, api: testApi(server), id, name, dataFolder };
}
export async function startAgain(place: PackagePlace): Promise<PackagePlace> {
  const server = await testServer({ dataFolder: place.dataFolder, host: '127.0.0.1', linkFirstPauseMs: 20 });
  return { ...place, server, api: testApi(server) };
}
export async function capture({ server }: Place, name: string, chunks = 3): Promise<string> {
  const agent = await testAgent(server);
  await agent.hello(server.token);
  return (await agent.capture(name, Array.from({ length: chunks }, () => testChunk(randomBytes(CHUNK))))).imageGuid;
}
/** A package server that joined and is connected, and says of its copies what the test says. */
export async function replica(hq: Place, name: string): Promise<TestReplica> {
  const { token } = await hq.api.servers.add.mutate({ name });
  const made = new TestReplica(hq.server);
  await made.join(token);
  await made.open();
  await made.prove();
  return made;
}
export function report(by: TestReplica, versions: readonly string[], more: Partial<CopyReport> = {}): void {
  by.say({ type: 'copies', digest: '', copies: versions.map((guid) => copy(guid, { provedAt: Date.now(), ...more })) });
}
export const ownerOf = async (hq: Place, image: string): Promise<string> => (await hq.api.images.get.query({ image })).owner.serverName;
/** Nobody, where the image is not known yet. */
export const readyAt = async (hq: Place, image: string): Promise<string[]> => ((await hq.api.images.get.query({ image }).catch(() => null))?.copies ?? []).filter((each) => each.state === 'ready').map((each) => each.serverName).toSorted();
export const untilHandover = (hq: Place, { id }: { id: string }, fits: (handover: Handover) => boolean): Promise<Handover> => eventually(() => hq.api.handovers.get.query({ id }), fits);
export const untilState = (hq: Place, handover: { id: string }, state: Handover['state']): Promise<Handover> => untilHandover(hq, handover, (found) => found.state === state);
