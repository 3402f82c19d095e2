import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { holderName, portHolder } from './owner.ts';

it('a port says which process has it, on its address and on every address', async () => {
  const [udp, everywhere, tcp] = [createSocket('udp4'), createSocket('udp4'), createServer()];
  try {
    udp.bind(0, '127.0.0.1');
    everywhere.bind(0, '0.0.0.0');
    tcp.listen(0, '127.0.0.1');
    await Promise.all([once(udp, 'listening'), once(everywhere, 'listening'), once(tcp, 'listening')]);
    const asked = [['udp', udp.address().port], ['udp', everywhere.address().port], ['tcp', (tcp.address() as AddressInfo).port]] as const;
    const held = await Promise.all(asked.map(([protocol, port]) => portHolder({ protocol, address: '127.0.0.1', port, adapter: 'lo' })));
    expect(held.map((holder) => holder?.pid)).toEqual([process.pid, process.pid, process.pid]);
    expect([held[0]?.command.includes('vitest'), held[0] === undefined || held[0] === null ? '' : holderName(held[0])]).toEqual([true, expect.stringMatching(new RegExp(`^\\S.* \\(process ${process.pid}\\)$`))]);
    expect([await portHolder({ protocol: 'udp', address: '127.0.0.2', port: udp.address().port, adapter: 'lo' }), await portHolder({ protocol: 'tcp', address: '127.0.0.1', port: udp.address().port, adapter: 'lo' })]).toEqual([null, null]);
  } finally {
    udp.close();
    everywhere.close();
    tcp.close();
  }
});

it('a program that may not be looked at is told by its user', () => {
  expect([holderName({ pid: null, program: null, command: '', userId: 0 }), holderName({ pid: 7, program: 'dnsmasq', command: '', userId: null }), holderName({ pid: null, program: null, command: '', userId: null })])
    .toEqual(['a program of root, whose name only an administrator may see', 'dnsmasq (process 7)', 'another program']);
});
