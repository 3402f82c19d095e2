// Pure: which commands and places the palette offers for what was typed. Every word must be somewhere in a command's words; those
// whose name starts with the text come first.

/** words: what else one might type for it. */
export type PaletteCommand = { id: string; label: string; words: string; key?: string; run: () => void };

export function matching<Command extends Pick<PaletteCommand, 'label' | 'words'>>(commands: readonly Command[], typed: string): Command[] {
  const text = typed.trim().toLocaleLowerCase();
  if (text === '') return [...commands];
  const wanted = text.split(/\s+/);
  const fits = commands.filter((command) => wanted.every((word) => `${command.label} ${command.words}`.toLocaleLowerCase().includes(word)));
  const starts = (command: Command): boolean => command.label.toLocaleLowerCase().startsWith(text);
  return [...fits.filter(starts), ...fits.filter((command) => !starts(command))];
}
