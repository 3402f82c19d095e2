import { expect, it } from 'vitest';
import { firewallAdvice } from './firewall.ts';

it('advice about a firewall is a command for the one that is on', () => {
  const facts = { adapter: 'eth1', address: '10.0.0.1', prefixLength: 24, ports: { dhcp: 67, pxe: 4011, tftp: 69, http: 8430 } };
  expect((['ufw', 'firewalld', 'windows', 'macos', 'unknown'] as const).map((kind) => firewallAdvice(kind, facts).split(': ', 2))).toEqual([
    ['Let computers in on the adapter', 'sudo ufw allow in on eth1'], ['Let computers in on the adapter', 'sudo firewall-cmd --permanent --zone=trusted --change-interface=eth1 && sudo firewall-cmd --reload'],
    ['Let computers in, as administrator', 'netsh advfirewall firewall add rule name="Platen network boot" dir=in action=allow protocol=any localip=10.0.0.1 remoteip=localsubnet'],
    ['In System Settings, Network, Firewall, Options', 'allow incoming connections for Platen.'],
    ['If this machine has one, let in on eth1 (10.0.0.1/24)', 'UDP 67, 4011, 69 and those above 1023 (TFTP answers from one of them), and TCP 8430 and the server\'s own port.'],
  ]);
});
