import { describe, expect, it } from 'vitest';
import { inTheWay, parseLsof, parseNetstat, parseProcNet, parseSs, parseTasklist, type SocketEntry } from './tables.ts';

const brief = (entries: readonly SocketEntry[]) => entries.map(({ protocol, address, port, adapter, pid, program, inode }) => [protocol, address, port, adapter, pid, program, inode]);

describe('who has a port', () => {
  it('is in Linux\'s own tables by the number of the socket', () => {
    const udp = [
      '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
      ' 2090: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 0',
      ' 2092: 0100000A:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000   104        0 4712 2 0000000000000000 0',
      'nonsense',
    ].join('\n');
    const tcp6 = [
      '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 00000000000000000000000000000000:20EE 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 88 1 0 100 0 0 10 0',
      '   1: 0000000000000000FFFF00000100007F:20EE 0000000000000000FFFF00000100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 89 1 0 100 0 0 10 0',
      '   2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 90 1 0 100 0 0 10 0',
    ].join('\n');
    expect([brief(parseProcNet(udp, 'udp')), brief(parseProcNet(tcp6, 'tcp'))]).toEqual([
      [['udp', '0.0.0.0', 67, null, null, null, '4711'], ['udp', '10.0.0.1', 69, null, null, null, '4712']],
      [['tcp', '::', 8430, null, null, null, '88'], ['tcp', '127.0.0.1', 80, null, null, null, '90']],
    ]);
  });
  it('is in what ss prints, with the adapter that a socket keeps to', () => {
    const text = [
      'UNCONN 0      0      0.0.0.0%virbr0:67        0.0.0.0:*    users:(("dnsmasq",pid=811,fd=3))', 'UNCONN 0      0         10.0.0.1:69        0.0.0.0:*', 'UNCONN 0      0            [::]:69           [::]:*    users:(("in.tftpd",pid=9,fd=5))',
      'UNCONN 0      0      *:4011        *:*', '',
    ].join('\n');
    expect(brief(parseSs(text, 'udp'))).toEqual([
      ['udp', '0.0.0.0', 67, 'virbr0', 811, 'dnsmasq', null], ['udp', '10.0.0.1', 69, null, null, null, null], ['udp', 'ipv6', 69, null, 9, 'in.tftpd', null], ['udp', '::', 4011, null, null, null, null],
    ]);
  });
  it('is in Windows\' netstat whatever its language, and by name in tasklist', () => {
    const text = [
      '', 'Aktive Verbindungen', '', '  Proto  Lokale Adresse         Remoteadresse          Status           PID', '  TCP    0.0.0.0:8430           0.0.0.0:0              ABHÖREN         1234', '  TCP    10.0.0.5:8430          10.0.0.9:51000         HERGESTELLT     1234',
      '  UDP    0.0.0.0:67             *:*                                    2816', '  UDP    [::]:69                *:*                                    2817', '  UDP    [fe80::1%12]:1900      *:*                                    4',
    ].join('\r\n');
    expect([brief(parseNetstat(text)), parseTasklist('"svchost.exe","2816","Services","0","17,000 K"\r\n', 2816), parseTasklist('INFO: No tasks are running.\r\n', 5)]).toEqual([
      [['tcp', '0.0.0.0', 8430, null, 1234, null, null], ['udp', '0.0.0.0', 67, null, 2816, null, null], ['udp', '::', 69, null, 2817, null, null], ['udp', 'fe80::1', 1900, null, 4, null, null]], 'svchost.exe', null,
    ]);
  });
  it('is in macOS\' lsof', () => {
    const text = ['p318', 'cbootpd', 'f4', 'PUDP', 'n*:67', 'p77', 'clauncher', 'f9', 'PTCP', 'n127.0.0.1:8430', 'f10', 'PUDP', 'n10.0.0.5:123->10.0.0.1:123', ''].join('\n');
    expect(brief(parseLsof(text))).toEqual([['udp', '::', 67, null, 318, 'bootpd', null], ['tcp', '127.0.0.1', 8430, null, 77, 'launcher', null]]);
  });
  it('is in the way on the same address, or where it holds every address and keeps to no other adapter', () => {
    const socket = (address: string, adapter: string | null = null): SocketEntry => ({ protocol: 'udp', address, port: 67, adapter, pid: null, program: null, inode: null, userId: null });
    const all = [socket('10.0.0.1'), socket('0.0.0.0'), socket('::'), socket('0.0.0.0', 'virbr0'), socket('10.9.9.9'), { ...socket('10.0.0.1'), port: 68 }];
    expect(inTheWay(all, { protocol: 'udp', address: '10.0.0.1', port: 67, adapter: 'eth1' }).map((each) => `${each.address}${each.adapter ?? ''}`)).toEqual(['10.0.0.1', '0.0.0.0', '::']);
  });
});
