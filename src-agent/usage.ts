// Owns what the agent's arguments mean. Pure; the help that teaches them is in help.ts.
import { parseArgs } from 'node:util';
import { AppError } from '#shared/errors.ts';
import type { ExpectedDisk } from './disks/types.ts';

export type Arguments = {
  command: 'capture' | 'deploy' | 'inventory' | 'portal' | 'job' | 'help';
  topic: string;
  server: string | undefined;
  token: string | undefined;
  data: string | undefined;
  json: boolean;
  yes: boolean;
  disk: string;
  image: string;
  note: string;
  version: number | undefined;
  /** The version may wait to be validated. */
  test: boolean;
  expect: ExpectedDisk;
  createSizeBytes: number | undefined;
  sectorSizeBytes: number | undefined;
  patienceMs: number;
  /** Of a session: all that this computer has, when any is given. */
  disks: string[];
  /** Instead of the server's countdown; undefined: as the server says. */
  timeoutSeconds: number | undefined;
  menu: boolean;
  /** '' for the menu. */
  job: string;
  once: boolean;
  allowPower: boolean;
  /** Terminals that show the portal as well, beside the one it was started in. */
  terminals: string[];
};

const options = {
  server: { type: 'string' }, token: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean' }, yes: { type: 'boolean', short: 'y' },
  help: { type: 'boolean', short: 'h' }, disk: { type: 'string', multiple: true }, image: { type: 'string' }, note: { type: 'string' }, version: { type: 'string' }, test: { type: 'boolean' },
  expect: { type: 'string' }, 'create-size': { type: 'string' }, 'sector-size': { type: 'string' }, patience: { type: 'string' },
  timeout: { type: 'string' }, menu: { type: 'boolean' }, job: { type: 'string' }, once: { type: 'boolean' }, 'allow-power': { type: 'boolean' }, here: { type: 'boolean' },
  terminal: { type: 'string', multiple: true },
} as const;

const allowed: Record<Exclude<Arguments['command'], 'help'>, readonly string[]> = {
  capture: ['disk', 'image', 'note', 'sector-size', 'patience'],
  deploy: ['disk', 'image', 'version', 'test', 'expect', 'create-size', 'yes', 'patience'],
  inventory: [],
  portal: ['disk', 'timeout', 'menu', 'job', 'once', 'allow-power', 'patience', 'terminal'],
  job: ['here', 'disk', 'allow-power', 'yes', 'patience'],
};
const commands = Object.keys(allowed);
const everywhere = ['server', 'token', 'data', 'json', 'help'];
export const defaultPatienceMinutes = 30;
const longestTimeoutSeconds = 3600;

/** Throws AppError `usage`. */
export function parseArguments(argv: string[]): Arguments {
  const { values, positionals } = parse(argv);
  const [word, ...rest] = positionals;
  if (word === undefined || word === 'help' || values.help === true) {
    return { ...blank('help'), topic: word === 'help' ? (rest[0] ?? '') : (word ?? '') };
  }
  if (!isCommand(word)) throw usage(`There is no command "${word}". The agent knows ${commands.join(', ')}.`);
  const name = word === 'job' ? jobName(rest, values.here === true) : (values.job ?? '');
  if (word !== 'job' && rest.length > 0) throw usage(`"${rest[0]}" is one word too many. Names with spaces go in quotes: --image "Room 12".`);
  for (const option of Object.keys(values)) {
    if (!everywhere.includes(option) && !allowed[word].includes(option)) throw usage(`${word} has no option --${option}.`);
  }
  const result: Arguments = {
    ...blank(word), server: values.server, token: values.token, data: values.data, json: values.json === true, yes: values.yes === true,
    disk: values.disk?.[0] ?? '', image: values.image ?? '', note: values.note ?? '',
    version: values.version === undefined ? undefined : positive(values.version, 'version'),
    test: values.test === true,
    expect: values.expect === undefined ? {} : parseExpect(values.expect),
    createSizeBytes: values['create-size'] === undefined ? undefined : parseSize(values['create-size'], 'create-size'),
    sectorSizeBytes: values['sector-size'] === undefined ? undefined : positive(values['sector-size'], 'sector-size'),
    patienceMs: values.patience === undefined ? defaultPatience(word, name) : positive(values.patience, 'patience') * 60_000,
    disks: values.disk ?? [], timeoutSeconds: values.timeout === undefined ? undefined : parseTimeout(values.timeout), menu: values.menu === true, job: name,
    once: values.once === true || name !== '', allowPower: values['allow-power'] === true, terminals: values.terminal ?? [],
  };
  check(word, result, values.job);
  return result;
}

function isCommand(word: string): word is keyof typeof allowed {
  return commands.includes(word);
}

function check(word: keyof typeof allowed, result: Arguments, job: string | undefined): void {
  if (word === 'capture' || word === 'deploy') {
    if (result.disk === '') throw usage(`${word} needs --disk PATH: a whole disk such as /dev/sda, or an image file. "platen agent inventory" lists the disks.`);
    if (result.disks.length > 1) throw usage(`${word} takes one disk at a time, not ${result.disks.length}.`);
    if (result.image.trim() === '') throw usage(`${word} needs --image NAME.`);
  }
  if (result.test && result.version === undefined) throw usage('--test tries one version before it is validated: say which with --version N.');
  if (result.disks.some((path) => path.trim() === '')) throw usage('--disk takes a path: a whole disk such as /dev/sda, or an image file.');
  if (result.terminals.some((path) => !path.startsWith('/dev/'))) throw usage('--terminal takes the device file of a terminal, such as /dev/ttyS0.');
  if (job?.trim() === '') throw usage('--job takes the name of a job or of a job folder.');
  if (word === 'portal' && result.job !== '' && result.menu) throw usage('--job picks by itself; --menu is for a person. Give one of them.');
  if (word === 'portal' && result.json && result.job === '') throw usage('--json is for portal --job NAME. A menu is for people.');
}

/** `job run NAME --here`: the agent's one job command; the others are the server's. */
function jobName(words: string[], here: boolean): string {
  const [verb, name, more] = words;
  if (verb !== 'run' || !here) throw usage('The agent runs jobs on the computer it runs on: platen job run JOB --here. Everything else about jobs: platen job --help.');
  if (name === undefined || name.trim() === '') throw usage('job run needs the name of a job or of a job folder: platen job run "Win11 lab" --here.');
  if (more !== undefined) throw usage(`"${more}" is one word too many. Names with spaces go in quotes: platen job run "Win11 lab" --here.`);
  return name;
}

/** A portal with a menu waits for its server for ever; what somebody waits for does not. */
function defaultPatience(word: keyof typeof allowed, job: string): number {
  return word === 'portal' && job === '' ? Infinity : defaultPatienceMinutes * 60_000;
}

function parseTimeout(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) > longestTimeoutSeconds) throw usage(`--timeout takes seconds from 0 (wait for ever) to ${longestTimeoutSeconds}, not "${text}".`);
  return Number(text);
}

function parse(argv: string[]): ReturnType<typeof parseStrict> {
  try {
    return parseStrict(argv);
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}
function parseStrict(argv: string[]) {
  return parseArgs({ args: argv, options, allowPositionals: true, strict: true });
}

function blank(command: Arguments['command']): Arguments {
  return {
    command, topic: '', server: undefined, token: undefined, data: undefined, json: false, yes: false, disk: '', image: '', note: '', version: undefined, test: false,
    expect: {}, createSizeBytes: undefined, sectorSizeBytes: undefined, patienceMs: defaultPatienceMinutes * 60_000,
    disks: [], timeoutSeconds: undefined, menu: false, job: '', once: false, allowPower: false, terminals: [],
  };
}

function positive(text: string, name: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usage(`--${name} takes a whole number above zero, not "${text}".`);
  return Number(text);
}

/** serial=S,size=BYTES,model=M,wwn=W: everything given must match. */
export function parseExpect(text: string): ExpectedDisk {
  const expect: ExpectedDisk = {};
  for (const part of text.split(',')) {
    const [key, ...rest] = part.split('=');
    const value = rest.join('=').trim();
    if (value === '') throw usage(`--expect takes serial=S,size=BYTES; "${part}" says nothing.`);
    if (key === 'size') expect.sizeBytes = parseSize(value, 'expect size');
    else if (key === 'serial' || key === 'model' || key === 'wwn') expect[key] = value;
    else throw usage(`--expect knows serial, size, model and wwn, not "${key}".`);
  }
  return expect;
}

const factors: Record<string, number> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40 };

/** 64000000000, 64GB (decimal) or 64GiB (binary). */
export function parseSize(text: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?$/i.exec(text);
  const factor = factors[match?.[2]?.toLowerCase() ?? '?'];
  const bytes = match === null || factor === undefined ? NaN : Number(match[1]) * factor;
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw usage(`--${name} takes bytes, such as 64000000000, 64GB or 64GiB, not "${text}".`);
  return bytes;
}

function usage(message: string): AppError {
  return new AppError('usage', `${message} See "platen agent --help".`);
}
