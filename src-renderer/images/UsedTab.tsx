// Where an image is used: the jobs whose tasks capture into it or deploy it.
import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from 'wouter';
import type { ImageDetail } from '#shared/model/image.ts';
import type { JobUse } from '#shared/model/job.ts';
import { useTRPC } from '../api.ts';
import { shownError } from '../errors.ts';
import { DataTable } from '../ui/DataTable.tsx';
import type { Column } from '../ui/DataTable.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { MiddleText } from '../ui/MiddleText.tsx';
import { PageBody } from '../ui/Page.tsx';

const columns: Column<JobUse>[] = [
  { id: 'job', title: 'Job', width: 'minmax(180px, 1fr)', sortValue: (use) => use.jobName, render: (use) => <Link href={`/job/${use.jobId}`}><MiddleText text={use.jobName} /></Link> },
  { id: 'path', title: 'Folder', width: 'minmax(120px, 0.8fr)', sortValue: (use) => use.path, render: (use) => (use.path === '' ? <span className="dim">Jobs</span> : <MiddleText text={use.path} />) },
  { id: 'task', title: 'Task', width: 'minmax(260px, 2fr)', sortValue: (use) => use.taskIndex, render: (use) => <span title={use.summary}>{use.taskIndex + 1}. {use.summary}</span> },
];

export function UsedTab({ image }: { image: ImageDetail }) {
  const trpc = useTRPC();
  const [, navigate] = useLocation();
  const uses = useQuery(trpc.jobs.using.queryOptions({ image: image.guid }));
  if (uses.data === undefined && uses.isError) return <PageBody><ErrorBlock title="Where it is used could not be found out" error={shownError(uses.error)} context={{ Image: image.guid }} onRetry={() => void uses.refetch()} /></PageBody>;
  if (uses.data?.length === 0) return <PageBody><EmptyState icon={null} title="Jobs that deploy this image or capture into it will be here. None does yet."><Link href="/jobs">All jobs</Link></EmptyState></PageBody>;
  return <PageBody plain><DataTable label="Where used" columns={columns} rows={uses.data} rowKey={(use) => `${use.jobId} ${use.taskIndex}`} onOpen={(use) => navigate(`/job/${use.jobId}`)} initialSort={{ column: 'job', descending: false }} /></PageBody>;
}
