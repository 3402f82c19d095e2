// Owns what the boot environment's first program said before the agent was there: lines of "seconds text", "!" before what a person should
// know (resources/boot/init writes them).
import { readFileSync } from 'node:fs';

/** As much as one message to the server may hold, and a person may read. */
const mostLines = 150;

/** Oldest first; nothing where there is no such file. */
export function readBootLog(path: string): string[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n').filter((line) => line !== '');
    return lines.length <= mostLines ? lines : [...lines.slice(0, mostLines / 2), `… ${lines.length - mostLines} lines were left out.`, ...lines.slice(-mostLines / 2)];
  } catch {
    return [];
  }
}

/** Of what a person should know, as sentences. */
export function warningsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const text = /^\d+ ! (.+)$/.exec(line)?.[1];
    return text === undefined ? [] : [`${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`];
  });
}
