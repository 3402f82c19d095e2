import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomFillSync } from 'node:crypto';
import { closeSync, copyFileSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from '../src-main/server.ts';
import { digest, FakeGateway } from './testing/fakeGateway.ts';
import { bytesAt, Lab, mib, runAgentCommand, startAgent } from './testing/lab.ts';

const root = resolve(import.meta.dirname, '..');
let lab: Lab;
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.remove());

const random = (bytes: number): Buffer => randomFillSync(Buffer.alloc(bytes));

describe('an agent that is killed', () => {
  let gateway: FakeGateway;
  beforeEach(async () => {
    gateway = new FakeGateway();
    await gateway.start();
  });
  afterEach(() => gateway.stop());

  it('in the middle of a capture sends only what is missing when it is started again', async () => {
    const args = ['capture', '--json', '--server', gateway.url, '--token', gateway.token, '--disk', lab.gptDisk('source.img', [random(32 * mib)]), '--image', 'a'];
    const agent = startAgent(args);
    gateway.onBulk = (_, count) => {
      if (count === 4) agent.child.kill('SIGKILL');
      return count === 4 ? 'cut' : 'serve';
    };
    expect((await agent.ended).signal).toBe('SIGKILL');
    gateway.onBulk = null;
    const arrived = gateway.chunks.size;
    const framesBefore = gateway.counts.frames;
    const second = await runAgentCommand(args);
    const result = JSON.parse(second.stdout) as { resumed: boolean };
    expect({ arrivedSome: arrived > 0, code: second.code, resumed: result.resumed, sentAgain: gateway.counts.frames - framesBefore - (gateway.chunks.size - arrived) }).toEqual({ arrivedSome: true, code: 0, resumed: true, sentAgain: 0 });
  }, 120_000);

  it('in the middle of a deploy fetches only what is not there when it is started again', async () => {
    const content = random(48 * mib);
    await lab.capture(gateway, lab.gptDisk('source.img', [content]), 'a');
    const target = lab.filled('target.img', content.length + 2 * mib, 0xaa);
    const child = spawn(process.execPath, [join(root, 'src-agent/testing/deployChild.ts'), gateway.url, gateway.token, target, 'a'], { stdio: 'ignore' });
    const ended = once(child, 'close');
    const flushed = (): number => Math.max(0, ...gateway.notices.map((notice) => (notice.type === 'progress' ? Math.max(0, ...(notice.watermarks ?? []).map((mark) => mark.chunks)) : 0)));
    let requests = 0;
    gateway.onBulk = () => {
      requests++;
      if (flushed() >= 16) child.kill('SIGKILL');
      // Slow from the fifth on, so that something is flushed while most is still to come.
      return requests <= 4 || requests % 4 === 0 ? 'serve' : 'cut';
    };
    await ended;
    gateway.onBulk = null;
    const before = { served: gateway.counts.served, flushed: flushed() };
    const result = await lab.deploy(gateway, target, 'a');
    expect(digest(bytesAt(target, mib, content.length))).toBe(digest(content));
    // The edges were wiped before the volumes were written again, so nothing of the volume itself differs.
    expect({ resumed: result.resumed, kept: result.figures.keptBytes >= before.flushed * 256 * 1024, fetched: gateway.counts.served - before.served <= 192 - before.flushed + 16 }).toEqual({ resumed: true, kept: true, fetched: true });
  }, 120_000);

  it('twice keeps what the first deploy had written in volumes that the second never came to', async () => {
    const contents = [random(24 * mib), random(24 * mib)];
    await lab.capture(gateway, lab.gptDisk('source.img', contents), 'a');
    const target = lab.filled('target.img', 50 * mib, 0xaa);
    const latest = (stream: number): number => gateway.notices.flatMap((notice) => (notice.type === 'progress' ? (notice.watermarks ?? []) : [])).filter((mark) => mark.stream === stream).at(-1)?.chunks ?? 0;
    /** Serves so many requests, then none; killed as soon as the condition holds. */
    const killedWhen = async (serve: number, condition: () => boolean): Promise<void> => {
      const child = spawn(process.execPath, [join(root, 'src-agent/testing/deployChild.ts'), gateway.url, gateway.token, target, 'a'], { stdio: 'ignore' });
      const ended = once(child, 'close');
      let requests = 0;
      gateway.onBulk = () => {
        if (condition()) child.kill('SIGKILL');
        return ++requests <= serve ? 'serve' : 'cut';
      };
      await ended;
      gateway.onBulk = null;
    };
    await killedWhen(8, () => latest(1) >= 16);
    const reached = latest(1);
    // The first volume lost its contents meanwhile, so that the second deploy has something to write there before it is cut off.
    const fd = openSync(target, 'r+');
    writeSync(fd, Buffer.alloc(24 * mib), 0, 24 * mib, mib);
    closeSync(fd);
    const noticed = gateway.notices.length;
    await killedWhen(2, () => gateway.notices.slice(noticed).some((notice) => notice.type === 'progress' && notice.watermarks !== undefined));
    expect(latest(1)).toBe(reached);
  }, 120_000);

  it('by SIGTERM stops at once, tells the server, and says how to continue', async () => {
    await lab.capture(gateway, lab.gptDisk('source.img', [random(24 * mib)]), 'a');
    const target = lab.filled('target.img', 40 * mib, 0xaa);
    const agent = startAgent(['deploy', '--yes', '--server', gateway.url, '--token', gateway.token, '--disk', target, '--image', 'a']);
    let served = 0;
    gateway.onBulk = () => {
      served++;
      if (served === 3) agent.child.kill('SIGTERM');
      return served < 3 ? 'serve' : 'cut';
    };
    const { code, stderr } = await agent.ended;
    expect({ code, told: gateway.failures.map((failure) => failure.cancelled), continues: /incomplete and must not be used. Run the same command again/.test(stderr), table: bytesAt(target, 512, 8).toString('latin1') === 'EFI PART' })
      .toEqual({ code: 1, told: [true], continues: true, table: false });
  }, 120_000);
});

describe('the command line', () => {
  it('answers with one document, exit 2 for wrong usage, 3 for a refusal, and help that names every command', async () => {
    const [wrong, refused, help] = await Promise.all([
      runAgentCommand(['capture', '--json']),
      runAgentCommand(['deploy', '--json', '--yes', '--disk', lab.path('missing.img'), '--image', 'x', '--server', 'http://127.0.0.1:1', '--token', 'x']),
      runAgentCommand(['--help']),
    ]);
    expect([wrong.code, JSON.parse(wrong.stdout).error.code, refused.code, JSON.parse(refused.stdout).error.code, help.code]).toEqual([2, 'usage', 3, 'disk-not-recognised', 0]);
    for (const word of ['capture', 'deploy', 'inventory', 'PLATEN_SERVER']) expect(help.stdout).toContain(word);
  }, 60_000);
  it('lists this computer\'s disks without asking any server', async () => {
    const { code, stdout } = await runAgentCommand(['inventory', '--json']);
    expect([code, Object.keys(JSON.parse(stdout) as object).sort()]).toEqual([0, ['disks', 'identity']]);
  }, 60_000);
  it('never deploys without a terminal unless --yes was said', async () => {
    const target = lab.filled('target.img', mib, 0xaa);
    const { code } = await runAgentCommand(['deploy', '--json', '--disk', target, '--image', 'x', '--server', 'http://127.0.0.1:1', '--token', 'x']);
    expect([code, readFileSync(target).every((byte) => byte === 0xaa)]).toEqual([2, true]);
  }, 60_000);
});

describe('with the real server', () => {
  let server: RunningServer;
  beforeEach(async () => {
    server = await startServer({ dataFolder: lab.path('data'), httpPort: 0 });
  });
  afterEach(() => server.close());

  it('an ext4 disk goes in and comes out on a larger one, found by the data folder and over pinned TLS, and a second capture is a second version', async () => {
    const volume = lab.path('ext4.img');
    truncateSync(lab.filled('ext4.img', 0, 0), 32 * mib);
    execFileSync('mkfs.ext4', ['-q', '-F', '-d', join(root, 'docs'), volume]);
    const source = lab.gptDisk('source.img', [readFileSync(volume), random(3 * mib)]);
    const captured = await runAgentCommand(['capture', '--json', '--data', lab.path('data'), '--disk', source, '--image', 'lab disk', '--note', 'first']);
    expect([captured.code, JSON.parse(captured.stdout).version]).toEqual([0, 1]);
    const secure = server.url.replace('http:', 'https:');
    const again = await runAgentCommand(['capture', '--json', '--server', secure, '--token', server.token, '--disk', source, '--image', 'lab disk']);
    expect([again.code, JSON.parse(again.stdout).version]).toEqual([0, 2]);
    const target = lab.path('target.img');
    const deployed = await runAgentCommand(['deploy', '--json', '--yes', '--server', secure, '--token', server.token, '--disk', target, '--create-size', '64MiB', '--image', 'lab disk']);
    expect([deployed.code, JSON.parse(deployed.stdout).version]).toEqual([0, 2]);
    execFileSync('sfdisk', ['--verify', target], { stdio: 'ignore' });
    const back = lab.filled('back.img', 0, 0);
    const fd = openSync(back, 'w');
    writeSync(fd, bytesAt(target, mib, 32 * mib));
    closeSync(fd);
    execFileSync('e2fsck', ['-fn', back], { stdio: 'ignore' });
    expect(digest(bytesAt(target, 33 * mib, 3 * mib))).toBe(digest(bytesAt(source, 33 * mib, 3 * mib)));
  }, 180_000);

  it('a restart of the server in the middle of a capture and of a deploy is waited out, and the copy is whole', async () => {
    const content = random(96 * mib);
    const source = lab.gptDisk('source.img', [content]);
    const target = lab.filled('target.img', 98 * mib, 0xaa);
    const common = ['--json', '--server', server.url, '--token', server.token, '--image', 'lab disk'];
    for (const args of [['capture', '--disk', source], ['deploy', '--yes', '--disk', target]]) {
      const agent = startAgent([...args, ...common]);
      await new Promise<void>((resolve) => {
        agent.child.stderr?.on('data', (data: Buffer) => {
          if (/"stage":"(read|write)","doneBytes":[1-9]/.test(data.toString())) resolve();
        });
        agent.child.once('close', () => resolve());
      });
      const { httpPort } = server;
      await server.close();
      // A fast machine may be done before the server has gone; whoever is not has to wait for it.
      const interrupted = agent.child.exitCode === null;
      server = await startServer({ dataFolder: lab.path('data'), httpPort });
      const { code, stderr, stdout } = await agent.ended;
      expect([code, stderr.includes('The server is back; going on.')], `${stdout}${stderr.slice(-2000)}`).toEqual([0, interrupted]);
    }
    expect(digest(bytesAt(target, mib, content.length))).toBe(digest(content));
  }, 180_000);

  it('nothing is sent to a machine with another certificate', async () => {
    const stranger = server.token.replace(/[0-9a-f]{64}$/, 'ab'.repeat(32));
    const { code, stdout } = await runAgentCommand(['capture', '--json', '--server', server.url.replace('http:', 'https:'), '--token', stranger, '--disk', lab.gptDisk('source.img', [random(mib)]), '--image', 'x']);
    expect([code, JSON.parse(stdout).error.code]).toEqual([1, 'pin-mismatch']);
  }, 60_000);
});

describe('the bundled agent', () => {
  it('captures and deploys a gigabyte within 300 MB of memory', async () => {
    const gateway = new FakeGateway();
    await gateway.start();
    try {
      const bundle = lab.path('agent/agent.cjs');
      execFileSync(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--config', join(root, 'vite.agent.config.ts'), '--outDir', dirname(bundle), '--logLevel', 'error'], { cwd: root, stdio: 'ignore' });
      copyFileSync(join(root, 'out/agent/blake3.node'), join(dirname(bundle), 'blake3.node'));
      const source = lab.gptDisk('source.img', [random(mib)], 1023);
      writeLarge(source);
      // VmHWM, because maxRSS would count the memory of the process that started this one.
      const measured = lab.path('measured.cjs');
      const fd = openSync(measured, 'w');
      writeSync(fd, `process.on('exit', () => process.stderr.write(require('fs').readFileSync('/proc/self/status', 'utf8')));\nrequire(${JSON.stringify(bundle)});\n`);
      closeSync(fd);
      const common = ['--json', '--server', gateway.url, '--token', gateway.token, '--image', 'big'];
      const runs = [await runAgentCommand(['capture', '--disk', source, ...common], measured), await runAgentCommand(['deploy', '--yes', '--disk', lab.path('target.img'), '--create-size', '1100MiB', ...common], measured)];
      const peaks = runs.map((run) => Number(/VmHWM:\s+(\d+) kB/.exec(run.stderr)?.[1] ?? Infinity) / 1024);
      expect([runs.map((run) => run.code), peaks.every((peak) => peak < 300)], `peaks ${peaks.map(Math.round).join(' and ')} MiB`).toEqual([[0, 0], true]);
    } finally {
      await gateway.stop();
    }
  }, 240_000);
});

/** Makes the one partition of a disk 1 GiB long (raw) and fills half of it in stripes: compressible, random, nothing. */
function writeLarge(path: string): void {
  truncateSync(path, 1026 * mib);
  execFileSync('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', path], { input: 'label: gpt\nfirst-lba: 34\nstart=2048, size=2097152, type=L\n', stdio: ['pipe', 'ignore', 'pipe'] });
  const fd = openSync(path, 'r+');
  for (let at = 1; at < 1025; at += 8) {
    writeSync(fd, random(3 * mib), 0, 3 * mib, at * mib);
    for (let i = 0; i < 8; i++) writeSync(fd, Buffer.alloc(256 * 1024, `stripe ${at} ${i} `), 0, 256 * 1024, (at + 4) * mib + i * 256 * 1024);
  }
  closeSync(fd);
}
