// PXELINUX, a loader that is not ours, with our TFTP server: it asks for many files that are not there, one after the other, and goes on.
import { expect, test } from '@playwright/test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodePath } from '../../scripts/node.mjs';
import { root } from '../../scripts/sources.mjs';
import { labAddress, LabHost, labLack } from './host.ts';
import { limits } from './steps.ts';
import { Vm } from './vm.ts';

test.describe.configure({ timeout: 480_000 });

const loader = '/usr/lib/PXELINUX/pxelinux.0';
type Told = { kind: string; path: string };
const dhcp = ['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--user=root', '--no-ping', '--interface=lan0', '--bind-interfaces', '--dhcp-authoritative', '--dhcp-range=10.77.0.100,10.77.0.120,1h', `--dhcp-boot=pxelinux.0,,${labAddress.server}`];

test('PXELINUX fetches itself, its library and its settings by TFTP, past nine names that are not there', async () => {
  const lack = labLack();
  test.skip(lack !== null, lack ?? '');
  test.skip(!existsSync(loader), 'PXELINUX is not installed here (Debian\'s package pxelinux; "npm run setup -- --system --test" installs it)');
  const host = await LabHost.open({ dhcp: true });
  let vm: Vm | null = null;
  try {
    const settings = host.path('default');
    writeFileSync(settings, 'SAY Settings read over TFTP\nPROMPT 1\nTIMEOUT 0\nLABEL disk\n  LOCALBOOT 0\n');
    const served = { 'pxelinux.0': loader, 'ldlinux.c32': '/usr/lib/syslinux/modules/bios/ldlinux.c32', 'pxelinux.cfg/default': settings };
    const server = host.start('server', nodePath(), [join(root, 'e2e/lab/serve-files.ts'), labAddress.server, ...Object.entries(served).map(([name, file]) => `${name}=${file}`)]);
    host.start('dhcp', 'dnsmasq', [...dhcp, `--dhcp-leasefile=${host.path('leases')}`]);
    vm = await Vm.start(host, { name: 'pxelinux', firmware: 'bios', port: 0, mac: '52:54:00:77:00:91', uuid: '10000000-0000-4000-8000-000000000091', serial: 'LABPXELINUX', disk: null });
    await vm.shows(['Settings read over TFTP', 'boot:'], limits.portalMs);
    const told = server.said().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Told);
    const names = (kind: string): string[] => [...new Set(told.filter((event) => event.kind === kind).map(({ path }) => path.replace(/^\/+/, '')))];
    expect(names('done')).toEqual(Object.keys(served));
    // By its MAC, then by its address in hexadecimal, a digit less each time.
    expect(names('refused').join(' ')).toMatch(/^pxelinux\.cfg\/01-52-54-00-77-00-91( pxelinux\.cfg\/0[0-9A-F]*){8}$/);
    expect(told.filter(({ kind }) => kind === 'timed-out' || kind === 'failed')).toEqual([]);
  } finally {
    await vm?.kill();
    await host.close();
  }
});
