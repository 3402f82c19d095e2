// Owns the words for the kernel that hold for every computer, whatever loader starts it: consoles, keyboard, what the settings add. Pure.
import type { BootSettingsView } from '#shared/model/boot.ts';

export function kernelWordsOf({ keyboard, kernelWords }: Pick<BootSettingsView, 'keyboard' | 'kernelWords'>): string[] {
  return ['console=ttyS0', 'console=tty1', 'quiet', 'panic=30', ...(keyboard === '' ? [] : [`platen.keyboard=${keyboard}`]), ...kernelWords.split(' ').filter((word) => word !== '')];
}
