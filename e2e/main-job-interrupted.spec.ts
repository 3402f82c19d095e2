// What is interrupted goes on where it was: the agent killed in mid-deploy, the server killed in mid-capture, the cable pulled.
// Nothing that arrived is sent again, and what comes out in the end is right.
import { startAgent, succeeded, type RunningAgent } from './agent.ts';
import { Host, isRoot } from './disks/host.ts';
import { makeDirtyTarget, makeGptDisk, type Disk } from './disks/make.ts';
import { differences, sha256Of } from './disks/prove.ts';
import { expect, test } from './fixtures.ts';
import { Relay } from './relay.ts';
import { startTestServer, type TestServer } from './server.ts';

test.skip(!isRoot(), 'loop devices and mounts need root');
test.describe.configure({ timeout: 600_000 });

const MiB = 1024 * 1024;
const lineSpeed = 20;
let host: Host;
let server: TestServer;
let relay: Relay;
let agents: RunningAgent[];
let disk: Disk;

test.beforeEach(async ({ dataFolder }) => {
  agents = [];
  host = await Host.open();
  server = await startTestServer(dataFolder);
  relay = await Relay.open(server.url);
  disk = await makeGptDisk(host, 'source.img');
});
test.afterEach(async () => {
  for (const agent of agents) await agent.kill();
  await relay.close();
  await server.stop();
  await host.close();
});

function agentOverRelay(args: string[]): RunningAgent {
  const agent = startAgent({ url: relay.url, token: server.token }, args);
  agents.push(agent);
  return agent;
}

/** Resolves once the relay has moved this much; fails when the agent ends before, because then nothing was interrupted. */
async function untilMoved(bytes: number, agent: RunningAgent): Promise<void> {
  let over = false;
  void agent.ended.then(() => (over = true));
  await expect.poll(() => over || relay.movedBytes >= bytes, { timeout: 60_000, intervals: [50] }).toBe(true);
  expect(over, 'the agent ended before it could be interrupted').toBe(false);
}

/** What one undisturbed capture of the disk moves over the line, near enough: what it stores. */
async function captured(image: string): Promise<number> {
  const from = relay.movedBytes;
  await succeeded(agentOverRelay(['capture', '--disk', disk.file, '--image', image]).ended);
  return relay.movedBytes - from;
}

test('a deploy whose agent was killed is continued by the next one', async () => {
  const whole = await captured('Lab');
  const target = await makeDirtyTarget(host, 'target.img', disk.sizeBytes + 100 * MiB, disk);
  // The agent flushes, and so counts what it wrote, every ten seconds: at this speed twice before it is killed, so that one that came
  // late on a busy machine does not matter.
  relay.slowTo(whole / 30e6);
  const before = relay.movedBytes;
  const first = agentOverRelay(['deploy', '--disk', target, '--image', 'Lab', '--yes']);
  await untilMoved(before + whole * 0.8, first);
  await first.kill();
  relay.slowTo(Number.POSITIVE_INFINITY);

  const middle = relay.movedBytes;
  await succeeded(agentOverRelay(['deploy', '--disk', target, '--image', 'Lab', '--yes']).ended);
  expect(relay.movedBytes - middle).toBeLessThan(whole * 0.7);
  expect(await differences(host, disk, target)).toEqual([]);
});

test('a capture goes on when its server was killed and started again', async () => {
  const before = await sha256Of(disk.file);
  relay.slowTo(lineSpeed);
  const agent = agentOverRelay(['capture', '--disk', disk.file, '--image', 'Lab']);
  await untilMoved(25 * MiB, agent);
  await server.kill();
  server = await startTestServer(server.dataFolder, { httpPort: Number(new URL(server.url).port) });
  await succeeded(agent.ended);

  const target = await makeDirtyTarget(host, 'target.img', disk.sizeBytes + 100 * MiB, disk);
  await succeeded(agentOverRelay(['deploy', '--disk', target, '--image', 'Lab', '--yes']).ended);
  expect(await differences(host, disk, target)).toEqual([]);
  expect(await sha256Of(disk.file)).toBe(before);
});

test('a capture whose agent was killed sends only the rest when it is started again', async () => {
  const whole = await captured('Undisturbed');
  // Another store, so that nothing of it is there.
  await server.kill();
  server = await startTestServer(`${server.dataFolder}/second`);
  relay.mend(server.url);
  relay.slowTo(lineSpeed);
  const before = relay.movedBytes;
  const first = agentOverRelay(['capture', '--disk', disk.file, '--image', 'Lab']);
  await untilMoved(before + whole * 0.6, first);
  await first.kill();

  const middle = relay.movedBytes;
  await succeeded(agentOverRelay(['capture', '--disk', disk.file, '--image', 'Lab']).ended);
  expect(relay.movedBytes - middle).toBeLessThan(whole * 0.7);
});

test('capture and deploy outlast a cable that was pulled for a while', async () => {
  relay.slowTo(lineSpeed);
  const capture = agentOverRelay(['capture', '--disk', disk.file, '--image', 'Lab']);
  await untilMoved(20 * MiB, capture);
  relay.cut();
  relay.mend();
  await succeeded(capture.ended);

  const target = await makeDirtyTarget(host, 'target.img', disk.sizeBytes + 100 * MiB, disk);
  const from = relay.movedBytes;
  const deploy = agentOverRelay(['deploy', '--disk', target, '--image', 'Lab', '--yes']);
  await untilMoved(from + 20 * MiB, deploy);
  relay.cut();
  relay.mend();
  await succeeded(deploy.ended);
  expect(await differences(host, disk, target)).toEqual([]);
});
