// What is known of a run besides its progress: where it came from, when, what it ended with, which disk it means.
import { Link } from 'wouter';
import type { RunView } from '#shared/model/run.ts';
import { formatBytes, formatDuration, formatRate } from '#shared/units.ts';
import type { Fact } from '../ui/Facts.tsx';
import { useNow } from '../ui/useNow.ts';
import { When } from '../ui/When.tsx';
import { activityAddress } from './activityFilters.ts';

export function runFacts(run: RunView): (Fact | null)[] {
  const image = run.versionNumber === null ? run.imageName : `${run.imageName}, version ${run.versionNumber}`;
  return [
    run.kind === 'job' ? { name: 'Job', value: run.jobId === null ? run.jobName : <><Link href={`/job/${run.jobId}`}>{run.jobName}</Link> <Link className="dim" href={activityAddress({ job: run.jobId })}>all its runs</Link></> } : null,
    image === '' ? null : { name: 'Image', value: run.imageGuid === null ? image : <Link href={`/image/${run.imageGuid}`}>{image}</Link> },
    { name: run.state === 'queued' || run.state === 'waiting' ? 'Asked for' : 'Started', value: <When at={run.startedAt} /> },
    run.endedAt === null ? { name: 'For', value: <Elapsed since={run.startedAt} /> } : { name: 'Took', value: formatDuration((run.endedAt - run.startedAt) / 1000) },
    { name: 'Started by', value: run.actor },
    ...resultFacts(run.tasks.length === 0 ? run.result : { ...lastFigures(run), ...run.result }),
  ];
}

export function diskFacts(run: RunView): (Fact | null)[] {
  const computer = { name: 'Computer', value: <><Link href={`/computer/${run.computerId}`}>{run.computerName}</Link> <Link className="dim" href={activityAddress({ computer: run.computerId })}>all its runs</Link></> };
  if (run.disk === null) return [computer, { name: 'Disk', value: <span className="dim">{run.kind === 'job' ? 'Chosen when a task comes to one' : '–'}</span> }];
  return [
    computer, { name: 'Disk', value: <span className="mono">{run.disk.path}</span> }, { name: 'Model', value: run.disk.model || '–' }, { name: 'Serial', value: run.disk.serial || '–' },
    { name: 'Size', value: formatBytes(run.disk.sizeBytes) },
  ];
}

function Elapsed({ since }: { since: number }) {
  return formatDuration((useNow() - since) / 1000);
}

function lastFigures(run: RunView): Record<string, unknown> {
  return run.tasks.findLast((task) => task.result !== null && (task.task.type === 'capture' || task.task.type === 'deploy'))?.result ?? {};
}

/** The figures the agent gave at the end: named by their keys, units by the keys' endings. */
function resultFacts(result: RunView['result']): Fact[] {
  return Object.entries(result ?? {}).flatMap(([key, value]) => {
    // How long it took is said already.
    if ((typeof value !== 'number' && typeof value !== 'string') || key === 'seconds') return [];
    if (key === 'rateBytesPerSecond' && typeof value === 'number') return [{ name: 'Average rate', value: formatRate(value) }];
    const shown = typeof value === 'string' ? value : /bytes$/i.test(key) ? formatBytes(value) : /ms$|milliseconds$/i.test(key) ? formatDuration(value / 1000) : value.toLocaleString('en');
    const words = key.replace(/(Bytes|Ms|Milliseconds)$/, '').replaceAll(/([A-Z])/g, ' $1').toLowerCase().trim();
    return [{ name: words.charAt(0).toUpperCase() + words.slice(1), value: shown.length > 40 ? <span className="mono">{shown}</span> : shown }];
  });
}
