// Owns what the person sees: one line that moves on a terminal, a line now and then elsewhere, JSON lines with --json, and the figures at
// the end. stdout carries the result alone; everything else goes to stderr.
import { AppError, CancelledError, toAppError } from '#shared/errors.ts';
import type { RunProgress, WhereTimeGoes } from '#shared/model/run.ts';
import { formatBytes, formatDuration, formatRate, formatTimeLeft } from '#shared/units.ts';
import type { CaptureResult } from './imaging/capture.ts';
import type { DeployResult } from './imaging/deploy.ts';

export type Output = { write(text: string): void; readonly isTerminal: boolean; columns(): number };

const barCells = 24;
const plainEveryMs = 5000;
const stageNames: Record<string, string> = {
  inspect: 'inspecting', read: 'reading', commit: 'finishing', wait: 'waiting for the server to verify', plan: 'planning', write: 'writing', flush: 'flushing', prove: 'proving',
};

export class Report {
  private readonly out: Output;
  private readonly json: boolean;
  private readonly now: () => number;
  private line = '';
  private lastPlain = -Infinity;
  private lastStage = '';

  constructor(out: Output, options: { json: boolean; now: () => number }) {
    this.out = out;
    this.json = options.json;
    this.now = options.now;
  }

  progress(view: RunProgress): void {
    if (this.json) {
      this.out.write(`${JSON.stringify({ progress: view })}\n`);
      return;
    }
    if (this.out.isTerminal) {
      this.show(barLine(view, this.out.columns() - 1));
      return;
    }
    const due = this.now() - this.lastPlain >= plainEveryMs || view.stage !== this.lastStage;
    if (!due) return;
    this.lastPlain = this.now();
    this.lastStage = view.stage;
    this.out.write(`${plainLine(view)}\n`);
  }

  note(text: string): void {
    if (this.json) {
      this.out.write(`${JSON.stringify({ note: text })}\n`);
      return;
    }
    this.show('');
    this.out.write(`${text}\n`);
  }

  /** Leaves the line of progress; nothing overwrites it any more. */
  end(): void {
    if (this.line !== '') this.out.write('\n');
    this.line = '';
  }

  private show(line: string): void {
    if (!this.out.isTerminal || (line === '' && this.line === '')) return;
    this.out.write(`\r${line.padEnd(this.line.length)}${line === '' ? '\r' : ''}`);
    this.line = line;
  }
}

export function barLine(view: RunProgress, width: number): string {
  const done = view.totalBytes > 0 ? Math.min(1, view.doneBytes / view.totalBytes) : 0;
  const cells = Math.round(done * barCells);
  const bar = `[${'#'.repeat(cells)}${'.'.repeat(barCells - cells)}]`;
  return view.totalBytes > 0 ? `${bar} ${plainLine(view)}`.slice(0, width) : plainLine(view).slice(0, width);
}

export function plainLine(view: RunProgress): string {
  const stage = stageNames[view.stage] ?? view.stage;
  const parts = [stage];
  if (view.totalBytes > 0) parts.push(`${formatBytes(view.doneBytes)} of ${formatBytes(view.totalBytes)}`);
  if (view.rateBytesPerSecond > 0) parts.push(formatRate(view.rateBytesPerSecond));
  const left = formatTimeLeft(view.doneBytes >= view.totalBytes ? null : view.etaSeconds);
  if (left !== '') parts.push(left);
  if (view.detail !== undefined) parts.push(view.detail);
  return parts.join(' · ');
}

const whereNames: [keyof WhereTimeGoes, string][] = [['read', 'reading'], ['hash', 'hashing'], ['compress', 'compressing'], ['network', 'network'], ['decompress', 'decompressing'], ['write', 'writing']];

/** "compressing 61 %, network 22 %, reading 12 %": where the time of all threads went, largest first. */
export function whereLine(where: WhereTimeGoes): string {
  const total = whereNames.reduce((sum, [key]) => sum + where[key], 0);
  if (total <= 0) return 'nowhere';
  return whereNames
    .map(([key, name]) => ({ name, share: Math.round((where[key] / total) * 100) }))
    .filter((one) => one.share > 0)
    .toSorted((a, b) => b.share - a.share)
    .map((one) => `${one.name} ${one.share} %`)
    .join(', ');
}

export function captureSummary(result: CaptureResult): string {
  return `Captured ${result.image.name}, version ${result.version}${result.image.isNew ? ' (a new image)' : ''}, in ${formatDuration(result.seconds)}.
  read    ${formatBytes(result.readBytes)} at ${formatRate(result.rateBytesPerSecond)}
  new     ${formatBytes(result.newBytes)}, ${formatBytes(result.storedBytes)} in the store
  sent    ${formatBytes(result.sentBytes)}
  time    ${whereLine(result.where)}
${result.pending ? `The server verifies the new chunks now. Version ${result.version} waits to be validated at the console: until then it is deployed only to computers at the site it was captured at, where its number is named.
To take it: platen image validate ${result.image.guid} --version ${result.version}` : 'The server verifies the new chunks now; the version can be deployed when that is done.'}
`;
}

export function deploySummary(result: DeployResult, path: string): string {
  const { figures } = result;
  return `Deployed ${result.image.name}, version ${result.version}, to ${path} in ${formatDuration(result.seconds)}.
  written ${formatBytes(result.writtenBytes)}${figures.keptBytes > 0 ? `, ${formatBytes(figures.keptBytes)} was there already` : ''}; ${formatBytes(figures.zeroedBytes)} zeroed
  fetched ${formatBytes(result.receivedBytes)}
  proved  ${result.proof.tables} pieces of table and ${result.proof.areas} boot areas and superblocks read back${result.proof.fromDisk ? ' from the disk' : ''}, all as written
  time    ${whereLine(result.where)}
`;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CancelledError) return 1;
  const app = toAppError(error);
  if (app.code === 'usage') return 2;
  return app.isRefusal || app.data['refused'] === true ? 3 : 1;
}

export function errorDocument(error: unknown): string {
  if (error instanceof CancelledError) return JSON.stringify({ error: { code: 'cancelled', message: error.message } });
  const app = toAppError(error);
  return JSON.stringify({ error: { ...app.toWire(), shortCode: app.shortCode } });
}

export function errorText(error: unknown): string {
  if (error instanceof CancelledError) return error.message;
  const app = toAppError(error);
  return app instanceof AppError ? `${app.message} (${app.shortCode})` : String(error);
}
