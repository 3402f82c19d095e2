import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planBootEntries, planRestart, type BootPlan, type DeployedDisk } from './boot-plan.ts';
import { isNetworkEntry, readBootState, targetOf } from './efibootmgr.ts';

const guid = '5f2a0b1c-0d3e-4c5f-8a7b-112233445566';
const gone = '00000000-1111-2222-3333-444444444444';
const shim = '\\EFI\\debian\\shimx64.efi';
const fallback = '\\EFI\\BOOT\\BOOTX64.EFI';
const windows = '\\EFI\\Microsoft\\Boot\\bootmgfw.efi';
const disk = (...files: string[]): DeployedDisk => ({ system: { number: 1, guid }, files });
const hd = (partition: string, file: string): string => `HD(1,GPT,${partition},0x800,0x14000)/File(${file})`;
const said = (head: string, ...entries: string[]): string => `${head}\nTimeout: 0 seconds\n${entries.join('\n')}\n`;
const pxe = 'Boot0001* UEFI PXEv4 (MAC:525400770001)\tPciRoot(0x0)/Pci(0x2,0x0)/MAC(525400770001,1)/IPv4(0.0.0.00.0.0.0,0,0)N.....YM....R,Y.';
const nvme = 'Boot0002* UEFI QEMU NVMe Ctrl DISK 1\tPciRoot(0x0)/Pci(0x3,0x0)/NVMe(0x1,00-00-00-00-00-00-00-00)N.....YM....R,Y.';
const shell = 'Boot0003* EFI Internal Shell\tFvVol(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(7c04a583-9e3e-4f1c-ad65-e05268d0b4d1)';
const ours = (number: string, partition = guid, file = shim): string => `Boot${number}* debian (Platen)\t${hd(partition, file)}`;
const lab = said('BootCurrent: 0001\nBootOrder: 0001,0002,0003', pxe, nvme, shell);
const plan = (text: string, target: DeployedDisk): BootPlan => planBootEntries(readBootState(text), target, new Set([guid]));
const short = ({ create, activate, order, remove, entry }: BootPlan): unknown[] => [create?.loader ?? null, activate, order?.join() ?? null, remove.join(), entry];

describe('boot entries after a deploy', () => {
  it.each<[string, string, DeployedDisk, unknown[]]>([
    ['a disk without EFI system partition', lab, { system: null, files: [] }, [null, null, null, '', null]],
    ['a disk that starts by itself', lab, disk(fallback, shim), [null, null, null, '', null]],
    ['no loader at all', lab, disk('\\EFI\\tools\\memtest.efi'), [null, null, null, '', null]],
    ['a loader that nothing starts: behind the network, which was first', lab, disk(shim), [shim, null, '0001,new,0002,0003', '', 'new']],
    ['a loader in other letters', lab, disk('\\efi\\DEBIAN\\SHIMX64.EFI'), ['\\efi\\DEBIAN\\SHIMX64.EFI', null, '0001,new,0002,0003', '', 'new']],
    ['Linux and Windows: the one whose menu offers the other', lab, disk(windows, shim), [shim, null, '0001,new,0002,0003', '', 'new']],
    ['Windows alone', lab, disk(windows), [windows, null, '0001,new,0002,0003', '', 'new']],
    ['several network entries first', said('BootCurrent: 0004\nBootOrder: 0001,0004,0002', pxe, nvme, 'Boot0004* UEFI HTTPv4\tPciRoot(0x0)/Pci(0x2,0x0)/MAC(525400770001,1)/IPv4(0.0.0.00.0.0.0,0,0)/Uri()'), disk(shim), [shim, null, '0001,0004,new,0002', '', 'new']],
    ['the disk first, the network chosen by hand', said('BootCurrent: 0001\nBootOrder: 0002,0001', pxe, nvme), disk(shim), [shim, null, 'new,0002,0001', '', 'new']],
    ['the network only', said('BootCurrent: 0001\nBootOrder: 0001', pxe), disk(shim), [shim, null, '0001,new', '', 'new']],
    ['the same disk again, its GUIDs kept', said('BootCurrent: 0001\nBootOrder: 0001,0005,0002', pxe, nvme, ours('0005')), disk(shim), [null, null, null, '', '0005']],
    ['an entry of the installer\'s own', said('BootOrder: 0001,0006', pxe, `Boot0006* debian\t${hd(guid.toUpperCase(), '\\EFI\\DEBIAN\\SHIMX64.EFI')}`), disk(shim, fallback), [null, null, null, '', '0006']],
    ['an entry as version 18 writes it', said('BootOrder: 0001,0006', pxe, `Boot0006* debian\tHD(1,GPT,${guid},0x800,0x14000)/${shim}`), disk(shim), [null, null, null, '', '0006']],
    ['an entry that was switched off', said('BootOrder: 0001,0005', pxe, ours('0005').replace('*', '')), disk(shim), [null, '0005', null, '', '0005']],
    ['an entry that the order forgot', said('BootCurrent: 0001\nBootOrder: 0001,0002', pxe, nvme, ours('0005')), disk(shim), [null, null, '0001,0005,0002', '', '0005']],
    ['an entry to a loader that the new system does not have', said('BootOrder: 0001,0005', pxe, ours('0005')), disk(windows), [windows, null, '0001,new,0005', '', 'new']],
    ['ours of a disk that is no more', said('BootOrder: 0001,0005,0002', pxe, nvme, ours('0005', gone)), disk(shim), [shim, null, '0001,new,0002', '0005', 'new']],
    ['somebody else\'s of a disk that is no more', said('BootOrder: 0001,0006', pxe, `Boot0006* debian\t${hd(gone, shim)}`), disk(shim), [shim, null, '0001,new,0006', '', 'new']],
    ['an order of entries that do not exist, and twice', said('BootCurrent: 0001\nBootOrder: 0009,0001,0001,00FF,0002', pxe, nvme), disk(shim), [shim, null, '0001,new,0002', '', 'new']],
    ['no order at all: what led here stays first', said('BootCurrent: 0001\nNo BootOrder is set; firmware will attempt recovery', pxe, nvme), disk(shim), [shim, null, '0001,new', '', 'new']],
    ['nothing at all', '', disk(shim), [shim, null, 'new', '', 'new']],
    ['words of a BIOS for its network', said('BootCurrent: 0000\nBootOrder: 0000,0001', 'Boot0000* Onboard NIC(IPV4)\tBBS(Network,IBA CL Slot 00FE v0110,0x0)', 'Boot0001* UEFI OS\tHD(1,MBR,0x1234abcd,0x800,0x1000)'), disk(shim), [shim, null, '0000,new,0001', '', 'new']],
    ['labels with tabs, and none', said('BootOrder: 000a,000B', `Boot000A* Network\tBoot (slot 1)\t`, 'Boot000b* '), disk(shim), [shim, null, '000A,new,000B', '', 'new']],
  ])('%s', (_what, text, target, expected) => {
    expect(short(plan(text, target))).toEqual(expected);
  });

  it('never lose or repeat an entry of the order, and never put the disk before a network that was first, whatever the firmware says', () => {
    const line = fc.oneof(fc.constantFrom(pxe, nvme, shell, ours('0005'), ours('0007', gone), 'BootNext: 0001', 'Boot00'), fc.string({ maxLength: 60 }), fc.constantFrom('BootOrder: 0001,0002,0005', 'BootOrder: 0003,0001', 'BootCurrent: 0001'));
    fc.assert(fc.property(fc.array(line, { maxLength: 12 }), fc.subarray([shim, fallback, windows]), (lines, files) => {
      const state = readBootState(lines.join('\n'));
      const { order, remove } = planBootEntries(state, disk(...files), new Set([guid]));
      if (order === null) return;
      const exists = new Set(state.entries.map(({ number }) => number));
      const before = state.order.filter((number) => exists.has(number) && !remove.includes(number));
      expect([new Set(order).size, before.every((number) => order.includes(number))]).toEqual([order.length, true]);
      const first = state.entries.find(({ number }) => number === before[0]);
      if (first !== undefined && isNetworkEntry(first)) expect(order[0]).toBe(before[0]);
    }));
  });
});

describe('the restart after a deploy', () => {
  it.each<[string, string, string | null, string | null]>([
    ['takes the disk\'s entry once', said('BootOrder: 0001,0005', pxe, ours('0005')), '0005', '0005'],
    ['goes as the order says where the disk has none', lab, null, null],
    ['goes as the order says where the entry has gone', lab, '0005', null],
    ['goes as the order says where the disk is first', said('BootOrder: 0005,0001', pxe, ours('0005')), '0005', null],
    ['goes as the order says where firmware did not listen the last time', said('BootNext: 0005\nBootOrder: 0001,0005', pxe, ours('0005')), '0005', null],
  ])('%s', (_what, text, entry, expected) => {
    expect(planRestart(readBootState(text), entry).next).toBe(expected);
  });
});

it('tells partition and file of an entry', () => {
  expect([ours('0001'), `Boot0002* x\tHD(1,GPT,${guid},0x800,0x1000)/\\EFI\\debian\\grubx64.efi`, `Boot0003* y\tHD(2,GPT,${guid},0x800,0x1000)`, pxe].map((line) => targetOf(readBootState(line).entries[0] ?? { number: '', active: false, label: '', path: '' })))
    .toEqual([{ partition: guid, file: shim }, { partition: guid, file: '\\EFI\\debian\\grubx64.efi' }, { partition: guid, file: '' }, null]);
});
