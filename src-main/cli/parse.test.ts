import { describe, expect, it } from 'vitest';
import { AppError } from '#shared/errors.ts';
import { commands, groups } from './commands.ts';
import { parse, wantsJson } from './parse.ts';

const parsed = (...argv: string[]) => parse(argv, commands, groups);

/** The first line of the refusal, which is always wrong usage. */
function refusal(...argv: string[]): string {
  try {
    parsed(...argv);
  } catch (error) {
    if (error instanceof AppError && error.code === 'usage') return error.message.split('\n')[0] ?? '';
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}
function run(...argv: string[]) {
  const result = parsed(...argv);
  if (result.kind !== 'run') throw new Error(`${argv.join(' ')} asks for ${result.kind}`);
  return { command: result.command.path.join(' '), texts: { ...result.input.texts }, switches: [...result.input.switches], positionals: result.input.positionals, globals: result.globals };
}
const noGlobals = { server: undefined, token: undefined, data: undefined, json: false };

describe('a command line', () => {
  it('names its command, options and positionals in any order', () => {
    const wanted = { command: 'image show', texts: { version: '3' }, switches: [], positionals: ['Lab Win11'], globals: noGlobals };
    expect(run('image', 'show', 'Lab Win11', '--version', '3')).toEqual(wanted);
    expect(run('image', 'show', '--version=3', 'Lab Win11')).toEqual(wanted);
  });

  it('takes the global options before and after the command', () => {
    const globals = { server: 'https://a:1', token: 't', data: '/d', json: true };
    expect(run('--server', 'https://a:1', '--data', '/d', '--json', 'status', '--token', 't').globals).toEqual(globals);
  });

  it('takes what follows -- as positionals, even with dashes', () => {
    expect(run('image', 'show', '--', '--odd name').positionals).toEqual(['--odd name']);
  });

  it('takes any number of positionals where a command says so', () => {
    expect(run('settings', 'set', 'trashDays=1', 'logLevel=debug').positionals).toEqual(['trashDays=1', 'logLevel=debug']);
  });

  it('asks for help by --help, -h, help, and by nothing at all', () => {
    const help = (path: string[], json = false) => ({ kind: 'help', path, json });
    expect([parsed(), parsed('--help'), parsed('image', '--help'), parsed('image', 'show', '-h'), parsed('help', 'image', 'show'), parsed('serve', '--help', '--json')])
      .toEqual([help([]), help([]), help(['image']), help(['image', 'show']), help(['image', 'show']), help(['serve'], true)]);
  });

  it('asks for the version by --version alone', () => {
    expect(parsed('--version')).toEqual({ kind: 'version', json: false });
  });
});

describe('wrong usage', () => {
  it('names the command that was probably meant', () => {
    expect([refusal('imgae', 'list'), refusal('image', 'lst'), refusal('image', 'undel', 'x'), refusal('frobnicate')]).toEqual([
      'There is no command "imgae". Did you mean platen image?', 'platen image has no command "lst". Did you mean platen image list?',
      'platen image has no command "undel". Did you mean platen image undelete?', 'There is no command "frobnicate".',
    ]);
  });

  it('lists the commands of a group that was named alone', () => {
    expect(refusal('computer')).toBe('platen computer needs a command: list, show, history, rename, move, merge, split, delete, undelete.');
  });

  it('names the option that was probably meant', () => {
    expect([refusal('serve', '--http-prot', '1'), refusal('image', 'list', '--jsn'), refusal('status', '-x'), refusal('--dta', '/x')]).toEqual([
      'platen serve has no option --http-prot. Did you mean --http-port?', 'platen image list has no option --jsn. Did you mean --json?',
      'platen status has no option -x.', 'platen has no option --dta. Did you mean --data?',
    ]);
  });

  it('is an option without its value, or with one it does not take', () => {
    expect([refusal('serve', '--host'), refusal('serve', '--data', '--json'), refusal('status', '--json=yes'), refusal('serve', '--host=')]).toEqual([
      '--host needs a value: --host ADDR.', '--data needs a value: --data DIR. (Write --data=--json if --json is the value.)', '--json takes no value.', '--host needs a value: --host ADDR.',
    ]);
  });

  it('is a positional too few or too many', () => {
    expect([refusal('image', 'show'), refusal('image', 'show', ''), refusal('image', 'show', 'Lab', 'Win11'), refusal('status', 'now')]).toEqual([
      'platen image show needs IMAGE.', 'IMAGE is empty.', 'platen image show does not know what to do with "Win11". A name with spaces needs quotes.',
      'platen status does not know what to do with "now". A name with spaces needs quotes.',
    ]);
  });

  it('never reads inherited names as options', () => {
    expect(refusal('status', '--constructor')).toBe('platen status has no option --constructor.');
  });
});

describe('JSON', () => {
  it('is wanted even where the rest makes no sense, but not after --', () => {
    expect([wantsJson(['nonsense', '--json']), wantsJson(['image', 'show', '--', '--json'])]).toEqual([true, false]);
  });
});
