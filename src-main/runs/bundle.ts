// Owns a run's bundle: everything known of it as one text for whoever helps, read from top to bottom. Pure. Secrets never get in:
// scripts are named and not shown, and whatever looks like a token or ticket is left out wherever it stands.
import { isErrorCode, shortCode } from '#shared/errors.ts';
import type { ComputerView } from '#shared/model/computer.ts';
import { diskWords } from '#shared/model/disk-policy.ts';
import type { HistoryEvent } from '#shared/model/image.ts';
import { runTitle, type RunView } from '#shared/model/run.ts';
import { runStateWords, taskWords } from '#shared/model/run-words.ts';
import { formatBytes, formatDuration } from '#shared/units.ts';

export type BundleParts = {
  run: RunView; events: readonly HistoryEvent[]; lines: readonly { at: number; text: string }[]; computer: Pick<ComputerView, 'identity' | 'disks' | 'model' | 'serial' | 'address' | 'lastSeenAt'> | null;
  versions: Readonly<Record<string, string>>; now: number;
};

export function bundleText({ run, events, lines, computer, versions, now }: BundleParts): string {
  const sections = [
    ['', head(run, now)],
    ['Tasks', run.tasks.flatMap((task) => taskLines(task))],
    ['Figures', run.result === null ? [] : [JSON.stringify(run.result, null, 2)]],
    ['What happened', events.toReversed().map((event) => `${time(event.at)}  ${event.actor}: ${event.message}`)],
    ['Computer', computer === null ? ['It is not known any more.'] : computerLines(computer)],
    ['Versions', Object.entries(versions).map(([name, version]) => `${name}: ${version}`)],
    [`What the agent said (${lines.length} lines)`, lines.map((line) => `${time(line.at)}  ${line.text}`)],
  ] as const;
  const text = sections.filter(([, content]) => content.length > 0).map(([title, content]) => `${title === '' ? '' : `\n== ${title} ==\n`}${content.join('\n')}`).join('\n');
  return withoutSecrets(`${text}\n`);
}

export function bundleFileName(run: RunView): string {
  const words = `${runTitle(run)} ${run.computerName}`.replaceAll(/[^\p{L}\p{N}-]+/gu, '-').replaceAll(/^-+|-+$/g, '').slice(0, 80);
  return `platen-run-${words}-${run.id.slice(0, 8)}.txt`;
}

/** Tokens and tickets as this server makes them, and headers that carry one. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/\b(platen1|computer1|boot1|ticket1)\.[\w-]{8,}(\.[0-9a-f]{64})?/g, '$1.(left out)').replaceAll(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, '$1 (left out)');
}

function head(run: RunView, now: number): string[] {
  const { error, disk } = run;
  return [
    `${runTitle(run)} on ${run.computerName}`,
    `run ${run.id}, ${runStateWords(run)}`,
    `asked for ${time(run.startedAt)} by ${run.actor}${run.endedAt === null ? `, ${formatDuration((now - run.startedAt) / 1000)} ago` : `, ended ${time(run.endedAt)}`}`,
    ...(run.jobId === null ? [] : [`job ${run.jobId}`]),
    ...(run.imageGuid === null ? [] : [`image ${run.imageName} (${run.imageGuid})${run.versionNumber === null ? '' : `, version ${run.versionNumber}`}`]),
    ...(disk === null ? [] : [`disk ${diskAt(disk)}`]),
    ...(error === null ? [] : [`error ${codeWords(error.code)}: ${error.message}`]),
  ];
}

function taskLines({ index, summary, state, startedAt, endedAt, error, progress, result }: RunView['tasks'][number]): string[] {
  const took = startedAt === null ? '' : `, ${time(startedAt)}${endedAt === null ? '' : ` for ${formatDuration((endedAt - startedAt) / 1000)}`}`;
  return [
    `${index + 1}. ${summary}: ${taskWords[state]}${took}`,
    ...(error === null ? [] : [`   error ${codeWords(error.code)}: ${error.message}`]),
    ...(progress === null ? [] : [`   ${progress.stage}: ${formatBytes(progress.doneBytes)} of ${formatBytes(progress.totalBytes)}, milliseconds by stage ${JSON.stringify(progress.where)}`]),
    ...(result === null || Object.keys(result).length === 0 ? [] : [`   ${JSON.stringify(result)}`]),
  ];
}

function computerLines({ identity, disks, model, serial, address, lastSeenAt }: NonNullable<BundleParts['computer']>): string[] {
  const network = identity.macs.map((mac) => `${mac.address}${mac.onboard ? '' : ' (not onboard)'}`).join(' ');
  const facts = [['system UUID', identity.systemUuid], ['board', identity.boardSerial], ['asset tag', identity.assetTag], ['network', network]].filter(([, value]) => value !== '').map((pair) => pair.join(' '));
  return [
    `${model === '' ? 'unknown model' : model}, serial ${serial === '' ? 'unknown' : serial}, last seen ${time(lastSeenAt)} at ${address}`,
    ...(facts.length === 0 ? [] : [facts.join(', ')]),
    ...disks.map((disk) => `${diskAt(disk)}, ${disk.bus}, sectors of ${disk.sectorSizeBytes} bytes, table ${disk.tableKind}, ${disk.partitions.length} partitions${disk.busy === null ? '' : `, in use: ${disk.busy}`}${disk.systemDisk ? ', system disk' : ''}`),
  ];
}

function diskAt(disk: Parameters<typeof diskWords>[0]): string {
  return disk.model === '' ? diskWords(disk) : `${disk.path}: ${diskWords(disk)}`;
}
function codeWords(code: string): string {
  return isErrorCode(code) ? `${shortCode(code)} ${code}` : code;
}
function time(at: number): string {
  return new Date(at).toISOString();
}
