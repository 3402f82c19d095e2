// Owns the reading of the command line: which command, which options, which positionals. Pure; wrong use is an AppError
// `usage` whose message names the mistake and what was probably meant.
import { parseArgs } from 'node:util';
import type { AppError } from '#shared/errors.ts';
import type { Command, CommandGroup, Input, OptionSpec } from './command.ts';
import { nearest } from './suggest.ts';
import { usage } from './usage.ts';

export type Globals = { server: string | undefined; token: string | undefined; data: string | undefined; json: boolean };
export type Parsed =
  | { kind: 'run'; command: Command; input: Input; globals: Globals }
  /** path: what help was asked for; empty for all of it. */
  | { kind: 'help'; path: readonly string[]; json: boolean }
  | { kind: 'version'; json: boolean };

export const globalOptions: Readonly<Record<string, OptionSpec>> = {
  server: { value: 'URL', help: 'the server to talk to (else PLATEN_SERVER, else the one running on the data folder)' },
  token: { value: 'TOKEN', help: 'its token (else PLATEN_TOKEN)' },
  data: { value: 'DIR', help: 'the data folder (else PLATEN_DATA, else the usual place)' },
  json: { help: 'one JSON document on standard output, progress as JSON lines on standard error' },
  help: { help: 'what a command does, with examples' },
};
const versionOption: OptionSpec = { help: "Platen's version" };

/** True where the text asks for JSON, even if the rest of it makes no sense: errors then are JSON too. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

export function parse(argv: readonly string[], commands: readonly Command[], groups: readonly CommandGroup[]): Parsed {
  const first = read(argv, { ...globalOptions, version: versionOption });
  const json = first.switches.has('json');
  const words = first.positionals;
  if (words[0] === 'help') return { kind: 'help', path: knownPath(words.slice(1), commands, groups), json };
  const command = longestMatch(words, commands);
  const asksHelp = first.switches.has('help') || first.tokens.some((token) => token.kind === 'option' && token.rawName === '-h');
  if (asksHelp || words.length === 0) {
    if (first.switches.has('version') && !asksHelp) return { kind: 'version', json };
    if (words.length === 0) refuseUnknown(first.tokens, { ...globalOptions, version: versionOption }, 'platen');
    return { kind: 'help', path: command?.path ?? knownPath(words, commands, groups), json };
  }
  if (command === undefined && first.tokens[0]?.kind === 'option') refuseUnknown(first.tokens.slice(0, 1), { ...globalOptions, version: versionOption }, 'platen');
  if (command === undefined) throw unknownCommand(words, commands, groups);
  const options = { ...globalOptions, ...command.options };
  const { texts, switches, given: givenOptions, positionals, tokens } = read(argv, options);
  refuseUnknown(tokens, options, `platen ${command.path.join(' ')}`);
  const given = positionals.slice(command.path.length);
  checkPositionals(given, command);
  return {
    kind: 'run', command, input: { texts, switches, given: givenOptions, positionals: given },
    globals: { server: texts['server'], token: texts['token'], data: texts['data'], json: switches.has('json') },
  };
}

function read(argv: readonly string[], options: Readonly<Record<string, OptionSpec>>) {
  const { tokens } = parseArgs({
    args: [...argv], strict: false, allowPositionals: true, tokens: true,
    options: Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, { type: spec.value === undefined ? ('boolean' as const) : ('string' as const) }])),
  });
  const texts: Record<string, string> = {};
  const switches = new Set<string>();
  const given: { name: string; value: string }[] = [];
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    else if (token.kind === 'option' && Object.hasOwn(options, token.name)) {
      if (options[token.name]?.value === undefined) switches.add(token.name);
      else if (token.value !== undefined) {
        texts[token.name] = token.value;
        given.push({ name: token.name, value: token.value });
      }
    }
  }
  return { texts, switches, given, positionals, tokens };
}
type Token = ReturnType<typeof read>['tokens'][number];

function refuseUnknown(tokens: readonly Token[], options: Readonly<Record<string, OptionSpec>>, name: string): void {
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (spec === undefined || !token.rawName.startsWith('--')) {
      const meant = nearest(token.name, Object.keys(options));
      throw usage(`${name} has no option ${token.rawName}.${meant === null ? '' : ` Did you mean --${meant}?`}`, name);
    }
    if (spec.value === undefined && token.value !== undefined) throw usage(`${token.rawName} takes no value.`, name);
    if (spec.value === undefined) continue;
    if (token.value === undefined || token.value === '') throw usage(`${token.rawName} needs a value: ${token.rawName} ${spec.value}.`, name);
    if (token.value.startsWith('-') && token.value !== '-' && !token.inlineValue) throw usage(`${token.rawName} needs a value: ${token.rawName} ${spec.value}. (Write ${token.rawName}=${token.value} if ${token.value} is the value.)`, name);
  }
}

function checkPositionals(given: readonly string[], command: Command): void {
  const name = `platen ${command.path.join(' ')}`;
  const missing = command.positionals[given.length];
  if (missing?.required === true) throw usage(`${name} needs ${missing.name}.`, name);
  const empty = command.positionals.find((spec, index) => spec.required && given[index] === '');
  if (empty !== undefined) throw usage(`${empty.name} is empty.`, name);
  const extra = command.positionals.at(-1)?.many === true ? undefined : given[command.positionals.length];
  if (extra !== undefined) throw usage(`${name} does not know what to do with "${extra}".${/\s/.test(given.join('')) ? '' : ' A name with spaces needs quotes.'}`, name);
}

function longestMatch(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands
    .filter((command) => command.path.every((word, index) => words[index] === word))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

/** The longest beginning of `words` that names a command or group; words that name nothing are refused. */
function knownPath(words: readonly string[], commands: readonly Command[], groups: readonly CommandGroup[]): readonly string[] {
  const found = longestMatch(words, commands) ?? groups.find((group) => group.path.every((word, index) => words[index] === word) && words.length === group.path.length);
  if (words.length > 0 && found === undefined) throw unknownCommand(words, commands, groups);
  return found?.path ?? [];
}

function unknownCommand(words: readonly string[], commands: readonly Command[], groups: readonly CommandGroup[]): AppError {
  const [head = '', second] = words;
  const inGroup = groups.some((group) => group.path[0] === head);
  if (inGroup) {
    const known = commands.filter((command) => command.path[0] === head).map((command) => command.path[1] ?? '');
    if (second === undefined) return usage(`platen ${head} needs a command: ${known.join(', ')}.`, `platen ${head}`);
    const meant = nearest(second, known);
    return usage(`platen ${head} has no command "${second}".${meant === null ? ` It has ${known.join(', ')}.` : ` Did you mean platen ${head} ${meant}?`}`, `platen ${head}`);
  }
  const meant = nearest(head, [...new Set([...commands, ...groups].map((each) => each.path[0] ?? ''))]);
  return usage(`There is no command "${head}".${meant === null ? '' : ` Did you mean platen ${meant}?`}`, 'platen');
}
