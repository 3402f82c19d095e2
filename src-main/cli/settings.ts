// Owns `platen settings`: what is set, and setting it. What a setting may hold is src-shared/model/server.ts.
import { defaultSettings, settingsSchema } from '#shared/model/server.ts';
import type { Settings } from '#shared/model/server.ts';
import { settingProblems } from '#shared/model/settings-words.ts';
import type { Api } from './client.ts';
import type { Command, Outcome } from './command.ts';
import { usage } from './usage.ts';
import { nearest } from './suggest.ts';
import { printable, table } from './table.ts';

const meanings: Record<keyof Settings, string> = {
  serverName: 'what this server is called where it is shown',
  trashDays: 'days that deleted images, versions, jobs and folders stay in the trash',
  captureLeaseHours: 'hours that an interrupted capture is held for its continuation',
  verifyEveryDays: 'days after which every version is read back and proved again (0: never)',
  logRetentionDays: 'days that logs are kept',
  logLevel: 'how much is logged: error, warn, info or debug',
  whenClosed: 'when the desktop window closes while work runs: ask, tray or quit',
  defaultScope: 'where images go that are not assigned otherwise: all package servers, or none',
  portalTitle: 'the portal\'s title bar',
  portalText: 'the line above the portal\'s menu',
  portalColor: 'colour of the portal\'s title bar: blue, green, cyan, magenta, red or grey',
  portalCountdownSeconds: 'seconds in which i opens the portal\'s menu (0: waits for ever)',
  portalMenu: 'menu as one list or along the job folders: flat or folders',
  portalRootFolderId: 'only items below this job folder are offered: folder/ID, name or path (null: all)',
  portalRenameKnown: 'may a technician rename a computer that has a name: true or false',
  portalNamePattern: 'name proposed for a new computer: {serial}, {asset}, {model}, {mac}, {n}, {n:3}',
  portalWhenDone: 'after a run: menu, restart or shut-down',
  portalFailureSeconds: 'seconds that a failure stays on screen (0: until a key is pressed)',
};
/** The setting that names a job folder. */
const FOLDER = 'portalRootFolderId';
const names = Object.keys(meanings) as (keyof Settings)[];

export const settingsShow: Command = {
  path: ['settings', 'show'],
  summary: 'all settings with their values',
  description: 'Shows all settings of the server, what each means, and which differ from their default.',
  positionals: [],
  options: {},
  examples: ['platen settings show', 'platen settings show --json'],
  run: async ({ api }) => {
    return outcomeOf(await (await api()).settings.get.query());
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
    const calls = await api();
    return outcomeOf(await calls.settings.set.mutate(parseSettings(await withFolderIds(calls, input.positionals))));
  },
};

/** Folders are named as `platen job` names them: "folder/<id>", a name, a path. The setting itself holds the id. */
async function withFolderIds(calls: Api, texts: readonly string[]): Promise<string[]> {
  return await Promise.all(texts.map(async (text) => {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (name !== FOLDER || value === '' || value === 'null') return text;
    return `${FOLDER}=${(await calls.jobs.folder.query({ folder: value })).id}`;
  }));
}

function outcomeOf(settings: Settings): Outcome {
  const id = settings[FOLDER];
  const shown = { ...settings, [FOLDER]: id === null ? null : `folder/${id}` };
  return { json: shown, text: settingsText(shown) };
}

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
    return [known, typed(known, value)] as const;
  });
  const given = Object.fromEntries(entries);
  const parsed = settingsSchema.partial().safeParse(given);
  if (!parsed.success) throw usage(settingProblems(given), 'platen settings set');
  return Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
}

/** What a text means for a setting; one that does not fit stays a text, and the schema says what is wrong. */
function typed(name: keyof Settings, text: string): unknown {
  const now: unknown = defaultSettings[name];
  if (typeof now === 'number' && /^-?\d+$/.test(text)) return Number(text);
  if (typeof now === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return now === null && (text === 'null' || text === '') ? null : text;
}

function settingsText(settings: Readonly<Record<keyof Settings, unknown>>): string {
  return table(names, [
    { title: 'SETTING', text: (name) => name },
    { title: 'VALUE', text: (name) => printable(String(settings[name])) },
    { title: 'DEFAULT', text: (name) => (settings[name] === defaultSettings[name] ? '' : printable(String(defaultSettings[name]))) },
    { title: 'WHAT IT MEANS', text: (name) => meanings[name] },
  ]);
}
