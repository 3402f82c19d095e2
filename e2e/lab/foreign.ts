// Owns what somebody else runs in the lab: DHCP servers that know nothing of booting, and the relay of a router.
import { copyFileSync, writeFileSync } from 'node:fs';
import { labAddress, type LabHost, type LabProcess } from './host.ts';

/** isc-with-file: names a boot file of its own in every answer, as one that was set up for another product does. */
export type ForeignServer = 'dnsmasq' | 'isc' | 'isc-with-file';

/** Gives addresses on the lab's network and on the one beyond the router: .100 to .120 of each. */
export function startForeignServer(host: LabHost, kind: ForeignServer): LabProcess {
  return kind === 'dnsmasq' ? startDnsmasq(host) : startIsc(host, kind === 'isc-with-file' ? [`filename "their.efi";`, `next-server ${labAddress.dhcp};`] : []);
}

function startDnsmasq(host: LabHost): LabProcess {
  return host.start('dhcp', 'dnsmasq', [
    // It asks nobody whether an address is taken, which costs three seconds each time.
    ...dnsmasqAlone, '--no-ping', '--interface=lan0', '--bind-interfaces', '--dhcp-authoritative', '--dhcp-range=near,10.77.0.100,10.77.0.120,255.255.255.0,1h',
    '--dhcp-range=beyond,10.80.0.100,10.80.0.120,255.255.255.0,1h', `--dhcp-option=tag:beyond,option:router,${labAddress.beyond}`, `--dhcp-leasefile=${host.path('leases')}`,
  ]);
}

function startIsc(host: LabHost, more: readonly string[]): LabProcess {
  const files = { program: host.path('dhcpd'), config: host.path('dhcpd.conf'), leases: host.path('dhcpd.leases') };
  writeFileSync(files.config, [
    'authoritative;', ...more, 'default-lease-time 3600;', 'max-lease-time 3600;', 'subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.120; }',
    `subnet 10.80.0.0 netmask 255.255.255.0 { range 10.80.0.100 10.80.0.120; option routers ${labAddress.beyond}; }`, '',
  ].join('\n'));
  writeFileSync(files.leases, '');
  // Where AppArmor is in force, the system's own one may read no file of a test.
  copyFileSync('/usr/sbin/dhcpd', files.program);
  return host.start('dhcp', files.program, ['-4', '-f', '-cf', files.config, '-lf', files.leases, '--no-pid', 'lan0']);
}

/** As a router's "ip helper": DHCP of the network beyond it goes to each of these. */
export function startRelay(host: LabHost, to: readonly string[]): LabProcess {
  return host.start('router', 'dnsmasq', [...dnsmasqAlone, ...to.map((server) => `--dhcp-relay=${labAddress.beyond},${server}`)]);
}

const dnsmasqAlone = ['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--user=root', '--log-dhcp', '--log-facility=-'];
