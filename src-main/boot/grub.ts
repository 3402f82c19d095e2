// Owns what GRUB is told, the second loader of the signed chain, as text: the same decision as script.ts makes for iPXE. Pure. GRUB knows no
// chain of scripts by itself: its first file asks again with who it is.
import type { BootDecision } from './policy.ts';
import { plain, word, type ScriptFacts } from './script.ts';

/** Systems on a computer's disk as their loaders lie there: a Linux whose menu offers the others comes first, the fallback last. */
const localLoaders = [
  ...['debian', 'ubuntu', 'fedora', 'redhat', 'centos', 'rocky', 'almalinux', 'opensuse', 'sles'].map((name) => `/EFI/${name}/shimx64.efi`), '/EFI/Microsoft/Boot/bootmgfw.efi', '/EFI/BOOT/BOOTX64.EFI',
];

/** grub/grub.cfg: the same for every computer. */
export function firstGrubFile(base: string): string {
  // What is sourced returns here where it only made a menu: it says itself that it was there.
  return lines(['smbios --type 1 --get-uuid 8 --set uuid', `source "${device(base)}/boot/grub/script?mac=$net_default_mac&uuid=$uuid"`, 'if [ "$told" != "1" ]; then', ...failed('The server could not be asked what to do.'), 'fi']);
}

/** @param mac as the loader said it, in any form: it goes back into addresses */
export function grubFile(decision: BootDecision, facts: Omit<ScriptFacts, 'firmware'> & { mac: string }): string {
  return lines(['set told=1', ...carriedOut(decision, facts)]);
}

function carriedOut(decision: BootDecision, facts: Omit<ScriptFacts, 'firmware'> & { mac: string }): string[] {
  switch (decision.kind) {
    case 'environment':
      return [`echo "Platen: ${plain(decision.reason)}"`, ...environment(facts, decision.portal === 'straight' ? ['platen.portal=menu'] : [])];
    case 'countdown':
      return [
        'set default=0', `set timeout=${decision.seconds}`, 'set timeout_style=menu',
        'menuentry "Start this computer from its disk" {', ...localDisk(facts), '}',
        'menuentry "Image this computer (press i)" --hotkey=i {', ...environment(facts, ['platen.portal=menu']), '}',
      ];
    case 'local-disk':
    case 'ignore':
      return [`echo "Platen: ${plain(decision.reason)}"`, ...localDisk(facts)];
  }
}

function environment({ base, kernelWords }: Pick<ScriptFacts, 'base' | 'kernelWords'>, words: readonly string[]): string[] {
  const at = `${device(base)}/boot`;
  return [
    `if linux ${at}/vmlinuz ${[...kernelWords, ...words].map(word).join(' ')}; then`, `  if initrd ${at}/base.cpio.zst ${at}/small.cpio; then boot; fi`, 'fi', ...failed('The boot environment could not be loaded. The server says why on its boot page.'),
  ];
}

/** Leaving GRUB would open the firmware's setup, or ask the network again. */
function localDisk({ base, mac }: { base: string; mac: string }): string[] {
  const tell = (what: string): string => `source "${device(base)}/boot/told?mac=${word(mac)}&what=${what}"`;
  return [
    tell('disk'), `for name in ${localLoaders.join(' ')}; do`, '  if search --no-floppy --file --set=root $name; then', '    if chainloader ($root)$name; then boot; fi', '  fi', 'done', tell('no-disk'),
    'echo "Platen: no system was found on the disks of this computer."', 'sleep 10', 'exit',
  ];
}

function failed(why: string): string[] {
  return [`echo "Platen: ${why} Trying again in 10 s."`, 'sleep 10', 'reboot'];
}
/** "http://10.0.0.1:8430" as GRUB names a server. */
function device(base: string): string {
  return `(http,${base.replace(/^http:\/\//, '')})`;
}
function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
