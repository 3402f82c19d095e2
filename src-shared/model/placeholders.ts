// Owns what firmware says where nobody filled anything in: such a value identifies nothing and names nothing. Pure.
// Gathered from machines as their owners report them, and from what other inventories leave out.

/** As vendors leave them: compared in lower case, blanks at the ends aside. */
const phrases = new Set([
  // Said by nearly every vendor somewhere.
  '', 'none', 'n/a', 'na', 'null', '(null)', '(null string)', 'nil', 'unknown', 'unknow', 'default', 'default string', 'default_string', 'not specified', 'not applicable', 'not available', 'not settable', 'not present',
  'not defined', 'not provided', 'undefined', 'empty', 'invalid', 'standard', 'eval', 'reserved', 'no data', 'no_uuid_available', '<cut out>', '*', '$',
  // American Megatrends, and with it ASRock, Gigabyte, MSI, Biostar and most boards sold without a case.
  'to be filled by o.e.m.', 'to be filled by o.e.m', 'to be filled by oem', 'to be filled by o.e.m. by more string', 'tobefilledbyo.e.m.', 'to be filled', 'fill by oem', 'filled by oem', 'o.e.m.', 'oem', 'oem_serial',
  'oem_define', 'oem-default', 'oem default string', 'oem string', 'manufacturer to fill',
  // ASUS, Supermicro, Intel and reference boards: the field's own name.
  'system serial number', 'systemserialnumb', 'serial number', 'serialnumber', 'serial number xxxxxx', 'base board serial number', 'baseboard serial number', 'board serial number', 'mb serial number', 'chassis serial number',
  'system manufacturer', 'system product name', 'system name', 'product name', 'main board', 'mainboard', 'system uuid', 'ssn12345678901234567', 'bsn12345678901234567', 'bss-0123456789', 'mb-1234567890', 'sys-1234567890', 'sys-9876543210',
  // Asset tags.
  'asset tag', 'asset-1234567890', 'asset tag number', 'assettag', 'base board asset tag', 'chassis asset tag', 'no asset tag', 'no asset information', 'no asset', 'no enclosure', 'atn12345678901234567', 'tangent197', 'isd_pcs',
  // Seen on whole batches of cheap machines.
  '123-1234-123', 'sn-12345', 'sn-1234567890', 'sn-123456fvgv3i0b8o5n6n7k', 'iatpass', 'tulip computers', '5ekpm18320000397', 'nb-1234567890',
  // Virtual machines and clouds: the same in every one of them.
  '7783-7084-3265-9085-8269-3286-77', 'amazon ec2', 'board-googlecloud', 'oraclecloud.com', 'virtualbox', 'vmware', 'qemu', 'openstack compute',
]);

/** System UUIDs that came in batches; either byte order counts. */
const uuids = new Set([
  '03000200-0400-0500-0006-000700080009', '00010203-0405-0607-0809-0a0b0c0d0e0f', '07090201-0103-0301-0807-060504030201', '01010101-0101-0101-0101-010101010101', '11111111-2222-3333-4444-555555555555',
  '12345678-1234-5678-90ab-cddeefaabbcc', '12345678-1234-1234-1234-123456789012', '12345678-1234-1234-1234-123456789abc', 'fefefefe-fefe-fefe-fefe-fefefefefefe', 'deadbeef-dead-beef-dead-beefdeadbeef',
  // Dell made of an empty service tag; the others are one board's, copied into all.
  '4c4c4544-0000-2010-8020-80c04f202020', '890e2d14-cacd-45d1-ae66-bc80e8bfeb0f', '8e275844-178f-44a8-aceb-a7d7e5178c63', 'dc698397-fa54-4cf2-82c8-b1b5307a6a7f', '6ab5b300-538d-1014-9fb5-b0684d007b53',
]);

/** Addresses that look like a network card's and are made by software or the same in every piece sold. */
const macs = new Set(['50:50:54:50:30:30', '33:50:6f:45:30:30', '20:41:53:59:4e:ff', '00:53:45:00:00:00', '44:45:53:54:00:00', '44:45:53:54:00:01', '44:45:53:54:61:6f', '24:b6:20:52:41:53', '68:a0:20:52:41:53',
  '00:05:9a:3c:7a:00', '00:0b:ca:fe:00:00', '00:0b:ca:fe:00:01', '00:a0:c6:00:00:00', '00:00:ff:ff:ff:ff', '00:11:22:33:44:55', '00:01:02:03:04:05', '00:01:23:45:67:89', '88:88:88:88:87:88']);
/** VMware's adapters of the host, virtual routers (VRRP, HSRP). */
const madeBySoftware = /^(00:50:56:c0|00:00:5e:00|00:00:0c:07:ac)/;

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Counting up from 0 or 1, or down from 9: typed by somebody who had to type something. */
const counted = '01234567890123456789012345678901234567890';
const countedDown = '98765432109876543210';

/** False for what vendors leave in when nobody filled it in: known phrases, one repeated character, a number counted up, next to nothing. */
export function isMeaningful(value: string): boolean {
  const text = value.trim().toLowerCase();
  if (phrases.has(text)) return false;
  if (isUuid.test(text)) return !isPlaceholderUuid(text);
  // x is what a form shows where a digit belongs.
  const letters = text.replaceAll(/[^\p{L}\p{N}]/gu, '').replace(/^(sn|s\/n|serial|asset)(?=[\dx])/, '');
  if (letters.length < 3 || /^(.)\1*$/u.test(letters) || /^[01]+$/.test(letters)) return false;
  if (letters.length >= 4 && (counted.includes(letters) || countedDown.includes(letters) || '0123456789abcdef'.startsWith(letters))) return false;
  return !/^1234567890*$/.test(letters);
}

/** The same UUID read with its first three fields in the other byte order. SMBIOS before 2.6 did not say which one it meant. */
export function swappedUuid(uuid: string): string {
  const turn = (text: string): string => (text.match(/../g) ?? []).toReversed().join('');
  const [low = '', mid = '', high = '', ...rest] = uuid.split('-');
  return [turn(low), turn(mid), turn(high), ...rest].join('-');
}

function isPlaceholderUuid(uuid: string): boolean {
  const digits = uuid.replaceAll('-', '');
  // All alike ("xxxx" is 58 in ASCII), one byte all over, or set to nothing behind the first field.
  if (/^(.)\1*$/.test(digits) || /^(..)\1*$/.test(digits) || uuid.endsWith('-ffff-ffff-ffff-ffffffffffff') || uuid.endsWith('-0000-0000-0000-000000000000')) return true;
  return uuids.has(uuid) || uuids.has(swappedUuid(uuid));
}

/** False for group and locally administered addresses (RFC 7042 §2.1), and for known ones that many machines have. */
export function isGlobalMac(address: string): boolean {
  const first = Number.parseInt(address.slice(0, 2), 16);
  return Number.isFinite(first) && (first & 0b11) === 0 && !/^(..)(:\1)*$/.test(address) && !macs.has(address) && !madeBySoftware.test(address);
}
