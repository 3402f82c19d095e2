// Owns `platen boot settings`: how computers boot, shown and changed. What a setting may hold is src-shared/model/boot.ts.
import { bootSettingsPatchSchema, bootSettingsSchema, type BootSettingsView } from '#shared/model/boot.ts';
import type { Command } from './command.ts';
import { nearest } from './suggest.ts';
import { printable, table } from './table.ts';
import { usage } from './usage.ts';

export const bootSettingMeanings: Readonly<Record<string, string>> = {
  unknownComputers: 'what new computers get: portal or local-disk',
  loaderCountdownSeconds: 'seconds in which the loader of a known computer waits for i: 1 to 60',
  keyboard: 'layout of the keyboards at the computers, such as de (empty: US English)',
  kernelWords: 'words added to the kernel\'s command line of every computer',
  loader: 'automatic, plain (iPXE) for all, or secure-boot (signed) for all',
  otherDriver: 'models whose loader needs the other kind of driver: words of the model, or beginnings of MACs, apart by commas',
  borrowLease: 'proxy mode, Secure Boot: pass on the address of a DHCP server that names a boot file of its own: on or off',
};
const names = Object.keys(bootSettingsSchema.shape);
const HELP = 'platen boot settings';

export const bootSettings: Command = {
  path: ['boot', 'settings'], summary: 'how computers boot: shown, or changed', positionals: [{ name: 'NAME=VALUE', required: false, many: true }], options: {},
  description: `Shows the settings of network boot, or changes those named: ${names.join(', ')}. They hold for the next boot of each computer.`,
  examples: ['platen boot settings', 'platen boot settings loaderCountdownSeconds=8 keyboard=de', 'platen boot settings borrowLease=on'],
  run: async ({ api, input }) => {
    const patch = parseBootSettings(input.positionals);
    const { boot } = await api();
    const { settings } = Object.keys(patch).length === 0 ? await boot.status.query() : await boot.setSettings.mutate(patch);
    return { json: settings, text: table(Object.entries(settings), [{ title: 'SETTING', text: ([name]) => name }, { title: 'VALUE', text: ([, value]) => printable(String(value)) }, { title: 'WHAT IT MEANS', text: ([name]) => bootSettingMeanings[name] ?? '' }]) };
  },
};

export function parseBootSettings(texts: readonly string[]): Partial<BootSettingsView> {
  const given = Object.fromEntries(texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw usage(`"${text}" is not NAME=VALUE.`, HELP);
    const [name, value] = [text.slice(0, at), text.slice(at + 1)];
    if (!names.includes(name)) {
      const meant = nearest(name, names);
      throw usage(`There is no setting "${name}" of network boot. ${meant === null ? `There are ${names.join(', ')}.` : `Did you mean ${meant}?`}`, HELP);
    }
    return [name, name === 'loaderCountdownSeconds' && /^\d+$/.test(value) ? Number(value) : value];
  }));
  const parsed = bootSettingsPatchSchema.safeParse(given);
  if (parsed.success) return Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
  const wrong = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))];
  throw usage(wrong.map((name) => `${name} can't be "${String(given[name])}": it is ${bootSettingMeanings[name] ?? 'something else'}.`).join(' '), HELP);
}
