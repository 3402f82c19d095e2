// Owns what the loaders on a boot medium are told, as text: GRUB's configuration (UEFI) and ISOLINUX's (BIOS). Pure. A person put the medium
// in, so the environment starts after a few seconds, straight to the portal.
import { word } from '../script.ts';

export type MediumFacts = {
  /** Of this image alone, eight hex digits: by it the loaders and the agent know the medium again. */
  id: string;
  kernelWords: readonly string[];
  countdownSeconds: number;
};
/** Where the files lie on the medium, as paths of ISO 9660. */
export const mediumPaths = { kernel: 'PLATEN/VMLINUZ', base: 'PLATEN/BASE.ZST', small: 'PLATEN/SMALL.CPI' } as const;
export function markPath(id: string): string {
  return `PLATEN/${id.toUpperCase()}`;
}

const title = 'Platen: image this computer';
const plainTitle = 'The same with the plainest screen (if it stays black)';
const diskTitle = 'Leave: start from the next boot entry';

function kernelLine({ id, kernelWords }: MediumFacts, more: readonly string[] = []): string {
  return [...kernelWords, 'platen.portal=menu', `platen.medium=${id}`, ...more].map(word).join(' ');
}

/** GRUB was started from one of the medium's file systems; the kernel lies in the other. */
export function grubMenu(facts: MediumFacts): string {
  const entry = (name: string, more: readonly string[]): string[] => [
    `menuentry "${name}" {`, '  echo "Loading the boot environment..."', `  linux ${lower(mediumPaths.kernel)} ${kernelLine(facts, more)}`, `  initrd ${lower(mediumPaths.base)} ${lower(mediumPaths.small)}`, '}',
  ];
  return [
    `search --no-floppy --file --set=root ${lower(markPath(facts.id))}`, 'set default=0', `set timeout=${facts.countdownSeconds}`,
    ...entry(title, []), ...entry(plainTitle, ['nomodeset']), `menuentry "${diskTitle}" {`, '  exit', '}', '',
  ].join('\n');
}

export function isolinuxMenu(facts: MediumFacts): string {
  const entry = (label: string, name: string, more: readonly string[]): string[] => [
    `LABEL ${label}`, `  MENU LABEL ${name}`, `  KERNEL ${lower(mediumPaths.kernel)}`, `  APPEND initrd=${lower(mediumPaths.base)},${lower(mediumPaths.small)} ${kernelLine(facts, more)}`,
  ];
  return [
    'UI menu.c32', 'PROMPT 0', `TIMEOUT ${facts.countdownSeconds * 10}`, 'DEFAULT platen', 'MENU TITLE Platen', 'MENU CLEAR', ...entry('platen', title, []), ...entry('plain', plainTitle, ['nomodeset']),
    'LABEL leave', `  MENU LABEL ${diskTitle}`, '  LOCALBOOT -1', '',
  ].join('\n');
}

/** Both loaders read names of ISO 9660 in small letters. */
function lower(path: string): string {
  return `/${path.toLowerCase()}`;
}
