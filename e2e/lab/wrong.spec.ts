// Boots that go wrong, each named with what to try next. No computer is let run longer than it takes to name it. (A pulled cable is in
// interrupted.spec.ts, a refused loader in the ones of Secure Boot, a relay in relay.spec.ts.)
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/sources.mjs';
import type { Adapter, BootStatus, BootTrace } from '../../src-shared/model/boot.ts';
import { platen } from '../agent.ts';
import { startForeignServer } from './foreign.ts';
import { labAdapter, labAddress } from './host.ts';
import { expect, test, type Lab } from './lab.ts';
import { limits } from './steps.ts';
import type { VmOptions } from './vm.ts';

test.describe.configure({ timeout: 900_000 });

const bios: Omit<VmOptions, 'mac'> = { name: 'wrong', firmware: 'bios', port: 0, uuid: '10000000-0000-4000-8000-000000000091', serial: 'LABWRONG1', disk: null };
const environment = join(root, '.cache', 'boot', 'environment');

function stopped(lab: Lab, mac: string): Promise<BootTrace> {
  return lab.trace(mac, ({ outcome }) => outcome === 'stopped', limits.portalMs);
}

test('in proxy mode where nobody gives addresses, the trace says that no address was taken', async ({ lab }) => {
  await lab.open('proxy', { foreign: null });
  const vm = await lab.switchOn({ ...bios, mac: '52:54:00:77:00:91' });
  const trace = await stopped(lab, vm.options.mac);
  expect([trace.stoppedAt, trace.advice]).toEqual(['offered', expect.stringMatching(/not seen to take an address: probably no DHCP server gives one here\. .* use lab mode\.$/)]);
});

test('in lab mode with every address given, the trace says that none is free', async ({ lab }) => {
  await lab.open('lab', { dhcp: true, pool: '10.77.0.200-10.77.0.200' });
  const other = lab.host.start('dhcp', 'busybox', ['udhcpc', '-i', 'lan0', '-n', '-q', '-f', '-s', '/bin/true']);
  expect(await other.ended, other.said()).toBe(0);
  const vm = await lab.switchOn({ ...bios, mac: '52:54:00:77:00:92' });
  const trace = await stopped(lab, vm.options.mac);
  expect([trace.stoppedAt, trace.advice]).toEqual(['asked', expect.stringMatching(/^Not answered: no address is free\. Give lab mode a larger pool/)]);
});

test('an environment that lost its archive while it is served says which file is missing', async ({ lab }) => {
  await lab.open('lab', { serve: false });
  const own = lab.host.path('environment');
  cpSync(environment, own, { recursive: true });
  await lab.startServer('lab', { environment: own });
  // Loaders are held in memory: that they are gone stops nobody.
  rmSync(join(own, 'loaders'), { recursive: true });
  rmSync(join(own, 'base.cpio.zst'));
  expect(existsSync(join(environment, 'base.cpio.zst'))).toBe(true);
  const vm = await lab.switchOn({ ...bios, mac: '52:54:00:77:00:93' });
  await lab.trace(vm.options.mac, ({ events }) => events.some(({ problem }) => problem), limits.portalMs);
  // Else its loader starts it over, and the trace begins another boot.
  await vm.kill();
  const trace = await stopped(lab, vm.options.mac);
  expect([trace.stoppedAt, trace.advice]).toEqual(['kernel', expect.stringMatching(/^base\.cpio\.zst is missing on the server: build the boot environment again \(platen boot build/)]);
});

test('another server that appears in lab mode stops it, and says who it is', async ({ lab }) => {
  await lab.open('lab', { dhcp: true });
  startForeignServer(lab.host, 'dnsmasq');
  const vm = await lab.switchOn({ ...bios, mac: '52:54:00:77:00:94' });
  const status = async (): Promise<string> => {
    // A server that stopped is an exit code of its own.
    const { answer } = await platen(lab.server, ['boot', 'status']);
    const { state, problem } = answer as unknown as BootStatus;
    return `${state}: ${problem ?? ''}`;
  };
  await expect.poll(status, { timeout: limits.portalMs, intervals: [1000] }).toMatch(/^stopped: .*10\.77\.0\.2/);
  expect(await status()).toMatch(/Use proxy mode|unplug/);
  await vm.kill();
});

test('lab mode does not start beside another server, and says who it is', async ({ lab }) => {
  await lab.open('proxy');
  const { code, answer } = await platen(lab.server, ['boot', 'use', 'lab', '--interface', labAdapter]);
  expect([code === 0, answer.error?.message]).toEqual([false, expect.stringMatching(new RegExp(`${labAddress.dhcp.replaceAll('.', '\\.')}.*proxy`))]);
});

test('a port that is taken is named, with the program that has it', async ({ lab }) => {
  await lab.open('lab', { serve: false });
  await lab.startServer();
  const taken = lab.host.start('server', 'dnsmasq', ['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--user=root', `--interface=${labAdapter}`, '--bind-interfaces', '--dhcp-range=10.77.0.100,10.77.0.120,1h', `--dhcp-leasefile=${lab.host.path('leases')}`]);
  for (const mode of ['proxy', 'lab'] as const) {
    const { code, answer } = await platen(lab.server, ['boot', 'use', mode, '--interface', labAdapter]);
    expect([code === 0, answer.error?.message], taken.said()).toEqual([false, expect.stringMatching(/port 67 .*dnsmasq/)]);
  }
});

test('an address that somebody took without asking is not given, and the trace says who has it', async ({ lab }) => {
  await lab.open('lab', { dhcp: true });
  const taken = (await lab.platen<Adapter[]>('boot', 'adapters')).find(({ name }) => name === labAdapter)?.pool?.first ?? '';
  const other = lab.host.start('dhcp', 'ip', ['address', 'add', `${taken}/${labAddress.prefixLength}`, 'dev', 'lan0']);
  expect(await other.ended, other.said()).toBe(0);
  const vm = await lab.switchOn({ ...bios, mac: '52:54:00:77:00:95' });
  const trace = await lab.trace(vm.options.mac, ({ events }) => events.some(({ text }) => text.startsWith('Acknowledged')), limits.portalMs);
  expect([trace.address, trace.events.map(({ text }) => text).join('\n')]).toEqual([expect.not.stringContaining(taken), expect.stringContaining(taken)]);
  await vm.kill();
});
