// Owns `platen settings`: what is set, and setting it. What a setting may hold is src-shared/model/server.ts.
import { defaultSettings, settingsSchema } from '#shared/model/server.ts';
import type { Settings } from '#shared/model/server.ts';
import type { Command } from './command.ts';
import { usage } from './usage.ts';
import { nearest } from './suggest.ts';
import { printable, table } from './table.ts';

const meanings: Record<keyof Settings, string> = {
  serverName: 'what this server is called where it is shown',
  trashDays: 'days that deleted images stay in the trash',
  captureLeaseHours: 'hours that an interrupted capture is held for its continuation',
  verifyEveryDays: 'days after which every version is read back and proved again (0: never)',
  logRetentionDays: 'days that logs are kept',
  logLevel: 'how much is logged: error, warn, info or debug',
};
const names = Object.keys(meanings) as (keyof Settings)[];

export const settingsShow: Command = {
  path: ['settings', 'show'],
  summary: 'all settings with their values',
  description: 'Shows all settings of the server, what each means, and which differ from their default.',
  positionals: [],
  options: {},
  examples: ['platen settings show', 'platen settings show --json'],
  run: async ({ api }) => {
    const settings = await (await api()).settings.get.query();
    return { json: settings, text: settingsText(settings) };
  },
};

export const settingsSet: Command = {
  path: ['settings', 'set'],
  summary: 'change settings',
  description: `Changes settings; those not named stay as they are. They are: ${names.join(', ')}.`,
  positionals: [{ name: 'NAME=VALUE', required: true, many: true }],
  options: {},
  examples: ['platen settings set trashDays=30', "platen settings set serverName='Room 12' logLevel=debug"],
  run: async ({ api, input }) => {
    const settings = await (await api()).settings.set.mutate(parseSettings(input.positionals));
    return { json: settings, text: settingsText(settings) };
  },
};

export function parseSettings(texts: readonly string[]): Partial<Settings> {
  const entries = texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw usage(`"${text}" is not NAME=VALUE.`, 'platen settings set');
    const [name, value] = [text.slice(0, at), text.slice(at + 1)];
    const known = names.find((each) => each === name);
    if (known === undefined) {
      const meant = nearest(name, names);
      throw usage(`There is no setting "${name}". ${meant === null ? `There are ${names.join(', ')}.` : `Did you mean ${meant}?`}`, 'platen settings set');
    }
    return [known, typeof defaultSettings[known] === 'number' && /^-?\d+$/.test(value) ? Number(value) : value] as const;
  });
  const parsed = settingsSchema.partial().safeParse(Object.fromEntries(entries));
  if (!parsed.success) throw usage(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}.`).join(' '), 'platen settings set');
  return Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
}

function settingsText(settings: Settings): string {
  return table(names, [
    { title: 'SETTING', text: (name) => name },
    { title: 'VALUE', text: (name) => printable(String(settings[name])) },
    { title: 'DEFAULT', text: (name) => (settings[name] === defaultSettings[name] ? '' : printable(String(defaultSettings[name]))) },
    { title: 'WHAT IT MEANS', text: (name) => meanings[name] },
  ]);
}
