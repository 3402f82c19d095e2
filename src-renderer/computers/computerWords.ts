// Pure: a computer's hardware in words.
import type { ComputerView } from '#shared/model/computer.ts';

export function hardwareName(computer: ComputerView): string {
  return [computer.identity.vendor, computer.identity.product].filter((part) => part !== '').join(' ') || '–';
}
