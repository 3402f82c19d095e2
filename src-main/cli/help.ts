// Owns what --help prints: for everything, for a group, for a command. Pure, from the table of commands.
import type { Command, CommandGroup, OptionSpec } from './command.ts';
import { globalOptions } from './parse.ts';
import { wrap } from './table.ts';

const width = 100;

export function helpFor(path: readonly string[], commands: readonly Command[], groups: readonly CommandGroup[]): string {
  const command = commands.find((each) => same(each.path, path));
  if (command !== undefined) return commandHelp(command);
  const group = groups.find((each) => same(each.path, path)) ?? groups.find((each) => each.path.length === 0);
  return group === undefined ? '' : groupHelp(group, commands, groups);
}

export function synopsis(command: Command): string {
  const positionals = command.positionals.map((spec) => {
    const name = spec.many === true ? `${spec.name}…` : spec.name;
    return spec.required ? name : `[${name}]`;
  });
  const options = Object.entries(command.options).map(([name, spec]) => `[${optionText(name, spec)}]${spec.many === true ? '…' : ''}`);
  // Lines break between parts, never within one.
  const lines = [['platen', ...command.path, ...positionals].join(' ')];
  for (const option of options) {
    const line = `${lines.at(-1)} ${option}`;
    if (line.length > width) lines.push(`    ${option}`);
    else lines[lines.length - 1] = line;
  }
  return lines.join('\n');
}

function commandHelp(command: Command): string {
  return sections([
    `${synopsis(command)}`,
    wrap(command.description, width),
    Object.keys(command.options).length === 0 ? '' : `Options\n${optionLines(command.options)}`,
    `For every command\n${optionLines(globalOptions)}`,
    examples(command.examples),
  ]);
}

function groupHelp(group: CommandGroup, commands: readonly Command[], groups: readonly CommandGroup[]): string {
  const depth = group.path.length;
  const inside = commands.filter((command) => same(command.path.slice(0, depth), group.path));
  const names = depth === 0 ? [...new Set(inside.map((command) => command.path[0] ?? ''))] : inside.map((command) => command.path[depth] ?? '');
  const lines = names.map((name) => {
    const path = [...group.path, name];
    const each = commands.find((command) => same(command.path, path)) ?? groups.find((other) => same(other.path, path));
    return [name, each?.summary ?? ''] as const;
  });
  return sections([
    `platen ${[...group.path, 'COMMAND'].join(' ')} [--server URL --token TOKEN] [--data DIR] [--json]`,
    wrap(group.description, width),
    `Commands\n${columns(lines)}`,
    `For every command\n${optionLines(depth === 0 ? { ...globalOptions, version: { help: "Platen's version" } } : globalOptions)}`,
    depth === 0 ? 'Exit codes\n  0  done\n  1  failed\n  2  wrong usage\n  3  refused before anything was written' : '',
    examples(group.examples),
  ]);
}

function optionText(name: string, spec: OptionSpec): string {
  return spec.value === undefined ? `--${name}` : `--${name} ${spec.value}`;
}
function optionLines(options: Readonly<Record<string, OptionSpec>>): string {
  return columns(Object.entries(options).map(([name, spec]) => [optionText(name, spec), spec.help] as const));
}
function columns(lines: readonly (readonly [string, string])[]): string {
  const left = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `  ${name.padEnd(left)}  ${text}`).join('\n');
}
function examples(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `Examples\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
function sections(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}
