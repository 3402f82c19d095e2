import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { adapterOf, listAdapters, type SystemFacts } from './adapters.ts';

const four = (address: string, given: Partial<NetworkInterfaceInfo> = {}): NetworkInterfaceInfo => ({ address, netmask: '255.255.255.0', family: 'IPv4', mac: '02:00:00:00:00:01', internal: false, cidr: `${address}/24`, ...given }) as NetworkInterfaceInfo;
const facts = (given: Partial<SystemFacts> = {}): SystemFacts => ({ carrier: '1', speed: '1000', type: '1', wireless: false, devicePath: '../../devices/pci0000:00/net/eth0', ...given });

describe('an adapter', () => {
  it.each([
    ['eth0', facts(), { kind: 'wired', link: true, speedMbits: 1000 }],
    ['eth0', facts({ carrier: '0', speed: '-1' }), { kind: 'wired', link: false, speedMbits: null }],
    ['wlan0', facts({ wireless: true }), { kind: 'wireless' }],
    ['docker0', facts(), { kind: 'virtual' }],
    ['lab', facts({ devicePath: '../../devices/virtual/net/lab' }), { kind: 'virtual' }],
    ['vEthernet (Default Switch)', null, { kind: 'virtual', link: true }],
  ] as const)('%s is told by what the system says', (name, given, expected) => {
    expect(adapterOf(name, [four('192.168.10.5')], given)).toMatchObject([{ ...expected, address: '192.168.10.5', prefixLength: 24, pool: { first: '192.168.10.128', last: '192.168.10.254' } }]);
  });
  it('with several addresses is listed once, with the one it is served on and the others beside it', () => {
    expect(adapterOf('eth0', [four('169.254.7.1', { cidr: '169.254.7.1/16' }), four('192.168.10.5'), four('10.0.0.1')], facts())).toMatchObject([{ name: 'eth0', address: '192.168.10.5', otherAddresses: ['10.0.0.1/24', '169.254.7.1/16'], pool: { first: '192.168.10.128' } }]);
  });
  it('without an address is listed and cannot be served on', () => expect(adapterOf('eth1', [], facts())).toMatchObject([{ address: '', pool: null }]));
  it('of this machine is found', () => expect(listAdapters().some((adapter) => adapter.kind === 'loopback' && adapter.address === '127.0.0.1')).toBe(true));
});
