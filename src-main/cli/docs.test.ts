// Keeps docs/admin true where a program can: every command, option and error code is in there, and no other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes } from '#shared/errors.ts';
import { defaultSettings } from '#shared/model/server.ts';
import { commands } from './commands.ts';
import { globalOptions } from './parse.ts';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs/admin', name), 'utf8');

describe('the administrator documentation', () => {
  it('explains every error code once, and none that does not exist', () => {
    const explained = [...read('images.md').matchAll(/^\| PL-(\d{4}) \|/gm)].map((match) => Number(match[1]));
    expect(explained).toEqual(Object.values(errorCodes).map(({ number }) => number));
  });

  it('calls refusals what they are: exit code 3', () => {
    const refused = Object.values(errorCodes).filter(({ refusal, number }) => refusal && (number < 2000 || number > 2999)).map(({ number }) => number);
    const said = [...read('images.md').matchAll(/^\| PL-(\d{4}) \|.*Exit code 3/gm)].map((match) => Number(match[1]));
    expect(said).toEqual(refused);
  });

  it('names every command, its options and every setting', () => {
    const text = read('command-line.md');
    const options = commands.filter((command) => command.path[0] !== 'serve').flatMap((command) => Object.keys(command.options)).filter((name) => name !== 'off');
    const wanted = [
      ...commands.map((command) => command.path.join(' ')), ...Object.keys(defaultSettings),
      ...[...options, ...Object.keys(globalOptions)].map((name) => `--${name}`),
    ];
    expect(wanted.filter((word) => !text.includes(word))).toEqual([]);
  });

  it('says how to start the server with every option it has', () => {
    const text = read('server.md');
    const serve = commands.find((command) => command.path[0] === 'serve');
    expect(Object.keys(serve?.options ?? {}).filter((name) => !text.includes(`--${name}`))).toEqual([]);
  });
});
