// Owns a session told in plain lines: for `job run --here`, for scripts and logs, wherever there is no screen. It asks nothing.
import type { AssignedRun } from '#shared/agent/messages.ts';
import { taskSummary } from '#shared/model/job.ts';
import { formatDuration } from '#shared/units.ts';
import type { PortalCommands, PortalEvent, PortalFace } from '../portal/contract.ts';
import type { Report } from '../report.ts';

export type LineFaceParts = {
  report: Report;
  commands: Pick<PortalCommands, 'messageRead'>;
  /** Resolves when a person has pressed Enter; null where nobody is there to press it. */
  enter: ((signal: AbortSignal) => Promise<void>) | null;
};

export class LineFace implements PortalFace {
  private readonly parts: LineFaceParts;
  private message = new AbortController();
  private said = '';
  private run: AssignedRun | null = null;

  constructor(parts: LineFaceParts) {
    this.parts = parts;
  }

  tell(event: PortalEvent): void {
    const { report } = this.parts;
    switch (event.type) {
      case 'server': return this.server(event);
      case 'warning': case 'note': return report.note(event.text);
      case 'run':
        this.run = event.run;
        if (event.replaced.length > 0) report.note(`Taken back for it, before they began: ${event.replaced.join(', ')}.`);
        return report.note(`${event.run.title}${event.run.of > 1 ? ` (${event.run.position} of ${event.run.of})` : ''}: ${event.run.tasks.length} ${event.run.tasks.length === 1 ? 'task' : 'tasks'}.`);
      case 'task':
        return this.task(event);
      case 'progress': return report.progress(event.progress);
      case 'waiting':
        return report.progress({ stage: 'wait', doneBytes: event.progress?.done ?? 0, totalBytes: event.progress?.total ?? 0, sentBytes: 0, rateBytesPerSecond: 0, etaSeconds: null, where: { read: 0, hash: 0, compress: 0, network: 0, decompress: 0, write: 0 } });
      case 'message': return this.show(event);
      case 'ended': return report.note(`${event.title}: ${event.outcome} after ${formatDuration(event.seconds)}.`);
      // The menu is for people; what is wrong or asked is said by the command itself.
      case 'machine': case 'open': case 'candidates': case 'ask': case 'fatal': return undefined;
    }
  }

  close(): void {
    this.message.abort();
    this.parts.report.end();
  }

  private task({ index, state, note }: Extract<PortalEvent, { type: 'task' }>): void {
    const { report } = this.parts;
    const task = this.run?.tasks[index];
    if (state === 'running') return report.note(`${index + 1}. ${task === undefined ? 'A task' : taskSummary(task)}`);
    this.message.abort();
    return report.note(`   ${state === 'done' ? '' : `${state}: `}${note}`);
  }

  private server(event: Extract<PortalEvent, { type: 'server' }>): void {
    const text = event.state === 'open' ? `Connected to ${event.name}.` : event.state === 'away' ? `The server is away (${event.reason}). Waiting for it; nothing is lost.` : `Connecting to ${event.name}${event.reason === '' ? '' : `: ${event.reason}`}`;
    // Tries repeat every few seconds; once is enough to know.
    if (event.nextTryAt !== null && this.said === event.state) return;
    this.said = event.nextTryAt === null ? '' : event.state;
    this.parts.report.note(text);
  }

  private show(event: Extract<PortalEvent, { type: 'message' }>): void {
    const { report, commands, enter } = this.parts;
    report.note(`   ${event.text}`);
    if (enter === null) return;
    report.note(event.seconds === null ? '   Press Enter to go on.' : `   Enter goes on; else it does in ${event.seconds} s.`);
    this.message = new AbortController();
    const { signal } = this.message;
    enter(signal).then(() => {
      if (!signal.aborted) commands.messageRead();
    }, () => undefined);
  }
}
