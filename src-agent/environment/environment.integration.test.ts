import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AddOn } from '#shared/agent/messages.ts';
import { CancelledError } from '#shared/errors.ts';
import type { Task } from '#shared/model/job.ts';
import { compressed } from '../../src-main/boot/environment/compressed.ts';
import { file, writeCpio } from '../../src-main/boot/environment/cpio.ts';
import type { RunningServer } from '../../src-main/server.ts';
import { eventually, testApi, testServer, type TestApi } from '../../src-main/test-server.ts';
import { serverLocation } from '../net/endpoint.ts';
import type { PortalEvent } from '../portal/contract.ts';
import { systemClock } from '../session/clock.ts';
import { machineOf } from '../session/machine.ts';
import { Session } from '../session/session.ts';
import { entry, Lab, mib } from '../testing/lab.ts';
import { AddOns, commandsIn } from './add-ons.ts';
import { addOnsFor, missingFirmware } from './adapters.ts';
import { readBootLog, warningsIn } from './boot-log.ts';
import type { BootEnvironment } from './environment.ts';

let lab: Lab;
let server: RunningServer;
let api: TestApi;
let abort: AbortController;

/** An environment as built, with one add-on that brings a program. */
function built(): { bootFolder: string; addOn: AddOn } {
  const bootFolder = lab.path('boot');
  mkdirSync(bootFolder);
  const archive = compressed(writeCpio([file('usr/bin/lab-tool', Buffer.from('#!/bin/sh\necho "the tool runs"\n'), 0o755)]), 3);
  const addOn: AddOn = { name: 'tools', purpose: 'a tool', sizeBytes: archive.length, sha256: createHash('sha256').update(archive).digest('hex'), commands: ['lab-tool'], firmware: [], drivers: false };
  for (const [name, bytes] of [['vmlinuz', 'k'], ['base.cpio.zst', 'b'], ['tools.cpio.zst', archive]] as const) writeFileSync(`${bootFolder}/${name}`, bytes);
  writeFileSync(`${bootFolder}/boot.json`, JSON.stringify({ key: 'k', kernelVersion: '6', loaders: [], addOns: [{ ...addOn, file: 'tools.cpio.zst' }] }));
  return { bootFolder, addOn };
}

beforeEach(async () => {
  lab = new Lab();
  abort = new AbortController();
});
afterEach(() => {
  abort.abort(new CancelledError('Stopped.'));
  lab.remove();
});

async function startWith(bootFolder: string): Promise<void> {
  server = await testServer({ dataFolder: lab.path('data'), bootPlaces: { bootFolder, cacheFolder: bootFolder, resourcesFolder: bootFolder, agentFolder: bootFolder, nodePath: process.execPath } });
  api = testApi(server);
}

/** An agent as in the boot environment, whose running system is a folder. */
async function bootedAgent(log: string[]): Promise<{ events: PortalEvent[]; session: Session; root: string }> {
  const root = lab.path('root');
  mkdirSync(root);
  const location = serverLocation(server.url, server.token);
  const environment: BootEnvironment = {
    bootLog: log, warnings: warningsIn(log), addOns: new AddOns({ server: location, signal: abort.signal, patienceMs: 5000, root, path: `${root}/usr/bin` }), bootEntries: null, helpAdapters: async () => [],
  };
  const events: PortalEvent[] = [];
  const session = new Session({
    server: location, machine: await machineOf([lab.filled('disk.img', mib, 1)]), power: { allowed: true, act: async () => undefined }, environment, clock: systemClock, agentVersion: 'test', entry,
    signal: abort.signal, patienceMs: Infinity, sessionId: randomUUID(), insist: true, job: null, once: false, attended: true, exitSeconds: 0,
  });
  session.run({ tell: (event) => void events.push(event), close: () => undefined }).catch(() => undefined);
  await eventually(async () => events.some((event) => event.type === 'open'), Boolean);
  return { events, session, root };
}

const script = (text: string): Task => ({ type: 'script', id: 'abcdefgh', title: 'a script', text, timeoutSeconds: 60, continueOnError: false });
async function runs(text: string, { session, events }: Awaited<ReturnType<typeof bootedAgent>>): Promise<{ outcome: string; log: string }> {
  const { id } = await api.jobs.create.mutate({ folder: null, name: `try ${randomUUID()} (MI)`, tasks: [script(text)] });
  events.length = 0;
  await session.commands.pick(`job/${id}`, null);
  const ended = await eventually(async () => events.find((event) => event.type === 'ended'), (event) => event !== undefined);
  const run = (await api.runs.list.query({})).toSorted((a, b) => b.startedAt - a.startedAt)[0];
  session.commands.proceed();
  return { outcome: ended?.type === 'ended' ? ended.outcome : '', log: (await api.runs.log.query({ id: run?.id ?? '' })).lines.map((line) => line.text).join('\n') };
}

describe('an agent in the boot environment', () => {
  it('loads an add-on when a script calls what is in it, once, and says so', async () => {
    await startWith(built().bootFolder);
    const agent = await bootedAgent([]);
    const first = await runs(`${agent.root}/usr/bin/lab-tool`, agent);
    expect(first).toEqual({ outcome: 'succeeded', log: expect.stringMatching(/lab-tool: loaded with the add-on tools \(.*\)\.\nthe tool runs/) });
    expect((await runs(`${agent.root}/usr/bin/lab-tool`, agent)).log).not.toContain('loaded with');
  });

  it('does not use an add-on that is not what the server said it is', async () => {
    const { bootFolder } = built();
    await startWith(bootFolder);
    const agent = await bootedAgent([]);
    const bytes = readFileSync(`${bootFolder}/tools.cpio.zst`);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(`${bootFolder}/tools.cpio.zst`, bytes);
    const { outcome, log } = await runs('lab-tool', agent);
    expect([outcome, log.includes('The add-on tools is not what the server said it is'), existsSync(`${agent.root}/usr`)]).toEqual(['failed', true, false]);
  });

  it('gives add-ons to nobody who has not said hello', async () => {
    await startWith(built().bootFolder);
    const asked = (name: string, token: string): Promise<number> => fetch(`${server.url}/agent/add-on/${name}`, { headers: token === '' ? {} : { authorization: `Bearer ${token}` } }).then((answer) => answer.status);
    expect([await asked('tools', ''), await asked('tools', 'boot1.x.y'), await asked('tools', server.token), await asked('../../boot.json', server.token), await asked('other', server.token)]).toEqual([401, 401, 200, 404, 404]);
  });

  it('begins the log of its first run with what was said before it, and shows what a person should know', async () => {
    await startWith(built().bootFolder);
    const agent = await bootedAgent(['1 the boot environment starts, Linux 6.1', '2 ! this computer has 700 MB of memory; imaging needs 1 GB and may fail', '9 eth0 has the address 10.0.0.7']);
    expect(agent.events.filter((event) => event.type === 'warning')).toEqual([{ type: 'warning', text: 'This computer has 700 MB of memory; imaging needs 1 GB and may fail.' }]);
    const { log } = await runs('true', agent);
    expect(log).toContain('From the start of this computer, after 1 s: the boot environment starts, Linux 6.1\nFrom the start of this computer, after 2 s: this computer has 700 MB');
    expect((await runs('true', agent)).log).not.toContain('From the start');
  });
});

describe('what is needed', () => {
  it('is told by the words of a script', () => {
    expect([commandsIn('set -e\nwimlib-imagex apply x.wim 1 "$PLATEN_DISK"', ['wimlib-imagex', 'wimapply']), commandsIn('mywimapply; echo wimapply.txt # wim', ['wimapply'])]).toEqual([['wimlib-imagex'], []]);
  });
  it('is told by the kernel where a driver misses its firmware', () => {
    const said = '[    4.1] e100 0000:00:04.0: firmware: failed to load e100/d101m_ucode.bin (-2)\n[    4.2] bnx2x 0000:02:00.0: Direct firmware load for bnx2x/bnx2x-e2-7.13.21.0.fw failed with error -2\n[ 5.0] e100 0000:00:04.0 eth1: firmware: failed to load e100/d101m_ucode.bin (-2)\n[ 6] iwlwifi: nonsense firmware: failed';
    const firmware = missingFirmware(said);
    expect(firmware).toEqual([{ driver: 'e100', device: '0000:00:04.0', file: 'e100/d101m_ucode.bin' }, { driver: 'bnx2x', device: '0000:02:00.0', file: 'bnx2x/bnx2x-e2-7.13.21.0.fw' }]);
    const addOn = { name: 'adapters', purpose: '', sizeBytes: 1, sha256: '', commands: [], firmware: ['e100/d101m_ucode.bin'], drivers: true };
    const device = { device: '0000:00:05.0', ids: '14e4:168e', modalias: 'pci:x' };
    expect([addOnsFor({ firmware, withoutDriver: [] }, [addOn]), addOnsFor({ firmware: [], withoutDriver: [device] }, [addOn]), addOnsFor({ firmware: firmware.slice(1), withoutDriver: [] }, [addOn])].map((list) => list.length)).toEqual([1, 1, 0]);
  });
  it('is a log that may be long, or not there', () => {
    const path = lab.path('boot.log');
    writeFileSync(path, Array.from({ length: 500 }, (_, line) => `${line} line`).join('\n'));
    const lines = readBootLog(path);
    expect([lines.length, lines[0], lines.at(-1), lines[75], readBootLog('/nowhere')]).toEqual([151, '0 line', '499 line', '… 350 lines were left out.', []]);
  });
});
