// Owns picking a job by its name without a menu: what waits for this computer makes room for it, what is under way goes first.
import type { Answers } from '#shared/agent/messages.ts';
import { AppError, CancelledError } from '#shared/errors.ts';
import { withoutTag } from '#shared/model/menu.ts';
import type { Control } from '../connection.ts';

export type ByName = {
  control: Control; job: string; signal: AbortSignal;
  note(text: string): void;
  /** Does the run under way, to its end. */
  finish(): Promise<unknown>;
};

/** Null where the job is under way already, cut off: what was asked for is done with it. */
export async function pickByName({ control, job, signal, note, finish }: ByName): Promise<Answers['pickByName'] | null> {
  while (!signal.aborted) {
    try {
      return await control.request('pickByName', { job });
    } catch (error) {
      const underWay = error instanceof AppError && error.code === 'conflict' && typeof error.data['run'] === 'string';
      if (!underWay) throw refused(error);
      const { run } = await control.request('takeRun', {});
      // Something else holds it: another agent on this computer that still answers.
      if (run === null) throw refused(error);
      if (isSameName(run.title, job)) return null;
      note(`This computer is in the middle of “${run.title}”; that comes first.`);
      await finish();
    }
  }
  throw new CancelledError('Stopped.');
}

/** Nothing of it was begun: whoever asked on a command line learns that by the exit code. */
function refused(error: unknown): unknown {
  return error instanceof AppError && error.code === 'conflict' ? new AppError(error.code, error.message, { ...error.data, refused: true }, error) : error;
}

/** As the server finds a job by its name: with or without the portal's tag, in any case. Else what was asked for once would be done twice. */
export function isSameName(title: string, asked: string): boolean {
  return withoutTag(title).toLowerCase() === withoutTag(asked).toLowerCase();
}
