// Pure: a site's subnets and windows as lines that people type, as on the command line: "10.1.0.0/16", "mon-fri 22:00-06:00".
import { subnetSchema } from '#shared/model/replication.ts';
import type { TransferWindow } from '#shared/model/replication.ts';
import { windowOf } from '#shared/model/window-text.ts';

export function linesOf(text: string): string[] {
  return text.split(/[\n;]/).map((line) => line.trim()).filter((line) => line !== '');
}
export function subnetProblem(text: string): string | null {
  return subnetSchema.safeParse(text).success ? null : `“${text}” is no subnet. One reads like 10.1.0.0/16.`;
}
export function subnetsProblem(text: string): string | null {
  return linesOf(text).map(subnetProblem).find((problem) => problem !== null) ?? null;
}

export function windowsOf(text: string): TransferWindow[] {
  return linesOf(text).map(windowOf).filter((window) => window !== null);
}
export function windowsProblem(text: string): string | null {
  const wrong = linesOf(text).find((line) => windowOf(line) === null);
  return wrong === undefined ? null : `“${wrong}” is no window. One reads like mon-fri 22:00-06:00.`;
}
