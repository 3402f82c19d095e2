// Owns the agent's words on the command line: help that teaches, and what the arguments mean. Pure.
import { parseArgs } from 'node:util';
import { AppError } from '#shared/errors.ts';
import type { ExpectedDisk } from './disks/types.ts';

export type Arguments = {
  command: 'capture' | 'deploy' | 'inventory' | 'help';
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
  expect: ExpectedDisk;
  createSizeBytes: number | undefined;
  sectorSizeBytes: number | undefined;
  patienceMs: number;
};

const options = {
  server: { type: 'string' }, token: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean' }, yes: { type: 'boolean', short: 'y' },
  help: { type: 'boolean', short: 'h' }, disk: { type: 'string' }, image: { type: 'string' }, note: { type: 'string' }, version: { type: 'string' },
  expect: { type: 'string' }, 'create-size': { type: 'string' }, 'sector-size': { type: 'string' }, patience: { type: 'string' },
} as const;

const allowed: Record<Exclude<Arguments['command'], 'help'>, readonly string[]> = {
  capture: ['disk', 'image', 'note', 'sector-size', 'patience'],
  deploy: ['disk', 'image', 'version', 'expect', 'create-size', 'yes', 'patience'],
  inventory: [],
};
const everywhere = ['server', 'token', 'data', 'json', 'help'];
const defaultPatienceMinutes = 30;

/** Throws AppError `usage`. */
export function parseArguments(argv: string[]): Arguments {
  const { values, positionals } = parse(argv);
  const [word, ...rest] = positionals;
  if (word === undefined || word === 'help' || values.help === true) {
    return { ...blank('help'), topic: word === 'help' ? (rest[0] ?? '') : (word ?? '') };
  }
  if (word !== 'capture' && word !== 'deploy' && word !== 'inventory') throw usage(`There is no command "${word}". The agent knows capture, deploy and inventory.`);
  if (rest.length > 0) throw usage(`"${rest[0]}" is one word too many. Names with spaces go in quotes: --image "Room 12".`);
  for (const name of Object.keys(values)) {
    if (!everywhere.includes(name) && !allowed[word].includes(name)) throw usage(`${word} has no option --${name}.`);
  }
  const result: Arguments = {
    ...blank(word), server: values.server, token: values.token, data: values.data, json: values.json === true, yes: values.yes === true,
    disk: values.disk ?? '', image: values.image ?? '', note: values.note ?? '',
    version: values.version === undefined ? undefined : positive(values.version, 'version'),
    expect: values.expect === undefined ? {} : parseExpect(values.expect),
    createSizeBytes: values['create-size'] === undefined ? undefined : parseSize(values['create-size'], 'create-size'),
    sectorSizeBytes: values['sector-size'] === undefined ? undefined : positive(values['sector-size'], 'sector-size'),
    patienceMs: (values.patience === undefined ? defaultPatienceMinutes : positive(values.patience, 'patience')) * 60_000,
  };
  if (word !== 'inventory') {
    if (result.disk === '') throw usage(`${word} needs --disk PATH: a whole disk such as /dev/sda, or an image file. "platen agent inventory" lists the disks.`);
    if (result.image.trim() === '') throw usage(`${word} needs --image NAME.`);
  }
  return result;
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
    command, topic: '', server: undefined, token: undefined, data: undefined, json: false, yes: false, disk: '', image: '', note: '', version: undefined,
    expect: {}, createSizeBytes: undefined, sectorSizeBytes: undefined, patienceMs: defaultPatienceMinutes * 60_000,
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

const connection = `Which server (capture and deploy need one):
  --server URL --token T   or PLATEN_SERVER and PLATEN_TOKEN; over https the token pins the server's certificate
  --data DIR               the server running on this machine, by its data folder (or PLATEN_DATA);
                           without any of these, the one in the default data folder
  --json                   one JSON document on stdout, progress as JSON lines on stderr

Exit codes: 0 done, 1 failed or stopped, 2 wrong usage, 3 refused before anything was written.
`;

export function helpText(topic: string): string {
  if (topic === 'capture') {
    return `platen agent capture --disk PATH --image NAME [--note TEXT]

Reads a disk into the image store. The disk is opened for reading only. Only used blocks are read of ext2/3/4, NTFS, FAT and
swap, and only what the server does not have yet is sent: capturing an unchanged disk again costs no more than reading it.

  --disk PATH         a whole disk (/dev/sda) or an image file
  --image NAME        a name nobody has makes a new image; an existing name (or GUID) gets a new version
  --note TEXT         kept with the version
  --sector-size N     of an image file made from a disk whose sectors are not 512 bytes
  --patience MINUTES  how long to wait for a server that is away (default ${defaultPatienceMinutes})

Stopped or cut off? Run the same command again: what arrived is not sent again.

  platen agent capture --disk /dev/sda --image "Lab 2" --note "after the October updates"

${connection}`;
  }
  if (topic === 'deploy') {
    return `platen agent deploy --disk PATH --image NAME [--version N] [--expect serial=S,size=BYTES]

Writes an image to a disk and ERASES WHAT IS ON IT. Everything that can be refused is refused before the first write. The
partition table is written last and read back, so that a disk whose deploy was cut off never starts from half a system.

  --disk PATH         a whole disk (/dev/sda) or an image file
  --image NAME        name or GUID
  --version N         else the newest enabled version
  --expect LIST       serial=S,size=BYTES,model=M,wwn=W: the deploy is refused unless the disk is this one
  --create-size SIZE  makes the image file when it does not exist, that large (64GB, 64GiB, bytes)
  --yes               do not ask; needed without a terminal
  --patience MINUTES  how long to wait for a server that is away (default ${defaultPatienceMinutes})

Stopped or cut off? Run the same command again: what is there already is not fetched again.

  platen agent deploy --disk /dev/sdb --image "Lab 2" --expect serial=S3Z9NB0K,size=512110190592

${connection}`;
  }
  if (topic === 'inventory') {
    return `platen agent inventory

Lists this computer's disks with partitions and file systems, and what its firmware says of itself. Asks no server.

${connection}`;
  }
  return `platen agent: reads and writes the disks of the computer it runs on.

  capture     read a disk into an image           platen agent capture --disk /dev/sda --image "Lab 2"
  deploy      write an image to a disk            platen agent deploy --disk /dev/sdb --image "Lab 2"
  inventory   list disks and what is on them      platen agent inventory

"platen agent help capture" tells more. Disks are whole disks or plain image files.

${connection}`;
}
