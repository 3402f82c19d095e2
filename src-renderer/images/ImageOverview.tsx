// What an image is: its newest version's disk to scale, what can be deployed, where it came from.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { ImageDetail, VersionSummary } from '#shared/model/image.ts';
import { formatBytes } from '#shared/units.ts';
import { useTRPC } from '../api.ts';
import { useConnected } from '../app/connection.tsx';
import { shownError } from '../errors.ts';
import { RunList } from '../runs/RunList.tsx';
import { EditableText } from '../ui/EditableText.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { ErrorBlock } from '../ui/ErrorBlock.tsx';
import { Facts } from '../ui/Facts.tsx';
import { Columns, PageBody, Section } from '../ui/Page.tsx';
import { When } from '../ui/When.tsx';
import { CaptureCommand } from './CaptureCommand.tsx';
import { imageState } from './imageWords.ts';
import { SchemaBar, SchemaBarSkeleton } from './SchemaBar.tsx';
import { useImageActions } from './useImageActions.tsx';
import { VersionRow } from './VersionsTab.tsx';
import classes from './ImagePage.module.css';

export function ImageOverview({ image }: { image: ImageDetail }) {
  const actions = useImageActions();
  const connected = useConnected();
  const state = imageState(image);
  const versions = image.versions.filter((version) => version.trashedAt === null).toSorted((left, right) => right.number - left.number);
  if (image.newest === null) {
    return <PageBody><EmptyState icon={null} title="This image has no versions. Capturing a disk under its name adds one." help="images"><CaptureCommand image={image.name} /></EmptyState></PageBody>;
  }
  return (
    <PageBody>
      <Disk image={image} version={image.newest} />
      <ActiveRuns image={image} />
      <Section title="Versions" aside={versions.length > 4 ? <Link href={`/image/${image.guid}/versions`}>All {versions.length}</Link> : undefined}>
        <div className={classes['versions']}>{versions.slice(0, 4).map((version) => <VersionRow key={version.guid} image={image} version={version} />)}</div>
      </Section>
      <Columns>
        <Section title="Image">
          <Facts facts={[
            { name: 'Description', value: <EditableText value={image.description} label="Description" placeholder="Add a description" wrap disabled={!connected || image.trashedAt !== null} onSave={(description) => actions.describe({ image: image.guid, name: image.name, description })} /> },
            { name: 'Deploys', value: image.trashedAt !== null ? 'Nothing while it is in the trash' : image.current === null || !image.enabled || state.tone === 'fail' ? (state.why ?? 'Nothing: no version is enabled') : `Version ${image.current}` },
            { name: 'Owner', value: <span>{image.owner.serverName} <span className="dim">· {image.owner.managed} managed</span></span> },
            { name: 'Created', value: <When at={image.createdAt} /> },
            { name: 'GUID', value: <span className="mono">{image.guid}</span> },
          ]}
          />
        </Section>
        <Section title="Space">
          <Facts facts={[
            { name: 'Used on the disk', value: formatBytes(image.newest.usedBytes) },
            { name: 'In the store', value: <span>{formatBytes(image.storedBytes)} <span className="dim">· {image.versionCount === 1 ? '1 version' : `${image.versionCount} versions together`}</span></span> },
            { name: 'Newest added', value: <span>{image.newest.newBytes === 0 ? 'Nothing: other versions had it all' : <>{formatBytes(image.newest.newBytes)} <span className="dim">· stored as {formatBytes(image.newest.storedBytes)}</span></>}</span> },
            { name: 'Captured from', value: <span>{image.newest.computerName} <span className="dim">· by {image.newest.capturedBy}</span></span> },
            { name: 'Last verified', value: image.newest.verifiedAt === null ? 'Not yet' : <When at={image.newest.verifiedAt} /> },
          ]}
          />
        </Section>
      </Columns>
    </PageBody>
  );
}

function Disk({ image, version }: { image: ImageDetail; version: VersionSummary }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.images.version.queryOptions({ image: image.guid, version: version.number }));
  if (query.data !== undefined) return <SchemaBar version={query.data} />;
  if (query.isError) return <ErrorBlock title="The layout of this disk could not be read" error={shownError(query.error)} context={{ Image: image.guid }} onRetry={() => void query.refetch()} />;
  return <SchemaBarSkeleton />;
}

function ActiveRuns({ image }: { image: ImageDetail }) {
  const trpc = useTRPC();
  const { data: runs = [] } = useQuery(trpc.runs.list.queryOptions({ active: true, image: image.guid }));
  if (runs.length === 0) return null;
  return (
    <Section title="In progress">
      <RunList runs={runs} label="In progress" />
    </Section>
  );
}
