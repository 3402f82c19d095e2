import { describe, expect, it } from 'vitest';
import { firstGrubFile, grubFile } from './grub.ts';

const facts = { base: 'http://10.77.0.1:8430', kernelWords: ['console=tty1'], mac: '52:54:00:77:00:01' };

describe('GRUB of the signed chain', () => {
  it('asks again and says who it is', () => {
    expect(firstGrubFile(facts.base).split('\n').slice(0, 2)).toEqual(['smbios --type 1 --get-uuid 8 --set uuid', 'source "(http,10.77.0.1:8430)/boot/grub/script?mac=$net_default_mac&uuid=$uuid"']);
  });
  it('loads the environment at once where a run waits', () => {
    expect(grubFile({ kind: 'environment', portal: 'run', reason: 'Win11 lab waits for it' }, facts)).toBe(`set told=1
echo "Platen: Win11 lab waits for it"
if linux (http,10.77.0.1:8430)/boot/vmlinuz console=tty1; then
  if initrd (http,10.77.0.1:8430)/boot/base.cpio.zst (http,10.77.0.1:8430)/boot/small.cpio; then boot; fi
fi
echo "Platen: The boot environment could not be loaded. The server says why on its boot page. Trying again in 10 s."
sleep 10
reboot
`);
  });
  it('waits for i in a menu whose first entry starts what is on the disk and tells the server', () => {
    const text = grubFile({ kind: 'countdown', seconds: 4, reason: 'nothing waits for it' }, facts);
    expect(text).toMatch(/^set told=1\nset default=0\nset timeout=4\nset timeout_style=menu\nmenuentry "Start this computer from its disk" \{\nsource "\(http,10\.77\.0\.1:8430\)\/boot\/told\?mac=52:54:00:77:00:01&what=disk"\nfor name in [^;]*\/EFI\/Microsoft\/Boot\/bootmgfw\.efi \/EFI\/BOOT\/BOOTX64\.EFI; do\n/);
    expect(text).toMatch(/\nmenuentry "Image this computer \(press i\)" --hotkey=i \{\nif linux [^;]* platen\.portal=menu; then\n/);
  });
  it('is never told a command by a name', () => {
    const evil = '" ; reboot\nsource (http,evil)/x "$root';
    const text = grubFile({ kind: 'local-disk', reason: evil }, { ...facts, mac: '"; reboot' });
    expect([text.split('\n')[1], text.split('\n')[2]]).toEqual(['echo "Platen:     reboot source (http,evil)/x   root"', 'source "(http,10.77.0.1:8430)/boot/told?mac=___reboot&what=disk"']);
  });
});
