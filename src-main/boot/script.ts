// Owns what the boot loader is told: iPXE's scripts, as text. Pure; the decision is policy.ts's. What comes from outside (names, titles)
// never gets into a script unquoted.
import type { BootDecision } from './policy.ts';

export type ScriptFacts = {
  /** http://address:port of this server on the boot network. */
  base: string;
  firmware: 'bios' | 'uefi';
  /** Words for the kernel beside those made here: console size, keyboard, what the settings say. */
  kernelWords: readonly string[];
};

/** iPXE's first script: the same for every computer; it asks again and says who it is. */
export function firstScript(base: string): string {
  // net0 is the adapter that the loader came through where it is chained; ${netX} is the one opened last, which is that one.
  const identity = ['mac=${netX/mac:hexhyp}', 'uuid=${uuid}', 'serial=${serial:uristring}', 'product=${product:uristring}', 'platform=${platform}', 'version=${version:uristring}'].join('&');
  return script([`chain --replace ${base}/boot/script?${identity} || goto failed`, ...failed()]);
}

export function bootScript(decision: BootDecision, facts: ScriptFacts): string {
  switch (decision.kind) {
    case 'environment':
      return script([`echo Platen: ${plain(decision.reason)}`, ...environment(facts, decision.portal === 'straight' ? ['platen.portal=menu'] : []), ...failed()]);
    case 'countdown':
      return script([
        `echo Platen: press i to image this computer. It starts from its disk in ${decision.seconds} s.`,
        `prompt --key i --timeout ${decision.seconds * 1000} && goto portal || goto disk`,
        ':disk', ...localDisk(facts), ':portal', ...environment(facts, ['platen.portal=menu']), ...failed(),
      ]);
    case 'local-disk':
    case 'ignore':
      return script([`echo Platen: ${plain(decision.reason)}`, ...localDisk(facts)]);
  }
}

function environment({ base, firmware, kernelWords }: ScriptFacts, words: readonly string[]): string[] {
  // The names after initrd= are how the kernel's EFI stub finds what iPXE holds in memory.
  const line = ['initrd=base.cpio.zst', 'initrd=small.cpio', ...kernelWords, ...words].map(word).join(' ');
  return [
    `kernel ${base}/boot/vmlinuz ${line} || goto failed`, `initrd --name base.cpio.zst ${base}/boot/base.cpio.zst || goto failed`, `initrd --name small.cpio ${base}/boot/small.cpio || goto failed`,
    // Where iPXE itself is signed, Secure Boot lets Debian's kernel start only through Debian's shim. Elsewhere iPXE does not even fetch it.
    ...(firmware === 'uefi' ? [`shim ${base}/boot/shim ||`] : []), 'boot || goto failed',
  ];
}

/** `sanboot` starts the disk at once; leaving the loader on UEFI would open the firmware's setup, or ask the network again. The server hears
 * of it, and of a disk that does not start; a server that does not answer holds nothing up. */
function localDisk({ base, firmware }: ScriptFacts): string[] {
  const tell = (what: string): string => `imgfetch --name told ${base}/boot/told?mac=\${netX/mac:hexhyp}&what=${what} && imgfree told ||`;
  return [tell('disk'), `sanboot --no-describe --drive ${firmware === 'bios' ? '0x80' : '0'} ||`, tell('no-disk'), 'exit 1'];
}

function failed(): string[] {
  return [':failed', 'echo Platen: the boot environment could not be loaded. The server says why on its boot page. Trying again in 10 s.', 'sleep 10', 'reboot'];
}
function script(lines: readonly string[]): string {
  return `#!ipxe\n${lines.join('\n')}\n`;
}
/** For `echo`: no expansion, no second command. */
export function plain(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,:()/_-]/gu, ' ').slice(0, 120);
}
/** One word of a command line. */
export function word(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9.,:=/@%+_-]/g, '_');
}
