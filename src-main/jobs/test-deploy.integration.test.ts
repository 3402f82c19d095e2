import { randomBytes } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { describe, expect, it } from 'vitest';
import type { ReadSource } from '#shared/agent/messages.ts';
import { CHUNK, testChunk, testInventory } from '../test-agent.ts';
import { runCommandLine } from '../cli/main.ts';
import { beginDeploy } from '../test-room.ts';
import { eventually, testAgent, testApi, testFolder, testServer } from '../test-server.ts';

async function platen(dataFolder: string, ...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCommandLine([...argv, '--data', dataFolder], {
    json: false, interactive: false, columns: null, env: {}, now: () => Date.now(), say: (text) => err.push(text), print: (text) => out.push(text), confirm: () => Promise.resolve(false), progress: { show: () => undefined, end: () => undefined } as never,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function manifestAt(source: ReadSource | undefined): Promise<{ status: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const asked = httpsRequest(`${source?.url}/agent/deploy/manifest`, { rejectUnauthorized: false, headers: { authorization: `Bearer ${source?.ticket}` } }, (response) => {
      let bytes = 0;
      response.on('data', (data: Buffer) => void (bytes += data.length));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** Version 2 of the console's "Lab" was captured at a package server, and waits. */
async function waiting() {
  const hq = await testServer({ host: '127.0.0.1' });
  const api = testApi(hq);
  const at = async (server: { url: string; token: string }) => {
    const agent = await testAgent(server);
    await agent.hello(server.token);
    return agent;
  };
  const { token } = await api.servers.add.mutate({ name: 'A' });
  const a = await testServer({ dataFolder: testFolder(), host: '127.0.0.1', linkFirstPauseMs: 20, packageServer: { packageServer: true, join: { url: `https://127.0.0.1:${hq.httpPort}`, token } } });
  const { imageGuid } = await (await at(hq)).capture('Lab', [testChunk(randomBytes(CHUNK))]);
  const there = testApi(a);
  await eventually(() => there.images.list.query({}), ([image]) => image?.newest?.state === 'ready');
  await (await at(a)).capture('Lab', [testChunk(randomBytes(CHUNK))]);
  await eventually(() => api.images.get.query({ image: 'Lab' }), (image) => image.versions[0]?.pending === true && image.copies.filter((copy) => copy.versionGuid === image.versions[0]?.guid && copy.state === 'ready').length === 2);
  const portal = await testAgent(hq);
  const { computerId } = await portal.portal(hq.token, testInventory('pc-9'));
  return { hq, api, portal, imageGuid, request: { image: imageGuid, version: 2, computer: computerId, disk: { kind: 'path', path: '/x' } as const } };
}

describe('a version that waits to be validated', () => {
  it('goes to one computer as a test deploy, and waits as before', async () => {
    const { hq, api, portal, request, imageGuid } = await waiting();
    expect(await api.jobs.previewTestDeploy.query(request)).toMatchObject({ title: 'Test deploy of Lab version 2', erases: ['/x (not seen yet)'] });
    const typed = ['image', 'test-deploy', 'Lab', '--version', '2', '--on', 'pc-9', '--to-disk', 'path=/x'];
    expect(await platen(hq.dataFolder, ...typed)).toMatchObject({ code: 2, err: expect.stringMatching(/Test deploy of Lab version 2 erases \/x \(not seen yet\) on pc-9, and nobody can be asked here: add --yes/) as string });
    expect(await platen(hq.dataFolder, ...typed, '--yes')).toMatchObject({ code: 0, out: 'Test deploy of Lab version 2 on pc-9 was asked for. When it is as it should be: platen image validate Lab --version 2' });
    const [asked] = await api.runs.list.query({ active: true });
    const run = asked?.id ?? '';
    const taken = await portal.request('takeRun', {});
    expect(taken).toMatchObject({ run: { id: run, title: 'Test deploy of Lab version 2', tasks: [{ type: 'deploy', version: 2, test: true }] }, needs: [{ version: 2, problem: null }] });
    expect(await beginDeploy(portal, run, 0)).toMatchObject({ imageGuid, version: 2 });
    await portal.request('deployStarted', { runId: run });
    await portal.request('deployDone', { runId: run, result: {} });
    expect(await api.runs.get.query({ id: run })).toMatchObject({ state: 'succeeded', jobId: null, versionNumber: 2 });
    expect((await api.images.get.query({ image: imageGuid })).versions[0]).toMatchObject({ number: 2, pending: true });
  }, 60_000);

  it('goes nowhere else: not by a job, not from the portal, not by hand without saying so, not by a computer\'s own token', async () => {
    const { hq, api, portal, request, imageGuid } = await waiting();
    const job = { type: 'deploy', id: 't', disk: { kind: 'path', path: '/x' }, imageGuid, imageName: 'Lab', version: 2 } as const;
    const { id } = await api.jobs.create.mutate({ folder: null, name: 'Lab to all', tasks: [job] });
    const target = { what: `job/${id}`, computers: [request.computer], groups: [] };
    const why = expect.stringMatching(/^Version 2 of Lab waits to be validated, and is deployed only at the site of A, where it was captured; this computer, at .*127\.0\.0\.1, is not there\. Validate it first/) as string;
    expect(await api.jobs.preview.query(target)).toMatchObject({ problem: null, computers: [{ computerName: 'pc-9', problem: why }] });
    expect(await api.jobs.start.mutate({ ...target, busy: 'queue' })).toMatchObject({ runs: [], skipped: [{ computerName: 'pc-9', reason: why }] });
    await expect(portal.request('pickByName', { job: 'Lab to all' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/^Lab to all was not scheduled\. Version 2 of Lab waits/) as string });
    await expect(api.jobs.create.mutate({ folder: null, name: 'Secret', tasks: [{ ...job, test: true }] })).rejects.toThrow(/A test deploy is asked for on its own/);
    await expect(api.jobs.startTestDeploy.mutate({ ...request, version: 1 })).rejects.toThrow(/Version 1 of "Lab" does not wait to be validated/);

    const disk = { path: '/x', model: '', serial: 'T', sizeBytes: 1 };
    const asked = { image: imageGuid, version: 2, disk, resumeKey: 'deploy-1' };
    const hand = await testAgent(hq);
    const inventory = testInventory('by-hand');
    const { computerToken } = await hand.hello(hq.token, inventory);
    await expect(hand.request('deployBegin', asked)).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/waits to be validated.*To try it on one computer before: platen image test-deploy /s) as string });
    expect(await hand.request('deployBegin', { ...asked, test: true })).toMatchObject({ version: 2 });
    const other = await testAgent(hq);
    await other.hello(computerToken, inventory);
    await expect(other.request('deployBegin', { ...asked, test: true })).rejects.toMatchObject({ code: 'forbidden' });
    await portal.close();
  }, 60_000);

  it('goes by its number to computers at the site it was captured at, read from there; the newest there is the one that is validated', async () => {
    const { api, hq, portal, request, imageGuid } = await waiting();
    await api.sites.create.mutate({ name: 'Rome', description: '', subnets: ['127.0.0.0/8'], locallyManaged: false, templateId: null, bytesPerSecond: null, windows: [] });
    await api.servers.setSite.mutate({ server: 'A', site: 'Rome', parent: null });
    const { id } = await api.jobs.create.mutate({ folder: null, name: 'Lab to Rome', tasks: [{ type: 'deploy', id: 't', disk: { kind: 'path', path: '/x' }, imageGuid, imageName: 'Lab', version: 2 }] });
    const target = { what: `job/${id}`, computers: [request.computer], groups: [] };
    expect(await api.jobs.preview.query(target)).toMatchObject({ problem: null, computers: [{ problem: null }] });
    const { runs: [run] } = await api.jobs.start.mutate({ ...target, busy: 'queue' });
    expect(await portal.request('takeRun', {})).toMatchObject({ needs: [{ version: 2, problem: null }] });
    const begun = await beginDeploy(portal, run?.id ?? '', 0);
    expect(begun).toMatchObject({ version: 2, sources: [{ name: 'A', reason: "it is at Rome, the computer's site" }, {}] });
    expect(await manifestAt(begun.sources?.[0])).toEqual({ status: 200, bytes: begun.manifestBytes });

    const disk = { path: '/x', model: '', serial: 'T', sizeBytes: 1 };
    const hand = await testAgent(hq);
    await hand.hello(hq.token, testInventory('by-hand'));
    expect(await hand.request('deployBegin', { image: imageGuid, disk, resumeKey: 'newest' })).toMatchObject({ version: 1 });
    expect(await hand.request('deployBegin', { image: imageGuid, version: 2, disk, resumeKey: 'named' })).toMatchObject({ version: 2 });
    await portal.close();
  }, 60_000);
});
