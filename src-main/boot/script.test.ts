import { describe, expect, it } from 'vitest';
import { bootScript, firstScript, type ScriptFacts } from './script.ts';

const facts: ScriptFacts = { base: 'http://10.77.0.1:8420', firmware: 'uefi', kernelWords: ['console=tty1', 'platen.server=https://10.77.0.1:8420'] };

describe('the loader', () => {
  it('asks again and says who it is', () => {
    expect(firstScript(facts.base)).toMatch(/^#!ipxe\nchain --replace http:\/\/10\.77\.0\.1:8420\/boot\/script\?mac=\$\{netX\/mac:hexhyp\}&uuid=\$\{uuid\}&serial=/);
  });
  it('loads the environment at once where a run waits', () => {
    expect(bootScript({ kind: 'environment', portal: 'run', reason: 'Win11 lab waits for it' }, facts)).toBe(`#!ipxe
echo Platen: Win11 lab waits for it
kernel http://10.77.0.1:8420/boot/vmlinuz initrd=base.cpio.zst initrd=small.cpio console=tty1 platen.server=https://10.77.0.1:8420 || goto failed
initrd --name base.cpio.zst http://10.77.0.1:8420/boot/base.cpio.zst || goto failed
initrd --name small.cpio http://10.77.0.1:8420/boot/small.cpio || goto failed
shim http://10.77.0.1:8420/boot/shim ||
boot || goto failed
:failed
echo Platen: the boot environment could not be loaded. The server says why on its boot page. Trying again in 10 s.
sleep 10
reboot
`);
  });
  it('waits for i, then starts the disk and tells the server: by number on BIOS, the first on UEFI', () => {
    const of = (firmware: ScriptFacts['firmware']) => bootScript({ kind: 'countdown', seconds: 4, reason: 'nothing waits for it' }, { ...facts, firmware }).split('\n').slice(1, 8);
    const told = (what: string) => `imgfetch --name told http://10.77.0.1:8420/boot/told?mac=\${netX/mac:hexhyp}&what=${what} && imgfree told ||`;
    expect([of('bios'), of('uefi')[4]]).toEqual([
      ['echo Platen: press i to image this computer. It starts from its disk in 4 s.', 'prompt --key i --timeout 4000 && goto portal || goto disk', ':disk', told('disk'), 'sanboot --no-describe --drive 0x80 ||', told('no-disk'), 'exit 1'],
      'sanboot --no-describe --drive 0 ||',
    ]);
  });
  it('is never told a command by a name', () => {
    const evil = '${net0/ip} && sanboot\nkernel http://evil/';
    const text = bootScript({ kind: 'environment', portal: 'straight', reason: evil }, { ...facts, kernelWords: ['platen.job=a b;c\nd'] });
    expect([text.split('\n').filter((line) => line.startsWith('kernel')).length, text.includes('${net0'), text.includes('&& sanboot'), text.includes('platen.job=a_b_c_d platen.portal=menu')]).toEqual([1, false, false, true]);
  });
});
