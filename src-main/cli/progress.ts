// Owns how progress reaches standard error: one line drawn over and over on a terminal, now and then a line in a log, JSON
// lines with --json. What the line says is src-shared/progress.ts.
import { progressFraction, progressLine, progressText } from '#shared/progress.ts';
import type { ProgressFigures } from '#shared/progress.ts';

export type ProgressOutput = { write(text: string): void; isTerminal: boolean; columns(): number; ascii: boolean };
export type Progress = {
  /** Call as often as you like; what is drawn is limited here. */
  update(figures: ProgressFigures): void;
  /** Clears the terminal's line, so that what follows starts at its beginning. */
  end(): void;
};

const terminalEveryMs = 100;
const jsonEveryMs = 500;
const logEveryMs = 10_000;

export function createProgress(output: ProgressOutput, options: { json: boolean; now(): number }): Progress {
  const everyMs = options.json ? jsonEveryMs : output.isTerminal ? terminalEveryMs : logEveryMs;
  let shownAt = -Infinity;
  let shownLabel = '';
  let shownFinished = false;
  let onLine = false;
  return {
    update(figures) {
      const finished = progressFraction(figures) === 1;
      const news = figures.label !== shownLabel || (finished && !shownFinished);
      if (options.now() - shownAt < everyMs && !news) return;
      shownFinished = finished;
      shownAt = options.now();
      shownLabel = figures.label;
      if (options.json) output.write(`${JSON.stringify({ progress: figures })}\n`);
      else if (!output.isTerminal) output.write(`${progressText(figures)}\n`);
      else {
        // The last column stays free: a character there makes some terminals wrap.
        output.write(`\r${progressLine(figures, Math.max(1, output.columns() - 1), { ascii: output.ascii })}\u001b[K`);
        onLine = true;
      }
    },
    end() {
      if (onLine) output.write('\r\u001b[K');
      onLine = false;
    },
  };
}
