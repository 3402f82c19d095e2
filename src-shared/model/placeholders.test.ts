import { describe, expect, it } from 'vitest';
import { isGlobalMac, isMeaningful, swappedUuid } from './placeholders.ts';

describe('what firmware says where nobody filled it in', () => {
  it.each([
    ['nothing', ['', ' ', '.', '...', '-', 'xx', '0', '1', '\u0000']],
    ['ASRock, Gigabyte, MSI and other boards', ['To Be Filled By O.E.M.', 'To be filled by O.E.M. ', 'TO BE FILLED BY O.E.M', 'to be filled by OEM', 'Default string', 'Default_string', 'Fill By OEM', 'O.E.M.', 'OEM_Serial']],
    ['ASUS', ['System Serial Number', 'SystemSerialNumb', 'Base Board Serial Number', 'MB-1234567890', 'Chassis Serial Number', 'ATN12345678901234567', 'SSN12345678901234567']],
    ['Supermicro, Intel and reference boards', ['0123456789', '0123456789ABCDEF', '1234567890', '123456789', '12345678901234567', '123456789000', 'Not Specified', 'SYS-1234567890', 'SN-12345', '9876543210']],
    ['Lenovo, HP and Dell asset tags', ['No Asset Information', 'No Asset Tag', 'NO Asset Tag', 'INVALID', 'Not Available', 'none', 'N/A', 'Asset-1234567890', 'Chassis Asset Tag']],
    ['one character all over', ['00000000', '0000-0000-0000', 'XXXXXXXX', 'xxxxxxxxxxx', 'NNNNNNN', 'FFFFFFFF', '..........', '1111111']],
    ['virtual machines and clouds', ['7783-7084-3265-9085-8269-3286-77', 'Amazon EC2', 'Board-GoogleCloud', 'OracleCloud.com', 'None']],
  ])('from %s identifies nothing', (_, values) => {
    expect(values.filter(isMeaningful)).toEqual([]);
  });
  it.each([
    ['not set (all zeros, all ones)', ['00000000-0000-0000-0000-000000000000', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', '00000000-FFFF-FFFF-FFFF-FFFFFFFFFFFF']],
    ['American Megatrends counting, in both byte orders', ['03000200-0400-0500-0006-000700080009', '00020003-0004-0005-0006-000700080009', '00010203-0405-0607-0809-0A0B0C0D0E0F', '03020100-0504-0706-0809-0a0b0c0d0e0f', '07090201-0103-0301-0807-060504030201']],
    ['one byte all over', ['FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE', '01010101-0101-0101-0101-010101010101', '58585858-5858-5858-5858-585858585858', '11111111-1111-1111-1111-111111111111']],
    ['Dell without a service tag', ['4C4C4544-0000-2010-8020-80C04F202020', '44454c4c-0000-1020-8020-80c04f202020']],
    ['typed by hand', ['11111111-2222-3333-4444-555555555555', '12345678-1234-5678-90AB-CDDEEFAABBCC', 'DEADBEEF-DEAD-BEEF-DEAD-BEEFDEADBEEF']],
    ['copied into a whole batch', ['890E2D14-CACD-45D1-AE66-BC80E8BFEB0F', '8E275844-178F-44A8-ACEB-A7D7E5178C63', 'DC698397-FA54-4CF2-82C8-B1B5307A6A7F', '6AB5B300-538D-1014-9FB5-B0684D007B53']],
  ])('as a UUID, %s, identifies nothing', (_, values) => {
    expect(values.filter(isMeaningful)).toEqual([]);
  });
  it.each([
    ['serial numbers', ['PF2ABCDE', 'CZC1234567', '7XK2M33', '5CG0123ABC', 'R90T12AB', 'ABC', '1S20VE0012US12345678', 'C02XK0AAJG5H', 'J4XK000123', '8675309', '0012345']],
    ['numbers virtual machines make up for themselves', ['VMware-56 4d 8c 1f 2a 3b 4c 5d-6e 7f 80 91 a2 b3 c4 d5', 'VirtualBox-0c2b7d3e-8a1f-4d5b-9e6a-1b2c3d4e5f60', '3471-8325-0961-7742-5180-9316-04']],
    ['UUIDs', ['4c4c4544-0042-3510-8054-b4c04f564433', '00000000-0000-0000-0000-0cc47a123456', '564d8c1f-2a3b-4c5d-6e7f-8091a2b3c4d5']],
    ['asset tags', ['ROOM-204', 'IT-00417', 'SN4711']],
  ])('is not confused with %s', (_, values) => {
    expect(values.filter((value) => !isMeaningful(value))).toEqual([]);
  });
});

it('a UUID in the other byte order is turned in its first three fields', () => {
  expect(swappedUuid('33221100-5544-7766-8899-aabbccddeeff')).toBe('00112233-4455-6677-8899-aabbccddeeff');
});

describe('a network address', () => {
  it.each(['00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '02:42:ac:11:00:02', '0a:00:27:00:00:00', '50:50:54:50:30:30', '33:50:6f:45:30:30', '20:41:53:59:4e:ff', '00:05:9a:3c:7a:00', '00:50:56:c0:00:08', '00:00:5e:00:01:0a', '00:00:0c:07:ac:01', '00:0b:ca:fe:00:00', 'nonsense'])('made by software is none of the machine: %s', (address) => {
    expect(isGlobalMac(address)).toBe(false);
  });
  it.each(['00:1b:21:aa:bb:cc', '3c:52:82:01:02:03', '00:50:56:8a:12:34', '08:00:27:12:34:56'])('burnt into an adapter is: %s', (address) => {
    expect(isGlobalMac(address)).toBe(true);
  });
});
